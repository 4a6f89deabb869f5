// What a function of plain numbers is called with.
#include <algorithm>

#include "core/model/custom_layer.h"
#include "core/model/json.h"
#include "core/op/elementwise.h"
#include "core/op/registry.h"

namespace webai {

// A function that is handed an array has it from its first element on, so that is where it is for it: the offset in
// setup.data is told where the array is not.
Json CustomOperation::handed_entry(const std::string& entry) {
  const bool has_array = call_prefix(entry) == '^' && std::ranges::find(operation_.call_with, without_prefix(entry)) != operation_.call_with.end();
  return has_array ? Json::integer(0) : evaluated_entry(entry);
}

HostArgument CustomOperation::host_input(const Value& value, std::string_view name, std::vector<Ref>& inputs,
                                         std::vector<Ref>& states) const {
  HostArgument argument{.kind = HostArgument::input,
                        .words = std::string(name),
                        .index = inputs.size(),
                        .batched = value.batched,
                        .scalar = value.kind == Value::number,
                        .state = value.state};
  inputs.push_back(value.ref);
  if (value.state) states.push_back(value.ref);
  return argument;
}

// The layer's activation as a function of one number: the library's, or one of the program's own that is made of plain
// numbers too.
HostArgument CustomOperation::activation_handle() {
  const Layer& layer = layer_.layer();
  if (const auto& own = layer.custom_activation; own && own->host) {
    CustomOperation called(layer_, *own, Feeds(), {});
    std::vector<HostArgument> arguments = called.as_handle();
    operation_.host_activations->add(own);
    return {.kind = HostArgument::activation, .words = own->domain + "#" + own->name + "\n" + text_of(arguments)};
  }
  const OpDef* op = layer_.builder().registry().find(layer.domain, layer.activation);
  if (!op || !op->elementwise || op->elementwise->inputs != 1 || layer.custom_activation)
    fail(Code::unsupported, "ACTIVATION_HANDLE",
         "a function of plain numbers can call elementwise activations of the library and functions of plain numbers, not \"" +
             layer.activation + "\"",
         "write \"core#tanh\" for the library's, or compose the operation of Variables", "activation");
  std::vector<double> constants;
  for (const Elementwise::Attribute& attribute : op->elementwise->attributes()) {
    const Json* given = layer.properties.find(attribute.name);
    constants.push_back(given && given->is_number() ? given->as_number() : attribute.fallback);
  }
  return {.kind = HostArgument::activation, .numbers = std::move(constants), .words = std::string(op->elementwise->name)};
}

// It is called with an array of one number, and what the network would have to keep for it has no place.
std::vector<HostArgument> CustomOperation::as_handle() {
  as_activation_ = true;
  Value element;
  element.kind = Value::array;
  element.batched = true;
  element.dims = Shape{1};
  element.ref = Ref{0};  // only its place counts
  values_["input"] = element;
  size_ = element.dims;
  bool plain = !operation_.init_state;
  for (const OperationParameter& parameter : operation_.params) {
    if (parameter.name == "input") continue;
    const Value* const value = parameter.internal_state ? nullptr : &resolve(parameter.name);
    plain = plain && value && !value->declares && value->kind != Value::open;
  }
  if (!plain)
    fail(Code::unsupported, "ACTIVATION_HANDLE", "an activation that a function of plain numbers calls keeps nothing in the network",
         "give its parameters as numbers, or make it a layer behind: {\"type\": ...}", "activation");
  std::vector<Ref> inputs, states;
  return host_list(inputs, states);
}

// `states`: in the order of the operator's further outputs.
std::vector<HostArgument> CustomOperation::host_list(std::vector<Ref>& inputs, std::vector<Ref>& states) {
  std::vector<HostArgument> arguments;
  const Layer& layer = layer_.layer();
  for (const std::string& entry : operation_.call_with) {
    const std::string_view name = without_prefix(entry);
    if (call_prefix(entry) || name == "size" || name == "id") {
      const Json json = handed_entry(entry);
      arguments.push_back({.kind = json.is_array() ? HostArgument::list : HostArgument::number, .numbers = numbers_in(json)});
    } else if (name == "output") {
      arguments.push_back({.kind = HostArgument::output});
    } else if (name == "activationStr" && !layer.activation.empty()) {
      arguments.push_back({.kind = HostArgument::text, .words = layer.activation});
    } else if (name == "activation" && !layer.activation.empty() && !as_activation_) {
      arguments.push_back(activation_handle());
    } else if (name == "state") {
      arguments.push_back({.kind = HostArgument::states});
    } else if (is_reserved_parameter(name) && name != "input") {
      arguments.emplace_back();
    } else {
      const Value& value = resolve(name);
      if (value.kind == Value::absent)
        arguments.emplace_back();
      else if (value.kind == Value::text)
        arguments.push_back({.kind = HostArgument::text, .words = value.given.as_text()});
      else if (value.ref)
        arguments.push_back(host_input(value, name, inputs, states));
      else if (value.kind == Value::number)
        arguments.push_back({.kind = HostArgument::number, .numbers = {value.given.as_number()}});
      else
        arguments.push_back({.kind = HostArgument::list, .numbers = numbers_in(value.given)});
    }
  }
  return arguments;
}

Ref CustomOperation::run_host() {
  std::vector<Ref> inputs, states;
  std::vector<HostArgument> arguments = host_list(inputs, states);
  std::vector<std::int64_t> dims;
  for (const Dimension dim : size().dims()) dims.push_back(dim.value());
  if (dims.empty()) dims = {1};  // of a scalar: an empty list would mean the size of the first input
  // States that the call list does not name are reached by `state`: they stand behind it.
  for (const auto& [name, value] : values_)
    if (value.state && std::ranges::find(operation_.call_with, name) == operation_.call_with.end()) arguments.push_back(host_input(value, name, inputs, states));
  // So does what counts the samples of an operation that takes no data.
  if (!takes_data()) {
    arguments.push_back({.kind = HostArgument::input, .index = inputs.size(), .batched = true});
    inputs.push_back(operation_.explicit_batch ? layer_.builder().scalar(0, layer_.type()) : counted_by());
  }
  const std::vector<Ref> outputs =
      layer_.builder().emit_all(operation_.domain + "#" + operation_.name, inputs,
                                {{"arguments", text_of(arguments)}, {"size", dims}, {"place", layer_.layer().path}});
  for (std::size_t i = 0; i < states.size(); ++i) layer_.write(states[i], outputs[i + 1]);
  return layer_.reshaped(outputs.front(), size());
}

}  // namespace webai
