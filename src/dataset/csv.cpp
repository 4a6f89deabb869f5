// Tables of numbers as text. The file is read once when the dataset is made, which finds its size, its classes and
// every mistake in it, and again when it is used.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "dataset/csv_lexer.h"
#include "dataset/source.h"
#include "webai/error.hpp"

namespace webai {

namespace {

constexpr std::size_t most_labels = 65'536;

/// What the columns are, found from the first row and the options.
struct Columns {
  std::vector<std::string> names;     // from the header, may be empty
  std::size_t count = 0;
  std::vector<std::size_t> inputs;    // numbers of columns
  std::vector<std::size_t> outputs;
  bool words = false;                 // the one output holds words
  std::vector<std::string> labels;    // the words, sorted

  /// As people count: the first column is 1.
  std::string label_of(std::size_t column) const {
    std::string text = "column " + std::to_string(column + 1);
    return column < names.size() ? text + " (" + shown(names[column]) + ")" : text;
  }
};

bool is_header(const std::vector<CsvField>& row) {
  return std::none_of(row.begin(), row.end(), [](const CsvField& field) {
    double ignored;
    const NumberFault fault = parse_number(field.text, ignored);
    return fault != NumberFault::not_a_number && fault != NumberFault::empty;
  });
}

std::size_t find_column(const Columns& columns, const std::string& target, const std::string& file) {
  const auto same = std::count(columns.names.begin(), columns.names.end(), target);
  if (same > 1) {
    throw Error(Code::invalid_argument, {.message = "several columns have the name of the target",
                                         .reason = "CSV_TARGET",
                                         .path = file,
                                         .actual = shown(target),
                                         .hint = "give its number, counted from 1"});
  }
  if (same == 1) {
    return static_cast<std::size_t>(std::find(columns.names.begin(), columns.names.end(), target) -
                                    columns.names.begin());
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), number);
  const auto count = static_cast<std::int64_t>(columns.count);
  if (error == std::errc{} && end == target.data() + target.size() && number != 0 && number >= -count && number <= count) {
    return static_cast<std::size_t>(number < 0 ? number + count : number - 1);
  }
  std::string known;
  for (const std::string& name : columns.names) {
    known += (known.empty() ? "" : ", ") + (known.size() > 200 ? "..." : shown(name));
    if (known.size() > 200) break;
  }
  if (!known.empty()) known += " or ";
  throw Error(Code::not_found, {.message = "the file has no such column to take as target",
                                .reason = "CSV_TARGET",
                                .path = file,
                                .expected = known + "a number from 1 to " + std::to_string(count) +
                                            ", or from the end from -1",
                                .actual = shown(target),
                                .hint = "name a column as the first row does, or count: -1 is the last"});
}

void choose_columns(Columns& columns, const CsvOptions& options, const std::string& file) {
  std::vector<bool> taken(columns.count, false);
  const auto take = [&](std::size_t column) {
    if (taken[column]) {
      throw Error(Code::invalid_argument, {.message = columns.label_of(column) + " is a target twice",
                                           .reason = "CSV_TARGET",
                                           .path = file,
                                           .hint = "name each target once"});
    }
    taken[column] = true;
    columns.outputs.push_back(column);
  };
  if (options.has_target && options.target.empty()) take(columns.count - 1);
  if (options.has_target) {
    for (const std::string& target : options.target) take(find_column(columns, target, file));
  }
  for (std::size_t i = 0; i < columns.count; ++i) {
    if (!taken[i]) columns.inputs.push_back(i);
  }
  if (columns.inputs.empty()) {
    throw Error(Code::invalid_argument, {.message = "no column is left for the input",
                                         .reason = "CSV_TARGET",
                                         .path = file,
                                         .actual = std::to_string(columns.count) + " columns, all of them targets",
                                         .hint = "is the delimiter right?"});
  }
}

double number_at(const CsvLexer& lexer, const Columns& columns, std::size_t column) {
  const CsvField& field = lexer.row()[column];
  double value = 0;
  const NumberFault fault = parse_number(field.text, value);
  if (fault == NumberFault::none) return value;
  ErrorDetails details;
  details.reason = "CSV_NUMBER";
  details.expected = "a number";
  details.actual = shown(field.text);
  switch (fault) {
    case NumberFault::empty:
      details.message = columns.label_of(column) + " is empty";
      details.actual = "nothing";
      details.hint = "fill the gap or leave the row out";
      break;
    case NumberFault::out_of_range:
      details.message = columns.label_of(column) + " is beyond the range of 64-bit numbers";
      break;
    case NumberFault::not_finite:
      details.message = columns.label_of(column) + " is not a finite number";
      break;
    default: details.message = columns.label_of(column) + " holds text"; break;
  }
  lexer.fail(field, Code::invalid_argument, std::move(details));
}

void check_width(const CsvLexer& lexer, std::size_t columns) {
  if (lexer.row().size() == columns) return;
  const bool more = lexer.row().size() > columns;
  lexer.fail(more ? lexer.row()[columns] : lexer.row().back(), Code::shape_mismatch,
             {.message = "rows have different lengths",
              .reason = "CSV_RAGGED",
              .expected = std::to_string(columns) + " fields, as in the first row",
              .actual = std::to_string(lexer.row().size()),
              .hint = "look for a missing field, or a divider inside of a field without quotes"});
}

class CsvReader final : public Reader {
 public:
  CsvReader(const DataFile& file, char delimiter, bool header, Columns columns)
      : lexer_(file, delimiter), header_(header), columns_(std::move(columns)) {
    if (header_) lexer_.next();
  }
  void rewind() override {
    lexer_.rewind();
    if (header_) lexer_.next();
  }
  bool read(std::byte* input, std::byte* output) override {
    if (!lexer_.next()) return false;
    check_width(lexer_, columns_.count);
    for (std::size_t i = 0; i < columns_.inputs.size(); ++i) {
      store_double(DType::fp64, input, i, number_at(lexer_, columns_, columns_.inputs[i]));
    }
    if (columns_.words) {
      const std::int32_t label = label_at(lexer_.row()[columns_.outputs[0]]);
      store_double(DType::i32, output, 0, label);
      return true;
    }
    for (std::size_t i = 0; i < columns_.outputs.size(); ++i) {
      store_double(DType::fp64, output, i, number_at(lexer_, columns_, columns_.outputs[i]));
    }
    return true;
  }

