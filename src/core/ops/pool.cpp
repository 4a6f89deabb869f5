// What the pooling operators share: attributes, constraints, shape rule, samples.
#include "core/ops/pool.h"

namespace webai::ops {
const Integers& strides_or_size(const Attributes& attributes) {
  const Integers& strides = attributes.integers("strides");
  return strides.empty() ? attributes.integers("poolSize") : strides;
}

Side pool_side(const Attributes& attributes, std::size_t k) {
  return side_of(strides_or_size(attributes), attributes.integers("padding"), attributes.integers("dilations"), k);
}

Shape pool_shape(const ShapeContext& context, const Shape& input) {
  const Attributes& attributes = context.attributes();
  const auto layout = image_layout(attributes.text("layout"));
  context.require(layout.has_value(), "C1", "layout is nhwc or nchw");
  context.require(within(attributes.integers("poolSize"), 2, 1) && within(strides_or_size(attributes), 2, 1) &&
                      within(attributes.integers("dilations"), 2, 1) && within(attributes.integers("padding"), 4, 0),
                  "C2", "poolSize, strides and dilations are two numbers of 1 or more, padding four of 0 or more");
  context.require(input.rank() == 4 && !input.dim((*layout)[1]).is_symbol() && !input.dim((*layout)[2]).is_symbol(),
                  "C3", "the input has four dimensions, height and width known");
  Shape result = input;
  for (std::size_t k = 0; k < 2; ++k) {
    const std::int64_t length = input[(*layout)[k + 1]], size = attributes.integers("poolSize")[k];
    const auto output = length <= largest_length ? pool_side(attributes, k).result(length, size) : std::nullopt;
    if (!output)
      context.require(false, "C4",
                      std::string(k == 0 ? "rows" : "columns") + ": a window of " + std::to_string(size) +
                          " does not fit into " + std::to_string(length) + " with padding");
    result.set((*layout)[k + 1], *output);
  }
  return result;
}

OpDef pool_operator(std::string name, std::string doc, std::string formula) {
  OpDef op = operation(std::move(name), std::move(doc), std::move(formula));
  op.attributes = window_attributes({});
  op.attributes.insert(op.attributes.begin(),
                       {"poolSize", AttributeKind::integers, Integers{2, 2}, "height and width of the window"});
  op.attributes.push_back({"layout", AttributeKind::text, "nhwc", "order of the axes: nhwc or nchw"});
  op.constraints = {{"C1", "layout is nhwc or nchw"},
                    {"C2", "poolSize, strides and dilations are two numbers of 1 or more, padding four of 0 or more"},
                    {"C3", "the input has four dimensions, height and width known"},
                    {"C4", "the dilated window fits into the padded input"},
                    {"C5", "the operands have one floating-point type"}};
  return op;
}

void require_floating(const ShapeContext& context) {
  bool holds = is_floating(context.type(0));
  for (std::size_t i = 1; i < context.input_count(); ++i) holds = holds && context.type(i) == context.type(0);
  context.require_type(holds, "C5", "the operands have one floating-point type");
}

Attributes pool_sample(Integers size, Integers strides, Integers padding, Integers dilations, const char* layout) {
  return {{"poolSize", std::move(size)},
          {"strides", std::move(strides)},
          {"padding", std::move(padding)},
          {"dilations", std::move(dilations)},
          {"layout", layout}};
}

std::vector<Sample> pool_samples() {
  return {
      {{{2, 4, 6, 3}}},
      {{{1, 2, 2, 1}}},
      {{{1, 5, 7, 2}}, pool_sample({3, 2}, {2, 1}, {1, 0, 0, 1})},
      {{{2, 3, 7, 6}}, pool_sample({2, 2}, {1, 2}, {0, 1, 1, 0}, {2, 3}, "nchw")},
      {{{1, 1, 1, 2}}, pool_sample({2, 2}, {1, 1}, {1, 1, 1, 1}, {2, 2})},
      {{{0, 4, 4, 2}}},
      {{{1, 9, 9, 5}}, pool_sample({3, 3}, {2, 2}, {1, 1, 1, 1})},
  };
}

std::vector<Sample> paired_samples(bool large) {
  std::vector<Sample> result = pool_samples();
  const std::vector<Shape> small = {{2, 2, 3, 3}, {1, 1, 1, 1}, {1, 2, 7, 2}, {2, 3, 6, 2},
                                    {1, 1, 1, 2}, {0, 2, 2, 2}, {1, 5, 5, 5}};
  for (std::size_t i = 0; i < result.size(); ++i) result[i].shapes.push_back(large ? result[i].shapes[0] : small[i]);
  return result;
}

}  // namespace webai::ops
