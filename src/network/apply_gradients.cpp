// Gradients applied: as they are, or by an optimizer whose memory stays with the network.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>

#include "core/base/names.h"
#include "core/base/number_text.h"
#include "core/model/describe.h"
#include "core/op/registry.h"
#include "network/state.h"
#include "network/training_plan.h"
#include "training/storage_type.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"

namespace webai {
namespace {

// `scale` is the step without an optimizer; what belongs to one would be lost without its name.
void check_apply(const ApplyOptions& options) {
  const auto refuse = [](const char* option, std::string message, std::string hint) {
    throw Error(Code::invalid_argument, {.message = std::move(message), .reason = "OPTION", .path = option, .hint = std::move(hint)});
  };
  if (!options.optimizer.empty() && options.scale != 1)
    refuse("scale", "\"scale\" is the step without an optimizer", "give the optimizer a learningRate");
  if (!options.optimizer.empty()) return;
  const TrainOptions& given = options.options;
  const char* const lost = given.learning_rate ? "learningRate" : given.momentum ? "momentum" : given.weight_decay ? "weightDecay"
                           : given.clip_norm    ? "clipNorm"     : given.clip_value ? "clipValue"
                           : given.beta2        ? "beta2"        : given.rho ? "rho" : given.epsilon ? "epsilon" : nullptr;
  if (lost)
    refuse(lost, std::string("\"") + lost + "\" is an option of an optimizer, and none is named",
           "name one, such as \"sgd\", or give \"scale\": weights become W - scale * gradient");
}

// Everything an update depends on but its rate, which schedules may change from call to call.
std::string update_key(const TrainOptions& options, const std::vector<StepState>& parameters) {
  std::string key = options.optimizer;
  const auto add = [&](std::optional<double> value) { key += ' ' + (value ? number_text(*value, 17) : std::string("-")); };
  for (const auto& value : {options.momentum, options.weight_decay, options.beta2, options.rho, options.epsilon, options.clip_norm, options.clip_value})
    add(value);
  for (const double value : {options.dampening, options.beta1, options.learning_rate_decay, options.initial_accumulator}) add(value);
  for (const bool value : {options.nesterov, options.amsgrad, options.centered}) add(value);
  for (const StepState& parameter : parameters) key += '\n' + parameter.name;
  return key;
}

}  // namespace

AppliedUpdate& NeuralNetwork::State::update_by(const TrainOptions& chosen, const std::vector<StepState>& parameters) {
  std::string key = update_key(chosen, parameters);
  const bool goes_on = applied_update && applied_update->key == key;
  if (goes_on && applied_update->moves == moves) return *applied_update;
  const StepGraph step = update_step(context, *registry, parameters, chosen);
  auto update = std::make_unique<AppliedUpdate>();
  update->moves = moves;
  update->executable = compile(step.graph, true);
  const DType computed = step_type(type);
  for (const StepState& state : step.states) {
    auto room = allocate(static_cast<std::size_t>(state.type.shape.elements()) * size_of(computed));
    for (std::size_t i = 0; i < room->size() / size_of(computed); ++i) store_double(computed, room->host(), i, state.initial.front());
    update->memory.emplace(state.name, std::move(room));
  }
  if (goes_on) update->memory = std::move(applied_update->memory);  // on another device the same update
  update->key = std::move(key);
  applied_update = std::move(update);
  return *applied_update;
}

void NeuralNetwork::apply_gradients(const Gradients& gradients, const ApplyOptions& options) {
  State& net = *state_;
  if (const std::string own = structure_hash(net.model, net.built); !gradients.model_hash.empty() && gradients.model_hash != own)
    throw Error(Code::shape_mismatch, {.message = "the gradients are of another model", .reason = "GRADIENT", .path = "/modelHash",
                                       .expected = own, .actual = gradients.model_hash,
                                       .hint = "layers, sizes and pipes have to be the same; weights may differ"});
  TrainOptions chosen = options.options;
  chosen.optimizer = options.optimizer.empty() ? "sgd" : options.optimizer;
  chosen = with_defaults(std::move(chosen));
  const State::Chosen changes = net.chosen_parameters(chosen);
  std::vector<StepState> parameters;
  std::vector<const BuiltParameter*> known_parameters;
  std::map<std::string_view, const BuiltParameter*> by_name;
  for (const BuiltParameter& parameter : net.built.parameters) by_name.emplace(parameter.name, &parameter);
  for (const auto& [name, gradient] : gradients.gradients) {
    const auto found = by_name.find(name);
    const BuiltParameter* const known = found == by_name.end() ? nullptr : found->second;
    if (!known) {
      std::vector<std::string_view> names;
      for (const BuiltParameter& parameter : net.built.parameters) names.push_back(parameter.name);
      throw Error(Code::not_found, {.message = "there is no parameter \"" + name + "\" to apply a gradient to", .reason = "GRADIENT",
                                    .expected = one_of(names), .actual = "\"" + name + "\"",
                                    .hint = did_you_mean(name, names, "gradients are those of this model")});
    }
    if (!(gradient.shape() == known->type.shape))
      throw Error(Code::shape_mismatch, {.message = "the gradient of \"" + name + "\"", .reason = "GRADIENT",
                                         .path = pointer_to("/gradients", name),
                                         .expected = known->type.shape.text(), .actual = gradient.shape().text(),
                                         .hint = "gradients are those of this model"});
    for (std::size_t i = 0; i < gradient.elements(); ++i)
      if (!std::isfinite(gradient.at(i)))
        throw Error(Code::invalid_argument, {.message = "the gradient of \"" + name + "\" holds what is no number", .reason = "NOT_A_NUMBER",
                                             .path = pointer_to("/gradients", name), .expected = "finite numbers",
                                             .actual = number_text(gradient.at(i), 6),
                                             .hint = "compute it with a smaller rate before it, or leave it out"});
    if (changes.left_alone.contains(name)) continue;
    known_parameters.push_back(known);
  }
  // In the order of the model, as a training has them: the length that clipNorm bounds is summed in it.
  std::ranges::sort(known_parameters);
  for (const BuiltParameter* const known : known_parameters)
    parameters.push_back({.name = known->name, .type = {step_type(net.type), known->type.shape}});
  if (!std::isfinite(options.scale))
    throw Error(Code::invalid_argument, {.message = "the scale of gradients is no number", .reason = "OPTION", .path = "scale",
                                         .hint = "1 for gradients as they are, -1 to climb"});
  check_apply(options);
  if (parameters.empty()) return;
  // Without an optimizer: W - scale * gradient, at once: algorithms of programs come here for every batch.
  if (options.optimizer.empty()) {
    const std::lock_guard guard(net.turn);
    for (const BuiltParameter* const parameter : known_parameters) {
      const Tensor& gradient = gradients.gradients.at(parameter->name);
      Tensor numbers = net.master_of(*parameter).clone(net.context);  // the kept ones stay as they are until it has worked
      for (std::size_t i = 0; i < gradient.elements(); ++i)
        numbers.set(i, numbers.at(i) - options.scale * gradient.at(i));
      net.set_master(*parameter, std::move(numbers));
    }
    return;
  }
  const DType computed = step_type(net.type);
  const std::string prefix = "gradient of ";
  // What may fail comes before the turn, but for the update itself.
  std::map<std::string, Tensor, std::less<>> converted;
  for (const BuiltParameter* const parameter : known_parameters)
    converted.emplace(parameter->name, gradients.gradients.at(parameter->name).converted(net.context, computed));
  const std::unique_ptr<Buffer> rate = net.allocate(size_of(computed));
  store_double(computed, rate->host(), 0, *chosen.learning_rate);
  std::vector<std::unique_ptr<HostWindow>> windows;
  std::vector<Binding> bindings;
  const auto bind = [&](Tensor& tensor) {
    windows.push_back(std::make_unique<HostWindow>());
    windows.back()->look_at(tensor.data(), tensor.bytes());
    bindings.push_back({windows.back().get(), 0, 0});
  };
  std::vector<std::pair<const BuiltParameter*, Tensor>> coded;  // whose numbers are updated in place of codes or 16 bits
  coded.reserve(known_parameters.size());
  const std::lock_guard guard(net.turn);
  AppliedUpdate& update = net.update_by(chosen, parameters);
  for (const Slot& slot : update.executable->slots()) {
    const auto parameter = by_name.find(slot.name);
    if (parameter != by_name.end() && (parameter->second->code || computed != net.type)) {
      coded.emplace_back(parameter->second, Tensor(net.context, computed, parameter->second->type.shape));
      bind(coded.back().second);
    } else if (Buffer* const buffer = net.buffer(slot.name)) {
      bindings.push_back({buffer, 0, 0});
    } else if (slot.name.starts_with(prefix)) {
      bind(converted.find(slot.name.substr(prefix.size()))->second);
    } else if (Buffer* const memory = find_buffer(update.memory, slot.name)) {
      bindings.push_back({memory, 0, 0});
    } else {
      bindings.push_back({rate.get(), 0, 0});
    }
  }
  for (auto& [parameter, numbers] : coded) {
    const Tensor now = net.master_of(*parameter);
    std::memcpy(numbers.data(), now.data(), now.bytes());
  }
  const StopScope whole{StopScope::Never()};  // it writes in place
  update.executable->run(bindings, 1);
  for (auto& [parameter, numbers] : coded) net.set_master(*parameter, std::move(numbers));
}

}  // namespace webai
