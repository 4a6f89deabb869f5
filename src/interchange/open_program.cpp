#include "interchange/open_program.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "interchange/length_formula.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using Lengths = std::vector<std::int64_t>;

constexpr std::int64_t few = 40;             // lengths that are all tried
constexpr std::int64_t small = 10, row = 9;  // else: the smallest, some that follow each other, and the largest

/// A program cut at its numbers: pieces.size() == numbers.size() + 1.
struct CutText {
  std::string before;  // the line of lengths
  std::vector<std::string> pieces, numbers;
  std::vector<bool> in_comment;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// What stands behind the line of lengths.
CutText cut(const std::string& text, Language language) {
  CutText result;
  std::string piece;
  const std::size_t line = text.find(lengths_line), begin = line + lengths_line.size();
  result.before = text.substr(0, line);
  bool comment = false;
  for (std::size_t i = begin; i < text.size();) {
    const char c = text[i];
    if (c == '\n') comment = false;
    if (language == Language::python ? c == '#' : text.compare(i, 2, language == Language::c ? "/*" : "//") == 0) comment = true;
    if (language == Language::c && text.compare(i, 2, "*/") == 0) comment = false;
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (!digit && !is_word(c)) {
      piece += c;
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && (is_word(text[end]) || (digit && (text[end] == '.' || ((text[end] == '-' || text[end] == '+') && text[end - 1] == 'e'))))) ++end;
    const std::string word = text.substr(i, end - i);
    i = end;
    if (!digit) {
      piece += word;
      continue;
    }
    result.pieces.push_back(std::move(piece));
    piece.clear();
    result.numbers.push_back(word);
    result.in_comment.push_back(comment);
  }
  result.pieces.push_back(std::move(piece));
  return result;
}

double value_of(const std::string& number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value;
}

bool is_whole(const std::string& number) { return number.find_first_of(".ef") == std::string::npos; }

/// A number that depends on the lengths: a formula, or one divided by it.
struct Dependent {
  LengthFormula formula;
  bool inverse = false, real = false;
};

class Maker {
 public:
  Maker(Language language, bool is_double, const std::vector<OpenLengthRange>& ranges,
        const std::function<std::string(const Lengths&, bool)>& write)
      : language_(language), is_double_(is_double), ranges_(ranges), write_(write) {}

  std::string run() {
    for (std::size_t i = 0; i < ranges_.size(); ++i) base_.push_back(first(i));
    try {
      base_cut_ = cut(write_(base_, true), language_);
    } catch (const Error& error) {
      if (error.reason() != other_nodes) throw;
      refuse(0, "what the program is made of depends on its length");
    }
    take_examples();
    find_dependents();
    find_least();
    const std::string full = write_(base_, false);
    const std::size_t at = full.find(lengths_line);
    const std::string body = finished();  // which finds out what is declared in front of it
    return full.substr(0, at) + checks() + declarations_ + body;
  }

 private:
  [[noreturn]] void refuse(std::size_t dimension, const std::string& why) const {
    throw Error(Code::unsupported, {.message = "a program takes no open dimension (null) here: " + why,
                                    .reason = "OPEN_SIZE",
                                    .path = ranges_[dimension].path,
                                    .hint = "export a copy of the model with numbers for its nulls"});
  }

  static std::string text_of(const Lengths& lengths) {
    std::string text = lengths.size() == 1 ? "length " : "lengths ";
    for (std::size_t i = 0; i < lengths.size(); ++i) text += (i ? ", " : "") + std::to_string(lengths[i]);
    return text;
  }

  // Where the examples of a dimension lie: different places for each.
  std::int64_t first(std::size_t i) const {
    const auto own = static_cast<std::int64_t>(i);
    const std::int64_t max = ranges_[i].max.value_or(1000);
    return max <= few ? std::max<std::int64_t>(1, max - own) : std::min(23 + 10 * own, max - row);
  }
  std::vector<std::int64_t> tried(std::size_t i) const {
    const std::int64_t max = ranges_[i].max.value_or(1000);
    std::vector<std::int64_t> list;
    for (std::int64_t length = 1; length <= std::min(max, max <= few ? max : small); ++length) list.push_back(length);
    if (max <= few) return list;
    for (std::int64_t length = base_[i]; length < base_[i] + row; ++length)
      if (length > small) list.push_back(length);
    list.push_back(max);
    return list;
  }

  struct Example {
    Lengths lengths;
    std::vector<double> numbers;
  };

  // The numbers of the program for some lengths; nothing where it has other words.
  std::optional<Example> example(const Lengths& lengths, bool* fails = nullptr) const {
    try {
      const CutText own = cut(write_(lengths, true), language_);
      if (own.before != base_cut_.before || own.pieces != base_cut_.pieces) return {};
      Example result{lengths, {}};
      for (std::size_t k = 0; k < own.numbers.size(); ++k) {
        if (is_whole(own.numbers[k]) != is_whole(base_cut_.numbers[k])) return {};
        result.numbers.push_back(value_of(own.numbers[k]));
      }
      return result;
    } catch (const Error& error) {
      if (error.code() == Code::out_of_memory) throw;
      if (fails) *fails = error.reason() != other_nodes;  // too short for a layer
      return {};
    }
  }

