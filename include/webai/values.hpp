// Values for a network as people write them: numbers, nested arrays, texts, and objects that name inputs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webai/export.hpp"
#include "webai/json.hpp"
#include "webai/tensor.hpp"

namespace webai {

class NeuralNetwork;
struct Item;

/// Puts the values of all inputs of a network together. What comes between begin(name) and end() belongs to that input;
/// everything else goes to the inputs that are never named, in the order of the model and in the order in which it comes.
/// Texts become numbers by the `io` of the input that they go to. Each input may get the values of several samples, all
/// of them of equally many.
class WEBAI_EXPORT InputValues {
 public:
  /// Without `normalize` for runs that leave it out: each input takes what the model's `io` would have made of it.
  explicit InputValues(const NeuralNetwork& network, bool normalize = true);
  ~InputValues();
  InputValues(const InputValues&) = delete;
  InputValues& operator=(const InputValues&) = delete;

  void add(double number);
  void add(std::span<const double> numbers);  ///< an array
  void add(const Tensor& numbers);
  void add(std::string_view text);
  /// Arrays in arrays are walked through, members of objects are inputs by name or label.
  void add(const Json& value);
  /// Throws NOT_FOUND with the nearest name, INVALID_ARGUMENT inside another one and for an input named before.
  void begin(std::string_view name);
  void end();
  /// What comes between is one array. Counts for models with open dimensions, which take lengths from it; several inputs
  /// that are not named get one item each of the outermost array there.
  void begin_list();
  void end_list();
  /// A list of samples that name the same inputs, [{"a": x, "b": y}, {"a": u, "b": v}], as {"a": [x, u], "b": [y, v]}.
  /// `names` gives the names in an item, nothing where it names none; `add_value` adds what stands under that name there.
  /// False, and nothing is added, where the items are anything else: then they are added one after the other.
  using SampleNames = std::function<std::optional<std::vector<std::string_view>>(std::size_t item)>;
  using AddToSample = std::function<void(std::size_t item, std::string_view name)>;
  bool add_samples(std::size_t items, const SampleNames& names, const AddToSample& add_value);

  /// One sample [values] or several [samples, values], as run takes them, and is empty again; of the only input, with
  /// open dimensions, in the shape that came. Throws INVALID_ARGUMENT for an input without values, SHAPE_MISMATCH where
  /// their number does not fit.
  Tensor finish();
  /// The same as a tensor for each input, in the shape of a sample or of a batch of them, as run_named takes them.
  std::vector<std::pair<std::string, Tensor>> finish_named();
  void clear() noexcept;  ///< forgets what came

  /// Whether a value holds an object or a text, so that it can be understood with the network only.
  static bool is_needed_for(const Json& value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Samples as records of numbers in a network's data type, to be sent or stored and trained with later: 0 is a reset, 1 and
/// an input a sample whose output is ignored, 3, an input and an output a sample to learn from. Pushed in and pulled out
/// in any measure.
class WEBAI_EXPORT DataEncoder {
 public:
  /// What is done to each input and output before it is read.
  using Normalize = std::function<Json(const Json&)>;
  explicit DataEncoder(const NeuralNetwork& network, Normalize input = {}, Normalize output = {});
  ~DataEncoder();
  DataEncoder(DataEncoder&&) noexcept;
  DataEncoder& operator=(DataEncoder&&) noexcept;

  /// A sample; several where both sides hold values of several. Labels become one-hot. Throws and changes nothing when it
  /// does not fit the network, LIMIT_EXCEEDED while too much waits to be pulled.
  void push(const Json& input, const Json& output);
  void push_ignored(const Json& input);
  void push(const Item& item);
  void reset();

  std::size_t waiting() const noexcept;  ///< numbers that wait to be pulled
  /// The oldest records, whole ones, of at most so many numbers; at least one if there is any. Rank 1, perhaps empty.
  Tensor pull(std::size_t most = ~std::size_t{0});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace webai
