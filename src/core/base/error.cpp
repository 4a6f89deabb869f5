// Error: code names, and the one line that what() shows.
#include "webai/error.hpp"

#include <utility>

namespace webai {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Names and values of foreign files stand in messages: what would move a terminal's cursor, or end a C string, is spelled.
std::string printable(const std::string& text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 && byte != 0x7f) || c == '\n' || c == '\t') {
      result += c;
    } else {
      result += "\\u00";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    }
  }
  return result;
}

// What a file holds can be megabytes; people get its two ends. (details() has all of it.)
std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 1000, head = 400, tail = 100;
  if (text.size() <= longest) return text;
  std::size_t first = head, last = text.size() - tail;
  const auto inside_letter = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  while (first > 0 && inside_letter(first)) --first;
  while (last < text.size() && inside_letter(last)) ++last;
  return text.substr(0, first) + " ... (" + std::to_string(text.size()) + " bytes) ... " + text.substr(last);
}

// `place: operation: message (expected X, got Y); hint`. A part that is absent, or that the message says already, is
// left out.
std::string compose(const ErrorDetails& details) {
  const std::string& message = details.message;
  std::string text = shortened(details.path.empty() ? details.layer : details.path);
  if (!text.empty()) text += ": ";
  if (!details.operation.empty() && !contains(message, details.operation)) text += shortened(details.operation) + ": ";
  text += shortened(message);
  // A long list of names helps nobody for whom the hint has found the right one.
  const bool guessed = details.expected.starts_with("one of: ") && details.hint.starts_with("did you mean ");
  const bool says_expected = !guessed && !details.expected.empty() && !contains(message, details.expected);
  const bool says_actual = !guessed && !details.actual.empty() && !contains(message, details.actual);
  if (says_expected || says_actual) {
    text += " (";
    if (says_expected) text += "expected " + shortened(details.expected);
    if (says_expected && says_actual) text += ", ";
    if (says_actual) text += "got " + shortened(details.actual);
    text += ")";
  }
  if (!details.hint.empty() && !contains(message, details.hint)) text += "; " + shortened(details.hint);
  return printable(text);
}

}  // namespace

std::string_view code_name(Code code) noexcept {
  // In the order of the numbers -1, -2, ...
  static constexpr std::string_view names[] = {
      "INVALID_ARGUMENT", "INVALID_JSON",   "INVALID_MODEL", "TYPE_MISMATCH",      "SHAPE_MISMATCH", "NOT_FOUND",
      "ALREADY_EXISTS",   "UNSUPPORTED",    "NOT_DIFFERENTIABLE", "LIMIT_EXCEEDED", "OUT_OF_MEMORY", "BUSY",
      "CANCELLED",        "TIMED_OUT",      "DEVICE_LOST",   "HOST_ERROR",         "SYMBOLIC",       "WRONG_CONTEXT",
      "WRONG_THREAD",     "DENIED",         "SHUT_DOWN",     "INTERNAL"};
  constexpr int count = static_cast<int>(sizeof names / sizeof names[0]);
  const int position = -static_cast<int>(code) - 1;
  return position >= 0 && position < count ? names[position] : std::string_view("UNKNOWN");
}

struct Error::Body {
  Code code;
  ErrorDetails details;
  std::string text;
};

Error::Error(Code code, ErrorDetails details) {
  std::string text = compose(details);
  body_ = std::make_shared<const Body>(Body{code, std::move(details), std::move(text)});
}

ErrorDetails Error::only_message(std::string message) {
  ErrorDetails details;
  details.message = std::move(message);
  return details;
}

Code Error::code() const noexcept { return body_->code; }
const std::string& Error::message() const noexcept { return body_->details.message; }
const std::string& Error::reason() const noexcept { return body_->details.reason; }
const std::string& Error::path() const noexcept { return body_->details.path; }
const std::string& Error::layer() const noexcept { return body_->details.layer; }
const std::string& Error::operation() const noexcept { return body_->details.operation; }
const std::string& Error::expected() const noexcept { return body_->details.expected; }
const std::string& Error::actual() const noexcept { return body_->details.actual; }
const std::string& Error::hint() const noexcept { return body_->details.hint; }
const ErrorDetails& Error::details() const noexcept { return body_->details; }
const char* Error::what() const noexcept { return body_->text.c_str(); }

Error Error::with_path(std::string_view path) const {
  if (path.empty() || !body_->details.path.empty()) return *this;
  ErrorDetails details = body_->details;
  details.path = path;
  return Error(body_->code, std::move(details));
}

}  // namespace webai
