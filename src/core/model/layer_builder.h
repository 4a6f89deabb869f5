// What a layer definition sees while it writes its operators: its input, its properties, its parameters. Private to
// core/model.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/build.h"
#include "core/model/layer_def.h"
#include "core/op/builder.h"
#include "webai/error.hpp"

namespace webai {

/// What is piped into a parameter: [batch, dims...].
struct PipedParameter {
  std::string name;
  Ref value;
  std::string path;  ///< of the pipe
};

/// What others may pull from a layer by its number or name.
struct GivenOutput {
  std::string name;
  Ref value;  ///< [batch, dims...]
};

/// The constants that a layer gives its operator or activation.
Attributes attributes_for(const OpDef& operation, const Layer& layer);

class CustomOperation;
class ModelInputs;

/// A value in another shape; a symbol, such as the batch, takes what is left.
Ref reshaped(Builder& builder, Ref value, const Shape& shape);

class LayerBuilder {
 public:
  LayerBuilder(Builder& builder, const Model& model, const Layer& layer, Ref input, BuiltModel& built, bool training,
               std::span<const PipedParameter> piped = {}, const BuildOptions* options = nullptr,
               ModelInputs* inputs = nullptr)
      : builder_(builder),
        model_(model),
        layer_(layer),
        input_(input),
        built_(built),
        training_(training),
        piped_(piped),
        options_(options),
        inputs_(inputs) {}

  Builder& builder() { return builder_; }
  const Layer& layer() const { return layer_; }
  const Model& model() const { return model_; }
  DType type() const { return built_.computed; }  ///< of values in the graph
  bool training() const { return training_; }
  const WeightFiles* files() const { return options_ ? options_->files : nullptr; }
  bool fills() const { return !options_ || options_->fill; }  ///< whether parameters are wanted with their values
  bool sizes_only() const { return options_ && options_->sizes_only; }
  /// What the models inside are built with as well.
  std::shared_ptr<std::uint64_t> builds_left() const { return options_ ? options_->builds_left : nullptr; }
  const Lengths* lengths() const { return options_ ? options_->lengths : nullptr; }  ///< of open dimensions
  /// How many tokens the vocabulary of the inputs has: of the model, in a net that of the models around; 0: there is none.
  std::int64_t vocabulary() const;
  /// The layer's inner model in a graph of its own, without its `io`; the same one however often it is asked for.
  const BuiltModel& inner_model();
  BuiltModel& built() { return built_; }
  ModelInputs& inputs() { return *inputs_; }  ///< of the model; only while its layers are built
  std::uint64_t seed() const { return built_.seed; }
  Ref input() const { return input_; }
  /// Dimensions of a value without batch, all of it where the model has none.
  Shape dims(Ref value) const;
  Shape input_dims() const { return dims(input_); }
  /// All numbers of one sample; refuses open dimensions, on which no parameter can depend.
  std::int64_t input_count() const;

