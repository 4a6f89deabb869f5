// The table: "WSI1", the number of entries, then six words each: owner, parameter, type, offset (low, high), count.
#include "core/model/setup_instructions.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>

#include "core/model/base64.h"
#include "core/model/setup_data.h"
#include "core/model/setup_file.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::uint32_t magic = 0x31495357;
constexpr std::size_t header_words = 2, entry_words = 6;
constexpr std::uint32_t tied = std::uint32_t{1} << 31;

struct Entry {
  std::uint32_t owner, parameter, type;
  std::uint64_t offset;  // in elements of its type
  std::uint64_t count;
  bool tied;
};

/// Errors of the table of one model, which may stand in another one.
class Table {
 public:
  explicit Table(const Model& model) : json_(model.setup_instructions) {
    const std::string layers = "/layers/0";
    const std::string& first = model.layers.front().path;
    path_ = first.substr(0, first.size() - layers.size()) + "/setup/instructions";
  }

  [[noreturn]] void fail(const std::string& message, std::string expected = {}, std::string actual = {},
                         std::string hint = "leave setup.instructions out where all data stand in the order of the layers") const {
    throw Error(Code::invalid_model, {.message = "setup.instructions: " + message,
                                      .reason = "INSTRUCTIONS",
                                      .path = path_,
                                      .expected = std::move(expected),
                                      .actual = std::move(actual),
                                      .hint = std::move(hint)});
  }

  std::vector<Entry> entries() const;

 private:
  std::vector<std::uint32_t> words() const;

  const Json& json_;
  std::string path_;
};

std::vector<std::uint32_t> Table::words() const {
  std::vector<std::uint32_t> words;
  if (json_.is_text()) {
    const std::vector<std::byte> bytes = decode_base64(json_.as_text(), path_);
    if (bytes.size() % 4 != 0) fail("it has " + std::to_string(bytes.size()) + " bytes, no whole number of words");
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
      std::uint32_t word = 0;
      for (std::size_t k = 4; k-- > 0;) word = word << 8 | std::to_integer<std::uint32_t>(bytes[i + k]);
      words.push_back(word);
    }
    return words;
  }
  if (!json_.is_array() || !json_.is_packed())
    fail("it is base64 text or an array of whole numbers, got " + describe(json_));
  for (const double value : json_.as_numbers()) {
    if (!(value >= 0 && value <= 4294967295.0) || value != static_cast<double>(static_cast<std::uint32_t>(value)))
      fail("its words are whole numbers below 2^32");
    words.push_back(static_cast<std::uint32_t>(value));
  }
  return words;
}

// DLPack's type code plus 256 times the bits.
struct TypeCode {
  std::uint32_t code;
  DType type;
};
constexpr TypeCode type_codes[] = {
    {0 + 256 * 8, DType::i8},     {0 + 256 * 16, DType::i16},  {0 + 256 * 32, DType::i32},  {0 + 256 * 64, DType::i64},
    {1 + 256 * 8, DType::u8},     {1 + 256 * 16, DType::u16},  {1 + 256 * 32, DType::u32},  {1 + 256 * 64, DType::u64},
    {2 + 256 * 16, DType::fp16},  {2 + 256 * 32, DType::fp32}, {2 + 256 * 64, DType::fp64}, {4 + 256 * 16, DType::bf16},
    {6 + 256 * 8, DType::boolean}};

std::optional<DType> type_from_code(std::uint32_t code) {
  for (const TypeCode& row : type_codes)
    if (row.code == code) return row.type;
  return std::nullopt;
}

std::vector<Entry> Table::entries() const {
  const std::vector<std::uint32_t> words = this->words();
  if (words.size() < header_words || words[0] != magic) fail("it does not start with \"WSI1\"");
  const std::uint64_t count = words[1];
  if (words.size() != header_words + count * entry_words)
    fail("its length does not fit its number of entries", std::to_string(header_words + count * entry_words) + " words",
         std::to_string(words.size()));
  std::vector<Entry> entries;
  for (std::size_t i = header_words; i < words.size(); i += entry_words)
    entries.push_back({words[i], words[i + 1], words[i + 2] & ~tied, words[i + 3] | std::uint64_t{words[i + 4]} << 32,
                       words[i + 5], (words[i + 2] & tied) != 0});
  return entries;
}

}  // namespace

