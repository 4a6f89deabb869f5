// The error texts of shape rules.
#include "core/op/op_def.h"

#include <algorithm>

#include "webai/error.hpp"

namespace webai {
namespace {

// Symbols are names of the graph's own; only the batch means something to whoever reads an error.
std::string words_of(const Shape& shape) {
  std::string text;
  if (std::ranges::find(shape.dims(), batch_symbol) == shape.dims().end()) return shape.text();
  for (const Dimension dim : shape.dims())
    text += (text.empty() ? "" : " x ") + (dim == batch_symbol ? std::string("batch") : Shape{dim}.text());
  return text;
}

// "matmul: inner lengths differ (a 2x3, b 4x5) [C2]"
ErrorDetails describe(const OpDef& op, std::span<const ValueType* const> inputs, std::string_view path,
                      std::string_view label, const std::string& message) {
  std::string text = op.name + ": " + message;
  std::string shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i]) continue;
    const std::string& name = op.inputs[std::min(i, op.inputs.size() - 1)].name;
    shapes += (shapes.empty() ? "" : ", ") + name + " " + std::string(name_of(inputs[i]->type)) + " " +
              words_of(inputs[i]->shape);
  }
  if (!shapes.empty()) text += " (" + shapes + ")";
  if (!label.empty()) text += " [" + std::string(label) + "]";
  ErrorDetails details;
  details.message = std::move(text);
  details.path = std::string(path);
  details.operation = op.name;
  return details;
}

}  // namespace

void ShapeContext::require(bool holds, std::string_view label, const std::string& message) const {
  if (holds) return;
  ErrorDetails details = describe(op_, inputs_, path_, label, message);
  details.reason = "SHAPE";
  throw Error(Code::shape_mismatch, std::move(details));
}

void ShapeContext::require_type(bool holds, std::string_view label, const std::string& message) const {
  if (holds) return;
  ErrorDetails details = describe(op_, inputs_, path_, label, message);
  details.reason = "TYPE";
  throw Error(Code::type_mismatch, std::move(details));
}

DType type_of_number(const OpDef& op, std::size_t place, std::span<const std::optional<DType>> types, DType otherwise) {
  if (op.input(place).kind == InputSpec::indices) return DType::i32;
  if (op.input(place).kind == InputSpec::condition) return DType::boolean;
  for (std::size_t i = 0; i < types.size(); ++i)
    if (types[i] && op.input(i).kind == InputSpec::values) return *types[i];
  return otherwise;
}

}  // namespace webai
