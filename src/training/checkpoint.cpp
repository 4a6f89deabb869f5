#include "training/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::string_view first_line = "webai checkpoint 1\n", sum_line = "\nsum ";
constexpr std::size_t sum_digits = 16;
constexpr std::size_t end_bytes = sum_line.size() + sum_digits + 1;

[[noreturn]] void wrong(std::string message, std::string hint = "take an earlier checkpoint, or begin anew") {
  throw Error(Code::invalid_argument, {.message = "this checkpoint cannot be used: " + std::move(message), .reason = "CHECKPOINT", .hint = std::move(hint)});
}

std::string sum_of(std::string_view text) {
  std::uint64_t sum = 14695981039346656037u;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::array<char, sum_digits> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), sum, 16);
  const std::string_view written(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return std::string(sum_digits - written.size(), '0') + std::string(written);
}

const Json& member(const Json& object, std::string_view name) {
  const Json* const found = object.find(name);
  if (!found) wrong("\"" + std::string(name) + "\" is missing");
  return *found;
}

std::uint64_t whole(const Json& value, std::string_view name) {
  const auto number = value.is_number() ? value.as_integer() : std::nullopt;
  if (!number || *number < 0) wrong("\"" + std::string(name) + "\" is no whole number");
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

const CheckpointPart& Checkpoint::part(std::string_view name, std::size_t bytes) const {
  const auto at = std::find_if(parts.begin(), parts.end(), [&](const CheckpointPart& part) { return part.name == name; });
  const std::string hint = "go on with the same model and the same options";
  if (at == parts.end()) wrong("it has no \"" + std::string(name) + "\"", hint);
  if (at->bytes.size() != bytes)
    wrong("\"" + std::string(name) + "\" has " + std::to_string(at->bytes.size()) + " bytes, and " + std::to_string(bytes) +
              " in this training", hint);
  return *at;
}

double Checkpoint::number(std::string_view name) const {
  const Json& value = member(state, name);
  if (!value.is_number()) wrong("\"" + std::string(name) + "\" is no number");
  return value.as_number();
}

std::uint64_t Checkpoint::count(std::string_view name) const { return whole(member(state, name), name); }

std::string write_checkpoint(const Json& state, std::span<const CheckpointPart> parts) {
  std::vector<Json> list;
  std::size_t bytes = 0;
  for (const CheckpointPart& part : parts) {
    list.push_back(Json::object({{"name", Json::text(part.name)}, {"bytes", Json::integer(static_cast<std::int64_t>(part.bytes.size()))}}));
    bytes += part.bytes.size();
  }
  const std::string head = write_json(Json::object({{"state", state}, {"parts", Json::array(std::move(list))}}));
  std::string text(first_line);
  text.reserve(first_line.size() + head.size() + 1 + bytes + end_bytes);
  text += head;
  text += '\n';
  for (const CheckpointPart& part : parts) text.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
  const std::string sum = sum_of(text);
  text.append(sum_line).append(sum).append("\n");
  return text;
}

Checkpoint read_checkpoint(std::string_view text, const Limits& limits) {
  if (!text.starts_with(first_line)) wrong("this is no checkpoint of a training, or one of another version");
  const std::size_t line_end = text.find('\n', first_line.size());
  if (line_end == std::string_view::npos || text.size() - line_end - 1 < end_bytes) wrong("the file is cut short");
  const std::string_view covered = text.substr(0, text.size() - end_bytes), end = text.substr(covered.size());
  if (!end.starts_with(sum_line) || end.back() != '\n' || end.substr(sum_line.size(), sum_digits) != sum_of(covered))
    wrong("the file was cut short or changed: its check sum does not fit");
  Json head;
  try {
    head = read_json(text.substr(first_line.size(), line_end - first_line.size()), limits);
  } catch (const Error& error) {
    wrong("its second line cannot be read: " + error.message());
  }
  if (!head.is_object() || !member(head, "state").is_object() || !member(head, "parts").is_array()) wrong("its second line is of another form");
  Checkpoint result{member(head, "state"), {}};
  std::string_view rest = covered.substr(line_end + 1);
  const Json& parts = member(head, "parts");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Json part = parts.at(i);
    if (!part.is_object() || !member(part, "name").is_text()) wrong("part " + std::to_string(i) + " has no name");
    const std::uint64_t bytes = whole(member(part, "bytes"), "bytes");
    if (bytes > rest.size()) wrong("part " + std::to_string(i) + " reaches past the end of the file");
    result.parts.push_back({member(part, "name").as_text(), {reinterpret_cast<const std::byte*>(rest.data()), static_cast<std::size_t>(bytes)}});
    rest.remove_prefix(static_cast<std::size_t>(bytes));
  }
  if (!rest.empty()) wrong("there are bytes that no part owns");
  return result;
}

}  // namespace webai