bool has_instructions(const Model& model) {
  const Json& json = model.setup_instructions;
  if (json.is_null()) return false;
  return json.is_text() ? !json.as_text().empty() : !(json.is_array() && json.size() == 0);
}

bool has_own_data(const Model& model) {
  return !model.setup_data.is_null() && !(model.setup_data.is_text() && model.setup_data.as_text().empty());
}

bool has_data_inside(const Model& model) {
  if (has_own_data(model)) return true;
  for (int id = 1; id <= model.element_count; ++id)
    if (const auto& net = model.element(id).net; net && has_data_inside(*net)) return true;
  return false;
}

bool has_instructions_inside(const Model& model) {
  if (has_instructions(model)) return true;
  for (int id = 1; id <= model.element_count; ++id)
    if (const auto& net = model.element(id).net; net && has_instructions_inside(*net)) return true;
  return false;
}

namespace {

// Elements in common are all in common, of one type, and all but one of the entries say so.
void check_overlaps(const Table& table, std::vector<const PlacedParameter*> places) {
  const auto begin = [](const PlacedParameter* one) { return one->offset * size_of(one->type); };
  const auto end = [](const PlacedParameter* one) { return (one->offset + one->count) * size_of(one->type); };
  std::erase_if(places, [](const PlacedParameter* one) { return one->count == 0; });
  std::ranges::stable_sort(places, {}, begin);
  for (std::size_t i = 1, first = 0, unsaid = 0; i < places.size(); ++i) {
    const PlacedParameter *a = places[first], *b = places[i];
    if (begin(b) >= end(a)) {
      first = i;
      continue;
    }
    if (first + 1 == i) unsaid = a->tied ? 0 : 1;
    const std::string both = "\"" + a->name + "\" and \"" + b->name + "\"";
    if (begin(a) != begin(b) || end(a) != end(b) || a->type != b->type)
      table.fail(both + " overlap: elements are shared as a whole, in one type", {}, {},
                 "give each its own, or both the same");
    unsaid += b->tied ? 0 : 1;
    if (unsaid > 1)
      table.fail(both + " share elements without saying so", {}, {},
                 "set bit 31 of the type in both entries to tie them");
  }
}

bool same_code(const ParameterCode& a, const ParameterCode& b) {
  if (static_cast<bool>(a) != static_cast<bool>(b) || a.zero != b.zero) return false;
  if (!a) return true;
  if (!(a.scale.shape() == b.scale.shape())) return false;
  for (std::size_t i = 0; i < a.scale.elements(); ++i)
    if (a.scale.at(i) != b.scale.at(i)) return false;
  return true;
}

}  // namespace

std::vector<PlacedParameter> placed_parameters(const Model& model, const BuiltModel& built) {
  std::vector<PlacedParameter> places;
  if (!has_instructions(model)) return places;
  const Table table(model);
  std::map<std::pair<std::uint32_t, std::uint32_t>, const BuiltParameter*> stored;
  for (const BuiltParameter& parameter : built.parameters)
    if (parameter.stored)
      stored.emplace(
          std::pair(static_cast<std::uint32_t>(parameter.owner), static_cast<std::uint32_t>(parameter.index)),
          &parameter);
  std::set<const BuiltParameter*> filled;
  for (const Entry& entry : table.entries()) {
    const auto type = type_from_code(entry.type);
    if (!type) table.fail("there is no data type " + std::to_string(entry.type));
    const auto at = stored.find({entry.owner, entry.parameter});
    if (at == stored.end())
      table.fail("layer " + std::to_string(entry.owner) + " stores no parameter " + std::to_string(entry.parameter));
    const BuiltParameter& parameter = *at->second;
    if (!filled.insert(&parameter).second) table.fail("\"" + parameter.name + "\" has two entries");
    const auto wanted = static_cast<std::uint64_t>(parameter.type.shape.elements());
    if (entry.count != wanted)
      table.fail("\"" + parameter.name + "\" has the wrong number of elements", std::to_string(wanted),
                 std::to_string(entry.count));
    if (entry.offset > (std::uint64_t{1} << 60))
      table.fail("\"" + parameter.name + "\" lies outside setup.data", {}, std::to_string(entry.offset));
    places.push_back({parameter.name, *type, entry.offset, entry.count, entry.tied});
  }
  for (const BuiltParameter& parameter : built.parameters)
    if (parameter.stored && !filled.contains(&parameter)) table.fail("\"" + parameter.name + "\" has no entry");
  std::vector<const PlacedParameter*> list;
  for (const PlacedParameter& place : places) list.push_back(&place);
  check_overlaps(table, std::move(list));
  return places;
}

