// Runs whose inputs come apart, by name.
#include "network/state.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"

namespace webai {
namespace {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// One tensor for each input, in their order.
std::vector<const Tensor*> in_order(const BuiltModel& built, std::span<const PortInfo> ports, const NamedTensors& given) {
  std::vector<const Tensor*> tensors(built.inputs.size());
  for (const auto& [name, tensor] : given) {
    const std::size_t index = find_port(ports, name, "input");
    const Tensor*& place = tensors[index];
    if (place)
      throw Error(Code::invalid_argument, {.message = "run: the input " + ports[index].title() + " is given twice",
                                           .reason = "INPUT_TWICE",
                                           .path = name,
                                           .hint = "several samples stand in one tensor, along its first dimension"});
    place = &tensor;
  }
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (!tensors[i])
      throw Error(Code::invalid_argument, {.message = "run: there is no value for input " + ports[i].title(),
                                           .reason = "INPUT_MISSING",
                                           .path = built.inputs[i].name,
                                           .hint = "every input gets a value in each run"});
  return tensors;
}

// Of inputs without open dimensions: each has whole samples, as many as the first.
SampleForm form_of_closed(const BuiltModel& built, const std::vector<const Tensor*>& tensors, InputShape dims) {
  SampleForm form;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const BuiltInput& input = built.inputs[i];
    if (built.explicit_batch) {
      form = form_of_whole(built, i, tensors[i]->shape(), dims);
      continue;
    }
    const std::int64_t each = (input.*dims).elements(), count = static_cast<std::int64_t>(tensors[i]->elements());
    if (count == 0 || count % each != 0 || (i > 0 && count / each != form.samples))
      throw Error(Code::shape_mismatch, {.message = "run: the input " + input.title() + " has " + std::to_string(count) + " values",
                                         .reason = "INPUT_SIZE",
                                         .path = input.name,
                                         .expected = std::to_string(i > 0 ? form.samples * each : each) + (i > 0 ? "" : " for each sample"),
                                         .actual = std::to_string(count),
                                         .hint = "several samples stand in one tensor, along its first dimension"});
    form.samples = count / each;
    form.batched = form.samples > 1 || (tensors[i]->shape().rank() == (input.*dims).rank() + 1);
  }
  return form;
}

}  // namespace

Output NeuralNetwork::run_named(const NamedTensors& given, const RunOptions& options) {
  if (own_run_) return run_named_within(given, options);
  const State& state = *state_;
  const TokenScope scope(options.stop);
  const std::vector<const Tensor*> tensors = in_order(state.built, inputs(), given);
  std::vector<Shape> shapes;
  for (const Tensor* tensor : tensors) shapes.push_back(tensor->shape());
  const InputShape dims = options.normalize ? &BuiltInput::shape : &BuiltInput::dims;
  const SampleForm form = state.is_open() ? form_of_open(state.built, shapes, dims) : form_of_closed(state.built, tensors, dims);
  std::vector<Tensor> parts;
  for (const Tensor* tensor : tensors) {
    const Tensor numbers = decoded(*tensor);
    parts.push_back(numbers.type() == state.type ? numbers : numbers.converted(state.context, state.type));
  }
  if (parts.size() == 1 && options.type.empty()) return run_form(parts.front(), form, options);
  const Tensor joined = joined_rows(state.context, parts, form.samples);
  return options.type.empty() ? run_form(joined, form, options) : run(joined, options);
}

bool NeuralNetwork::has_open_dimensions() const noexcept { return state_.as_far_as_built().is_open(); }

}  // namespace webai
