// Cuts a CSV file into rows and fields (RFC 4180; any line ending), and knows where each field began.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/bytes.h"
#include "webai/error.hpp"

namespace webai {

struct CsvField {
  std::string_view text;     // without quotes; valid until the next row
  std::uint64_t line = 0;    // from 1
  std::uint64_t column = 0;  // character in the line, from 1
};

class CsvLexer {
 public:
  CsvLexer(const DataFile& file, char delimiter) : file_(file), delimiter_(delimiter) { rewind(); }

  void rewind();
  /// Moves to the next row that is not empty; false at the end.
  bool next();
  const std::vector<CsvField>& row() const noexcept { return fields_; }
  const std::string& name() const noexcept { return file_.name(); }
  /// "file:line:column".
  std::string place(const CsvField& field) const;
  [[noreturn]] void fail(const CsvField& field, Code code, ErrorDetails details) const;

 private:
  int get();  // the next character, with \r and \r\n as \n; -1 at the end
  void put(int character);
  void lex_field();
  void lex_quoted();

  ByteReader file_;
  char delimiter_;
  std::string text_;              // of all fields of the row
  std::vector<CsvField> fields_;
  std::vector<std::size_t> ends_; // of each field in text_
  std::uint64_t line_ = 1, column_ = 0;
  int current_ = -1;              // the character looked at
};

enum class NumberFault : std::uint8_t { none, empty, not_a_number, not_finite, out_of_range };

/// A decimal number in any locale's absence: optional blanks and sign, digits, point, exponent.
NumberFault parse_number(std::string_view text, double& value) noexcept;
/// Text as an error shows it: quoted, shortened, control characters and broken UTF-8 replaced.
std::string shown(std::string_view text);
std::string_view without_blanks(std::string_view text) noexcept;

}  // namespace webai
