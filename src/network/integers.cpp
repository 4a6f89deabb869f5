// Integer models at their borders: what is a code and what a number.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/number_text.h"
#include "core/model/counted_inputs.h"
#include "network/state.h"
#include "training/storage_type.h"

namespace webai {

Tensor NeuralNetwork::State::encoded(const Tensor& numbers) const {
  if (numbers.type() == model.type) return numbers;
  return is_floating(model.type) ? numbers.converted(context, model.type) : codes_of_values(context, numbers, model.type);
}

Tensor NeuralNetwork::State::decoded(const Tensor& tensor) const {
  return !is_floating(model.type) && tensor.type() == model.type ? values_of_codes(context, tensor) : tensor;
}

namespace {

// What it writes to stays for the next sample; copies have their own, since each stream of a dataset has its copy.
class CodeReader {
 public:
  CodeReader(const Context& context, DType code, bool of_input, bool of_output)
      : context_(context), code_(code), of_input_(of_input), of_output_(of_output) {}
  CodeReader(const CodeReader& other) : CodeReader(other.context_, other.code_, other.of_input_, other.of_output_) {}

  Item operator()(const Item& item) {
    Item numbers = item;
    if (of_input_ && item.input.type() == code_) numbers.input = read(item.input, input_);
    if (of_output_ && item.output.type() == code_) numbers.output = read(item.output, output_);
    return numbers;
  }

 private:
  const Tensor& read(const Tensor& codes, Tensor& kept) const {
    values_of_codes(context_, codes, kept);
    return kept;
  }

  Context context_;
  DType code_;
  bool of_input_, of_output_;
  Tensor input_, output_;
};

}  // namespace

Dataset::MapFunction NeuralNetwork::State::codes_to_numbers(bool of_input, bool of_output) const {
  return CodeReader(context, model.type, of_input, of_output);
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
  if (numbers.type() == type) return numbers;
  Tensor narrow = numbers.converted(context, type);
  // In 16 bits a number that another type holds may be none any more.
  for (std::size_t i = 0; size_of(type) < 4 && i < narrow.elements(); ++i)
    if (!std::isfinite(narrow.at(i)) && std::isfinite(numbers.at(i)))
      throw Error(Code::invalid_argument, {.message = "run: value " + std::to_string(i) + " of the input is too large for " + std::string(name_of(type)),
                                           .reason = "VALUES",
                                           .path = "input",
                                           .actual = number_text(numbers.at(i), 9),
                                           .hint = "give the model a wider \"dataType\", or scale the values before: its io works in that type"});
  return narrow;
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

void NeuralNetwork::State::begin_master(std::string_view slot, Buffer& room) const {
  if (!slot.starts_with(master_prefix)) return;
  const auto parameter = std::ranges::find(built.parameters, slot.substr(master_prefix.size()), &BuiltParameter::name);
  if (parameter == built.parameters.end()) return;
  const Tensor numbers = master_of(*parameter);
  for (std::size_t i = 0; i < numbers.elements(); ++i) store_double(step_type(type), room.host(), i, numbers.at(i));
}

void NeuralNetwork::State::keep_masters(const Buffers& rooms) {
  for (const auto& [slot, room] : rooms) {
    if (!slot.starts_with(master_prefix)) continue;
    const std::string_view name = std::string_view(slot).substr(master_prefix.size(), slot.rfind(' ') - master_prefix.size());  // rooms say their bytes
    const auto parameter = std::ranges::find(built.parameters, name, &BuiltParameter::name);
    if (parameter == built.parameters.end()) continue;
    Tensor numbers(context, step_type(type), parameter->type.shape);
    for (std::size_t i = 0; i < numbers.elements(); ++i) numbers.set(i, load_double(step_type(type), room->host(), i));
    masters[parameter->name] = {std::move(numbers), tensor_of(*parameter), scale_of(*parameter)};
  }
}

// The numbers that the last apply_gradients left, before they were rounded; anew where something else has written since.
Tensor NeuralNetwork::State::master_of(const BuiltParameter& parameter) const {
  if (const auto kept = masters.find(parameter.name); kept != masters.end()) {
    const auto same = [](const Tensor& a, const Tensor& b) {
      if (!a.data() || !b.data()) return a.data() == b.data();
      return a.bytes() == b.bytes() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
    };
    if (same(kept->second.stored, tensor_of(parameter)) && same(kept->second.scale, scale_of(parameter))) return kept->second.numbers;
  }
  Tensor numbers = numbers_of(parameter);
  return size_of(numbers.type()) < 4 ? numbers.converted(context, DType::fp32) : numbers;
}

void NeuralNetwork::State::set_master(const BuiltParameter& parameter, Tensor numbers) {
  set_numbers(parameter, numbers);
  if (parameter.code || size_of(type) < 4)
    masters[parameter.name] = {std::move(numbers), tensor_of(parameter), scale_of(parameter)};
}

}  // namespace webai
