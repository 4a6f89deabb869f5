// Runs an operator's samples on a tape, with inputs that are the same in every run.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "autodiff/tape.h"
#include "core/base/random.h"
#include "core/op/op_def.h"
#include "core/op/registry.h"
#include "support/contexts.h"
#include "webai/context.hpp"
#include "webai/tensor.hpp"

namespace webai::test {

inline const Registry& registry() {
  static const Registry instance = make_registry();
  return instance;
}

/// Every operator of every domain.
inline std::vector<const OpDef*> all_operators() {
  std::vector<const OpDef*> result;
  for (const std::string& domain : registry().domains())
    for (const OpDef* op : registry().all(domain)) result.push_back(op);
  return result;
}

/// For failure texts: "matmul, sample 3".
inline std::string title(const OpDef& op, std::size_t sample) {
  return op.domain + "#" + op.name + ", sample " + std::to_string(sample);
}

/// Values between the sample's bounds; whole numbers for integers, 0 and 1 for bool.
inline Tensor random_tensor(DType type, const Shape& shape, double low, double high, std::uint64_t id) {
  Tensor tensor(context(), type, shape);
  const RandomStream stream(77, id);
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    const double u = stream.uniform_double(i);
    tensor.set(i, type == DType::boolean ? (u < 0.5 ? 0 : 1) : low + (high - low) * u);
  }
  return tensor;
}

/// The type of a sample's input when its floating-point inputs take the type `floating`.
inline DType input_type(const Sample& sample, std::size_t input, DType floating) {
  const DType type = input < sample.types.size() ? sample.types[input] : DType::fp32;
  return is_floating(type) ? floating : type;
}

inline std::vector<Tensor> sample_inputs(const Sample& sample, DType floating) {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < sample.shapes.size(); ++i)
    inputs.push_back(
        random_tensor(input_type(sample, i, floating), sample.shapes[i], sample.low, sample.high, 100 + i));
  return inputs;
}

/// The sample's attributes when floating-point inputs take the type `floating`: bodies of loops are written in fp64.
inline Attributes sample_attributes(const Sample& sample, DType floating) {
  Attributes attributes = sample.attributes;
  const auto* given = attributes.find("body");
  if (!given) return attributes;
  Graph body = *std::get<Subgraph>(*given).graph;
  for (Value& value : body.values)
    if (value.type.type == DType::fp64) value.type.type = floating;
  for (Node& node : body.nodes)
    if (node.op->name == "cast") node.attributes.set("type", std::string(name_of(floating)));
  attributes.set("body", Subgraph{std::make_shared<const Graph>(std::move(body))});
  return attributes;
}

/// One operator on a tape of its own.
struct Run {
  Tape tape{context(), registry()};
  std::vector<Ref> inputs, outputs;
  Run(const OpDef& op, const std::vector<Tensor>& values, const Attributes& attributes) {
    for (const Tensor& value : values) inputs.push_back(tape.variable(value));
    outputs = tape.emit_all(op, inputs, attributes);
  }
};

inline std::string operation_name(const OpDef& op) { return op.domain == "core" ? op.name : op.domain + "#" + op.name; }

}  // namespace webai::test
