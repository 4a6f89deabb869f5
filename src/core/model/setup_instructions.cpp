// The table: "WSI1", the number of entries, then six words each: owner, parameter, type, offset (low, high), count.
#include "core/model/setup_instructions.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "core/model/base64.h"
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
};

[[noreturn]] void fail(const std::string& message, std::string expected = {}, std::string actual = {}) {
  throw Error(Code::invalid_model, {.message = "setup.instructions: " + message,
                                    .reason = "INSTRUCTIONS",
                                    .path = "/setup/instructions",
                                    .expected = std::move(expected),
                                    .actual = std::move(actual)});
}

std::vector<std::uint32_t> words_of(const Json& json) {
  std::vector<std::uint32_t> words;
  if (json.is_text()) {
    const std::vector<std::byte> bytes = decode_base64(json.as_text(), "/setup/instructions");
    if (bytes.size() % 4 != 0) fail("it has " + std::to_string(bytes.size()) + " bytes, no whole number of words");
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
      std::uint32_t word = 0;
      for (std::size_t k = 4; k-- > 0;) word = word << 8 | std::to_integer<std::uint32_t>(bytes[i + k]);
      words.push_back(word);
    }
    return words;
  }
  if (!json.is_array() || !json.is_packed())
    fail("it is base64 text or an array of whole numbers, got " + describe(json));
  for (const double value : json.as_numbers()) {
    if (!(value >= 0 && value <= 4294967295.0) || value != static_cast<double>(static_cast<std::uint32_t>(value)))
      fail("its words are whole numbers below 2^32");
    words.push_back(static_cast<std::uint32_t>(value));
  }
  return words;
}

// DLPack's type code plus 256 times the bits.
std::optional<DType> type_from_code(std::uint32_t code) {
  struct Row {
    std::uint32_t code;
    DType type;
  };
  static constexpr Row rows[] = {{0 + 256 * 8, DType::i8},     {0 + 256 * 16, DType::i16},  {0 + 256 * 32, DType::i32},
                                 {0 + 256 * 64, DType::i64},   {1 + 256 * 8, DType::u8},    {1 + 256 * 16, DType::u16},
                                 {1 + 256 * 32, DType::u32},   {1 + 256 * 64, DType::u64},  {2 + 256 * 16, DType::fp16},
                                 {2 + 256 * 32, DType::fp32},  {2 + 256 * 64, DType::fp64}, {4 + 256 * 16, DType::bf16},
                                 {6 + 256 * 8, DType::boolean}};
  for (const Row& row : rows)
    if (row.code == code) return row.type;
  return std::nullopt;
}

std::vector<Entry> entries_of(const Json& json) {
  const std::vector<std::uint32_t> words = words_of(json);
  if (words.size() < header_words || words[0] != magic) fail("it does not start with \"WSI1\"");
  const std::uint64_t count = words[1];
  if (words.size() != header_words + count * entry_words)
    fail("its length does not fit its number of entries", std::to_string(header_words + count * entry_words) + " words",
         std::to_string(words.size()));
  std::vector<Entry> entries;
  for (std::size_t i = header_words; i < words.size(); i += entry_words)
    entries.push_back(
        {words[i], words[i + 1], words[i + 2], words[i + 3] | std::uint64_t{words[i + 4]} << 32, words[i + 5]});
  return entries;
}

}  // namespace

bool has_instructions(const Model& model) {
  const Json& json = model.setup_instructions;
  if (json.is_null()) return false;
  return json.is_text() ? !json.as_text().empty() : !(json.is_array() && json.size() == 0);
}

void fill_by_instructions(const Context& context, const Model& model, BuiltModel& built, const WeightFiles* files) {
  const std::vector<Entry> entries = entries_of(model.setup_instructions);
  if (model.setup_data.is_array())
    throw Error(Code::unsupported, {.message = "setup.instructions need setup.data as base64 or in a file",
                                    .reason = "INSTRUCTIONS",
                                    .path = "/setup/instructions"});
  const std::string& path = model.setup_data_path;
  std::vector<std::byte> decoded;
  Tensor part;
  if (model.setup_data.is_object())
    part = read_setup_file(parse_setup_file(model.setup_data, path), files, path);
  else
    decoded = decode_base64(model.setup_data.as_text(), path);
  const std::span<const std::byte> bytes =
      part.data() ? std::span(static_cast<const std::byte*>(part.data()), part.bytes()) : std::span(std::as_const(decoded));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // [begin, end) in bytes
  std::vector<bool> filled(built.parameters.size());
  for (const Entry& entry : entries) {
    if (entry.type & tied)
      throw Error(Code::unsupported, {.message = "setup.instructions: tied weights cannot be built yet",
                                      .reason = "INSTRUCTIONS",
                                      .path = "/setup/instructions"});
    const auto type = type_from_code(entry.type);
    if (!type) fail("there is no data type " + std::to_string(entry.type));
    const auto at = std::ranges::find_if(built.parameters, [&](const BuiltParameter& parameter) {
      return static_cast<std::uint32_t>(parameter.owner) == entry.owner &&
             static_cast<std::uint32_t>(parameter.index) == entry.parameter && parameter.stored;
    });
    if (at == built.parameters.end())
      fail("layer " + std::to_string(entry.owner) + " stores no parameter " + std::to_string(entry.parameter));
    const auto position = static_cast<std::size_t>(at - built.parameters.begin());
    if (filled[position]) fail("\"" + at->name + "\" has two entries");
    filled[position] = true;
    const auto wanted = static_cast<std::uint64_t>(at->type.shape.elements());
    if (entry.count != wanted)
      fail("\"" + at->name + "\" has the wrong number of elements", std::to_string(wanted),
           std::to_string(entry.count));
    const std::uint64_t width = size_of(*type), available = bytes.size() / width;
    if (entry.offset > available || entry.count > available - entry.offset)
      fail("\"" + at->name + "\" lies outside setup.data", "at most " + std::to_string(available) + " elements",
           std::to_string(entry.offset) + " + " + std::to_string(entry.count));
    ranges.emplace_back(entry.offset * width, (entry.offset + entry.count) * width);

    Tensor raw;
    if (part.data()) {
      const auto [begin, end] = ranges.back();
      raw = elements_of(context, part.rows(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)), *type, path);
    } else {
      raw = Tensor::uninitialised(context, *type, Shape{static_cast<std::int64_t>(entry.count)});
      auto* target = static_cast<std::byte*>(raw.data());
      if (raw.bytes() > 0) std::memcpy(target, bytes.data() + entry.offset * width, raw.bytes());
      if constexpr (std::endian::native == std::endian::big)
        for (std::size_t i = 0; i < raw.elements(); ++i) std::reverse(target + i * width, target + (i + 1) * width);
    }
    raw = raw.reshaped(at->type.shape);
    if (*type == at->type.type)
      at->initial = raw;
    else if (at->code)  // of another type: numbers, no codes
      at->initial = codes_of_parameter(context, raw, at->code, at->type.type);
    else
      at->initial = raw.converted(context, at->type.type);
  }
  for (std::size_t i = 0; i < built.parameters.size(); ++i)
    if (built.parameters[i].stored && !filled[i]) fail("\"" + built.parameters[i].name + "\" has no entry");
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first < ranges[i - 1].second) fail("two entries share elements without saying so");
}

}  // namespace webai
