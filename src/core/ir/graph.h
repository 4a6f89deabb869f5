// The one graph for inference and training: append-only nodes over typed values, a named interface, and writes that
// turn values into the next content of parameters and states. Nodes stand in an order in which they can run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/attributes.h"
#include "webai/dtype.hpp"
#include "webai/shape.hpp"
#include "webai/tensor.hpp"

namespace webai {

using ValueId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr ValueId no_value = -1;

/// What the IR needs to know of an operator; OpDef (core/op) derives from it and knows the rest.
struct Operator {
  std::string name;    ///< the JSON spelling, unique in its domain
  std::string domain;  ///< "core", "webnn", ...

 protected:
  ~Operator() = default;  // owned by the registry as OpDef
};

struct ValueType {
  DType type = DType::fp32;
  Shape shape;
  friend bool operator==(const ValueType&, const ValueType&) = default;
};

/// Where a value comes from. Inputs are bound for each run; parameters (weights) and states (everything else that
/// lives across runs: momenta, histories, counters) are buffers bound by name; constants are part of the graph.
enum class ValueKind : std::uint8_t { node, input, parameter, state, constant };

struct Value {
  ValueType type;
  ValueKind kind = ValueKind::node;
  NodeId producer = -1;   ///< the node, for ValueKind::node
  std::string name;       ///< of inputs, parameters and states; empty for most node values
  Tensor constant;        ///< for ValueKind::constant
  bool trainable = false; ///< parameters that training changes
};

/// A fused chain of elementwise operators, run tile by tile. Slots number its values: the chain's inputs first, then
/// one per step. All steps see operands broadcast to the common shape.
struct ChainStep {
  const Operator* op = nullptr;
  std::vector<std::int32_t> operands;  ///< slots
  std::vector<double> attributes;      ///< in the order of the operator's definition
};
struct Chain {
  std::int32_t inputs = 0;
  std::vector<ChainStep> steps;
  std::vector<std::int32_t> results;  ///< slots that are the node's outputs, in order
};

struct Node {
  const Operator* op = nullptr;
  std::vector<ValueId> inputs;   ///< no_value for an absent optional input
  std::vector<ValueId> outputs;
  Attributes attributes;
  /// Set on `fused` nodes (chain inputs = node inputs), and on nodes with an epilogue: there the chain's input 0 is the
  /// operator's own first result and its other inputs are the last node inputs.
  std::shared_ptr<const Chain> chain;
  std::string path;    ///< JSON pointer of the layer it came from, for error texts
  std::string device;  ///< set by placement; empty before
  std::string reason;  ///< why it is placed there

  /// Inputs of the operator itself, without those of an epilogue.
  std::size_t own_inputs() const noexcept;
};

struct NamedValue {
  std::string name;
  ValueId value = no_value;
};

/// At the end of a run `state` (a parameter or state) takes the content of `value`.
struct Write {
  ValueId state = no_value;
  ValueId value = no_value;
};

struct Graph {
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;      ///< in order of declaration
  std::vector<ValueId> parameters;
  std::vector<ValueId> states;
  std::vector<NamedValue> outputs;
  std::vector<Write> writes;

  ValueId add_input(std::string name, ValueType type);
  ValueId add_parameter(std::string name, ValueType type, bool trainable);
  ValueId add_state(std::string name, ValueType type);
  ValueId add_constant(Tensor value);
  /// Appends a node whose outputs have the given types; its inputs must exist.
  NodeId add_node(Node node, const std::vector<ValueType>& output_types);

  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Value& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  /// The input, parameter or state of that name, or no_value.
  ValueId find(std::string_view name) const noexcept;
  ValueId output(std::string_view name) const noexcept;  ///< or no_value
};

}  // namespace webai
