// prepareDataStream: samples in, records out (DATA-12).
#include <algorithm>
#include <cmath>
#include <deque>

#include "core/base/number_text.h"
#include "network/state.h"
#include "webai/error.hpp"
#include "webai/values.hpp"

namespace webai {

struct DataEncoder::State {
  NeuralNetwork network;
  std::shared_ptr<const NeuralNetwork::State> net;
  std::vector<PortInfo> outputs;
  InputValues values;
  Normalize input, output;
  std::vector<double> records;
  std::deque<std::size_t> sizes;  // of the records that wait, in numbers
  std::size_t first = 0;          // of the numbers that wait, in `records`

  State(const NeuralNetwork& given, std::shared_ptr<const NeuralNetwork::State> state, Normalize in, Normalize out)
      : network(given), net(std::move(state)), outputs(network.outputs()), values(network), input(std::move(in)), output(std::move(out)) {}

  [[noreturn]] static void wrong_length(const char* what, std::size_t expected, std::size_t actual) {
    throw Error(Code::shape_mismatch, {.message = std::string("a sample's ") + what + " has another number of values",
                                       .reason = "SAMPLE_SIZE",
                                       .expected = std::to_string(expected),
                                       .actual = std::to_string(actual),
                                       .hint = "all samples fit the first and the last layer of the model"});
  }

  void append(std::size_t code, const Tensor& in, std::size_t from_input, std::span<const double> out) {
    const auto inputs = static_cast<std::size_t>(net->inputs);
    const std::size_t size = 1 + (code == 0 ? 0 : inputs) + out.size();
    if (records.size() - first + size > network.context().limits().tensor_bytes / sizeof(double))
      throw Error(Code::limit_exceeded, {.message = "too many records wait to be pulled", .reason = "TENSOR_BYTES", .hint = "pull them"});
    const std::size_t start = records.size();
    try {
      records.push_back(static_cast<double>(code));
      for (std::size_t i = 0; code != 0 && i < inputs; ++i) records.push_back(in.at(from_input + i));
      if (code != 0) finish_last(inputs, net->takes_codes());
      records.insert(records.end(), out.begin(), out.end());
      finish_last(out.size(), net->gives_codes());
      sizes.push_back(size);
    } catch (...) {
      records.resize(start);  // no half of a record
      throw;
    }
  }

  // Records hold what `io` takes, in the model's type: codes where it says nothing. What does not fit is not rounded off.
  void finish_last(std::size_t count, bool codes) {
    if (codes) return encode_last(count);
    const std::span<const double> numbers = std::span(records).last(count);
    const DType type = net->model.type;
    const Tensor kept = Tensor::from(net->context, type, Shape{static_cast<std::int64_t>(count)}, numbers);
    for (std::size_t i = 0; i < count; ++i)
      if (is_floating(type) ? std::isinf(kept.at(i)) && !std::isinf(numbers[i]) : kept.at(i) != numbers[i]) refuse_number(type, numbers[i]);
  }

  [[noreturn]] static void refuse_number(DType type, double number) {
    throw Error(Code::invalid_argument, {.message = "records hold values as \"io\" takes them, in " + std::string(name_of(type)) + ", which has no room for one of this sample",
                                         .reason = "RANGE",
                                         .expected = is_floating(type) ? "a smaller number" : "whole numbers that " + std::string(name_of(type)) + " can hold",
                                         .actual = number_text(number, 9),
                                         .hint = "train with the samples as they are"});
  }

  void encode_last(std::size_t count) {
    const std::span<double> numbers = std::span(records).last(count);
    const Tensor codes = net->encoded(Tensor::from(net->context, DType::fp64, Shape{static_cast<std::int64_t>(count)}, numbers));
    for (std::size_t i = 0; i < count; ++i) numbers[i] = codes.at(i);
  }

  // One row of a target as numbers: a label as one-hot.
  std::vector<double> row_of(const Tensor& target, std::size_t row, std::size_t width, bool labels) const {
    labels = labels && net->outputs > 1;
    std::vector<double> out(labels ? static_cast<std::size_t>(net->outputs) : width);
    if (!labels) {
      for (std::size_t i = 0; i < width; ++i) out[i] = target.at(row * width + i);
      return out;
    }
    const double label = target.at(row);
    if (!(label >= 0 && label < static_cast<double>(net->outputs) && label == std::trunc(label)))
      throw Error(Code::invalid_argument, {.message = "a label is out of range", .reason = "LABEL", .expected = "0 to " + std::to_string(net->outputs - 1),
                                           .actual = number_text(label, 9),
                                           .hint = "the last layer has one output for each label"});
    out[static_cast<std::size_t>(label)] = 1;
    return out;
  }