  void take_examples() {
    examples_.push_back(*example(base_));
    for (std::size_t i = 0; i < ranges_.size(); ++i)
      for (const std::int64_t length : tried(i)) {
        Lengths lengths = base_;
        lengths[i] = length;
        if (length == base_[i]) continue;
        bool fails = false;
        if (auto one = example(lengths, &fails))
          examples_.push_back(std::move(*one));
        else
          others_.push_back({i, length, fails});
      }
    // Several lengths that differ at once.
    for (std::int64_t by = 1; ranges_.size() > 1 && by <= 3; ++by) {
      Lengths lengths = base_;
      for (std::size_t i = 0; i < lengths.size(); ++i) {
        const std::int64_t moved = base_[i] + (static_cast<std::int64_t>(i) + 1) * by;
        lengths[i] = moved <= ranges_[i].max.value_or(1000) ? moved : std::max<std::int64_t>(1, base_[i] - by);
      }
      if (auto one = example(lengths)) examples_.push_back(std::move(*one));
    }
  }

  // Formulas hold from the row of examples on; whether they do below shows later.
  bool is_long(const Example& one) const {
    for (std::size_t i = 0; i < base_.size(); ++i)
      if (one.lengths[i] < (ranges_[i].max.value_or(1000) <= few ? (base_[i] + 1) / 2 : base_[i])) return false;
    return true;
  }

  void find_dependents() {
    std::vector<const Example*> used;
    std::vector<Lengths> lengths;
    for (const Example& one : examples_)
      if (is_long(one)) {
        used.push_back(&one);
        lengths.push_back(one.lengths);
      }
    FormulaFinder finder(lengths);
    const auto find = [&](std::size_t k) -> std::optional<Dependent> {
      std::vector<std::int64_t> values;
      bool whole = true, inverse = true;
      for (const Example* one : used) {
        const double value = one->numbers[k];
        whole = whole && value == std::floor(value) && std::fabs(value) < 1e15;
        inverse = inverse && value > 0 && rounded(1 / std::nearbyint(1 / value)) == value;
      }
      if (!whole && !inverse) return {};
      for (const Example* one : used) values.push_back(static_cast<std::int64_t>(std::nearbyint(whole ? one->numbers[k] : 1 / one->numbers[k])));
      const auto formula = finder.find(values);
      if (!formula) return {};
      return Dependent{*formula, !whole, !is_whole(base_cut_.numbers[k])};
    };
    // What depends on one length helps with what depends on several.
    std::vector<std::size_t> left;
    for (std::size_t k = 0; k < base_cut_.numbers.size(); ++k)
      if (std::ranges::any_of(used, [&](const Example* one) { return one->numbers[k] != examples_.front().numbers[k]; })) left.push_back(k);
    for (bool found = true; found && !left.empty();) {
      found = false;
      std::vector<std::size_t> rest;
      for (const std::size_t k : left)
        if (const auto dependent = find(k)) {
          dependents_.emplace(k, *dependent);
          found = true;
        } else {
          rest.push_back(k);
        }
      left = std::move(rest);
    }
    if (!left.empty()) refuse(0, "a number depends on the length in a way that is not known");
  }

  double rounded(double value) const { return is_double_ ? value : static_cast<double>(static_cast<float>(value)); }

  bool holds(const Example& one) const {
    for (std::size_t k = 0; k < one.numbers.size(); ++k) {
      const auto dependent = dependents_.find(k);
      const double expected = dependent == dependents_.end()  ? examples_.front().numbers[k]
                              : dependent->second.inverse     ? rounded(1 / static_cast<double>(dependent->second.formula(one.lengths)))
                                                              : static_cast<double>(dependent->second.formula(one.lengths));
      if (expected != one.numbers[k]) return false;
    }
    return true;
  }

