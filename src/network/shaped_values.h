// Numbers and texts as nested arrays give them, with the lengths of the arrays: what a model with open dimensions has to
// know. Private to src/network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "webai/context.hpp"
#include "webai/tensor.hpp"

namespace webai {

/// Takes the values of one input. Arrays beside each other have one length; texts are arrays of tokens, which may be filled
/// up in front to the length of the longest.
class ShapedValues {
 public:
  explicit ShapedValues(std::string title) : title_(std::move(title)) {}

  void begin_list();
  void end_list();
  /// Numbers that have a shape of their own: as if they came one by one, in lists.
  void add(const Shape& shape, std::span<const double> numbers);
  /// A list of them, of any length where `padding` can stand in front of it.
  void add_tokens(std::span<const std::size_t> tokens, std::optional<std::size_t> padding);

  bool empty() const noexcept { return numbers_.empty(); }
  /// fp64, in the shape of what came.
  Tensor tensor(const Context& context) const;
  void clear() noexcept;

 private:
  void enter(std::size_t rank);  // values of that rank come next, at the place of one item
  void measure(std::size_t depth, std::int64_t length);
  [[noreturn]] void refuse(std::string message, std::string expected = {}, std::string actual = {}) const;
  Tensor padded(const Context& context) const;

  std::string title_;
  std::vector<double> numbers_;
  std::vector<std::int64_t> lengths_;      // by depth; -1 until the first list there has ended
  std::vector<std::int64_t> counts_;       // items so far of the lists that are open
  std::optional<std::size_t> depth_;       // of the numbers
  std::vector<std::size_t> texts_;         // tokens of each text, where all that came are texts
  std::optional<std::size_t> padding_;
};

}  // namespace webai
