#include "cli/values.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "cli/json_text.h"
#include "webai/dataset.hpp"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/json.hpp"

namespace webai::cli {
namespace {

[[noreturn]] void refuse(const std::string& place, std::string message, std::string expected = {}, std::string hint = {}) {
  throw Error(Code::invalid_argument, {.message = std::move(message), .reason = "VALUES", .path = place,
                                       .expected = std::move(expected), .hint = std::move(hint)});
}

bool ends_with(const std::string& text, std::string_view end) { return text.ends_with(end); }

// Reads nested arrays without a tree: 784 numbers or 784 million, memory is that of the numbers.
class NumberReader final : public nlohmann::json::json_sax_t {
 public:
  NumberReader(std::string place, std::uint64_t most_numbers) : place_(std::move(place)), most_(most_numbers) {}

  bool null() override { return wrong("null"); }
  bool boolean(bool value) override { return number(value ? 1 : 0); }
  bool number_integer(number_integer_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t& value) override { return wrong("the text \"" + value + "\""); }
  bool binary(binary_t&) override { return wrong("binary data"); }
  bool start_object(std::size_t) override { return wrong("an object"); }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }

  bool start_array(std::size_t) override {
    if (counts_.size() == Shape::max_rank) refuse(place_, "arrays are nested more than 8 deep");
    if (lengths_.size() == counts_.size()) {
      if (leaf_depth_ && counts_.size() >= *leaf_depth_) refuse(place_, "numbers and arrays stand side by side");
      lengths_.push_back(-1);
    }
    counts_.push_back(0);
    return true;
  }
  bool end_array() override {
    std::int64_t& length = lengths_[counts_.size() - 1];
    if (length >= 0 && length != counts_.back())
      refuse(place_, "arrays beside each other have different lengths", std::to_string(length) + " items",
             "one of them has " + std::to_string(counts_.back()));
    length = counts_.back();
    counts_.pop_back();
    if (!counts_.empty()) ++counts_.back();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

  Tensor tensor(const Context& context) const {
    Shape shape;
    for (const std::int64_t length : lengths_) shape.append(std::max<std::int64_t>(length, 0));
    return Tensor::from(context, DType::fp64, shape, numbers_);
  }

 private:
  bool number(double value) {
    if (!leaf_depth_) leaf_depth_ = counts_.size();
    if (*leaf_depth_ != counts_.size() || lengths_.size() != counts_.size())
      refuse(place_, "numbers and arrays stand side by side");
    if (numbers_.size() == most_) refuse(place_, "there are more numbers than the limit on one tensor allows");
    numbers_.push_back(value);
    if (!counts_.empty()) ++counts_.back();
    return true;
  }
  bool wrong(const std::string& what) { refuse(place_, "holds " + what, "numbers or nested arrays of numbers"); }

  std::string place_;
  std::uint64_t most_;
  std::vector<double> numbers_;
  std::vector<std::int64_t> lengths_;  // by depth; -1 until the first array there has ended
  std::vector<std::int64_t> counts_;   // items so far of the arrays that are open
  std::optional<std::size_t> leaf_depth_;
};

}  // namespace

Tensor values_from_json(const Context& context, const std::string& text, const std::string& place) {
  NumberReader reader(place, context.limits().tensor_bytes / sizeof(double));
  if (nlohmann::json::sax_parse(text, &reader)) return reader.tensor(context);
  try {  // once more, by the reader that has words for it
    (void)read_json(text, context.limits());
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.path = place + (details.path.empty() ? "" : ", " + details.path);
    throw Error(error.code(), std::move(details));
  }
  throw Error(Code::invalid_json, {.message = "this is not JSON", .reason = "JSON_SYNTAX", .path = place});
}

Tensor read_values(const Context& context, const std::string& source, const Shape& wanted) {
  const std::size_t first = source.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) refuse("--input", "is empty", "JSON or the name of a file");
  if (source[first] == '[') return values_from_json(context, source, "--input");
  if (ends_with(source, ".npy")) return read_npy(context, source);
  if (ends_with(source, ".png")) return read_png(context, source, wanted);
  if (ends_with(source, ".csv")) return read_csv(context, source);
  if (ends_with(source, ".json")) return values_from_json(context, read_file(source, context.limits().json_bytes), source);
  double number = 0;
  const auto [end, error] = std::from_chars(source.data() + first, source.data() + source.size(), number);
  if (error == std::errc{} && end == source.data() + source.size())
    return Tensor::from(context, DType::fp64, Shape{1}, std::span(&number, 1));
  refuse(source, "is neither JSON nor a file of a known kind", "[numbers], or a file that ends in .npy, .json, .csv or .png");
}

void write_values(const std::string& path, const Tensor& values) {
  if (ends_with(path, ".npy")) return write_file(path, write_npy(values));
  if (!ends_with(path, ".json")) refuse(path, "the kind of file to write is told by its ending", ".npy or .json");
  const std::string text = json_array(values) + "\n";
  write_file(path, std::as_bytes(std::span(text)));
}

Tensor read_csv(const Context& context, const std::string& path) {
  const std::string text = read_file(path);
  std::vector<double> numbers;
  std::int64_t columns = 0, rows = 0, line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view rest(text.data() + begin, end - begin);
    begin = end + 1;
    ++line;
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    if (rest.find_first_not_of(" \t") == std::string_view::npos) continue;
    std::int64_t count = 0, words = 0;
    for (bool more = true; more; ++count) {
      std::string_view field = rest.substr(0, rest.find(','));
      more = field.size() < rest.size();
      rest.remove_prefix(field.size() + (more ? 1 : 0));
      while (field.starts_with(' ') || field.starts_with('\t') || field.starts_with('+')) field.remove_prefix(1);
      while (field.ends_with(' ') || field.ends_with('\t')) field.remove_suffix(1);
      double number = 0;
      const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), number);
      const bool good = error == std::errc{} && stop == field.data() + field.size();
      if (!good && rows > 0)
        refuse(path + ":" + std::to_string(line), "column " + std::to_string(count) + " is not a number: " + json_string(field));
      if (!good) ++words;
      numbers.push_back(number);
    }
    if (rows == 0 && words == count) {  // the header
      numbers.clear();
      continue;
    }
    if (rows == 0 && words > 0) refuse(path + ":" + std::to_string(line), "some columns are words, some are numbers", "numbers");
    if (rows > 0 && count != columns)
      refuse(path + ":" + std::to_string(line), "has " + std::to_string(count) + " columns", std::to_string(columns));
    columns = count;
    ++rows;
  }
  if (rows == 0) refuse(path, "holds no numbers");
  return Tensor::from(context, DType::fp64, rows == 1 ? Shape{columns} : Shape{rows, columns}, numbers);
}

}  // namespace webai::cli
