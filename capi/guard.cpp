#include "capi/guard.h"

#include <array>
#include <cstring>

namespace webai::capi {

void refuse(Code code, const char* reason, std::string message, std::string hint) {
  throw Error(code, {.message = std::move(message), .reason = reason, .hint = std::move(hint)});
}

void missing(std::string_view argument) {
  throw Error(Code::invalid_argument,
              {.message = "argument \"" + std::string(argument) + "\" is NULL", .reason = "NULL_ARGUMENT"});
}

std::string_view kind_name(std::int32_t kind) noexcept {
  static constexpr std::array<std::string_view, WEBAI_ERROR + 1> names = {
      "null",     "a boolean",  "a number",         "a text",    "a list",    "a map",
      "a tensor", "a function", "a host reference", "a network", "a dataset", "a stream",
      "a future", "a promise",  "a cancel token",   "a tape",    "an error"};
  return kind >= 0 && static_cast<std::size_t>(kind) < names.size() ? names[static_cast<std::size_t>(kind)] : "unknown";
}

void wrong_kind(std::string_view argument, std::string_view expected, const webai_value* value) {
  const std::string actual(kind_name(kind_of(value)));
  throw Error(Code::type_mismatch,
              {.message = "argument \"" + std::string(argument) + "\" is " + actual + ", not " + std::string(expected),
               .reason = "KIND",
               .expected = std::string(expected),
               .actual = actual});
}

void check_context(const webai_context& context, const webai_value* value) {
  if (value && value->context && value->context != &context)
    refuse(Code::wrong_context, "CONTEXT",
           "this " + std::string(kind_name(value->kind)).substr(2) + " belongs to another context");
}

bool is_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  std::size_t at = 0;
  while (at < text.size()) {
    const unsigned char first = byte(at);
    const std::size_t more = first < 0x80   ? 0
                             : first < 0xc2 ? 9
                             : first < 0xe0 ? 1
                             : first < 0xf0 ? 2
                             : first < 0xf5 ? 3
                                            : 9;
    if (more == 9 || at + more >= text.size()) return false;
    for (std::size_t i = 1; i <= more; ++i)
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    // Overlong forms, surrogates, numbers past the last character: told by the second byte.
    if (first == 0xe0 && byte(at + 1) < 0xa0) return false;
    if (first == 0xed && byte(at + 1) > 0x9f) return false;
    if (first == 0xf0 && byte(at + 1) < 0x90) return false;
    if (first == 0xf4 && byte(at + 1) > 0x8f) return false;
    at += more + 1;
  }
  return true;
}

std::string_view text_argument(const char* text, std::size_t size, std::string_view argument) {
  if (!text) {
    if (size == 0) return "";
    missing(argument);
  }
  const std::string_view view(text, size == WEBAI_NUL_TERMINATED ? std::strlen(text) : size);
  if (!is_utf8(view))
    refuse(Code::invalid_argument, "UTF8", "argument \"" + std::string(argument) + "\" is not valid UTF-8");
  return view;
}

}  // namespace webai::capi
