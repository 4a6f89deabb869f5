// Everything about one operator in one block: parser, shapes, gradients, kernels, documents and tests all ask it.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/graph.h"
#include "core/op/builder.h"
#include "core/op/rows.h"

namespace webai {

struct Elementwise;  // core/op/elementwise.h
struct OpDef;

struct InputSpec {
  std::string name;
  std::string doc;
  enum Presence : std::uint8_t { required, optional, variadic } presence = required;  ///< variadic: the last one only
  enum Kind : std::uint8_t { values, indices, condition } kind = values;  ///< whole numbers; booleans
};

enum class AttributeKind : std::uint8_t { boolean, integer, number, text, integers, numbers, graph };

struct AttributeSpec {
  std::string name;
  AttributeKind kind;
  std::optional<AttributeValue> fallback;  ///< absent: the attribute must be given
  std::string doc;
};

/// A labelled requirement of the shape rule, so that page, check and test name the same thing.
struct Constraint {
  std::string label;  ///< "C1"
  std::string text;
};

/// What a shape rule sees and answers. Dimensions may be symbols (see Dimension).
class ShapeContext {
 public:
  ShapeContext(const OpDef& op, std::span<const ValueType* const> inputs, const Attributes& attributes,
               std::string_view path, const Builder& builder)
      : op_(op), inputs_(inputs), attributes_(attributes), path_(path), builder_(builder) {}

  std::size_t input_count() const { return inputs_.size(); }
  bool has(std::size_t index) const { return index < inputs_.size() && inputs_[index] != nullptr; }
  const Shape& shape(std::size_t index) const { return inputs_[index]->shape; }
  DType type(std::size_t index) const { return inputs_[index]->type; }
  const Attributes& attributes() const { return attributes_; }
  std::string_view path() const { return path_; }
  /// Whoever emits the node: a rule may compose the operator beside to see what comes out.
  const Builder& builder() const { return builder_; }

  void output(DType type, Shape shape) { outputs_.push_back({type, std::move(shape)}); }
  /// Throws SHAPE_MISMATCH "op: message (input 2x3, filter 3x4) [C1] at path" unless `holds`.
  void require(bool holds, std::string_view label, const std::string& message) const;
  /// The same as TYPE_MISMATCH.
  void require_type(bool holds, std::string_view label, const std::string& message) const;

  std::vector<ValueType>& outputs() { return outputs_; }

 private:
  const OpDef& op_;
  std::span<const ValueType* const> inputs_;
  const Attributes& attributes_;
  std::string_view path_;
  const Builder& builder_;
  std::vector<ValueType> outputs_;
};

/// One operand of a reference kernel: memory, type and concrete shape. Not owned.
struct Operand {
  void* data = nullptr;
  DType type = DType::fp32;
  Shape shape;
  double load(std::int64_t index) const { return load_double(type, data, static_cast<std::size_t>(index)); }
  void store(std::int64_t index, double value) const {
    store_double(type, data, static_cast<std::size_t>(index), value);
  }
};

struct KernelContext {
  std::span<const Operand> inputs;  ///< data is nullptr for an absent optional input
  std::span<const Operand> outputs;
  const Attributes& attributes;
};

/// What a gradient rule sees: the node's inputs, outputs and output gradients as Refs on the builder it writes to.
/// A missing output gradient (nothing flows back through that output) is an invalid Ref.
struct GradientContext {
  Builder& builder;
  std::span<const Ref> inputs;
  std::span<const Ref> outputs;
  std::span<const Ref> output_gradients;
  const Attributes& attributes;
};

using ShapeRule = std::function<void(ShapeContext&)>;
using ReferenceKernel = std::function<void(const KernelContext&)>;
using Body = std::function<std::vector<Ref>(Builder&, std::span<const Ref> inputs, const Attributes&)>;
/// One Ref per input; an invalid one means: no gradient flows to that input.
using GradientRule = std::function<std::vector<Ref>(GradientContext&)>;

/// Sample shapes (and attributes) that the tests run an operator with.
struct Sample {
  std::vector<Shape> shapes;
  Attributes attributes = {};
  std::vector<DType> types = {};  ///< default: fp32 for all (fp64 in gradient tests)
  double low = -2.0, high = 2.0;  ///< range of random input values
};

struct OpDef : Operator {
  std::string doc;      ///< one sentence
  std::string formula;
  std::vector<InputSpec> inputs;
  std::vector<AttributeSpec> attributes = {};
  std::vector<std::string> output_names = {"output"};
  std::vector<Constraint> constraints = {};
  ShapeRule shape;
  ReferenceKernel reference = {};     ///< either this
  Body body = {};                     ///< or this
  GradientRule gradient = {};         ///< either this (or a body, whose gradient follows)
  std::string not_differentiable = {};///< or the reason why there is none
  /// Floating-point operations of one node without its chain: a multiply-add is 2, an open dimension counts as 1.
  /// Absent: one for each element read or written. Asked through operations_of (core/op/cost.h).
  double (*operations)(const Graph& graph, const Node& node) = nullptr;
  RowsRule rows = {};                 ///< absent: a loop's steps compute it one by one
  RowsSumRule rows_sum = {};          ///< absent: the rows are added
  std::vector<Sample> samples = {};

  // traits
  const Elementwise* elementwise = nullptr;  ///< set for elementwise operators; the rest of them is derived from it
  bool view = false;            ///< output 0 is input 0's memory under another shape
  bool random = false;          ///< draws random numbers: never merged or folded
  bool activation = false;      ///< may stand as `activation` in a model
  bool mode_dependent = false;  ///< has a boolean attribute `training`, set by the mode pass
  bool commutative = false;
  bool loop = false;            ///< runs its attribute `body` step by step (core/op/loop.h)
  bool takes_epilogue = false;  ///< its one result can go through a chain while it is still in cache

  /// What is known of the input at this place: a variadic one stands at all places behind it.
  const InputSpec& input(std::size_t place) const { return inputs[place < inputs.size() ? place : inputs.size() - 1]; }
};

/// What a number becomes that stands at this input and has no type of its own: whole among indices, boolean as a
/// condition, else of the type of the first values beside it. `types` of the inputs; none of those without one.
DType type_of_number(const OpDef& op, std::size_t place, std::span<const std::optional<DType>> types, DType otherwise);

inline const OpDef& definition(const Operator& op) { return static_cast<const OpDef&>(op); }
inline const OpDef& definition(const Node& node) { return static_cast<const OpDef&>(*node.op); }

}  // namespace webai
