// Turns each elementwise operator into an OpDef: NumPy broadcasting, one element type, a reference kernel for every
// type, gradients summed back to the inputs' shapes.
#include <algorithm>
#include <string>

#include "core/op/broadcast.h"
#include "core/op/elementwise.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using Domain = Elementwise::Domain;

bool takes(Domain domain, DType type) {
  if (is_floating(type)) return domain != Domain::logic;
  if (type == DType::boolean) return domain == Domain::any || domain == Domain::logic;
  return domain == Domain::number || domain == Domain::any;
}

std::string types_text(Domain domain) {
  switch (domain) {
    case Domain::real:
      return "a floating type";
    case Domain::number:
      return "numbers";
    case Domain::any:
      return "any type";
    case Domain::logic:
      return "booleans";
  }
  return {};
}

void shape_rule(const Elementwise& elementwise, ShapeContext& context) {
  const std::size_t first = elementwise.boolean_condition ? 1 : 0;
  if (elementwise.boolean_condition) {
    context.require_type(context.type(0) == DType::boolean, "C3",
                         "condition must be boolean, is " + std::string(name_of(context.type(0))));
  }
  const DType type = context.type(first);
  context.require_type(takes(elementwise.domain, type), "C3",
                       "takes " + types_text(elementwise.domain) + ", input is " + std::string(name_of(type)));
  Shape shape = context.shape(0);
  for (std::size_t i = 1; i < context.input_count(); ++i) {
    if (i > first) {
      context.require_type(context.type(i) == type, "C2",
                           "inputs must share one element type, they are " + std::string(name_of(type)) + " and " +
                               std::string(name_of(context.type(i))));
    }
    const auto common = broadcast(shape, context.shape(i));
    context.require(common.has_value(), "C1",
                    "shapes " + shape.text() + " and " + context.shape(i).text() + " do not broadcast");
    shape = *common;
  }
  context.output(elementwise.boolean_result ? DType::boolean : type, shape);
}

template <class T> std::int64_t load_as(const void* data, std::int64_t index) {
  return static_cast<std::int64_t>(static_cast<const T*>(data)[index]);
}
template <class T> void store_as(void* data, std::int64_t index, std::int64_t value) {
  static_cast<T*>(data)[index] = static_cast<T>(value);
}
struct IntegerAccess {
  std::int64_t (*load)(const void*, std::int64_t);
  void (*store)(void*, std::int64_t, std::int64_t);
};
template <class T> constexpr IntegerAccess access{load_as<T>, store_as<T>};

/// How integers and booleans (bytes of 0 and 1) are read and written: exactly, wrapping.
IntegerAccess integer_access(DType type) {
  switch (type) {
    case DType::i8:
      return access<std::int8_t>;
    case DType::i16:
      return access<std::int16_t>;
    case DType::i32:
      return access<std::int32_t>;
    case DType::u16:
      return access<std::uint16_t>;
    case DType::u32:
      return access<std::uint32_t>;
    case DType::i64:
    case DType::u64:
      return access<std::int64_t>;
    default:
      return access<std::uint8_t>;
  }
}

