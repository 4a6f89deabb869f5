#include "cli/json_text.h"

#include <fmt/format.h>

#include <cmath>

namespace webai::cli {
namespace {

// Length of the UTF-8 sequence at `at`, or 0 when there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const unsigned first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool beyond = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
  return overlong || beyond ? 0 : length;
}

std::string element_text(const Tensor& tensor, std::size_t index) {
  const double value = tensor.at(index);
  if (!std::isfinite(value)) return "null";
  switch (tensor.type()) {
    case DType::boolean: return value != 0 ? "true" : "false";
    case DType::i64: return std::to_string(tensor.span<std::int64_t>()[index]);
    case DType::u64: return std::to_string(tensor.span<std::uint64_t>()[index]);
    case DType::fp32:
    case DType::fp16:
    case DType::bf16: return fmt::format("{}", static_cast<float>(value));
    default: return fmt::format("{}", value);
  }
}

void append_array(std::string& text, const Tensor& tensor, std::size_t axis, std::size_t& index) {
  if (axis == tensor.shape().rank()) {
    text += element_text(tensor, index++);
    return;
  }
  text += '[';
  for (std::int64_t i = 0; i < tensor.shape()[axis]; ++i) {
    if (i > 0) text += ", ";
    append_array(text, tensor, axis + 1, index);
  }
  text += ']';
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = sequence_length(text, at);
    const char c = text[at];
    if (length == 0) {
      result += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      result += {'\\', c};
    } else if (c == '\n') {
      result += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return result + '"';
}

std::string json_number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : "null"; }

std::string json_array(const Tensor& tensor) {
  std::string text;
  std::size_t index = 0;
  append_array(text, tensor, 0, index);
  return text;
}

std::string json_array(const std::vector<std::string>& texts) {
  std::vector<std::string> items;
  for (const std::string& text : texts) items.push_back(json_string(text));
  return json_list(items);
}

std::string json_list(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

JsonObject& JsonObject::raw(std::string_view key, std::string_view json) {
  members_ += (members_.empty() ? "" : ", ") + json_string(key) + ": " + std::string(json);
  return *this;
}

}  // namespace webai::cli
