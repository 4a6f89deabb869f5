// Reading: nlohmann's SAX parser feeds a builder that counts against the limits before it stores anything.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <numeric>

// A failed check inside the parser must not end the process.
#define JSON_ASSERT(condition) static_cast<void>(0)
#include <nlohmann/json.hpp>

#include "core/model/json.h"
#include "core/model/json5.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::uint32_t deepest = 4096;  // whatever the limits say: values are destroyed recursively
constexpr std::size_t few_keys = 16;     // up to here duplicates are looked for one by one, behind that at the end

/// Walks the text and says outside how far it got, so that an error can name the place.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** progress) : at_(at), progress_(progress) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *progress_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    TrackedIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(const TrackedIterator& a, const TrackedIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** progress_;
};

/// The text being read and how to name a place in it.
struct JsonText {
  std::string_view text;
  const StrictText* strict = nullptr;  ///< set when `text` was translated
  std::string_view original;
  const char* progress = nullptr;  ///< behind the last character taken

  std::size_t taken() const { return static_cast<std::size_t>(progress - text.data()); }

  /// Of the last character taken.
  std::string place() const { return place(taken() == 0 ? 0 : taken() - 1); }

  std::string place(std::size_t offset) const {
    offset = std::min(offset, text.empty() ? 0 : text.size() - 1);
    if (strict) offset = std::min(strict->original(offset), original.empty() ? 0 : original.size() - 1);
    const std::string_view before = original.substr(0, offset);
    const std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(offset - start + 1);
  }
};

/// Only printable ASCII, shortened from the left: what goes into an error text.
std::string shown(std::string_view text) {
  std::string result;
  const bool cut = text.size() > 40;
  if (cut) text.remove_prefix(text.size() - 40);
  for (const char c : text) result += c >= 32 && c < 127 ? c : '?';
  return cut ? "..." + result : result;
}

class TreeBuilder {
 public:
  TreeBuilder(JsonText& source, const Limits& limits) : source_(source), limits_(limits) {
    values_left_ = limits.nodes > ~std::uint64_t{0} / 8 ? ~std::uint64_t{0} : limits.nodes * 8;
    objects_left_ = limits.nodes;
    number_bytes_left_ = limits.host_bytes;
  }

  Json take() { return std::move(root_); }

