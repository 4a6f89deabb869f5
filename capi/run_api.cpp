// Entry points that run a network: with a future, or at once.
#include <algorithm>
#include <cstring>

#include "capi/guard.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

constexpr std::string_view unnamed_output = "output";  // what the library calls the only one

RunOptions read_run_options(const webai_context& context, webai_value* given) {
  RunOptions options;
  if (!given) return options;
  check_context(context, given);
  Options opts(given);
  options.normalize = opts.boolean("normalize", true);
  options.denormalize = opts.boolean("denormalize", true);
  options.debug = opts.boolean("debug", false);
  opts.finish(const_cast<webai_context&>(context), "run");
  return options;
}

// Values of several inputs, each for the same number of samples, as the rows that the network takes.
Tensor join_inputs(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network,
                   const std::vector<webai_value*>& values) {
  const DType type = network.number_type();
  std::vector<Tensor> parts;
  std::size_t samples = 0, width = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const PortInfo& port = net.inputs[i];
    const auto size = static_cast<std::size_t>(port.shape.elements());
    const bool codes = !is_floating(network.data_type()) && kind_of(values[i]) == WEBAI_TENSOR;
    parts.push_back(codes ? network.decoded(static_cast<TensorValue*>(values[i])->tensor()).converted(context.core(), type)
                          : tensor_from_value(context.core(), type, values[i], port.name));
    const std::size_t count = parts.back().elements();
    if (size == 0 || count == 0 || count % size || (i && count / size != samples))
      throw Error(Code::shape_mismatch,
                  {.message = "run: input \"" + port.name + "\" has " + std::to_string(count) + " values",
                   .reason = "INPUT_SIZE",
                   .expected = port.shape.text(),
                   .actual = parts.back().shape().text()});
    samples = count / size;
    width += size;
  }
  Tensor joined =
      Tensor::uninitialised(context.core(), type,
                            samples == 1 ? Shape{static_cast<std::int64_t>(width)}
                                         : Shape{static_cast<std::int64_t>(samples), static_cast<std::int64_t>(width)});
  auto* to = static_cast<std::byte*>(joined.data());
  for (std::size_t sample = 0; sample < samples; ++sample)
    for (const Tensor& part : parts) {
      const std::size_t bytes = part.bytes() / samples;
      std::memcpy(to, static_cast<const std::byte*>(part.data()) + sample * bytes, bytes);
      to += bytes;
    }
  return joined;
}

// The values of all inputs by name; each must be there, none may be unknown.
std::vector<webai_value*> named_inputs(const NetworkValue& net, const Map& map) {
  std::vector<webai_value*> values;
  for (const PortInfo& port : net.inputs) {
    values.push_back(map.get(port.name));
    if (!values.back())
      throw Error(Code::invalid_argument, {.message = "run: there is no value for input \"" + port.name + "\"",
                                           .reason = "INPUT_MISSING",
                                           .path = port.name});
  }
  for (const Map::Entry& entry : map.entries())
    if (std::ranges::find(net.inputs, entry.first, &PortInfo::name) == net.inputs.end())
      throw Error(Code::not_found, {.message = "run: there is no input \"" + entry.first + "\"",
                                    .reason = "INPUT_UNKNOWN",
                                    .path = entry.first});
  return values;
}

// What the caller gives as input: a tensor as it is, everything else as numbers in the network's type.
Tensor read_input(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network, webai_value* in) {
  if (!in) missing("in");
  check_context(context, in);
  if (in->kind == WEBAI_TENSOR) return static_cast<TensorValue*>(in)->tensor();
  if (in->kind == WEBAI_MAP) return join_inputs(context, net, network, named_inputs(net, *static_cast<Map*>(in)));
  if (in->kind == WEBAI_LIST && net.inputs.size() > 1 && static_cast<List*>(in)->size() == net.inputs.size()) {
    std::vector<webai_value*> values;
    for (std::size_t i = 0; i < net.inputs.size(); ++i) values.push_back(static_cast<List*>(in)->at(i));
    // One value for each input in their order; a list of plain numbers is all of them in a row.
    if (std::ranges::none_of(values, [](webai_value* value) { return kind_of(value) == WEBAI_NUMBER; }))
      return join_inputs(context, net, network, values);
  }
  return tensor_from_value(context.core(), network.number_type(), in, "in");
}

// The one tensor that `into` means; null for none.
TensorValue* output_tensor(const webai_context& context, webai_value* into) {
  check_context(context, into);
  webai_value* found = into;
  if (kind_of(into) == WEBAI_LIST && static_cast<List*>(into)->size() == 1) found = static_cast<List*>(into)->at(0);
  if (kind_of(into) == WEBAI_MAP && static_cast<Map*>(into)->entries().size() == 1)
    found = static_cast<Map*>(into)->entries().front().second.get();
  return found ? &expect<TensorValue>(found, "into") : nullptr;
}

// One text for a sample, a list of them for a batch; the number of the largest output where the labels end before it.
Value labels_of(webai_context& context, const Tensor& outputs, const std::vector<std::string>& labels,
                std::size_t output_size, bool batched) {
  std::vector<Value> answers;
  for (std::size_t first = 0; first < outputs.elements(); first += output_size) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < output_size; ++i)
      if (outputs.at(first + i) > outputs.at(first + best)) best = i;
    answers.push_back(best < labels.size() ? make_text(context, labels[best])
                                           : make_number(context, static_cast<double>(best)));
  }
  return batched || answers.empty() ? make_list(context, std::move(answers)) : std::move(answers.front());
}

