#include "cli/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "webai/error.hpp"

namespace webai::cli {
namespace {

constexpr std::size_t labels_shown = 3;

// A number that the model's type cannot hold would run as infinity without a word.
void check_range(const NeuralNetwork& network, const Tensor& values, const std::string& name) {
  if (values.type() != DType::fp64 || network.number_type() == DType::fp64) return;
  const Tensor narrow = values.converted(network.context(), network.number_type());
  for (std::size_t i = 0; i < values.elements(); ++i)
    if (std::isfinite(values.at(i)) && !std::isfinite(narrow.at(i)))
      throw Error(Code::invalid_argument,
                  {.message = fmt::format("run: value {} of input \"{}\" is too large for {}", i, name, name_of(network.data_type())),
                   .reason = "VALUES", .actual = fmt::format("{}", values.at(i)),
                   .hint = "give the model a wider \"dataType\", or scale the values before: its io works in that type"});
}

Shape batch_shape(std::int64_t samples, const Shape& sample) { return sample.inserted(0, Dimension(samples)); }

}  // namespace

std::size_t input_index(const NeuralNetwork& network, const std::string& name) {
  return find_port(network.inputs(), name, "input");
}
std::size_t output_index(const NeuralNetwork& network, const std::string& name) {
  return find_port(network.outputs(), name, "output");
}

Output run_inputs(NeuralNetwork& network, const std::vector<Tensor>& inputs) {
  const std::vector<PortInfo> ports = network.inputs();
  for (std::size_t p = 0; p < ports.size(); ++p) check_range(network, inputs[p], ports[p].name);
  if (inputs.size() == 1) return network.run(inputs.front());
  if (network.has_open_dimensions()) {
    NamedTensors named;
    for (std::size_t p = 0; p < ports.size(); ++p) named.emplace_back(ports[p].name, inputs[p]);
    return network.run_named(named);
  }
  std::int64_t samples = 0;
  bool rows = true;  // each is a batch, perhaps of one
  for (std::size_t p = 0; p < ports.size(); ++p) {
    rows = rows && inputs[p].shape().rank() > ports[p].shape.rank();
    const std::int64_t size = std::max<std::int64_t>(1, ports[p].shape.elements());
    const std::int64_t given = static_cast<std::int64_t>(inputs[p].elements());
    if (given == 0 || given % size || (p > 0 && given / size != samples))
      throw Error(Code::shape_mismatch,
                  {.message = "run: input " + ports[p].title(), .reason = "INPUT_SIZE",
                   .expected = std::to_string(p > 0 ? samples * size : size) + " values" + (p > 0 ? "" : " a sample"),
                   .actual = std::to_string(given)});
    samples = given / size;
  }
  // One row per sample: the values of all inputs one after the other.
  const std::int64_t row = static_cast<std::int64_t>(network.input_size());
  Tensor flat = Tensor::uninitialised(network.context(), DType::fp64, samples == 1 && !rows ? Shape{row} : Shape{samples, row});
  std::size_t first = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const std::size_t size = static_cast<std::size_t>(ports[p].shape.elements());
    for (std::size_t i = 0; i < inputs[p].elements(); ++i)
      flat.set(i / size * static_cast<std::size_t>(row) + first + i % size, inputs[p].at(i));
    first += size;
  }
  return network.run(flat);
}

std::vector<Tensor> inputs_of(const NeuralNetwork& network, const Json& value) {
  std::vector<Tensor> parts;
  for (auto& [name, tensor] : network.inputs_of(value)) parts.push_back(std::move(tensor));
  return parts;
}

