// Values for a network as people write them: numbers, nested arrays, texts, and objects that name inputs.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "webai/export.hpp"
#include "webai/json.hpp"
#include "webai/tensor.hpp"

namespace webai {

class NeuralNetwork;

/// Puts the values of all inputs of a network together. What comes between begin(name) and end() belongs to that input;
/// everything else goes to the inputs that are never named, in the order of the model and in the order in which it comes.
/// Texts become numbers by the `io` of the input that they go to. Each input may get the values of several samples, all
/// of them of equally many.
class WEBAI_EXPORT InputValues {
 public:
  explicit InputValues(const NeuralNetwork& network);
  ~InputValues();
  InputValues(const InputValues&) = delete;
  InputValues& operator=(const InputValues&) = delete;

  void add(double number) { add(std::span<const double>(&number, 1)); }
  void add(std::span<const double> numbers);
  void add(const Tensor& numbers);
  void add(std::string_view text);
  /// Arrays in arrays are walked through, members of objects are inputs by name or label.
  void add(const Json& value);
  /// Throws NOT_FOUND with the nearest name, INVALID_ARGUMENT inside another one and for an input named before.
  void begin(std::string_view name);
  void end();

  /// One sample [values] or several [samples, values], as run takes them, and is empty again. Throws INVALID_ARGUMENT for
  /// an input without values, SHAPE_MISMATCH where their number does not fit.
  Tensor finish();

  /// Whether a value holds an object or a text, so that it can be understood with the network only.
  static bool is_needed_for(const Json& value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace webai
