// Samples as the functions of the program give and take them.
#include <cstring>

#include "dataset/state.h"
#include "webai/error.hpp"

namespace webai {

Item view_item(const Description& description, std::byte* input, std::byte* output, Marks marks) {
  return {Tensor::wrap(input, description.input_type, description.input_shape),
          Tensor::wrap(output, description.output_type, description.output_shape), (marks & mark_reset) != 0,
          (marks & mark_ignore) != 0};
}

Description describe_item(const Item& item, ItemPlace place) {
  if (item.input.empty()) {
    throw Error(Code::invalid_argument, {.message = "dataset: the input of a sample has no values",
                                         .reason = "EMPTY_SAMPLE",
                                         .path = place.text(),
                                         .expected = "one value or more",
                                         .actual = "none",
                                         .hint = "give each input one value or more"});
  }
  Description description;
  description.input_type = item.input.type();
  description.input_shape = item.input.shape();
  description.output_type = item.output.type();
  description.output_shape = item.output.shape();
  if (item.output.shape().rank() == 0) {
    if (is_integer(item.output.type())) {
      description.kind = OutputKind::label;
    } else {
      description.output_shape = Shape{1};
    }
  }
  return description;
}

namespace {

std::string type_and_shape(DType type, const Shape& shape) { return std::string(name_of(type)) + " " + shape.text(); }

void store(const Tensor& tensor, DType type, const Shape& shape, const Shape& given, std::byte* target,
           std::string_view what, ItemPlace place) {
  if (tensor.type() != type || !(given == shape)) {
    throw Error(tensor.type() != type ? Code::type_mismatch : Code::shape_mismatch,
                {.message = "dataset: " + std::string(what) + " differs from that of the first sample",
                 .reason = "SAMPLE_SHAPE",
                 .path = place.text(),
                 .expected = type_and_shape(type, shape),
                 .actual = type_and_shape(tensor.type(), given),
                 .hint = "all samples have one shape and type; sequences of open length need a model with a null dimension"});
  }
  const std::size_t wrong = first_not_finite(type, tensor.data(), tensor.elements());
  if (wrong < tensor.elements()) {
    throw Error(Code::invalid_argument, {.message = "dataset: " + std::string(what) + " is not a finite number",
                                         .reason = "NOT_FINITE",
                                         .path = place.text() + ", value " + std::to_string(wrong),
                                         .expected = "a finite number",
                                         .actual = number_text(tensor.at(wrong)),
                                         .hint = "leave such samples out, or put a number in their place"});
  }
  if (tensor.bytes() != 0) std::memcpy(target, tensor.data(), tensor.bytes());
}

}  // namespace

void store_item(const Item& item, const Description& expected, std::byte* input, std::byte* output, ItemPlace place) {
  const Description given = describe_item(item, place);
  store(item.input, expected.input_type, expected.input_shape, given.input_shape, input, "an input", place);
  if (item.ignore && item.output.empty()) {
    // Nobody will look at it; where all are ignored, there is no room for any.
    if (expected.output_bytes() != 0) std::memset(output, 0, expected.output_bytes());
    return;
  }
  store(item.output, expected.output_type, expected.output_shape, given.output_shape, output, "an output", place);
}

}  // namespace webai
