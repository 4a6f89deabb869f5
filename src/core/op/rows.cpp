#include "core/op/rows.h"

#include <algorithm>

#include "core/op/op_def.h"

namespace webai {
namespace {

// Shorter shapes broadcast from the end, so the rows stand in front of the longest.
std::vector<Ref> elementwise_rows(const OpDef& op, RowsContext& context) {
  std::size_t rank = 0;
  for (const ValueType& input : context.inputs) rank = std::max(rank, input.shape.rank());
  std::vector<Ref> inputs;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    const Ref all = context.all(i);
    inputs.push_back(context.has_rows[i] ? context.reshaped(all, context.with_rows(context.shape(i), rank)) : all);
  }
  return context.builder.emit_all(op, inputs, context.attributes);
}

// Sums of sums are sums. (A product with what all rows share would be too; nobody has needed it yet.)
Ref elementwise_sum(const OpDef& op, RowsContext& context) {
  if (op.name != "add" && op.name != "sub" && op.name != "neg") return {};
  std::vector<Ref> inputs;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) inputs.push_back(context.summed(i));
  return context.builder.emit_all(op, inputs, context.attributes).front();
}

}  // namespace

Shape RowsContext::with_rows(const Shape& shape, std::size_t rank) const {
  Shape result = shape;
  while (result.rank() < rank) result = result.inserted(0, 1);
  return result.inserted(0, rows);
}

Ref RowsContext::reshaped(Ref value, const Shape& shape) const {
  if (builder.shape(value) == shape) return value;
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : shape.dims()) lengths.push_back(dim.value());
  return builder.emit("reshape", {value}, {{"shape", lengths}});
}

RowsRule rows_rule(const OpDef& op) {
  if (op.rows) return op.rows;
  if (op.elementwise) return [&op](RowsContext& context) { return elementwise_rows(op, context); };
  if (op.view)
    return [](RowsContext& context) {
      return std::vector<Ref>{context.reshaped(context.all(0), context.with_rows(context.outputs[0].shape))};
    };
  return {};
}

RowsSumRule rows_sum_rule(const OpDef& op) {
  if (op.rows_sum) return op.rows_sum;
  if (op.elementwise) return [&op](RowsContext& context) { return elementwise_sum(op, context); };
  if (op.view)
    return [](RowsContext& context) { return context.reshaped(context.summed(0), context.outputs[0].shape); };
  return {};
}

}  // namespace webai
