// A model becomes a graph: inputs, parameters, one block of nodes per layer, outputs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/graph.h"
#include "core/model/integer_code.h"
#include "core/model/model.h"
#include "webai/context.hpp"
#include "webai/weights.hpp"

namespace webai {

class Registry;

struct BuiltModel;
/// Inner models that are built already, with values (second) or without, so that trial builds of the models around them
/// do not build them again and again.
using InnerModels = std::map<std::pair<const Model*, bool>, std::shared_ptr<const BuiltModel>>;

/// Lengths of open dimensions by the places of their nulls: "/layers/0/size/1".
using Lengths = std::map<std::string, std::int64_t, std::less<>>;

struct BuildOptions {
  Dimension batch = batch_symbol;  ///< the leading dimension of inputs and outputs: the symbol, or a number
  bool normalize = true;           ///< put io.input.normalize in front of the first layer
  bool sizes_only = false;         ///< what arrays are given need not fit: not all that flows is known yet
  bool fill = true;                ///< give parameters their initial values; else only the graph is made
  /// Dimensions, without batch, of what the net of an iterator may pull from around it.
  const std::map<std::string, Shape, std::less<>>* outside = nullptr;
  const WeightFiles* files = nullptr;  ///< where setup.data that names a file is read from; needed to fill alone
  bool training = false;           ///< dropout drops, batch normalisation looks at the batch and keeps its averages
  std::optional<DType> computed = {};  ///< to compute in, nets included, instead of what the model's type asks for
  std::optional<std::uint64_t> seed = {};  ///< of the model around; empty: the model says it
  std::shared_ptr<InnerModels> inner = {};  ///< made by build_model
  const Lengths* lengths = nullptr;         ///< of open dimensions; nullptr: they stay open, see BuiltModel::open
  /// Names of tied parameters, each with that of the group it is tied in; made by build_model.
  const std::map<std::string, std::string, std::less<>>* ties = nullptr;
  std::int64_t vocabulary = 0;  ///< tokens in that of the models around, see LayerBuilder::vocabulary; 0: they have none
  std::shared_ptr<std::uint64_t> builds_left = {};  ///< of the model and those inside it: made by build_model
};

/// How a parameter starts when neither the model nor setup.data says.
struct Initial {
  enum Kind : std::uint8_t { glorot, constant } kind = constant;
  double value = 0;                      ///< of constant
  std::int64_t fan_in = 0, fan_out = 0;  ///< of glorot: uniform within +-sqrt(6 / (fan_in + fan_out))
  std::int64_t first = 0, last = -1;     ///< of constant: elements [first, last) get it, others 0; -1: all get it
  static Initial uniform(std::int64_t fan_in, std::int64_t fan_out) { return {glorot, 0, fan_in, fan_out, 0, -1}; }
  static Initial number(double value) { return {constant, value, 0, 0, 0, -1}; }
  static Initial number_within(double value, std::int64_t first, std::int64_t last) {
    return {constant, value, 0, 0, first, last};
  }
};

/// A parameter of the model, in the order of setup.data.
struct BuiltParameter {
  std::string name;       ///< "layer.weights", unnamed layers by index: "1.weights"
  std::string parameter;  ///< "weights"
  ValueId value = no_value;
  ValueType type;      ///< as it is kept; in the graph it has the type that the model computes in
  ParameterCode code;  ///< of integer types
  bool trainable = true;
  bool stored = true;  ///< in setup.data; else given in the layer at `path`
  std::string path;    ///< where its values stand: "/setup/data" or "/layers/1/bias"
  std::string setup = {};  ///< an inner net's own setup.data that it stands in, where it is not `stored`
  std::string layer;   ///< path of its layer or pipe
  int owner = 0;       ///< id of its layer or pipe
  int index = 0;       ///< among the parameters of its owner
  int table_owner = 0, table_index = 0;  ///< the same two as setup.instructions count them: where its setup.data stands
  bool tied = false;   ///< others have its elements as theirs (BuiltTie)
  Initial start;
  Tensor initial;  ///< the values it starts with
};

/// A parameter that setup.instructions gives the elements of another one: only that one is there, in graph and setup.data.
struct BuiltTie {
  std::string name;  ///< "layer.weights"
  std::string like;  ///< name of the other one
  int table_owner = 0, table_index = 0;  ///< as in BuiltParameter
  std::string setup = {};  ///< as in BuiltParameter
};

/// A value that lives from run to run, one of its own for each sample of a batch: what a pipe delivers in the next run,
/// a history, the memory of a recurrent cell. Its Write stands in graph.writes.
struct BuiltState {
  std::string name;  ///< "1.history", "out.delayed", "1.state"
  ValueId value = no_value;
  ValueType type;      ///< [batch, dims...], also where the graph has no batch
  std::string path;    ///< what asks for it: "/layers/1/history", "/layers/3/pipes/0/to/1"
  int owner = 0;       ///< id of the layer or pipe whose values it keeps
  std::vector<double> initial = {0};  ///< at the start and after a reset: one for all its elements, or one for each of a sample

