// Elementwise operators as expressions of another language, printed from the one text that all kernels are made of.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/op/elementwise.h"
#include "interchange/program.h"

namespace webai {

/// A piece of an expression. `level` says how tightly it holds together: a name or call 3, a product 2, a sum 1, else
/// 0.
struct Text {
  std::string text;
  int level = 3;
  /// In parentheses where something that binds as tightly as `least` is expected.
  std::string at(int least) const { return level >= least ? text : "(" + text + ")"; }
};

/// The words of one language, and the functions that a program needs besides them.
class Words {
 public:
  Words(Language language, bool is_double) : language_(language), is_double_(is_double) {}

  /// Takes a name of the program; false where something has it: a function, a value, or the language.
  bool take(std::string name) { return taken_.insert(std::move(name)).second; }
  Language language() const { return language_; }
  bool is_double() const { return is_double_; }
  std::string type() const { return is_double_ ? "double" : "float"; }  ///< C's name of a number
  Text number(double value) const;                                      ///< as short as the element type allows
  Text whole(std::int64_t value) const { return {std::to_string(value), value < 0 ? 1 : 3}; }
  /// Of a function of the language's library, or one that is written in front of the program: "exp", "sigmoid", ...
  Text call(std::string_view function, std::initializer_list<std::string> arguments);
  Text choice(const Text& condition, const Text& a, const Text& b) const;

  /// An elementwise operator on these operands: in place when each is used once, else by a function of its own.
  Text apply(const Elementwise& elementwise, std::span<const double> attributes, std::span<const Text> operands);

  /// Every function the program turned out to need, in an order in which they can stand.
  std::string functions() const;

 private:
  void need(std::string_view function);
  std::string define(const Elementwise& elementwise, std::span<const double> attributes);

  Language language_;
  bool is_double_;
  std::vector<std::string> library_;                        // names of what stands in front
  std::vector<std::string> own_;                            // texts of functions made for operators
  std::vector<std::pair<std::string, std::string>> names_;  // operator with its attributes -> function
  std::set<std::string, std::less<>> taken_;
};

}  // namespace webai
