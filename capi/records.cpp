#include "capi/records.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "capi/guard.h"
#include "capi/tensor.h"

namespace webai::capi {
namespace {

std::string digits_of(double value) {
  char digits[32];
  return {digits, std::to_chars(std::begin(digits), std::end(digits), value).ptr};
}

// In the model's type. Codes of an integer type stand for other numbers in any other type: those are refused. Floating
// numbers are rounded, as they are where they are prepared for this model.
Tensor in_type_of(const Context& context, const NeuralNetwork& network, const Tensor& records) {
  const DType type = network.data_type(), given = records.type();
  if (given == type) return records;
  const std::string wanted(name_of(type)), actual(name_of(given));
  if (!is_floating(given) || !is_floating(type))
    throw Error(Code::type_mismatch, {.message = "prepared data: the records are of another data type than the model",
                                      .reason = "TYPE",
                                      .path = "data",
                                      .expected = wanted + ", as the model",
                                      .actual = actual,
                                      .hint = "prepare them with this model, or give the samples as a list"});
  const Tensor converted = records.converted(context, type);
  for (std::size_t i = 0; i < records.elements(); ++i)
    if (std::isfinite(records.at(i)) && !std::isfinite(converted.at(i)))
      throw Error(Code::invalid_argument, {.message = "prepared data: a number of the records is too large for the model's data type",
                                           .reason = "RANGE",
                                           .path = "/" + std::to_string(i),
                                           .expected = "numbers that " + wanted + " can hold",
                                           .actual = digits_of(records.at(i)) + " in " + actual,
                                           .hint = "scale the samples before they are prepared, or give the model a wider \"dataType\""});
  return converted;
}

}  // namespace

Dataset marked(const Tensor& inputs, const Tensor& outputs, const std::vector<Mark>& marks) {
  if (std::ranges::none_of(marks, [](const Mark& mark) { return mark.reset || mark.ignored; }))
    return Dataset::from(inputs, outputs);
  const auto row = [](const Tensor& table, std::size_t index) {
    const std::size_t bytes = table.bytes() / static_cast<std::size_t>(table.shape()[0]);
    void* const at = static_cast<std::byte*>(const_cast<void*>(table.data())) + index * bytes;
    return Tensor::wrap(at, table.type(), table.shape().without(0));
  };
  std::vector<Item> items;
  for (std::size_t i = 0; i < marks.size(); ++i)
    items.push_back({row(inputs, i), marks[i].ignored ? Tensor() : row(outputs, i), marks[i].reset, marks[i].ignored});
  return Dataset::from(items);  // which copies
}

Dataset from_records(const Context& context, const NeuralNetwork& network, const Tensor& given) {
  if (network.has_open_dimensions())
    refuse(Code::unsupported, "OPEN_SIZE", "records of numbers do not say how long open dimensions (null) are",
           "give the samples as a list, or a dataset of tensors");
  if (!network.is_built())
    refuse(Code::invalid_model, "NOT_BUILT", "records of numbers do not say where inputs end, and the model has no layers yet",
           "give the model its \"layers\", or the samples as a list");
  const Tensor records = in_type_of(context, network, given);
  const std::size_t inputs = network.input_size(), outputs = network.target_size();
  std::vector<std::size_t> starts;
  std::vector<Mark> marks;
  bool reset = false;
  for (std::size_t at = 0; at < records.elements();) {
    const double code = records.at(at);
    if (code != 0 && code != 1 && code != 3)
      throw Error(Code::invalid_argument, {.message = "prepared data: no record begins so",
                                           .reason = "INSTRUCTION",
                                           .path = "/" + std::to_string(at),
                                           .expected = "0 (reset), 1 (input alone) or 3 (input and output)",
                                           .actual = digits_of(code),
                                           .hint = "were the records prepared for a network of the same sizes?"});
    const std::size_t size = code == 0 ? 1 : 1 + inputs + (code == 3 ? outputs : 0);
    if (size > records.elements() - at)
      throw Error(Code::invalid_argument, {.message = "prepared data: the last record is cut off",
                                           .reason = "TRUNCATED",
                                           .path = "/" + std::to_string(at),
                                           .expected = std::to_string(size) + " elements",
                                           .actual = std::to_string(records.elements() - at),
                                           .hint = "were the records prepared for a network of the same sizes?"});
    if (code == 0) {
      reset = true;
    } else {
      const Mark mark{std::exchange(reset, false), code == 1};
      if (network.is_stateful() || !mark.ignored) {
        starts.push_back(at + 1);
        marks.push_back(network.is_stateful() ? mark : Mark{});
      }
    }
    at += size;
  }
  if (std::ranges::none_of(marks, [](const Mark& mark) { return !mark.ignored; }))
    refuse(Code::invalid_argument, "EMPTY_DATA", "the data holds no samples", "prepare one sample or more whose output is not ignored");
  const auto rows = static_cast<std::int64_t>(starts.size());
  Tensor in = Tensor::uninitialised(context, records.type(), Shape{rows, static_cast<std::int64_t>(inputs)});
  Tensor out = Tensor::uninitialised(context, records.type(), Shape{rows, static_cast<std::int64_t>(outputs)});
  const std::size_t size = size_of(records.type());
  const auto copy = [&](Tensor& to, std::size_t row, std::size_t from, std::size_t count) {
    std::memcpy(static_cast<std::byte*>(to.data()) + row * count * size,
                static_cast<const std::byte*>(records.data()) + from * size, count * size);
  };
  for (std::size_t row = 0; row < starts.size(); ++row) {
    copy(in, row, starts[row], inputs);
    if (!marks[row].ignored) copy(out, row, starts[row] + inputs, outputs);
  }
  return marked(in, out, marks);
}

Tensor all_records(const Context& context, StreamValue& stream) {
  std::vector<Tensor> parts;
  std::int64_t elements = 0;
  while (const std::optional<Value> item = stream.pull()) {
    parts.push_back(expect<TensorValue>(item->get(), "an item of the stream").tensor());
    elements += static_cast<std::int64_t>(parts.back().elements());
    if (parts.back().type() != parts.front().type())
      refuse(Code::type_mismatch, "TYPE", "the tensors of a stream are of one type", "prepare all of them with one model");
  }
  if (parts.empty()) refuse(Code::invalid_argument, "EMPTY_DATA", "the data holds no samples", "the stream ended before its first tensor: make a new one for each training");
  Tensor all = Tensor::uninitialised(context, parts.front().type(), Shape{elements});
  auto* at = static_cast<std::byte*>(all.data());
  for (const Tensor& part : parts) {
    if (part.bytes()) std::memcpy(at, part.data(), part.bytes());
    at += part.bytes();
  }
  return all;
}

}  // namespace webai::capi