std::map<std::string, std::string, std::less<>> tied_groups(const Model& model, const BuiltModel& built,
                                                            std::span<const PlacedParameter> places) {
  std::map<std::string, std::string, std::less<>> groups;
  std::map<std::string_view, const BuiltParameter*> by_name;
  for (const BuiltParameter& parameter : built.parameters) by_name.emplace(parameter.name, &parameter);
  std::map<std::pair<std::uint64_t, DType>, const PlacedParameter*> first;
  for (const PlacedParameter& place : places) {
    if (place.count == 0) continue;
    const auto [known, is_new] = first.emplace(std::pair(place.offset, place.type), &place);
    if (is_new) continue;
    const BuiltParameter &a = *by_name.at(known->second->name), &b = *by_name.at(place.name);
    const std::string both = "\"" + a.name + "\" and \"" + b.name + "\" cannot be tied: ";
    for (const BuiltParameter* const one : {&a, &b})
      if (!one->trainable)
        Table(model).fail(both + "\"" + one->name + "\" is not trained", {}, {},
                          "what is not trained has elements of its own");
    if (!same_code(a.code, b.code))
      Table(model).fail(both + "their codes stand for other numbers", {}, {}, "give both layers one \"quantization\"");
    groups[a.name] = groups[b.name] = a.name;
  }
  return groups;
}

void keep_numbers(const BuiltModel& apart, BuiltModel& built) {
  std::map<std::string_view, const BuiltParameter*> by_name;
  for (const BuiltParameter& parameter : apart.parameters) by_name.emplace(parameter.name, &parameter);
  const auto number = [&](auto& one) {
    const BuiltParameter& same = *by_name.at(one.name);
    one.table_owner = same.table_owner;
    one.table_index = same.table_index;
  };
  for (BuiltParameter& parameter : built.parameters) {
    parameter.index = by_name.at(parameter.name)->index;
    number(parameter);
  }
  for (BuiltTie& tie : built.ties)
    if (tie.setup.empty()) number(tie);
}

