// Integer models at their borders: what is a code and what a number.
#include <algorithm>

#include "core/model/counted_inputs.h"
#include "network/state.h"

namespace webai {

Tensor NeuralNetwork::State::encoded(const Tensor& numbers) const {
  if (numbers.type() == model.type) return numbers;
  return is_floating(model.type) ? numbers.converted(context, model.type) : codes_of_values(context, numbers, model.type);
}

Tensor NeuralNetwork::State::decoded(const Tensor& tensor) const {
  return !is_floating(model.type) && tensor.type() == model.type ? values_of_codes(context, tensor) : tensor;
}

bool NeuralNetwork::State::takes_codes(bool normalize) const {
  const auto counts = [&](const BuiltInput& input) { return is_counted(built.graph, input.value, built.graph.outputs); };
  return !is_floating(model.type) && std::ranges::none_of(built.inputs, counts) &&
         (!normalize || std::ranges::all_of(model.io.input, [](const IoRules& rules) { return rules.normalize.empty(); }));
}

bool NeuralNetwork::State::gives_codes() const {
  return !is_floating(model.type) && std::ranges::all_of(model.io.output, [](const IoRules& rules) { return rules.empty(); });
}

Tensor NeuralNetwork::State::input_numbers(const Tensor& given, bool normalize) const {
  Tensor numbers = given;
  if (takes_codes(normalize)) {
    numbers = decoded(given);
    // Where normalising is left out, nothing in the graph rounds.
    if (!normalize) numbers = values_of_codes(context, encoded(numbers));
  }
  return numbers.type() == type ? numbers : numbers.converted(context, type);
}

Tensor NeuralNetwork::State::scale_of(const BuiltParameter& parameter) const {
  if (!parameter.code) return {};
  Tensor scale = parameter.code.scale.clone(context);
  buffer(scale_name(parameter.name))->read(0, std::as_writable_bytes(std::span(static_cast<char*>(scale.data()), scale.bytes())));
  return scale;
}

Tensor NeuralNetwork::State::numbers_of(const BuiltParameter& parameter) const {
  if (!parameter.code) return tensor_of(parameter);
  return parameter_of_codes(context, tensor_of(parameter), {scale_of(parameter), parameter.code.zero});
}

void NeuralNetwork::State::set_numbers(const BuiltParameter& parameter, const Tensor& numbers) {
  Tensor kept = numbers.type() == type ? numbers : numbers.converted(context, type);
  if (parameter.code) {
    ParameterCode code{scale_of(parameter), parameter.code.zero};
    code.scale = widened_scale(context, kept, code, parameter.type.type);
    kept = codes_of_parameter(context, kept, code, parameter.type.type);
    write_buffer(*buffer(scale_name(parameter.name)), code.scale);
  }
  write_buffer(*buffer(parameter.name), kept);
}

}  // namespace webai
