// The model as its author wrote it, parsed and checked: root properties, layers and pipes, who sends to whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/io.h"
#include "core/model/json.h"
#include "webai/context.hpp"
#include "webai/dtype.hpp"
#include "webai/shape.hpp"

namespace webai {

class Registry;
struct LayerDef;
struct OpDef;
struct Model;
struct UserOperation;

/// An entry of `to` or `historyTo`, as written.
struct Target {
  std::optional<std::int64_t> index = {};  ///< of a layer; else `name`
  std::string name = {};
  std::string path = {};
};

/// What an iterator carries from step to step.
struct StateVariable {
  std::string name;
  std::string pipe_from;      ///< where its first value comes from; empty: zeros
  std::optional<Shape> size;  ///< without batch
  std::string path;
};

/// The steps of an iterator: from, from + step, ... `count` of them.
struct IteratorSteps {
  std::int64_t from = 0, step = 1, count = 0;
};

/// When an iterator ends before its last step: for each sample behind the step in which a value passes a bound.
struct IteratorEnd {
  std::string from;  ///< a layer or pipe of its net, or a state variable, as it is behind the step
  double bound = 0.5;
  bool below = false;  ///< ends where the value is less than the bound, else where it is more
  std::string path = {};  ///< of `from`
};

/// A name in `collect`, and where it stands.
struct CollectedName {
  std::string name, path;
};

/// What `shapeHints` says of an open dimension.
struct ShapeHint {
  std::optional<std::int64_t> min, max;
  std::vector<std::int64_t> common;  ///< lengths that are often run
};

/// A layer or pipe: an operator instance with its place in the flow.
struct Layer {
  std::string path;   ///< "/layers/1", "/layers/0/pipes/2"
  std::string name;   ///< as given; may be empty
  std::string title;  ///< the name, or "1" for layer 1, "1/0" for its first pipe: unique in the model
  std::string label;  ///< a foreign name it goes by
  std::string domain;
  std::string type;     ///< canonical: "input", "neurons", "tanh", ...; empty for a layer of pipes only
  int id = 0;           ///< 1, 2, ... depth-first in document order
  int layer_index = 0;  ///< of the layer it is or belongs to
  bool is_pipe = false;
  const LayerDef* definition = nullptr;  ///< of a layer type ...
  const OpDef* operation = nullptr;      ///< ... or of an operator that stands as a layer
  std::shared_ptr<const UserOperation> custom;             ///< ... or an operation that a program or the model defined
  std::shared_ptr<const UserOperation> custom_activation;  ///< likewise, where `activation` names one
  std::optional<Shape> size;             ///< without batch; null dimensions are symbols 1, 2, ...
  std::vector<ShapeHint> hints;          ///< of an input: one for each dimension of its size, or none at all
  bool activation_given = false;
  std::string activation;  ///< what is to be applied; empty: none
  bool routed = false;     ///< `to` is given
  std::vector<Target> to;
  std::int64_t history = 0;
  bool history_routed = false;
  std::vector<Target> history_to;
  std::string pipe_from;
  Json properties;  ///< the object with canonical keys (`{"size": n}` for a number)
  std::shared_ptr<const Model> net;
  std::vector<StateVariable> states;  ///< of an iterator
  IteratorSteps steps;                ///< of an iterator
  std::optional<IteratorEnd> until;   ///< of an iterator
  std::vector<CollectedName> collect;  ///< of an iterator: what of each step it gives instead of the final states
  std::vector<Layer> pipes;

