// Four characters to three bytes and back.
#include "core/model/base64.h"

#include <array>
#include <cstdint>

#include "webai/error.hpp"

namespace webai {
namespace {

constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t skipped = 64, padding = 65, wrong = 66;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(wrong);
  for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<std::uint8_t>(alphabet[i])] = i;
  values['-'] = 62;
  values['_'] = 63;
  values['='] = padding;
  for (const char space : {' ', '\t', '\n', '\r', '\f', '\v'}) values[static_cast<std::uint8_t>(space)] = skipped;
  return values;
}

constexpr std::array<std::uint8_t, 256> values = make_values();

[[noreturn]] void fail(const std::string& path, const std::string& message) {
  throw Error(Code::invalid_model, {.message = message, .reason = "BASE64", .path = path,
                                    .hint = "was the text cut or changed on its way?"});
}

}  // namespace

std::vector<std::byte> decode_base64(std::string_view text, const std::string& path) {
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int characters = 0;  // of the group of four, 0 to 3
  int padded = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = values[static_cast<std::uint8_t>(text[i])];
    if (value == skipped) continue;
    if (value == wrong) fail(path, "character " + std::to_string(i) + " does not belong to base64");
    if (value == padding) {
      if (++padded > 2 || characters < 2)
        fail(path, "base64 padding at character " + std::to_string(i) + " is out of place");
      continue;
    }
    if (padded > 0) fail(path, "base64 goes on behind its padding at character " + std::to_string(i));
    bits = bits << 6 | value;
    if (++characters < 4) continue;
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<std::byte>(bits >> shift & 255));
    bits = 0;
    characters = 0;
  }
  if (characters == 1 || (padded > 0 && characters + padded != 4))
    fail(path, "base64 ends inside a group of four characters");
  if (characters >= 2) bytes.push_back(static_cast<std::byte>(bits >> (6 * characters - 8) & 255));
  if (characters == 3) bytes.push_back(static_cast<std::byte>(bits >> 2 & 255));
  return bytes;
}

std::string encode_base64(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < count ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? alphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace webai
