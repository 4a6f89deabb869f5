// Writing: shortest numbers that read back; what fits on a line stands on one, long rows of numbers are wrapped.
#include <charconv>
#include <cmath>

#include "core/model/json.h"
#include "webai/error.hpp"

namespace webai {
namespace {

class Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}
  std::string take() { return std::move(out_); }

  void write(const Json& value, std::size_t level) {
    if (pretty_ && !one_line_ && level > 0 && (value.is_object() || value.is_array()) && written_on_line(value, level))
      return;
    switch (value.kind()) {
      case Json::Kind::null:
        out_ += "null";
        break;
      case Json::Kind::boolean:
        out_ += value.as_boolean() ? "true" : "false";
        break;
      case Json::Kind::number:
        number(value);
        break;
      case Json::Kind::text:
        text(value.as_text());
        break;
      case Json::Kind::array:
        array(value, level);
        break;
      case Json::Kind::object:
        object(value, level);
        break;
    }
  }

 private:
  void number(const Json& value) {
    if (const auto whole = value.as_integer(); whole && !(*whole == 0 && std::signbit(value.as_number())))
      put(*whole);
    else
      put(value.as_number());
  }

  void put(std::int64_t value) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }

  void put(double value) {
    if (!std::isfinite(value))
      throw Error(Code::invalid_argument, {.message = "JSON cannot write a number that is infinite or not a number",
                                           .reason = "NOT_FINITE",
                                           .hint = "export weights as base64"});
    char digits[32];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    if (value == 0) out_ += ".0";  // -0: as a whole number it would lose its sign where it is read
  }

  void text(const std::string& value) {
    static constexpr char hex[] = "0123456789abcdef";
    out_ += '"';
    for (const char c : value) {
      switch (c) {
        case '"':
          out_ += "\\\"";
          break;
        case '\\':
          out_ += "\\\\";
          break;
        case '\n':
          out_ += "\\n";
          break;
        case '\r':
          out_ += "\\r";
          break;
        case '\t':
          out_ += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 32) {
            out_ += "\\u00";
            out_ += hex[c >> 4];
            out_ += hex[c & 15];
          } else {
            out_ += c;
          }
      }
    }
    out_ += '"';
  }

  // Tries to write without line breaks, and gives up as soon as that is too long.
  bool written_on_line(const Json& value, std::size_t level) {
    const std::size_t begin = out_.size();
    one_line_ = true;
    stop_ = line_begin() + columns;
    write(value, level);
    one_line_ = false;
    if (out_.size() <= stop_) return true;
    out_.resize(begin);
    return false;
  }

  bool given_up() const { return one_line_ && out_.size() > stop_; }
  std::size_t line_begin() const { return out_.rfind('\n') + 1; }

  void line(std::size_t level) {
    if (!pretty_ || one_line_) return;
    out_ += '\n';
    out_.append(2 * level, ' ');
  }

  void comma() {
    out_ += ',';
    if (one_line_) out_ += ' ';
  }

  void numbers(std::span<const double> values, std::size_t level) {
    std::size_t begin = pretty_ && !one_line_ ? line_begin() : 0;
    for (std::size_t i = 0; i < values.size() && !given_up(); ++i) {
      if (i > 0) out_ += ',';
      const std::size_t before = out_.size();
      if (i > 0 && pretty_) out_ += ' ';
      number(Json::number(values[i]));
      if (!pretty_ || one_line_ || out_.size() - begin < columns) continue;
      out_.resize(before);
      line(level + 1);
      begin = before + 1;
      number(Json::number(values[i]));
    }
  }

  void array(const Json& value, std::size_t level) {
    out_ += '[';
    if (value.is_packed()) {
      numbers(value.as_numbers(), level);
    } else {
      for (std::size_t i = 0; i < value.size() && !given_up(); ++i) {
        if (i > 0) comma();
        line(level + 1);
        write(value.at(i), level + 1);
      }
      if (value.size() > 0) line(level);
    }
    out_ += ']';
  }

  void object(const Json& value, std::size_t level) {
    out_ += '{';
    bool first = true;
    for (const auto& [key, item] : value.members()) {
      if (given_up()) break;
      if (!first) comma();
      first = false;
      line(level + 1);
      text(key);
      out_ += pretty_ ? ": " : ":";
      write(item, level + 1);
    }
    if (!first) line(level);
    out_ += '}';
  }

  static constexpr std::size_t columns = 120;
  std::string out_;
  bool pretty_;
  bool one_line_ = false;  // while written_on_line tries
  std::size_t stop_ = 0;   // where it gives up
};

}  // namespace

std::string write_json(const Json& value, bool pretty) {
  Writer writer(pretty);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace webai