  Tensor read_input(const Json& given) {
    values.clear();  // of one that failed
    values.add(input ? input(given) : given);
    return values.finish();
  }
};

DataEncoder::DataEncoder(const NeuralNetwork& network, Normalize input, Normalize output)
    : state_(std::make_unique<State>(network, network.state_.shared(), std::move(input), std::move(output))) {
  if (network.has_open_dimensions())
    throw Error(Code::unsupported, {.message = "records of numbers do not say how long open dimensions (null) are",
                                    .reason = "OPEN_SIZE",
                                    .path = network.state_->built.open.front().path,
                                    .hint = "train with the samples as they are"});
}
DataEncoder::~DataEncoder() = default;
DataEncoder::DataEncoder(DataEncoder&&) noexcept = default;
DataEncoder& DataEncoder::operator=(DataEncoder&&) noexcept = default;

void DataEncoder::push(const Json& input, const Json& output) {
  State& state = *state_;
  const Tensor in = state.read_input(input);
  const Tensor out = state.net->target_of(state.output ? state.output(output) : output, state.outputs);
  const auto width = static_cast<std::size_t>(state.net->inputs);
  const std::size_t rows = in.elements() / width, target_rows = static_cast<std::size_t>(out.shape()[0]);
  if (rows != target_rows) State::wrong_length("output", rows, target_rows);
  for (std::size_t row = 0; row < rows; ++row)
    state.append(3, in, row * width, state.row_of(out, row, out.elements() / target_rows, is_integer(out.type())));
}

void DataEncoder::push_ignored(const Json& input) {
  State& state = *state_;
  const Tensor in = state.read_input(input);
  for (std::size_t at = 0; at < in.elements(); at += static_cast<std::size_t>(state.net->inputs)) state.append(1, in, at, {});
}

void DataEncoder::push(const Item& item) {
  State& state = *state_;
  const auto width = static_cast<std::size_t>(state.net->inputs);
  if (item.input.elements() != width) State::wrong_length("input", width, item.input.elements());
  const std::size_t outputs = state.net->raw_outputs();
  // A number by itself is a class, where there are several: as in lists.
  const bool label = (item.output.shape().rank() == 0 && is_integer(item.output.type())) || (item.output.elements() == 1 && outputs > 1);
  if (!item.ignore && !label && item.output.elements() != outputs) State::wrong_length("output", outputs, item.output.elements());
  const Tensor input = state.net->takes_codes() ? state.net->decoded(item.input) : item.input;
  const Tensor output = state.net->gives_codes() && !label ? state.net->decoded(item.output) : item.output;
  const std::vector<double> out = item.ignore ? std::vector<double>() : state.row_of(output, 0, output.elements(), label);
  if (item.reset) reset();
  state.append(item.ignore ? 1 : 3, input, 0, out);
}

void DataEncoder::reset() { state_->append(0, {}, 0, {}); }

std::size_t DataEncoder::waiting() const noexcept { return state_->records.size() - state_->first; }

Tensor DataEncoder::pull(std::size_t most) {
  State& state = *state_;
  std::size_t count = 0;
  while (!state.sizes.empty() && (count == 0 || state.sizes.front() <= most - std::min(most, count))) {
    count += state.sizes.front();
    state.sizes.pop_front();
  }
  const auto begin = state.records.begin() + static_cast<std::ptrdiff_t>(state.first);
  const std::vector<double> taken(begin, begin + static_cast<std::ptrdiff_t>(count));
  Tensor result = Tensor::from(state.network.context(), state.net->model.type, Shape{static_cast<std::int64_t>(count)}, taken);
  state.first += count;
  if (state.first > state.records.size() / 2) {
    state.records.erase(state.records.begin(), state.records.begin() + static_cast<std::ptrdiff_t>(state.first));
    state.first = 0;
  }
  return result;
}

}  // namespace webai