  // Properties with their fallbacks.
  const Json* property(std::string_view name) const { return layer_.properties.find(name); }
  bool boolean(std::string_view name) const;
  double number(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::string text(std::string_view name) const;
  /// A count for each of `axes` spatial axes; one number serves all.
  std::vector<std::int64_t> counts(std::string_view name, std::size_t axes) const;

  /// What `parameter` needs to know.
  struct Request {
    std::string_view name;
    Shape shape;
    Initial start;
    bool optional = false;      ///< false and null mean: none
    bool takes_number = false;  ///< a number means: this constant, frozen
    bool trainable = true;
    std::string_view scope = {};  ///< put before the name where two operations of a layer have parameters
    int position = 0;             ///< for sort_parameters
    int index = -1;               ///< among the layer's parameters, of those numbered before; else the next one
    bool takes_pipe = false;  ///< the layer can work with one value per sample
  };
  /// The parameter by the value the model gives it; invalid when the layer goes without. Where a pipe ends in it, the
  /// result is [batch, shape...].
  Ref parameter(const Request& request);
  /// Whether a pipe ends in that parameter.
  bool is_piped(std::string_view name) const { return static_cast<bool>(piped(name)); }
  /// What is piped into that parameter, [batch, dims...]; invalid when nothing is.
  Ref piped(std::string_view name) const;

  /// Declares it as said: in setup.data, or given (or to be drawn) with its values at `path`.
  Ref declare(const Request& request, bool stored, const std::string& path, Tensor initial);
  /// Numbers as many of the layer's parameters, which may be declared in another order: the first of them.
  int number_parameters(int count) { return std::exchange(own_parameters_, own_parameters_ + count); }
  /// Brings the parameters that were declared since there were `first` into the order of their positions.
  void sort_parameters(std::size_t first);
  std::int64_t stored_elements() const;  ///< in setup.data so far
  const BuiltModel& built() const { return built_; }

  /// One of several outputs that others may pull by its number or name, beside what `build` returns. In order.
  void gives(std::string name, Ref value) { outputs_.push_back({std::move(name), value}); }
  std::vector<GivenOutput>& outputs() { return outputs_; }

  /// The number of the training step, for what draws random numbers (a state that training advances).
  Ref random_step();
  /// A state of the layer's own, [batch, dims...], by the name of what it remembers: "state".
  Ref state(std::string_view name, const Shape& dims, std::vector<double> initial = {0});
  /// After a training step `parameter`, after a run `state` takes this value. What layers share is written by the last of
  /// them, which goes on from what those before it have made of it: latest().
  void write(Ref parameter, Ref value);
  /// What is to become of it so far; itself where nothing writes it yet.
  Ref latest(Ref parameter) const;

  /// The layer's activation of a value; the value itself when it has none.
  Ref activated(Ref value);
  static Ref activate(Builder& builder, const Layer& layer, Ref value);

  // Shorthands for nodes.
  Ref emit(std::string_view op, std::initializer_list<Ref> inputs, Attributes attributes = {}) {
    return builder_.emit(op, inputs, std::move(attributes));
  }
  Ref flattened(Ref value);                    ///< [batch, numbers of one sample]
  Ref reshaped(Ref value, const Shape& dims);  ///< [batch, dims...]
  /// `value` for each sample that `like` has a row of: [batch, dims...].
  static Ref per_sample(Builder& builder, Ref value, Ref like);
  /// [batch, dims...] of one number, with a row for each that `like` has.
  Ref filled(double value, const Shape& dims, Ref like);
  /// [batch, channels] as [batch, 1, ..., channels], to meet what has the dimensions of `value`.
  Ref spread_over(Ref channels, Ref value);

  [[noreturn]] void fail(Code code, std::string reason, std::string message, std::string hint,
                         std::string_view property = {}, std::string expected = {}, std::string actual = {}) const;

 private:
  Ref given_array(const Request& request, const Json& values, const std::string& path);
  friend std::vector<Ref> adopt_parameters(LayerBuilder& layer, const BuiltModel& inner);
  /// The value of the parameter that this one is tied to, in its shape; invalid where it is the first of them or none.
  Ref tied(BuiltParameter& parameter);
  Ref piped_parameter(const Request& request, const PipedParameter& piped);
  std::string_view fallback(std::string_view name) const;

  Builder& builder_;
  const Model& model_;
  const Layer& layer_;
  Ref input_;
  BuiltModel& built_;
  bool training_;
  std::span<const PipedParameter> piped_;
  std::shared_ptr<CustomOperation> activation_;  // of the program's or the model's own: its parameters are declared once
  const BuildOptions* options_;  ///< of the model; nullptr where no layer is built
  int own_parameters_ = 0;
  std::vector<GivenOutput> outputs_;
  std::vector<std::pair<ValueId, int>> positions_;  // of declared parameters
  ModelInputs* inputs_;
};

}  // namespace webai
