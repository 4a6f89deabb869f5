#include "capi/run_values.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "capi/guard.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

constexpr std::string_view unnamed_output = "output";  // what the library calls the only one

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

// The values of one sample, of all outputs.
std::size_t width_of(const std::vector<PortInfo>& ports) {
  std::size_t width = 0;
  for (const PortInfo& port : ports) width += static_cast<std::size_t>(port.shape.elements());
  return width;
}

// Rows of all outputs as a map by name: tensors, or texts where an output has labels.
Value split_outputs(const NetworkValue& net, const NeuralNetwork& network, const std::vector<PortInfo>& ports,
                    const Tensor& rows, bool batched, const RunOptions& options) {
  webai_context& context = *net.context;
  const std::size_t width = width_of(ports);
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
    const std::vector<std::string> labels = options.denormalize ? network.labels(port.name) : std::vector<std::string>();
    entries.emplace_back(port.name, labels.empty() ? make_tensor(context, std::move(part))
                                                   : labels_of(context, part, labels, count, batched));
  }
  return make_map(context, std::move(entries));
}

}  // namespace

RunOptions read_run_options(Options& opts) {
  RunOptions options;
  const auto unless_function = [&](std::string_view word) {  // a function does it all
    return kind_of(opts.find(word)) == WEBAI_FUNCTION || opts.boolean(word, true);
  };
  options.normalize = unless_function("normalize");
  options.denormalize = unless_function("denormalize");
  options.debug = opts.boolean("debug", false);
  options.type = opts.text("type", "");
  return options;
}

bool needs_network(webai_value* value) {
  if (kind_of(value) == WEBAI_MAP || kind_of(value) == WEBAI_STRING) return true;
  if (kind_of(value) != WEBAI_LIST) return false;
  auto& list = *static_cast<List*>(value);
  for (std::size_t i = 0; !list.numbers() && i < list.size(); ++i)
    if (needs_network(list.at(i))) return true;
  return false;
}

void add_value(InputValues& values, webai_value* value) {
  switch (kind_of(value)) {
    case WEBAI_NUMBER:
      return values.add(static_cast<Number*>(value)->value);
    case WEBAI_BOOL:
      return values.add(static_cast<Boolean*>(value)->value ? 1.0 : 0.0);
    case WEBAI_STRING:
      return values.add(std::string_view(static_cast<Text*>(value)->value));
    case WEBAI_TENSOR:
      return values.add(static_cast<TensorValue*>(value)->tensor());
    case WEBAI_LIST: {
      auto& list = *static_cast<List*>(value);
      if (const std::vector<double>* const numbers = list.numbers()) return values.add(*numbers);
      const auto names = [&](std::size_t i) -> std::optional<std::vector<std::string_view>> {
        if (kind_of(list.at(i)) != WEBAI_MAP) return std::nullopt;
        std::vector<std::string_view> own;
        for (const Map::Entry& entry : static_cast<Map*>(list.at(i))->entries()) own.push_back(entry.first);
        return own;
      };
      const auto add_to = [&](std::size_t i, std::string_view name) { add_value(values, member(list.at(i), name)); };
      if (values.add_samples(list.size(), names, add_to)) return;
      values.begin_list();
      for (std::size_t i = 0; i < list.size(); ++i) add_value(values, list.at(i));
      return values.end_list();
    }
    case WEBAI_MAP:
      for (const Map::Entry& entry : static_cast<Map*>(value)->entries()) {
        values.begin(entry.first);
        add_value(values, entry.second.get());
        values.end();
      }
      return;
    case WEBAI_NULL:
      return values.add(Json());  // which is none either
    default:
      wrong_kind("in", "numbers, texts, and maps that name inputs", value);
  }
}