  // What nlohmann::json::sax_parse calls.
  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json::boolean(value)); }
  bool number_integer(std::int64_t value) { return add_integer(static_cast<double>(value), Json::integer(value)); }
  bool number_unsigned(std::uint64_t value) {
    const bool fits = value <= static_cast<std::uint64_t>(INT64_MAX);
    return add_integer(static_cast<double>(value), fits ? Json::integer(static_cast<std::int64_t>(value))
                                                        : Json::number(static_cast<double>(value)));
  }
  bool number_float(double value, const std::string&) { return add_number(value); }
  bool string(std::string& value) { return add(Json::text(std::move(value))); }
  bool binary(std::vector<std::uint8_t>&) { return false; }

  bool start_object(std::size_t) {
    count(objects_left_, limits_.nodes, "objects", "OBJECTS");
    return open(true);
  }
  bool start_array(std::size_t) { return open(false); }

  bool key(std::string& name) {
    Frame& frame = frames_.back();
    count_value();
    if (frame.members.size() < few_keys &&
        std::ranges::any_of(frame.members, [&](const Json::Member& member) { return member.first == name; }))
      duplicate(name, source_.taken());
    frame.keys.push_back(source_.taken());
    frame.members.emplace_back(std::move(name), Json());
    return true;
  }

  bool end_object() {
    if (frames_.back().members.size() > few_keys) check_duplicates(frames_.back());
    Json value = Json::object(std::move(frames_.back().members));
    frames_.pop_back();
    return place(std::move(value));
  }

  bool end_array() {
    Frame& frame = frames_.back();
    Json value = frame.items.empty() ? Json::numbers(std::move(frame.numbers)) : Json::array(std::move(frame.items));
    frames_.pop_back();
    return place(std::move(value));
  }

  template <class Exception> bool parse_error(std::size_t position, const std::string& token, const Exception& error) {
    // The parser's text reads "[...] parse error at line 1, column 5: syntax error while parsing object - unexpected
    // '}'; expected string literal"; the place is ours.
    std::string_view text = error.what();
    ErrorDetails details;
    details.reason = "JSON_SYNTAX";
    // A literal that stands wrong is named by its start, all else by the last character that was read.
    const std::size_t at = text.find("unexpected ");
    const bool literal = at != std::string_view::npos && text[at + 11] != '\'' && text.substr(at + 11, 3) != "end";
    details.path = source_.place(position - std::min(position, literal ? token.size() : 1));
    if (const std::size_t start = text.find("syntax error "); start != std::string_view::npos) {
      text.remove_prefix(start);
      std::string_view fact = text;
      std::string_view where = cut(fact, " - ");
      if (fact.empty()) std::swap(fact, where);
      std::string_view rest = fact;
      std::string_view plain = cut(rest, "; expected ");
      rest = cut(rest, "; last read: ");
      plain = cut(plain, "; last read: ");
      const std::string found = word_at(position - std::min<std::size_t>(position, 1), plain == "invalid literal");
      details.expected = rest.empty() ? "a value" : shown(rest);
      details.actual = plain.starts_with("unexpected ") && !literal ? shown(plain.substr(11))
                       : found == "\"" && literal                            ? shown(token)
                       : found.empty()                                       ? "nothing"
                                                                             : "'" + found + "'";
      details.message = std::string(where) + (where.empty() ? "" : ": ") + shown_whole(plain);
      details.hint = hint_for(plain, rest, found);
    } else if (text.find("out_of_range") != std::string_view::npos) {
      details.message = "a number is too large for any number type";
      details.reason = "NUMBER_RANGE";
      details.expected = "at most 1.8e308";
      details.actual = word_at(position - std::min<std::size_t>(position, 1), false);
      details.hint = "the largest number is about 1.8e308";
    } else {
      details.message = shown_whole(text);
      details.hint = "was the text cut or changed on its way?";
    }
    throw Error(Code::invalid_json, std::move(details));
  }

 private:
  struct Frame {
    bool object = false;
    std::vector<Json::Member> members;        // of an object
    std::vector<double> numbers;              // of an array, while only numbers came
    std::vector<Json> items;                  // of an array, once something else came
    std::vector<std::size_t> keys;            // of an object: where its keys end
  };

  /// The word or number in which the character stands (or that it `ended`), or that character.
  std::string word_at(std::size_t at, bool ended) const {
    const std::string_view text = source_.text;
    const auto in_word = [&](std::size_t i) {
      const auto c = static_cast<unsigned char>(text[i]);
      return std::isalnum(c) || c == '_' || c == '$' || c == '+' || c == '-' || c == '.';
    };
    if (at >= text.size()) return {};
    if (ended && !in_word(at) && at > 0 && std::isalpha(static_cast<unsigned char>(text[at - 1]))) --at;
    std::size_t first = at, end = at + 1;
    while (in_word(at) && first > 0 && in_word(first - 1)) --first;
    while (end < text.size() && in_word(end)) ++end;
    return shown(text.substr(first, end - first));
  }

  /// What it most often is, by the parser's words and the word that it stopped at.
  std::string hint_for(std::string_view fact, std::string_view expected, const std::string& found) const {
    const auto says = [&](std::string_view words) { return fact.find(words) != std::string_view::npos; };
    const auto expects = [&](std::string_view words) { return expected.find(words) != std::string_view::npos; };
    const bool json5 = source_.strict != nullptr;
    if (says("unexpected end of input")) return "the text ends early: is a bracket or a quote not closed?";
    if (expects("end of input")) return "a text is one value: nothing may stand behind its end";
    if (says("surrogate")) return "a letter of two halves is written with both: \\ud83d\\ude00";
    if (says("control character")) return "inside of texts a line break is \\n, a tab \\t, others \\u0001";
    if (says("backslash") || says("'\\u'")) return "a backslash is written twice: \\\\";
    if (says("UTF-8")) return "save the text as UTF-8";
    if (says("invalid string")) return "is a quote not closed?";
    if (found == "NaN" || found == "Infinity" || found == "-Infinity" || found == "nan" || found == "inf") return "numbers are finite: there is no NaN and no infinity";
    if (!found.empty() && std::string_view("+-.0123456789").find(found[0]) != std::string_view::npos &&
        (says("invalid") || (says("number literal") && found[0] == '0' && found.size() > 1)))
      return "numbers are written like 0.5, -1 or 1e-3";
    const bool bracket = expects("']'") || expects("'}'");
    if (bracket && (says("unexpected ']'") || says("unexpected '}'"))) return "brackets close in the order in which they were opened";
    if (says("unexpected ']'") || says("unexpected '}'")) return "is there a comma behind the last entry, or a value missing?";
    if (expects("':'")) return "a colon stands between a name and its value";
    if (expects("string literal")) return json5 ? "keys are words, or stand in quotes" : "keys stand in double quotes";
    if (bracket) return "is a comma missing in front of it?";
    if (says("invalid literal"))
      return json5 ? "texts stand in quotes; true, false and null in small letters"
                   : "texts stand in double quotes; true, false and null in small letters";
    return json5 ? "is a comma or a value missing?" : "comments, single quotes and commas behind the last entry are for JSON5";
  }

  /// Splits at `separator`: returns what stands before, leaves what stands behind (nothing when it is not there).
  static std::string_view cut(std::string_view& text, std::string_view separator) {
    const std::size_t at = text.find(separator);
    const std::string_view before = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + separator.size());
    return before;
  }

  static std::string shown_whole(std::string_view text) {
    std::string result;
    for (const char c : text.substr(0, 200)) result += c >= 32 && c < 127 ? c : '?';
    return result;
  }

  [[noreturn]] void over(std::uint64_t limit, const std::string& what, const char* reason) {
    throw Error(Code::limit_exceeded, {.message = "the JSON has more than " + std::to_string(limit) + " " + what,
                                       .reason = reason,
                                       .path = source_.place(),
                                       .hint = "raise the limits of the context if this is meant"});
  }

  void count(std::uint64_t& left, std::uint64_t limit, const char* what, const char* reason) {
    if (left == 0) over(limit, what, reason);
    --left;
  }

  void count_value() { count(values_left_, limits_.nodes * 8, "values", "VALUES"); }

  bool open(bool object) {
    count_value();
    if (frames_.size() >= std::min(limits_.json_depth, deepest))
      over(std::min(limits_.json_depth, deepest), "levels of nesting", "JSON_DEPTH");
    frames_.emplace_back().object = object;
    return true;
  }

  [[noreturn]] void duplicate(const std::string& name, std::size_t taken) const {
    throw Error(Code::invalid_json, {.message = "the key \"" + shown(name) + "\" stands twice in one object",
                                     .reason = "DUPLICATE_KEY",
                                     .path = source_.place(taken == 0 ? 0 : taken - 1),
                                     .expected = "each key once",
                                     .actual = "\"" + shown(name) + "\"",
                                     .hint = "remove one of the two"});
  }

  // Sorted once: no hash that a stranger could aim at, no copy of each key.
  void check_duplicates(const Frame& frame) const {
    std::vector<std::uint32_t> order(frame.members.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto name = [&](std::uint32_t index) -> const std::string& { return frame.members[index].first; };
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
      const int compared = name(a).compare(name(b));
      return compared < 0 || (compared == 0 && a < b);
    });
    std::uint32_t first = ~std::uint32_t{0};  // the earliest key that stood before
    for (std::size_t i = 1; i < order.size(); ++i)
      if (name(order[i]) == name(order[i - 1])) first = std::min(first, order[i]);
    if (first != ~std::uint32_t{0}) duplicate(name(first), frame.keys[first]);
  }

  bool add(Json value) {
    count_value();
    return place(std::move(value));
  }

  bool add_integer(double value, Json exact) {
    if (value <= largest_exact && value >= -largest_exact && in_number_array()) return add_number(value);
    return add(std::move(exact));
  }

  bool in_number_array() const { return !frames_.empty() && !frames_.back().object && frames_.back().items.empty(); }

  bool add_number(double value) {
    if (!in_number_array()) return add(Json::number(value));
    if (number_bytes_left_ < sizeof value) over(limits_.host_bytes, "bytes of numbers", "NUMBERS");
    number_bytes_left_ -= sizeof value;
    frames_.back().numbers.push_back(value);
    return true;
  }

  /// Puts a finished value where it belongs.
  bool place(Json value) {
    if (frames_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Frame& frame = frames_.back();
    if (frame.object) {
      frame.members.back().second = std::move(value);
      return true;
    }
    if (!frame.numbers.empty()) {  // no longer only numbers: unpack, each now counts as a value
      for (const double number : frame.numbers) {
        count_value();
        frame.items.push_back(Json::number(number));
      }
      std::vector<double>().swap(frame.numbers);
    }
    frame.items.push_back(std::move(value));
    return true;
  }

  JsonText& source_;
  const Limits& limits_;
  std::uint64_t values_left_, objects_left_, number_bytes_left_;
  std::vector<Frame> frames_;
  Json root_;
};

}  // namespace

