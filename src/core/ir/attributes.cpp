// Lookup and text form of node attributes.
#include "core/ir/attributes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/ir/text.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong(std::string_view name, const char* problem) {
  throw Error(Code::internal, "attribute \"" + std::string(name) + "\" " + problem);
}

template <class T> const T& get(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = attributes.find(name);
  if (!value) wrong(name, "is absent");
  const T* typed = std::get_if<T>(value);
  if (!typed) wrong(name, "is of another kind");
  return *typed;
}

std::string number_text(double value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  // A whole number keeps a point, so that reading it back gives a double and not an integer.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

template <class T, class Write> std::string list_text(const std::vector<T>& values, Write write) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + write(values[i]);
  return text + "]";
}

}  // namespace

Attributes::Attributes(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) set(entry.first, entry.second);
}

void Attributes::set(std::string_view name, AttributeValue value) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name,
                                   [](const Entry& entry, std::string_view wanted) { return entry.first < wanted; });
  if (at != entries_.end() && at->first == name)
    at->second = std::move(value);
  else
    entries_.emplace(at, std::string(name), std::move(value));
}

void Attributes::erase(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.first == name; });
}

const AttributeValue* Attributes::find(std::string_view name) const noexcept {
  for (const Entry& entry : entries_)
    if (entry.first == name) return &entry.second;
  return nullptr;
}

bool Attributes::boolean(std::string_view name) const { return get<bool>(*this, name); }
std::int64_t Attributes::integer(std::string_view name) const { return get<std::int64_t>(*this, name); }
double Attributes::number(std::string_view name) const {
  if (const AttributeValue* value = find(name))
    if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
  return get<double>(*this, name);
}
const std::string& Attributes::text(std::string_view name) const { return get<std::string>(*this, name); }
const std::vector<std::int64_t>& Attributes::integers(std::string_view name) const {
  return get<std::vector<std::int64_t>>(*this, name);
}
const std::vector<double>& Attributes::numbers(std::string_view name) const {
  return get<std::vector<double>>(*this, name);
}

const Graph& Attributes::graph(std::string_view name) const { return *get<Subgraph>(*this, name).graph; }

std::string text_of(const AttributeValue& value) {
  struct Writer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return number_text(v); }
    std::string operator()(const std::string& v) const {
      // A backslash becomes "\s", not two of them: a graph in a graph in a graph would double at each level.
      std::string text = "\"";
      for (const char c : v) {
        if (c == '"' || c == '\\' || c == '\n') text += '\\';
        text += c == '\n' ? 'n' : c == '\\' ? 's' : c;
      }
      return text + "\"";
    }
    std::string operator()(const std::vector<std::int64_t>& v) const {
      return list_text(v, [](std::int64_t x) { return std::to_string(x); });
    }
    std::string operator()(const std::vector<double>& v) const {
      return v.empty() ? "[.]" : list_text(v, number_text);  // "[.]": an empty list of numbers, not of integers
    }
    std::string operator()(const Subgraph& v) const { return "graph " + (*this)(print(*v.graph)); }
    std::string operator()(NoAttribute) const { return {}; }
  };
  return std::visit(Writer{}, value);
}

}  // namespace webai
