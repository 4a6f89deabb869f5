#include "capi/value.h"

#include <algorithm>
#include <new>
#include <numeric>

#include "capi/context.h"
#include "capi/guard.h"

namespace webai::capi {
namespace {

constexpr std::uint32_t deepest = 4096;  // whatever json_depth says: values are walked and released recursively
constexpr std::size_t few_keys = 8;      // up to here they are looked through one by one

}  // namespace

void retain(webai_value* value) noexcept {
  if (value && !value->immortal) value->references.fetch_add(1, std::memory_order_relaxed);
}

void release(webai_value* value) noexcept {
  if (!value || value->immortal) return;
  if (value->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  webai_context* const context = value->context;
  const std::uint64_t charged = value->charged;
  value->destroy();
  if (!context) return;
  context->refund(charged);
  context->release();
}

List::List(std::vector<Value> items) : webai_value(kind_code), items_(std::move(items)) {
  std::uint32_t below = 0;
  for (const Value& item : items_)
    if (item) below = std::max(below, item->depth);
  depth = below + 1;
}

List::~List() {
  if (std::atomic<webai_value*>* const made = made_.load(std::memory_order_acquire)) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) release(made[i].load(std::memory_order_relaxed));
    delete[] made;
  }
}

webai_value* List::at(std::size_t index) noexcept {
  if (index < items_.size()) return items_[index].get();
  if (index >= numbers_.size()) return nullptr;
  try {
    std::atomic<webai_value*>* all = made_.load(std::memory_order_acquire);
    if (!all) {
      auto* const fresh = new std::atomic<webai_value*>[numbers_.size()]();
      if (made_.compare_exchange_strong(all, fresh, std::memory_order_acq_rel))
        all = fresh;
      else
        delete[] fresh;  // another thread was first; `all` is its array
    }
    webai_value* known = all[index].load(std::memory_order_acquire);
    if (known) return known;
    Value fresh = make_number(*context, numbers_[index]);
    if (all[index].compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return fresh.detach();
    return known;
  } catch (...) {
    return nullptr;
  }
}

Map::Map(std::vector<Entry> entries) : webai_value(kind_code), entries_(std::move(entries)) {
  std::uint32_t below = 0;
  for (const Entry& entry : entries_)
    if (entry.second) below = std::max(below, entry.second->depth);
  depth = below + 1;
  sorted_.resize(entries_.size());
  std::iota(sorted_.begin(), sorted_.end(), 0u);
  std::sort(sorted_.begin(), sorted_.end(), [&](auto a, auto b) { return entries_[a].first < entries_[b].first; });
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end(),
                                        [&](auto a, auto b) { return entries_[a].first == entries_[b].first; });
  if (twice != sorted_.end())
    refuse(Code::invalid_argument, "DUPLICATE_KEY", "the key \"" + entries_[*twice].first + "\" comes twice");
}

webai_value* Map::get(std::string_view key) const noexcept {
  if (entries_.size() <= few_keys) {
    for (const Entry& entry : entries_)
      if (entry.first == key) return entry.second.get();
    return nullptr;
  }
  const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), key,
                                   [&](std::uint32_t place, std::string_view k) { return entries_[place].first < k; });
  return at != sorted_.end() && entries_[*at].first == key ? entries_[*at].second.get() : nullptr;
}

void check_depth(const webai_context& context, const webai_value& made) {
  const std::uint32_t most = std::min(context.core().limits().json_depth, deepest);
  if (made.depth > most)
    refuse(Code::limit_exceeded, "JSON_DEPTH", "values are nested more than " + std::to_string(most) + " levels deep");
}

Value make_number(webai_context& context, double number) { return make<Number>(context, 0, number); }
Value make_boolean(webai_context& context, bool value) { return make<Boolean>(context, 0, value); }
Value make_text(webai_context& context, std::string_view text) { return make<Text>(context, text.size(), text); }
Value make_free_text(std::string_view text) { return Ref<Text>::adopt(new Text(text)); }

Value make_list(webai_context& context, std::vector<Value> items) {
  const std::uint64_t bytes = items.size() * sizeof(Value);
  Ref<List> made = make<List>(context, bytes, std::move(items));
  check_depth(context, *made);
  return made;
}

Value make_numbers(webai_context& context, std::vector<double> numbers) {
  const std::uint64_t bytes = numbers.size() * sizeof(double);
  return make<List>(context, bytes, std::move(numbers));
}

Value make_map(webai_context& context, std::vector<Map::Entry> entries) {
  std::uint64_t bytes = 0;
  for (const Map::Entry& entry : entries) bytes += sizeof entry + entry.first.size() + sizeof(std::uint32_t);
  Ref<Map> made = make<Map>(context, bytes, std::move(entries));
  check_depth(context, *made);
  return made;
}

Value make_map(webai_context& context, std::initializer_list<Map::Entry> entries) {
  return make_map(context, std::vector<Map::Entry>(entries));
}

webai_value* member(const webai_value* map, std::string_view key) noexcept {
  return kind_of(map) == WEBAI_MAP ? static_cast<const Map*>(map)->get(key) : nullptr;
}

}  // namespace webai::capi