  bool operates() const noexcept { return !type.empty(); }  ///< false: made of pipes only
};

/// A flow that `to`, `historyTo` or the document's order asks for.
struct Route {
  int source = 0;              ///< id of the layer or pipe
  int target = 0;              ///< id of the layer or pipe; 0: the model's output
  std::string parameter = {};  ///< the parameter it feeds; empty for the default input
  bool delayed = false;        ///< delivered in the next run
  bool history = false;        ///< carries the history of the source
  bool hidden = false;         ///< carries what is piped into the source, an input, instead of its own values
  bool pulled = false;         ///< asked for by `pipeFrom` at the target
  std::string path = {};       ///< where it is written
  std::string output = {};     ///< which of the source's outputs a pull names: its number or name; empty: the first
};

/// What a layer of an iterator's net, or an iterator in one, pulls from around that net: a state variable,
/// "iterator:step", "iterator:index", or a layer of the model around.
struct OutsidePull {
  int target = 0;         ///< id of the layer or pipe
  std::string parameter;  ///< empty for the default input
  std::string name;
  std::string path;
};

/// How an iterator calls what it pulls from the model around it. No name of a parameter has a colon.
inline std::string pulled_parameter(const std::string& name) { return ":" + name; }

/// An entry of the root's `outputs`. In the net of an iterator what the state variables become, then what is collected,
/// then what ends it.
struct ModelOutput {
  std::string name;
  int source = 0;      ///< id of the layer or pipe
  std::string output;  ///< as in Route
  std::string path;
  std::string label = {};  ///< empty: that of the source
};

/// A key that stands in the text under an old name.
struct OldWord {
  std::string path;   ///< by the names of today: "/layers/1/size"
  std::string alias;  ///< "count"
};

struct Model {
  Json json;  ///< as given
  std::string domain = "core";
  bool explicit_batch = false;  ///< of the domain: sizes are whole shapes, and a run takes one tensor
  DType type = DType::fp32;
  std::optional<double> min_mops;
  bool activation_given = false;
  std::string activation;  ///< of layers that give none; empty: none
  std::string default_type = "neurons";
  std::vector<std::shared_ptr<const UserOperation>> operations;  ///< that the model defines for itself
  enum class Seed : std::uint8_t { unset, given, entropy } seed_kind = Seed::unset;
  std::uint64_t seed = 0;
  std::vector<Layer> layers;
  std::vector<Route> routes;         ///< in document order of their sources: the order in which a target joins them
  std::vector<ModelOutput> outputs;  ///< by pull; empty: what flows out of the last layer
  std::vector<OutsidePull> outside;  ///< of the net of an iterator
  int heads = 0;                     ///< layers at the front of an iterator's net that only pull: its inputs
  /// The order in which one run can compute all: n stands for the layer or pipe with id n, -n for the join of what is
  /// piped into it. Document order, unless pulls ask for another one.
  std::vector<int> order;
  IoBlock io;
  Json setup_data;              ///< null: none
  std::string setup_data_path;  ///< "/setup/data", or where the old spelling stands
  Json setup_instructions;
  int element_count = 0;                    ///< layers and pipes; ids run from 1 to this
  std::vector<OldWord> old_words;           ///< of the whole text; none in inner nets
  std::vector<std::pair<int, int>> places;  ///< by id - 1: index of the layer, and of its pipe or -1
  int symbol_count = 1;                     ///< dimension symbols in use, the batch included

  const Layer& element(int id) const;  ///< layer or pipe by id
};

struct ModelOptions {
  bool json5 = false;
  bool strict = false;  ///< refuse aliases instead of warning
};

/// Whether what is piped into the layer or pipe becomes hidden inputs behind its own: inputs, and layers of input
/// pipes.
bool takes_hidden_inputs(const Layer& layer);

/// Whether something can flow into the layer by itself. An iterator whose net pulls all that it needs takes nothing.
bool takes_flow(const Layer& layer);

/// Reads, checks and resolves a model. Throws Error with a JSON pointer as its path. Aliases are logged once each.
Model parse_model(const Context& context, const Registry& registry, std::string_view text, ModelOptions options = {});
Model parse_model(const Context& context, const Registry& registry, const Json& json, ModelOptions options = {});

/// The model that one without layers becomes when it meets data: [inputs, max(3, inputs / 2), outputs] with sigmoid
/// where it names no activation.
Model infer_layers(const Context& context, const Registry& registry, const Model& model, std::int64_t inputs,
                   std::int64_t outputs);

}  // namespace webai
