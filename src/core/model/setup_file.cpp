// Names that stay inside the model's folder, parts of files, checksums.
#include "core/model/setup_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t longest_name = 1024;
constexpr std::size_t part_alignment = 64;

[[noreturn]] void refuse_file(Code code, const std::string& path, std::string message, std::string expected,
                       std::string actual, std::string hint) {
  throw Error(code, {.message = std::move(message),
                     .reason = "SETUP_FILE",
                     .path = path,
                     .expected = std::move(expected),
                     .actual = std::move(actual),
                     .hint = std::move(hint)});
}

// Whether the name leads to somewhere inside a folder, on every system: no drive, no root, no way up.
bool stays_inside(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return false;
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == ':' || c == '\x7f';
  };
  if (std::ranges::any_of(name, is_bad)) return false;
  for (;;) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::uint64_t whole_bytes(const Json& value, std::string_view key, const std::string& path) {
  const auto number = value.is_number() ? value.as_integer() : std::nullopt;
  if (!number || *number < 0) wrong_value(pointer_to(path, key), key, "a whole number of 0 or more", value);
  return static_cast<std::uint64_t>(*number);
}

bool is_checksum(const Json& value) {
  return value.is_text() && value.as_text().size() == 16 &&
         std::ranges::all_of(value.as_text(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void check_setup_file_name(const std::string& name, const std::string& path) {
  if (stays_inside(name)) return;
  refuse_file(Code::invalid_model, path, "the name of the file leads out of the model's folder",
       "a relative name without \"..\", such as \"m.weights\"", describe(Json::text(name)),
       "put the file beside the model");
}

SetupFile parse_setup_file(const Json& object, const std::string& path) {
  SetupFile file;
  const std::vector<std::string_view> known = {"file", "offset", "bytes", "checksum"};
  for (const auto& [key, value] : object.members()) {
    if (is_kept_and_ignored(key)) continue;
    if (std::ranges::find(known, key) == known.end()) unknown_property(path, key, "\"setup.data\"", known);
    if (key == "file") {
      if (!value.is_text()) wrong_value(pointer_to(path, key), key, "the name of a file", value);
      file.name = value.as_text();
    } else if (key == "offset") {
      file.offset = whole_bytes(value, key, path);
    } else if (key == "bytes") {
      file.bytes = whole_bytes(value, key, path);
    } else {
      if (!is_checksum(value)) wrong_value(pointer_to(path, key), key, "16 hexadecimal digits", value);
      file.checksum = value.as_text();
    }
  }
  if (!object.find("file"))
    throw Error(Code::invalid_model, {.message = "setup.data as an object needs the property \"file\"",
                                      .reason = "PROPERTY_MISSING",
                                      .path = path,
                                      .expected = "\"file\"",
                                      .actual = "nothing",
                                      .hint = "\"data\": {\"file\": \"m.weights\", \"offset\": 0}"});
  check_setup_file_name(file.name, pointer_to(path, "file"));
  return file;
}

Tensor read_setup_file(const SetupFile& file, const WeightFiles* files, const std::string& path) {
  if (!files || !*files)
    refuse_file(Code::denied, path, "the weights stand in the file \"" + file.name + "\", and nobody here opens files", "", "",
         "load the model from its file, or give NetworkOptions::weights");
  Tensor all;
  try {
    all = (*files)(file.name);
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.message = "the weights in \"" + file.name + "\": " + details.message;
    if (details.reason.empty()) details.reason = "SETUP_FILE";
    details.path = path;
    throw Error(error.code(), std::move(details));
  }
  if (all.type() != DType::u8)
    refuse_file(Code::host_error, path, "the host gave the file \"" + file.name + "\" as another type than bytes", "u8",
         std::string(name_of(all.type())),
                "the function that opens files gives a one-dimensional tensor of u8");
  const std::uint64_t size = all.bytes();
  if (file.offset > size || (file.bytes && *file.bytes > size - file.offset))
    refuse_file(Code::invalid_model, path, "the file \"" + file.name + "\" ends too early",
         file.bytes && *file.bytes <= ~file.offset ? std::to_string(file.offset + *file.bytes) + " bytes or more"
                                                   : "more than " + std::to_string(file.offset) + " bytes",
         std::to_string(size), "it may be incomplete: copy it again");
  const std::uint64_t end = file.bytes ? file.offset + *file.bytes : size;
  const Tensor part = all.reshaped(Shape{static_cast<std::int64_t>(size)})
                          .rows(static_cast<std::int64_t>(file.offset), static_cast<std::int64_t>(end));
  if (file.checksum.empty()) return part;
  const std::string found = checksum_of({static_cast<const std::byte*>(part.data()), part.bytes()});
  if (found != file.checksum)
    refuse_file(Code::invalid_model, path, "the file \"" + file.name + "\" is not the one that the model was written with",
         "the checksum " + file.checksum, found, "take the file that belongs to this model, or leave \"checksum\" out");
  return part;
}

Tensor elements_of(const Context& context, const Tensor& bytes, DType type, const std::string& path) {
  const std::size_t width = size_of(type);
  if (bytes.bytes() % width != 0)
    throw Error(Code::invalid_model,
                {.message = "setup.data has " + std::to_string(bytes.bytes()) + " bytes, no whole number of " +
                            std::string(name_of(type)) + " elements",
                 .reason = "SETUP_SIZE",
                 .path = path,
                 .expected = "a multiple of " + std::to_string(width) + " bytes",
                 .actual = std::to_string(bytes.bytes()),
                 .hint = "write the file again: bytes are missing or too many"});
  const Shape shape{static_cast<std::int64_t>(bytes.bytes() / width)};
  const auto* memory = static_cast<const std::byte*>(bytes.data());
  const bool fits = std::endian::native == std::endian::little && reinterpret_cast<std::uintptr_t>(memory) % width == 0;
  if (fits && memory) {
    Tensor keep = bytes;
    return Tensor::wrap(keep.data(), type, shape, [keep] {});
  }
  Tensor copy = Tensor::uninitialised(context, type, shape);
  auto* target = static_cast<std::byte*>(copy.data());
  if (bytes.bytes() > 0) std::memcpy(target, memory, bytes.bytes());
  if constexpr (std::endian::native == std::endian::big)
    for (std::size_t i = 0; i < copy.elements(); ++i) std::reverse(target + i * width, target + (i + 1) * width);
  return copy;
}

std::string checksum_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = "0123456789abcdef"[hash >> (4 * i) & 15];
  return text;
}

std::size_t WeightsFile::begin_part() {
  bytes.resize((bytes.size() + part_alignment - 1) / part_alignment * part_alignment);
  return bytes.size();
}

Json WeightsFile::end_part(std::size_t begin) const {
  const auto part = std::span(bytes).subspan(begin);
  return Json::object({{"file", Json::text(name)},
                       {"offset", Json::integer(static_cast<std::int64_t>(begin))},
                       {"bytes", Json::integer(static_cast<std::int64_t>(part.size()))},
                       {"checksum", Json::text(checksum_of(part))}});
}

}  // namespace webai