// Rows of all outputs as a map of tensors by name.
Value split_outputs(webai_context& context, const std::vector<PortInfo>& ports, const Tensor& rows, bool batched,
                    std::size_t width) {
  const std::size_t samples = rows.elements() / width, size = size_of(rows.type());
  std::vector<Map::Entry> entries;
  std::size_t offset = 0;
  for (const PortInfo& port : ports) {
    const auto count = static_cast<std::size_t>(port.shape.elements());
    const Shape shape = batched ? port.shape.inserted(0, Dimension(static_cast<std::int64_t>(samples))) : port.shape;
    Tensor part = Tensor::uninitialised(context.core(), rows.type(), shape);
    for (std::size_t sample = 0; sample < samples; ++sample)
      std::memcpy(static_cast<std::byte*>(part.data()) + sample * count * size,
                  static_cast<const std::byte*>(rows.data()) + (sample * width + offset) * size, count * size);
    offset += count;
    entries.emplace_back(port.name, make_tensor(context, std::move(part)));
  }
  return make_map(context, std::move(entries));
}

Value output_value(const NetworkValue& net, const NeuralNetwork& network, const Output& output, TensorValue* into,
                   const RunOptions& options) {
  webai_context& context = *net.context;
  const Tensor& tensor = output.tensor();
  if (into) {
    Tensor& target = into->tensor();
    if (target.elements() != tensor.elements())
      throw Error(Code::shape_mismatch, {.message = "run: the output does not fit into the tensor given for it",
                                         .reason = "OUTPUT_SIZE",
                                         .expected = tensor.shape().text(),
                                         .actual = target.shape().text()});
    const Tensor given = target.type() == tensor.type() ? tensor : network.decoded(tensor);
    convert(given.type(), given.data(), target.type(), target.data(), given.elements());
    return Value::share(into);
  }
  const bool batched = tensor.shape().rank() > network.output_shape().rank();
  const std::vector<std::string> labels = options.denormalize ? network.labels() : std::vector<std::string>();
  if (!labels.empty()) return labels_of(context, tensor, labels, network.output_size(), batched);
  if (net.outputs.size() == 1 && net.outputs.front().name == unnamed_output) return make_tensor(context, tensor);
  return split_outputs(context, net.outputs, tensor, batched, network.output_size());
}

// A debug run gives {"output", "activations": what each layer computed, by name}.
Value run(const NetworkValue& net, NeuralNetwork& network, const Tensor& input, TensorValue* into,
          const RunOptions& options) {
  webai_context& context = *net.context;
  const Output output = network.run(input, options);
  Value result = output_value(net, network, output, into, options);
  if (!options.debug) return result;
  std::vector<Map::Entry> activations;
  for (const auto& [name, tensor] : output.activations()) activations.emplace_back(name, make_tensor(context, tensor));
  return make_map(context, {{"output", std::move(result)}, {"activations", make_map(context, std::move(activations))}});
}

// The hot path: fp32 tensors on both sides, nothing to be done to the output. Allocates nothing once warm.
bool run_in_place(const NetworkValue& net, NeuralNetwork& network, webai_value* in, TensorValue* into,
                  const RunOptions& options) {
  if (!into || kind_of(in) != WEBAI_TENSOR || !options.normalize || options.debug || net.has_output_rules) return false;
  const Tensor& input = static_cast<TensorValue*>(in)->tensor();
  Tensor& output = into->tensor();
  if (input.type() != DType::fp32 || output.type() != DType::fp32 || network.data_type() != DType::fp32) return false;
  network.run_into(input.span<float>(), output.span<float>());
  return true;
}

class RunJob final : public Job {
 public:
  RunJob(Ref<NetworkValue> net, Tensor input, Ref<TensorValue> into, RunOptions options)
      : net_(std::move(net)), input_(std::move(input)), into_(std::move(into)), options_(options) {}
  bool advance() override {
    NeuralNetwork network = net_->handle();
    result_ = run(*net_, network, input_, into_.get(), options_);
    return false;
  }
  Value result() override { return std::move(result_); }

 private:
  Ref<NetworkValue> net_;
  Tensor input_;
  Ref<TensorValue> into_;
  RunOptions options_;
  Value result_;
};

// Sizes are told before there is a future.
void check_input_size(const NeuralNetwork& network, const Tensor& input) {
  const std::size_t inputs = network.input_size();
  if (input.elements() == 0 || inputs == 0 || input.elements() % inputs)
    throw Error(Code::shape_mismatch, {.message = "run: the input has " + std::to_string(input.elements()) +
                                                  " values, the network takes " + std::to_string(inputs),
                                       .reason = "INPUT_SIZE",
                                       .expected = std::to_string(inputs),
                                       .actual = std::to_string(input.elements())});
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_run(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                               webai_cancel* cancel, webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    const webai::RunOptions options = read_run_options(context, opts);
    const webai::NeuralNetwork handle = network.handle();
    webai::Tensor input = read_input(context, network, handle, in);
    check_input_size(handle, input);
    auto target = Ref<TensorValue>::share(output_tensor(context, into));
    return submit(
        context,
        std::make_unique<RunJob>(Ref<NetworkValue>::share(&network), std::move(input), std::move(target), options),
        cancel, network.placement());
  });
}

webai_status webai_network_run_now(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                                   webai_cancel* cancel, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    const webai::RunOptions options = read_run_options(context, opts);
    check_cancel(cancel_argument(context, cancel));
    check_context(context, in);
    webai::NeuralNetwork handle = network.idle_handle();
    TensorValue* const target = output_tensor(context, into);
    if (run_in_place(network, handle, in, target, options)) return Value::share(into);
    const webai::Tensor input = read_input(context, network, handle, in);
    check_input_size(handle, input);
    Value result = run(network, handle, input, target, options);
    return target && !options.debug ? Value::share(into) : std::move(result);
  });
}

}  // extern "C"