 private:
  std::int32_t label_at(const CsvField& field) const {
    const std::string_view word = without_blanks(field.text);
    const auto found = std::lower_bound(columns_.labels.begin(), columns_.labels.end(), word);
    if (found != columns_.labels.end() && *found == word) {
      return static_cast<std::int32_t>(found - columns_.labels.begin());
    }
    lexer_.fail(field, Code::invalid_argument, {.message = "the file changed while it was in use: a new word",
                                                .reason = "FILE_CHANGED",
                                                .actual = shown(word),
                                                .hint = "open the data again when nobody writes to the file"});
  }

  CsvLexer lexer_;
  bool header_;
  Columns columns_;
};

class CsvSource final : public FileSource {
 public:
  CsvSource(DataFile file, CsvOptions options)
      : FileSource(options.cache_bytes), file_(std::move(file)), options_(std::move(options)) {
    if (options_.delimiter == '"' || options_.delimiter == '\n' || options_.delimiter == '\r' ||
        options_.delimiter == '.') {
      throw Error(Code::invalid_argument, {.message = "this character cannot divide fields",
                                           .actual = shown({&options_.delimiter, 1}),
                                           .hint = "a comma, a semicolon, a tab or a space, for example"});
    }
    scan();
  }
  std::unique_ptr<Reader> open() const override {
    return std::make_unique<CsvReader>(file_, options_.delimiter, header_, columns_);
  }

 private:
  void scan() {
    CsvLexer lexer(file_, options_.delimiter);
    bool more = lexer.next();
    if (more) {
      columns_.count = lexer.row().size();
      header_ = options_.header == CsvHeader::present ||
                (options_.header == CsvHeader::automatic && is_header(lexer.row()));
      if (header_) {
        for (const CsvField& field : lexer.row()) columns_.names.emplace_back(without_blanks(field.text));
        more = lexer.next();
      }
      choose_columns(columns_, options_, file_.name);
    }
    if (!more) {
      throw Error(Code::invalid_argument, {.message = header_ ? "the file holds a header and no rows"
                                                              : "the file holds no rows",
                                           .reason = "EMPTY_DATASET",
                                           .path = file_.name,
                                           .expected = "one row or more",
                                           .actual = header_ ? "one row of names" : "none",
                                           .hint = header_ ? "if its first row is data, say header=absent" : "look whether it is the file that was meant"});
    }
    scan_rows(lexer);
    describe();
  }

