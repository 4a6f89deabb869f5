// One pass over the characters; a row's text is kept in one string that is used again for the next row.
#include "dataset/csv_lexer.h"

#include <charconv>
#include <cmath>

namespace webai {

namespace {
constexpr std::size_t most_row_bytes = 64 << 20;  // an unclosed quote must not swallow a disk
constexpr std::size_t most_fields = 1 << 20;
}

void CsvLexer::rewind() {
  file_.rewind();
  line_ = 1;
  column_ = 0;
  current_ = get();
  if (current_ != 0xef) return;
  // A byte order mark, or a name that begins with such a character.
  const int second = file_.get(), third = file_.get();
  if (second != 0xbb || third != 0xbf) {
    throw Error(Code::invalid_argument, {.message = "the file does not begin as UTF-8 text does",
                                         .reason = "CSV_ENCODING",
                                         .path = file_.name() + ":1:1",
                                         .hint = "save the file as UTF-8"});
  }
  column_ = 0;
  current_ = get();
}

int CsvLexer::get() {
  const int character = file_.get();
  if (character < 0) return character;
  if ((character & 0xc0) != 0x80) ++column_;  // a character of several bytes counts once
  return character;
}

void CsvLexer::put(int character) {
  if (character == 0)
    fail({{}, line_, column_}, Code::invalid_argument,
         {.message = "a zero byte stands where text is expected", .reason = "CSV_ENCODING", .hint = "is this a CSV file in UTF-8?"});
  if (text_.size() >= most_row_bytes) {
    throw Error(Code::limit_exceeded, {.message = "a row is too long",
                                       .reason = "CSV_ROW",
                                       .path = file_.name() + ":" + std::to_string(line_),
                                       .expected = "at most " + std::to_string(most_row_bytes) + " bytes",
                                       .hint = "a quote may be missing its partner"});
  }
  text_.push_back(static_cast<char>(character));
}

void CsvLexer::lex_quoted() {
  const CsvField opened = fields_.back();
  current_ = get();
  for (;;) {
    if (current_ < 0) fail(opened, Code::invalid_argument, {.message = "a quote is never closed", .reason = "CSV_QUOTE",
                                                            .hint = "close it, or write a quote inside of a field twice"});
    if (current_ == '"') {
      current_ = get();
      if (current_ != '"') break;  // two of them stand for one
    } else if (current_ == '\n') {
      ++line_;
      column_ = 0;
    }
    put(current_);
    current_ = get();
  }
  if (current_ >= 0 && current_ != '\n' && current_ != '\r' && current_ != static_cast<unsigned char>(delimiter_)) {
    fail({{}, line_, column_}, Code::invalid_argument,
         {.message = "text follows a closing quote",
          .reason = "CSV_QUOTE",
          .hint = "a quote inside quotes is written twice"});
  }
}

void CsvLexer::lex_field() {
  fields_.push_back({{}, line_, column_});
  if (current_ == '"') {
    lex_quoted();
  } else {
    while (current_ >= 0 && current_ != '\n' && current_ != '\r' && current_ != static_cast<unsigned char>(delimiter_)) {
      put(current_);
      current_ = get();
    }
  }
  ends_.push_back(text_.size());
}

bool CsvLexer::next() {
  fields_.clear();
  ends_.clear();
  text_.clear();
  const auto end_line = [this] {
    if (current_ == '\r') current_ = get();
    if (current_ == '\n') {  // not so after a lone carriage return, which ends a line too
      column_ = 0;
      current_ = get();
    } else {
      column_ = current_ < 0 ? 0 : 1;
    }
    ++line_;
  };
  while (current_ == '\n' || current_ == '\r') end_line();
  if (current_ < 0) return false;
  lex_field();
  while (current_ == static_cast<unsigned char>(delimiter_)) {
    current_ = get();
    if (fields_.size() == most_fields) {
      fail({{}, line_, column_}, Code::limit_exceeded,
           {.message = "a row has too many fields", .expected = "at most " + std::to_string(most_fields),
            .hint = "look for a missing line end"});
    }
    lex_field();
  }
  if (current_ >= 0) end_line();
  std::size_t begin = 0;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    fields_[i].text = std::string_view(text_).substr(begin, ends_[i] - begin);
    begin = ends_[i];
  }
  return true;
}

std::string CsvLexer::place(const CsvField& field) const {
  return file_.name() + ":" + std::to_string(field.line) + ":" + std::to_string(field.column);
}

void CsvLexer::fail(const CsvField& field, Code code, ErrorDetails details) const {
  details.path = place(field);
  throw Error(code, std::move(details));
}

std::string_view without_blanks(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

NumberFault parse_number(std::string_view text, double& value) noexcept {
  text = without_blanks(text);
  if (text.empty()) return NumberFault::empty;
  if (text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || text.front() == '-' || text.front() == '+') return NumberFault::not_a_number;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return NumberFault::not_a_number;
  if (error == std::errc::result_out_of_range) return NumberFault::out_of_range;
  return std::isfinite(value) ? NumberFault::none : NumberFault::not_finite;
}

namespace {

/// Bytes of the UTF-8 character at the front, 0 if there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

}  // namespace

std::string shown(std::string_view text) {
  constexpr std::size_t most = 40;  // bytes
  std::string quoted = "\"";
  while (!text.empty()) {
    if (quoted.size() > most) {
      quoted += "...";
      break;
    }
    const std::size_t length = character_length(text);
    if (length == 0 || static_cast<unsigned char>(text.front()) < 0x20 || text.front() == 0x7f) {
      quoted += '?';
      text.remove_prefix(1);
    } else {
      quoted += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return quoted + "\"";
}

}  // namespace webai