void fill_by_instructions(const Context& context, const Model& model, BuiltModel& built,
                          std::span<const PlacedParameter> places, const WeightFiles* files) {
  const Table table(model);
  const std::string& path = model.setup_data_path;
  std::vector<std::byte> decoded;
  Tensor part;
  if (model.setup_data.is_object()) {
    part = read_setup_file(parse_setup_file(model.setup_data, path), files, path);
  } else if (model.setup_data.is_array()) {
    // Numbers of an array are of the model's type, one after the other.
    for (const PlacedParameter& place : places)
      if (place.type != model.type)
        table.fail("numbers in an array are of the model's type", std::string(name_of(model.type)),
                   std::string(name_of(place.type)), "write setup.data as base64, or in a file");
    const Tensor numbers = read_setup_data(context, model.setup_data, model.type, path);
    const auto* data = static_cast<const std::byte*>(numbers.data());
    decoded.assign(data, data + numbers.bytes());
  } else {
    decoded = decode_base64(model.setup_data.as_text(), path);
  }
  const std::span<const std::byte> bytes = part.data()
                                               ? std::span(static_cast<const std::byte*>(part.data()), part.bytes())
                                               : std::span(std::as_const(decoded));
  std::map<std::string_view, BuiltParameter*> by_name;
  for (BuiltParameter& parameter : built.parameters) by_name.emplace(parameter.name, &parameter);
  for (const PlacedParameter& place : places) {
    const std::uint64_t width = size_of(place.type), available = bytes.size() / width;
    if (place.offset > available || place.count > available - place.offset)
      table.fail("\"" + place.name + "\" lies outside setup.data", "at most " + std::to_string(available) + " elements",
                 std::to_string(place.offset) + " + " + std::to_string(place.count));
    const auto found = by_name.find(place.name);
    if (found == by_name.end()) continue;  // tied: the other one has the elements
    BuiltParameter& parameter = *found->second;
    const std::uint64_t begin = place.offset * width, end = begin + place.count * width;
    Tensor raw;
    if (part.data()) {
      raw = elements_of(context, part.rows(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)),
                        place.type, path);
    } else {
      raw = Tensor::uninitialised(context, place.type, Shape{static_cast<std::int64_t>(place.count)});
      auto* target = static_cast<std::byte*>(raw.data());
      if (raw.bytes() > 0) std::memcpy(target, bytes.data() + begin, raw.bytes());
      if constexpr (std::endian::native == std::endian::big)
        if (!model.setup_data.is_array())
          for (std::size_t i = 0; i < raw.elements(); ++i) std::reverse(target + i * width, target + (i + 1) * width);
    }
    raw = raw.reshaped(parameter.type.shape);
    if (place.type == parameter.type.type)
      parameter.initial = raw;
    else if (parameter.code)  // of another type: numbers, no codes
      parameter.initial = codes_of_parameter(context, raw, parameter.code, parameter.type.type);
    else
      parameter.initial = raw.converted(context, parameter.type.type);
  }
}

std::vector<TableEntry> table_entries(std::span<const BuiltParameter> stored, std::span<const BuiltTie> ties,
                                      const std::string& setup) {
  std::vector<TableEntry> entries;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    entries.push_back({stored[i].table_owner, stored[i].table_index, i});
    for (const BuiltTie& tie : ties)
      if (tie.setup == setup && tie.like == stored[i].name) entries.push_back({tie.table_owner, tie.table_index, i});
  }
  return entries;
}

Json write_instructions(std::span<const BuiltParameter> stored, std::span<const TableEntry> entries) {
  std::vector<std::uint64_t> offsets = {0};
  for (const BuiltParameter& parameter : stored)
    offsets.push_back(offsets.back() + static_cast<std::uint64_t>(parameter.type.shape.elements()));
  std::vector<int> sharers(stored.size(), 0);
  for (const TableEntry& entry : entries) ++sharers[entry.stored];
  std::vector<std::uint32_t> words = {magic, static_cast<std::uint32_t>(entries.size())};
  for (const TableEntry& entry : entries) {
    const bool shared = sharers[entry.stored] > 1;
    const auto code = std::ranges::find(type_codes, stored[entry.stored].type.type, &TypeCode::type)->code;
    const std::uint64_t offset = offsets[entry.stored], count = offsets[entry.stored + 1] - offset;
    for (const std::uint64_t word :
         {static_cast<std::uint64_t>(entry.owner), static_cast<std::uint64_t>(entry.index),
          std::uint64_t{code | (shared ? tied : 0)}, offset & 0xffffffff, offset >> 32, count})
      words.push_back(static_cast<std::uint32_t>(word));
  }
  std::vector<std::byte> bytes;
  for (const std::uint32_t word : words)
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::byte>(word >> shift & 0xff));
  return Json::text(encode_base64(bytes));
}

bool has_ties(const BuiltModel& built, const std::string& setup) {
  return std::ranges::find(built.ties, setup, &BuiltTie::setup) != built.ties.end();
}

}  // namespace webai