Output run_sequence(NeuralNetwork& network, const std::vector<Tensor>& inputs) {
  const std::vector<PortInfo> ports = network.inputs();
  // A step is one sample: where dimensions are open, what its rank says.
  const auto steps_of = [&](std::size_t p) {
    const Shape &given = inputs[p].shape(), &sample = ports[p].shape;
    if (!sample.is_concrete()) return given.rank() == sample.rank() + 1 ? static_cast<std::size_t>(given[0]) : std::size_t{1};
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(1, sample.elements()));
    return inputs[p].elements() % size ? std::size_t{0} : inputs[p].elements() / size;
  };
  const std::size_t samples = steps_of(0);
  for (std::size_t p = 0; p < ports.size(); ++p)
    if (samples == 0 || steps_of(p) != samples)
      throw Error(Code::shape_mismatch,
                  {.message = "run: input " + ports[p].title(), .reason = "INPUT_SIZE",
                   .expected = (ports[p].shape.is_concrete() ? std::to_string(std::max<std::int64_t>(1, ports[p].shape.elements())) + " values a step, "
                                                             : std::string()) + "equally many steps for each input",
                   .actual = std::to_string(inputs[p].elements()) + " values"});
  Tensor all;
  std::vector<PortInfo> given;  // as the outputs were in these runs
  for (std::size_t step = 0; step < samples; ++step) {
    std::vector<Tensor> parts;
    for (std::size_t p = 0; p < ports.size(); ++p) {
      const std::size_t bytes = inputs[p].bytes() / samples;
      void* const at = static_cast<std::byte*>(const_cast<void*>(inputs[p].data())) + step * bytes;
      const Shape& shape = ports[p].shape;
      const bool stacked = inputs[p].shape().rank() == shape.rank() + 1;
      parts.push_back(Tensor::wrap(at, inputs[p].type(), shape.is_concrete() ? shape : stacked ? inputs[p].shape().without(0) : inputs[p].shape()));
    }
    const Output output = run_inputs(network, parts);
    const Tensor& answer = output.tensor();
    given = output.ports();
    if (all.empty())
      all = Tensor::uninitialised(network.context(), answer.type(), batch_shape(static_cast<std::int64_t>(samples), answer.shape()));
    std::memcpy(static_cast<std::byte*>(all.data()) + step * answer.bytes(), answer.data(), answer.bytes());
  }
  return Output(std::move(all), std::move(given));
}

bool is_batch(const NeuralNetwork& network, const Output& output) {
  return output.tensor().shape().rank() > network.output_shape().rank();
}

NamedTensors split_outputs(const NeuralNetwork& network, const Output& output) {
  // As they were in this run, where open dimensions decide.
  const std::vector<PortInfo> ports = output.ports().empty() ? network.outputs() : output.ports();
  if (ports.size() == 1) return {{ports.front().name, output.tensor()}};
  std::size_t row = 0;
  for (const PortInfo& port : ports) row += static_cast<std::size_t>(port.shape.elements());
  const std::size_t samples = output.size() / row;
  const bool batch = is_batch(network, output);
  NamedTensors result;
  std::size_t first = 0;
  for (const PortInfo& port : ports) {
    const std::size_t size = static_cast<std::size_t>(port.shape.elements());
    Tensor part = Tensor::uninitialised(network.context(), output.tensor().type(),
                                        batch ? batch_shape(static_cast<std::int64_t>(samples), port.shape) : port.shape);
    for (std::size_t i = 0; i < part.elements(); ++i) part.set(i, output[i / size * row + first + i % size]);
    result.emplace_back(port.name, std::move(part));
    first += size;
  }
  return result;
}

std::vector<Ranking> rank_labels(const NeuralNetwork& network, const Output& output) {
  if (network.outputs().size() > 1) return {};
  const std::size_t row = output.ports().empty() ? network.output_size() : static_cast<std::size_t>(output.ports()[0].shape.elements());
  return rank_labels(network.labels(), row, network.decoded(output.tensor()));
}

std::vector<Ranking> rank_labels(const std::vector<std::string>& labels, std::size_t row, const Tensor& values) {
  if (labels.empty() || row == 0) return {};
  std::vector<Ranking> result;
  for (std::size_t first = 0; first + row <= values.elements(); first += row) {
    Ranking ranking;
    for (std::size_t i = 0; i < row; ++i)
      ranking.emplace_back(i < labels.size() ? labels[i] : std::to_string(i), values.at(first + i));
    std::stable_sort(ranking.begin(), ranking.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    result.push_back(std::move(ranking));
  }
  return result;
}

std::string ranking_text(const Ranking& ranking) {
  std::string text = "looks like: ";
  for (std::size_t i = 0; i < std::min(ranking.size(), labels_shown); ++i)
    text += fmt::format("{}{} ({:.2f})", i ? ", " : "", ranking[i].first, ranking[i].second);
  return text;
}

}  // namespace webai::cli