Json read_json(std::string_view text, const Limits& limits, JsonOptions options) {
  if (text.size() > limits.json_bytes)
    throw Error(Code::limit_exceeded, {.message = "the JSON has " + std::to_string(text.size()) + " bytes",
                                       .reason = "JSON_BYTES",
                                       .expected = "at most " + std::to_string(limits.json_bytes),
                                       .actual = std::to_string(text.size()),
                                       .hint = "keep weights beside the model (setupData in a file), or raise the limit jsonBytes"});
  StrictText strict;
  JsonText source{.text = text, .original = text};
  if (options.json5) {
    strict = strict_from_json5(text);
    source.text = strict.text;
    source.strict = &strict;
  }
  const char* begin = source.text.data();
  source.progress = begin;
  if (const void* zero = source.text.empty() ? nullptr : std::memchr(begin, 0, source.text.size())) {
    source.progress = static_cast<const char*>(zero) + 1;  // the parser would take it for the end of the text
    throw Error(Code::invalid_json,
                {.message = "syntax error: a zero byte in the text", .reason = "JSON_SYNTAX", .path = source.place(),
                 .hint = "save the text as UTF-8"});
  }
  TreeBuilder builder(source, limits);
  nlohmann::json::sax_parse(TrackedIterator(begin, &source.progress),
                            TrackedIterator(begin + source.text.size(), &source.progress), &builder);
  return builder.take();
}

}  // namespace webai