  void scan_rows(CsvLexer& lexer) {
    const bool one = columns_.outputs.size() == 1;
    const std::size_t target = one ? columns_.outputs[0] : 0;
    check_width(lexer, columns_.count);
    double ignored = 0;
    const CsvField first = lexer.row()[target];
    const std::uint64_t first_line = lexer.row().front().line;
    std::uint64_t last_line = first_line;
    columns_.words = one && parse_number(first.text, ignored) == NumberFault::not_a_number;
    const std::string first_word(columns_.words ? first.text : std::string_view());
    Words words;
    bool any_number = false;
    do {
      check_width(lexer, columns_.count);
      for (const std::size_t column : columns_.inputs) number_at(lexer, columns_, column);
      if (columns_.words) {
        const CsvField& field = lexer.row()[target];
        any_number = any_number || parse_number(field.text, ignored) != NumberFault::not_a_number;
        add_word(lexer, field, words, rows_);
      } else {
        for (const std::size_t column : columns_.outputs) count_class(number_at(lexer, columns_, column));
      }
      ++rows_;
      last_line = lexer.row().front().line;
    } while (lexer.next());
    if (last_line - first_line == rows_ - 1) description_.first_line = first_line;
    for (const auto& [word, row] : words) {
      columns_.labels.push_back(word);
      description_.label_at.push_back(row);
    }
    if (columns_.words && options_.target.empty()) {
      refuse_words({first_word, first.line, first.column}, lexer, target, any_number);
    }
  }

  using Words = std::map<std::string, std::uint64_t, std::less<>>;  // with the first row of each

  void add_word(const CsvLexer& lexer, const CsvField& field, Words& words, std::uint64_t row) const {
    const std::string_view word = without_blanks(field.text);
    if (word.empty()) {
      lexer.fail(field, Code::invalid_argument,
                 {.message = columns_.label_of(columns_.outputs[0]) + " is empty", .reason = "CSV_LABEL",
                  .expected = "a word",
                  .hint = "fill the field in, or leave the row out"});
    }
    if (words.find(word) != words.end()) return;
    if (words.size() == most_labels) {
      lexer.fail(field, Code::limit_exceeded,
                 {.message = columns_.label_of(columns_.outputs[0]) + " holds too many different words to be labels",
                  .reason = "CSV_LABEL",
                  .expected = "at most " + std::to_string(most_labels),
                  .hint = "if these are numbers, look for the first one that is written as text; if texts, give them another model"});
    }
    words.emplace(word, row);
  }

  /// Words that nobody asked for: told once all of them are known, so that the text can name them.
  [[noreturn]] void refuse_words(const CsvField& first, const CsvLexer& lexer, std::size_t target,
                                 bool any_number) const {
    if (any_number) {
      lexer.fail(first, Code::invalid_argument, {.message = columns_.label_of(target) + " holds text",
                                                 .reason = "CSV_NUMBER",
                                                 .expected = "a number",
                                                 .actual = shown(first.text),
                                                 .hint = "leave the column out, or make numbers of its words"});
    }
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(columns_.labels.size(), 5); ++i) {
      const std::string word = shown(columns_.labels[i]);
      list += (i == 0 ? "" : ", ") + word.substr(1, word.size() - 2);
    }
    if (columns_.labels.size() > 5) list += ", ...";
    lexer.fail(first, Code::invalid_argument,
               {.message = columns_.label_of(target) + " holds " + std::to_string(columns_.labels.size()) +
                           " different words (" + list + ")",
                .reason = "CSV_WORDS",
                .expected = "numbers",
                .hint = "name it as target=" + std::to_string(target + 1) + " to have them turned into labels"});
  }

  void count_class(double value) {
    const auto count = count_classes(DType::fp64, &value, 1);
    if (!count && !description_.no_class_at) description_.no_class_at = rows_;
    whole_ = whole_ && count;
    if (count.value_or(0) > classes_) {
      classes_ = *count;
      description_.highest_label_at = rows_;
    }
  }

  void describe() {
    description_.input_type = DType::fp64;
    description_.input_shape = Shape{static_cast<std::int64_t>(columns_.inputs.size())};
    description_.size = rows_;
    description_.file = file_.name;
    if (columns_.words) {
      description_.output_type = DType::i32;
      description_.output_shape = Shape{};
      description_.kind = OutputKind::label;
      description_.class_count = columns_.labels.size();
      description_.labels = columns_.labels;
      return;
    }
    description_.output_type = DType::fp64;
    description_.output_shape = Shape{static_cast<std::int64_t>(columns_.outputs.size())};
    if (columns_.outputs.size() == 1 && whole_) description_.class_count = classes_;
  }

  DataFile file_;
  CsvOptions options_;
  Columns columns_;
  bool header_ = false;
  std::uint64_t rows_ = 0;
  bool whole_ = true;  // the output was a whole number from 0 in each row
  std::uint64_t classes_ = 0;
};

}  // namespace

std::shared_ptr<const Source> make_csv_source(DataFile file, CsvOptions options) {
  return std::make_shared<CsvSource>(std::move(file), std::move(options));
}

}  // namespace webai