/// Walks the output in row-major order and calls visit(output index, index into each input).
template <class Visit> void walk(const KernelContext& context, const Visit& visit) {
  const Shape& shape = context.outputs[0].shape;
  const std::size_t inputs = context.inputs.size();
  BroadcastStrides strides[Elementwise::max_inputs];
  for (std::size_t i = 0; i < inputs; ++i) strides[i] = broadcast_strides(context.inputs[i].shape, shape);
  std::int64_t at[Elementwise::max_inputs] = {};
  std::int64_t index[Shape::max_rank] = {};
  const std::int64_t count = shape.elements();
  for (std::int64_t position = 0; position < count; ++position) {
    visit(position, at);
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      const bool carry = ++index[axis] == shape[axis];
      for (std::size_t i = 0; i < inputs; ++i) at[i] += strides[i][axis];
      if (!carry) break;
      for (std::size_t i = 0; i < inputs; ++i) at[i] -= strides[i][axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

void reference_kernel(const Elementwise& elementwise, const KernelContext& context) {
  const auto attributes = elementwise_attributes(elementwise, context.attributes);
  const std::size_t inputs = context.inputs.size();
  const Operand& output = context.outputs[0];
  const DType type = context.inputs.back().type;
  if (is_floating(type)) {
    walk(context, [&](std::int64_t position, const std::int64_t* at) {
      double values[Elementwise::max_inputs];
      for (std::size_t i = 0; i < inputs; ++i) values[i] = context.inputs[i].load(at[i]);
      output.store(position, elementwise.evaluate(values, attributes.data()));
    });
    return;
  }
  IntegerAccess loads[Elementwise::max_inputs];
  for (std::size_t i = 0; i < inputs; ++i) loads[i] = integer_access(context.inputs[i].type);
  const auto store = integer_access(output.type).store;
  const bool is_unsigned = !is_signed(type);
  walk(context, [&](std::int64_t position, const std::int64_t* at) {
    std::int64_t values[Elementwise::max_inputs];
    for (std::size_t i = 0; i < inputs; ++i) values[i] = loads[i].load(context.inputs[i].data, at[i]);
    store(output.data, position, elementwise.evaluate_integer(values, attributes.data(), is_unsigned));
  });
}

/// Sums a gradient back over the axes that broadcasting repeated.
Ref sum_to(Builder& builder, Ref gradient, const Shape& shape) {
  if (builder.shape(gradient) == shape) return gradient;
  std::vector<std::int64_t> dims;
  for (const Dimension dim : shape.dims()) dims.push_back(dim.value());
  return builder.emit("sumTo", {gradient}, {{"shape", std::move(dims)}});
}

std::vector<Ref> gradient_rule(const Elementwise& elementwise, GradientContext& context) {
  std::vector<Ref> gradients(context.inputs.size());
  if (!context.output_gradients[0]) return gradients;
  Builder& builder = context.builder;
  std::vector<Term> inputs;
  for (const Ref input : context.inputs) inputs.emplace_back(builder, input);
  const auto attributes = elementwise_attributes(elementwise, context.attributes);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Term gradient = elementwise.gradient(static_cast<int>(i), inputs, Term(builder, context.outputs[0]),
                                               Term(builder, context.output_gradients[0]), attributes.data());
    if (gradient) gradients[i] = sum_to(builder, gradient, builder.shape(context.inputs[i]));
  }
  return gradients;
}

std::vector<Sample> samples_of(const Elementwise& elementwise) {
  using Shapes = std::vector<Shape>;
  std::vector<Shapes> shapes;
  if (elementwise.inputs == 1) {
    shapes = {{Shape{}}, {Shape{5}}, {Shape{3, 0}}, {Shape{2, 3, 37}}};
  } else if (elementwise.inputs == 2) {
    shapes = {{Shape{}, Shape{}},          {Shape{7}, Shape{7}},   {Shape{2, 33}, Shape{33}},
              {Shape{2, 33}, Shape{2, 1}}, {Shape{}, Shape{4, 5}}, {Shape{3, 1, 5}, Shape{4, 1}},
              {Shape{0, 3}, Shape{1, 3}}};
  } else {
    shapes = {{Shape{}, Shape{}, Shape{}},
              {Shape{9}, Shape{9}, Shape{9}},
              {Shape{3, 1}, Shape{5}, Shape{}},
              {Shape{5}, Shape{3, 1}, Shape{2, 3, 5}}};
  }
  const bool logic = elementwise.domain == Domain::logic;
  std::vector<Sample> samples;
  for (Shapes& each : shapes) {
    Sample sample{.shapes = std::move(each), .low = elementwise.low, .high = elementwise.high};
    for (std::size_t i = 0; i < sample.shapes.size(); ++i) {
      const bool boolean = logic || (elementwise.boolean_condition && i == 0);
      if (logic || elementwise.boolean_condition) sample.types.push_back(boolean ? DType::boolean : DType::fp32);
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

OpDef definition_of(const Elementwise& elementwise) {
  OpDef definition;
  definition.name = elementwise.name;
  definition.domain = "core";
  definition.doc = elementwise.doc;
  definition.formula = elementwise.formula;
  for (int i = 0; i < elementwise.inputs; ++i) {
    const bool condition = elementwise.boolean_condition && i == 0;
    definition.inputs.push_back({std::string(elementwise.input_names[i]),
                                 condition ? "booleans" : types_text(elementwise.domain) + ", of any shape",
                                 InputSpec::required, condition ? InputSpec::condition : InputSpec::values});
  }
  for (const Elementwise::Attribute& attribute : elementwise.attributes()) {
    AttributeSpec& spec = definition.attributes.emplace_back();
    spec.name = attribute.name;
    spec.doc = attribute.doc;
    spec.kind = attribute.flag ? AttributeKind::boolean : AttributeKind::number;
    spec.fallback.emplace(attribute.fallback);
    if (attribute.flag) spec.fallback.emplace(attribute.fallback != 0);
  }
  if (elementwise.inputs > 1) {
    definition.constraints.push_back(
        {"C1", "The shapes of the inputs broadcast to one: aligned at the last axis, lengths are equal or 1."});
    definition.constraints.push_back({"C2", "The inputs have one element type."});
  }
  definition.constraints.push_back({"C3", elementwise.boolean_condition
                                              ? "The condition is boolean."
                                              : "The inputs are " + types_text(elementwise.domain) + "."});
  definition.shape = [&elementwise](ShapeContext& context) { shape_rule(elementwise, context); };
  definition.reference = [&elementwise](const KernelContext& context) { reference_kernel(elementwise, context); };
  if (elementwise.gradient) {
    definition.gradient = [&elementwise](GradientContext& context) { return gradient_rule(elementwise, context); };
  }
  definition.not_differentiable = elementwise.not_differentiable;
  definition.samples = samples_of(elementwise);
  definition.elementwise = &elementwise;
  definition.activation = elementwise.activation;
  definition.commutative = elementwise.commutative;
  return definition;
}

}  // namespace

void add_elementwise(Registry& registry) {
  for (const Elementwise& elementwise : elementwise_operators()) registry.add(definition_of(elementwise));
  for (const OperatorAlias& other : elementwise_aliases()) registry.add_alias(other.alias, other.name);
}

}  // namespace webai