namespace {

// Of several inputs: one value for each in their order, where these are tensors or dimensions are open. Other lists are
// numbers in a row, however they are nested: as many rows as there are inputs are samples like any other number of rows.
bool is_columns(const NetworkValue& net, const NeuralNetwork& network, webai_value* in) {
  if (kind_of(in) != WEBAI_LIST || net.built().inputs.size() < 2) return false;
  auto& list = *static_cast<List*>(in);
  if (list.size() != net.built().inputs.size() || list.numbers()) return false;
  bool tensors = true, numbers = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    tensors = tensors && kind_of(list.at(i)) == WEBAI_TENSOR;
    numbers = numbers || kind_of(list.at(i)) == WEBAI_NUMBER;
  }
  return tensors || (network.has_open_dimensions() && !numbers);
}

// What only the network understands; false for numbers.
bool collect_input(InputValues& values, const NetworkValue& net, const NeuralNetwork& network, webai_value* in) {
  if (needs_network(in)) {
    add_value(values, in);
    return true;
  }
  if (!is_columns(net, network, in)) return false;
  auto& list = *static_cast<List*>(in);
  for (std::size_t i = 0; i < list.size(); ++i) {
    values.begin(net.built().inputs[i].name);
    add_value(values, list.at(i));
    values.end();
  }
  return true;
}

}  // namespace

Tensor read_input(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network, webai_value* in,
                  bool normalize) {
  if (!in) missing("in");
  check_context(context, in);
  if (in->kind == WEBAI_TENSOR) return static_cast<TensorValue*>(in)->tensor();
  if (needs_network(in) || is_columns(net, network, in)) {
    InputValues values(network, normalize);
    collect_input(values, net, network, in);
    return values.finish();
  }
  if (network.has_open_dimensions() && !is_regular(in))
    throw Error(Code::shape_mismatch, {.message = "arrays beside each other have different lengths",
                                       .reason = "INPUT_SIZE",
                                       .path = "in",
                                       .expected = "rows of one length",
                                       .hint = "samples of different lengths run one at a time"});
  return tensor_from_value(context.core(), list_type(network), in, "in");
}

RunInput read_run_input(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network, webai_value* in,
                        bool normalize) {
  if (!in) missing("in");
  check_context(context, in);
  if (network.has_open_dimensions() && (needs_network(in) || is_columns(net, network, in))) {
    InputValues values(network, normalize);
    collect_input(values, net, network, in);
    return {{}, values.finish_named()};
  }
  return {read_input(context, net, network, in, normalize)};
}

Output run_input(NeuralNetwork& network, const RunInput& input, const RunOptions& options) {
  return input.named.empty() ? network.run(input.all, options) : network.run_named(input.named, options);
}

void check_input_size(const NeuralNetwork& network, const RunInput& given, const RunOptions& options) {
  if (!options.normalize || network.has_open_dimensions()) return;  // the network says what it takes then
  const Tensor& input = given.all;
  const std::size_t inputs = network.input_size();
  if (input.elements() == 0 || inputs == 0 || input.elements() % inputs)
    throw Error(Code::shape_mismatch, {.message = "run: the input has " + std::to_string(input.elements()) +
                                                  " values, the network takes " + std::to_string(inputs),
                                       .reason = "INPUT_SIZE",
                                       .expected = std::to_string(inputs),
                                       .actual = std::to_string(input.elements())});
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
  const bool one = net.built().outputs.size() == 1;
  // As they were in this run, where open dimensions decide.
  const std::vector<PortInfo>& ports = output.ports().empty() ? net.built().outputs : output.ports();
  // What a run of the program's own gives need not be the model's outputs: then it is handed over as it is.
  if (!options.type.empty() && output.ports().empty()) return make_tensor(context, tensor);
  const std::vector<std::string> labels = one && options.denormalize ? network.labels() : std::vector<std::string>();
  if (!labels.empty()) return labels_of(context, tensor, labels, width_of(ports), batched);
  if (one && net.built().outputs.front().name == unnamed_output) return make_tensor(context, tensor);
  // Bits of a named output have become one number each.
  if (one && tensor.elements() % width_of(ports)) return make_map(context, {{net.built().outputs.front().name, make_tensor(context, tensor)}});
  return split_outputs(net, network, ports, tensor, batched, options);
}

}  // namespace webai::capi