  // The shortest lengths from which on the formulas hold.
  void find_least() {
    least_.assign(base_.size(), 1);
    const auto has = [&](std::size_t dimension, std::int64_t length) {
      return std::ranges::any_of(examples_, [&](const Example& one) {
        Lengths there = base_;
        there[dimension] = length;
        return one.lengths == there && holds(one);
      });
    };
    for (const Other& other : others_) {
      // Between two lengths that hold lies one of which something could be left out, such as a reshape to the same shape.
      if (!other.fails && has(other.dimension, other.length - 1) && has(other.dimension, other.length + 1)) continue;
      if (other.length > base_[other.dimension]) refuse(other.dimension, "what the program is made of depends on its length");
      least_[other.dimension] = std::max(least_[other.dimension], other.length + 1);
    }
    for (const Example& one : examples_) {
      if (holds(one)) continue;
      std::size_t differs = 0;
      while (differs < base_.size() && one.lengths[differs] == base_[differs]) ++differs;
      if (differs == base_.size() || one.lengths[differs] >= base_[differs]) refuse(differs % base_.size(), "no formula holds for " + text_of(one.lengths));
      least_[differs] = std::max(least_[differs], one.lengths[differs] + 1);
    }
    const auto fits = [&](const Lengths& lengths) {
      const auto one = example(lengths);
      return one && holds(*one);
    };
    // Several that are short at once may leave other words than each of them alone.
    while (!fits(least_)) {
      bool longer = false;
      for (std::size_t i = 0; i < base_.size(); ++i)
        if (least_[i] < base_[i]) longer = ++least_[i];
      if (!longer) refuse(0, "no formula holds for " + text_of(least_));
    }
    // All at their longest, and one of them at its shortest.
    Lengths longest = base_;
    for (std::size_t i = 0; i < base_.size(); ++i) longest[i] = ranges_[i].max.value_or(base_[i] + row);
    for (std::size_t i = 0; i <= base_.size(); ++i) {
      Lengths corner = longest;
      if (i < base_.size()) corner[i] = least_[i];
      if (!fits(corner)) refuse(i % base_.size(), "no formula holds for " + text_of(corner));
    }
  }

  std::string expression(const Dependent& number) const {
    const std::string text = number.formula.text(language_);
    const std::string type = is_double_ ? "double" : "float";
    if (language_ == Language::c && number.real) return number.inverse ? (is_double_ ? "1.0 / " : "1.0f / ") + ("(" + type + ")(" + text + ")") : "(" + type + ")(" + text + ")";
    if (!number.inverse) return text;
    if (language_ == Language::python) return (is_double_ ? "1 / (" : "np.float32(1 / (") + text + (is_double_ ? ")" : "))");
    return (is_double_ ? "1 / (" : "Math.fround(1 / (") + text + (is_double_ ? ")" : "))");
  }

  std::string name_of(const Dependent& number) {
    const std::string text = expression(number);
    const bool plain = !number.inverse && text == length_name(number.formula.factors.front().dimension);
    if (plain) return text;
    const auto known = names_.find(text);
    if (known != names_.end()) return known->second;
    const std::string name = "size_" + std::to_string(names_.size() + 1);
    names_.emplace(text, name);
    const std::string type = number.real && language_ == Language::c ? (is_double_ ? "const double " : "const float ") : language_ == Language::c ? "const int " : "const ";
    declarations_ += language_ == Language::python ? "    " + name + " = " + text + "\n" : "  " + type + name + " = " + text + ";\n";
    return name;
  }

  std::string checks() const {
    std::string text;
    for (std::size_t i = 0; i < base_.size(); ++i) {
      const std::string name = length_name(i), least = std::to_string(least_[i]);
      const std::string max = ranges_[i].max ? std::to_string(*ranges_[i].max) : "";
      const std::string range = max.empty() ? least + " or more" : least + " to " + max;
      if (language_ == Language::python)
        text += "    if not " + least + " <= " + name + (max.empty() ? "" : " <= " + max) + ":\n        raise ValueError(\"" + name + " is " + range + "\")\n";
      else if (language_ == Language::c)
        text += "  if (" + name + " < " + least + " || " + name + " > " + max + ") return -1;  /* it is " + range + " */\n";
      else
        text += "  if (!(" + name + " >= " + least + " && " + name + " <= " + max + ")) throw new RangeError('" + name + " is " + range + "');\n";
    }
    return text;
  }

  std::string finished() {
    std::string text = base_cut_.pieces.front();
    for (std::size_t k = 0; k < base_cut_.numbers.size(); ++k) {
      const auto dependent = dependents_.find(k);
      text += dependent == dependents_.end()  ? base_cut_.numbers[k]
              : base_cut_.in_comment[k]       ? dependent->second.formula.text(language_)
                                              : name_of(dependent->second);
      text += base_cut_.pieces[k + 1];
    }
    return text;
  }

  Language language_;
  bool is_double_;
  const std::vector<OpenLengthRange>& ranges_;
  const std::function<std::string(const Lengths&, bool)>& write_;
  Lengths base_, least_;
  CutText base_cut_;
  std::vector<Example> examples_;  // the first: of base_
  struct Other {
    std::size_t dimension;
    std::int64_t length;
    bool fails;  // to be built
  };
  std::vector<Other> others_;  // lengths whose programs have other words
  std::map<std::size_t, Dependent> dependents_;  // by the place of the number
  std::map<std::string, std::string> names_;     // of expressions
  std::string declarations_;
};

}  // namespace

std::string open_program(Language language, bool is_double, const std::vector<OpenLengthRange>& ranges,
                         const std::function<std::string(const std::vector<std::int64_t>& lengths, bool sketch)>& write) {
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (language != Language::python && !ranges[i].max)
      throw Error(Code::unsupported, {.message = "the program has to know how long an open dimension (null) may become",
                                      .reason = "OPEN_SIZE",
                                      .path = ranges[i].path,
                                      .hint = "say so: \"shapeHints\": {\"dim_0\": {\"max\": 512}}"});
  return Maker(language, is_double, ranges, write).run();
}

}  // namespace webai