  /// The initState of an operation, which is asked again at each reset; one for all states of a layer. Empty: `initial` stays.
  using Again = std::function<Json()>;
  std::shared_ptr<const Again> again = {};
  std::string key = {};  ///< which member of what it gives is this state
};

/// What a state starts with, by what `again` gave. Throws STATE where the name or the size is another than when it was built.
std::vector<double> initial_again(const BuiltState& state, const Json& states);

/// A layer or pipe as built, for descriptions. Shapes are without batch.
struct BuiltLayer {
  int id = 0;
  Shape input;  ///< joined; rank 0 on inputs
  Shape output;
  std::string activation;
  ValueId value = no_value;  ///< its output
  std::string input_name;    ///< of an input: what it is bound by
};

/// What an iterator carries, as it was before each of its steps: [steps, batch, dims...] for each state variable.
struct BuiltIteration {
  int layer = 0;  ///< id
  std::vector<ValueId> before;
  bool ends = false;  ///< the last of `before` says which steps are made at all: [steps, batch, 1], 1 or 0
};

struct BuiltInput {
  std::string name;
  std::string label;
  ValueId value = no_value;
  Shape shape;  ///< without batch
  Shape dims;   ///< what `io` makes of it: the size of the layer
  std::string title() const { return "\"" + (label.empty() ? name : label) + "\""; }  ///< as errors call it
};

/// Dimensions that a model may leave open.
inline constexpr std::size_t most_open = 16;

/// A null in the size of an input: a length that each run brings anew.
struct OpenDimension {
  std::string path;       ///< of the null: "/layers/0/size/1"
  std::size_t input = 0;  ///< index in BuiltModel::inputs
  std::size_t axis = 0;   ///< of that input's shape
  ShapeHint hint = {};
  std::int64_t length = 0;  ///< that the graph is built for
};

/// A learned normalisation that training fills: x becomes (x - mean) / deviation. Both are states of the graph.
struct AutoNormalize {
  std::string input;  ///< name of the input
  ValueId mean = no_value, deviation = no_value;
  Shape shape;       ///< one value per element of the input's last dimension
  std::string path;  ///< where "auto" stands
};

struct BuiltModel {
  Graph graph;
  std::vector<BuiltInput> inputs;   ///< in the order of flat input data
  std::vector<NamedValue> outputs;  ///< in the order of flat output data; also graph.outputs
  ValueId output = no_value;        ///< all outputs as one [batch, n]; the output itself when there is one
  Shape output_shape;                ///< of it, and of each of `outputs`; without batch
  std::vector<Shape> output_shapes = {};
  std::vector<std::string> output_labels = {};  ///< of each of `outputs`; empty where it has none
  std::vector<BuiltParameter> parameters;
  std::vector<BuiltTie> ties;
  std::vector<BuiltState> states;  ///< in document order; not those of random_step and auto_normalize
  std::vector<BuiltLayer> layers;  ///< in document order
  /// In the order of the inputs. Built without lengths, shapes in this struct have symbols where they depend on an open
  /// dimension; the graph has none, it is one for the example lengths that stand here.
  std::vector<OpenDimension> open;
  std::vector<AutoNormalize> auto_normalize;
  std::vector<BuiltIteration> iterations;
  ValueId random_step = no_value;  ///< i64 state that a training step adds 1 to; absent when nothing is drawn
  std::map<std::string, std::vector<ValueId>, std::less<>> shared_nets;  ///< parameters of nets by the name they share
  /// What parameters would be called in the later nets that share them, and what they are called.
  std::vector<std::pair<std::string, std::string>> shared_names;
  std::map<std::string, ValueId, std::less<>> outside;  ///< inputs of the graph that stand for what is pulled from around
  Dimension batch = batch_symbol;
  bool explicit_batch = false;   ///< as Model has it: values in the graph have no batch in front, and `batch` is 1
  DType type = DType::fp32;      ///< that the model keeps its numbers in
  DType computed = DType::fp32;  ///< of values in the graph
  std::uint64_t seed = 0;  ///< what random values were drawn from

  /// Shapes of values in the graph, whose dimensions the model counts without a batch; and back.
  Shape in_graph(const Shape& dims) const { return explicit_batch ? dims : dims.inserted(0, batch); }
  Shape dims_of(const Shape& in_graph) const { return explicit_batch ? in_graph : in_graph.without(0); }
};

/// Builds the graph and fills the parameters: from the layers, from setup.data, else by chance from the seed.
/// Throws Error with the JSON pointer of the layer; nothing is allocated for a model whose sizes break a limit.
BuiltModel build_model(const Context& context, const Registry& registry, const Model& model, BuildOptions options = {});

}  // namespace webai
