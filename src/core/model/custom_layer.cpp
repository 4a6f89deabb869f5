// Declaring the parameters of a custom layer and calling its function.
#include "core/model/custom_layer.h"

#include <algorithm>
#include <deque>

#include "core/model/json.h"
#include "core/op/registry.h"

namespace webai {
namespace {

// Uniform by fan-in and fan-out where there are two dimensions or more, else within +-0.5 = sqrt(6 / (12 + 12)).
Initial start_of(const Shape& dims) {
  if (dims.rank() < 2) return Initial::uniform(12, 12);
  const std::size_t last = dims.rank() - 1;
  return Initial::uniform(dims.elements(0, last), dims[last]);
}

void collect(const Json& json, std::vector<double>& into) {
  if (json.is_number()) {
    into.push_back(json.as_number());
  } else if (json.is_packed()) {
    into.insert(into.end(), json.as_numbers().begin(), json.as_numbers().end());
  } else {
    for (std::size_t i = 0; i < json.size(); ++i) collect(json.at(i), into);
  }
}

}  // namespace

std::vector<double> numbers_in(const Json& json) {
  std::vector<double> numbers;
  collect(json, numbers);
  return numbers;
}

CustomOperation::CustomOperation(LayerBuilder& layer, const UserOperation& operation, Feeds feeds,
                                 std::function<Ref(Ref)> activation)
    : layer_(layer), operation_(operation), feeds_(std::move(feeds)), activation_(std::move(activation)) {}

Ref CustomOperation::run() {
  const std::size_t before = layer_.built().parameters.size();
  declare_all();
  const Ref result = call_function();
  layer_.sort_parameters(before);
  return result;
}

Ref CustomOperation::apply(Ref value) {
  as_activation_ = true;
  feeds_["input"] = {.value = value};
  values_.erase("input");
  size_.reset();
  declare_all();
  return call_function();
}

// A function that can be either is composed, unless it says that it needs numbers.
Ref CustomOperation::call_function() {
  if (!operation_.composed) return run_host();
  if (!operation_.host) return run_composed_function();
  if (std::ranges::find(operation_.call_with, "output") == operation_.call_with.end()) try {
      return run_composed_function();
    } catch (const Error& error) {
      if (error.code() != Code::symbolic) throw;
    }
  for (auto& [name, value] : values_) {
    value.next = no_value;
    if (value.kind == Value::open)
      no_size_of_array(name);
  }
  return run_host();
}

void CustomOperation::declare_all() {
  if (declared_) return;
  first_ = layer_.number_parameters(0);
  int count = 0;
  for (std::size_t i = 0; i < operation_.params.size(); ++i) {
    const OperationParameter& parameter = operation_.params[i];
    if (parameter.internal_state && as_activation_)
      fail(Code::unsupported, "STATE", "an operation with internal state cannot be an activation",
           "make it a layer: {\"type\": ...}");
    if (parameter.name == "input" && as_activation_) continue;
    resolve(parameter.name);
    Value& value = values_.find(parameter.name)->second;
    if (!value.declares) continue;
    value.index = count++;
    if (value.kind != Value::open) declare(i, value);  // those come as soon as their size is known
  }
  if (operation_.init_state && as_activation_)
    fail(Code::unsupported, "STATE", "an operation with internal state cannot be an activation",
         "make it a layer: {\"type\": ...}");
  layer_.number_parameters(count);
  lower_init_state();
  declared_ = true;
}

Ref CustomOperation::declare(std::size_t index, Value& value) {
  const OperationParameter& parameter = operation_.params[index];
  const Shape dims = value.kind == Value::number ? Shape{} : value.dims;
  Tensor initial;
  if (!value.stored && !value.given.is_null())
    initial = Tensor::from(layer_.builder().context(), layer_.type(), dims, numbers_in(value.given));
  if (value.stored) value.offset = layer_.stored_elements();
  value.ref = layer_.declare({.name = parameter.name,
                              .shape = dims,
                              .start = start_of(dims),
                              .trainable = value.trainable,
                              .scope = as_activation_ ? "activation/" : "",
                              .position = static_cast<int>(index) + (as_activation_ ? 1000 : 0),
                              .index = first_ + value.index},
                             value.stored, value.stored ? std::string() : pointer_to(layer_.layer().path, parameter.name),
                             std::move(initial));
  return value.ref;
}

Ref CustomOperation::run_composed_function() {
  Trace trace{.builder = layer_.builder(), .operation = operation_.name, .type = layer_.type(),
              .explicit_batch = operation_.explicit_batch};
  if (has_size()) trace.units = size().elements();
  std::vector<std::size_t> open;  // by index of the trace: the parameter
  trace.declare = [&](std::size_t index, const Shape& dims) {
    Value& value = values_.find(operation_.params[open[index]].name)->second;
    value.kind = Value::array;
    value.dims = dims;
    return declare(open[index], value);
  };
  const std::function<Variable(Variable)> activation = [&](Variable x) {
    return activation_ ? VariableAccess::make(trace, activation_(VariableAccess::ref(x))) : x;
  };
  std::vector<std::string> state_names;
  std::vector<Argument> state_arguments;
  for (auto& [name, value] : values_)
    if (value.state) {
      state_names.push_back(name);
      state_arguments.push_back(ArgumentAccess::state(VariableAccess::make(trace, value.ref), value.dims, &value.next));
    }
  const ForwardInputs states(state_names, state_arguments);
  std::deque<std::vector<double>> numbers;  // a deque: Arguments point into it
  std::vector<Argument> arguments;
  for (const std::string& entry : operation_.call_with) {
    const std::string_view name = without_prefix(entry);
    const bool special = call_prefix(entry) || name == "size" || name == "id";
    if (special) {
      const Json json = handed_entry(entry);
      numbers.push_back(numbers_in(json));
      const auto length = static_cast<std::int64_t>(numbers.back().size());
      arguments.push_back(json.is_array() ? ArgumentAccess::numbers(numbers.back(), Shape{length})
                                          : ArgumentAccess::number(numbers.back(), &trace));
    } else if (name == "activation") {
      arguments.push_back(layer_.layer().activation.empty() || as_activation_ ? Argument()
                                                                              : ArgumentAccess::activation(activation));
    } else if (name == "activationStr") {
      arguments.push_back(layer_.layer().activation.empty() ? Argument()
                                                            : ArgumentAccess::text(layer_.layer().activation));
    } else if (name == "state") {
      arguments.push_back(ArgumentAccess::states(states));
    } else if (name == "output") {
      fail(Code::unsupported, "CALL_WITH", "a function of Variables gives its result back: there is no \"" +
                                               std::string(name) + "\" to call it with",
           "leave the result out of callWith");
    } else {
      resolve(name);
      Value& value = values_.find(name)->second;
      if (value.state) {
        arguments.push_back(
            ArgumentAccess::state(VariableAccess::make(trace, value.ref), value.dims, &value.next));
      } else if (value.kind == Value::absent) {
        arguments.emplace_back();
      } else if (value.kind == Value::text) {
        arguments.push_back(ArgumentAccess::text(value.given.as_text()));
      } else if (value.kind == Value::open) {
        open.push_back(static_cast<std::size_t>(operation_.find(name) - operation_.params.data()));
        trace.open.emplace_back();
        trace.open_names.emplace_back(name);
        arguments.push_back(ArgumentAccess::variable(VariableAccess::open(trace, open.size() - 1), {}));
      } else if (value.kind == Value::number && !value.declares) {
        numbers.push_back({value.given.as_number()});
        arguments.push_back(ArgumentAccess::number(numbers.back(), &trace));
      } else {
        if (!value.ref)
          value.ref = layer_.builder().constant(
              Tensor::from(layer_.builder().context(), layer_.type(), value.dims, numbers_in(value.given)));
        arguments.push_back(ArgumentAccess::variable(VariableAccess::make(trace, value.ref), value.dims));
      }
    }
  }
  const Ref result = run_composed(trace, operation_.composed, arguments);
  for (auto& [name, value] : values_) {
    if (!value.state || value.next == no_value) continue;
    if (const DType type = layer_.builder().dtype({value.next}); type != layer_.type())
      fail(Code::type_mismatch, "STATE_TYPE", "the internal state \"" + name + "\" is of " + std::string(name_of(layer_.type())) +
                                                  " and cannot become " + std::string(name_of(type)),
           "a state keeps the type of the model: cast what it is to hold");
    const Shape& given = layer_.builder().shape({value.next});
    const bool for_all = !operation_.explicit_batch && (given.rank() == 0 || given.dim(0) != layer_.built().batch);
    if (for_all && given == value.dims) value.next = LayerBuilder::per_sample(layer_.builder(), {value.next}, value.ref).id;
    const Shape& next = layer_.builder().shape({value.next});
    if (!(next == layer_.builder().shape(value.ref))) {
      const bool each = operation_.explicit_batch || (next.rank() > 0 && next.dim(0) == layer_.built().batch);
      fail(Code::shape_mismatch, "STATE_SIZE", "the internal state \"" + name + "\" is of " + value.dims.text() +
                                                   " and cannot become " +
                                                   (each ? layer_.dims({value.next}).text() : "one for all samples"),
           "a state keeps its size: give it that size in its default, or in initState");
    }
    layer_.write(value.ref, {value.next});
  }
  return fitted(result);
}

// Of an operation that takes no data an input of the model says how many samples there are.
Ref CustomOperation::counted_by() {
  const std::vector<BuiltInput>& inputs = layer_.built().inputs;
  if (inputs.empty())
    fail(Code::invalid_model, "NO_INPUT", "nothing flows in, and no input stands before it: how many samples there are is not known",
         "put an input in front of the layer, or beside it: \"pipes\": [2]");
  return {inputs.front().value};
}

bool CustomOperation::takes_data() const {
  return !feeds_.empty() || std::ranges::any_of(values_, [](const auto& one) { return one.second.state; });
}

// To the size that was promised.
Ref CustomOperation::fitted(Ref value) {
  if (const DType type = layer_.builder().dtype(value); type != layer_.type() && !operation_.explicit_batch)
    throw Error(Code::type_mismatch, {.message = "operation \"" + operation_.name + "\" gives another type than its model's",
                                      .reason = "OP_OUTPUT_TYPE",
                                      .path = layer_.layer().path,
                                      .layer = layer_.layer().name,
                                      .operation = operation_.name,
                                      .expected = std::string(name_of(layer_.type())),
                                      .actual = std::string(name_of(type)),
                                      .hint = "let a last step make numbers of it: {\"op\": \"cast\", \"attributes\": {\"type\": \"" +
                                              std::string(name_of(layer_.type())) + "\"}}"});
  if (!operation_.explicit_batch && !takes_data()) value = LayerBuilder::per_sample(layer_.builder(), value, counted_by());
  const Shape& shape = layer_.builder().shape(value);
  if (!operation_.explicit_batch && (shape.rank() == 0 || shape.dim(0) != layer_.built().batch))
    fail(Code::invalid_model, "OP_OUTPUT_SIZE", "the result has no value for each sample: it does not depend on the input",
         "let it depend on the input");
  if (!has_size()) return value;
  const Shape dims = layer_.dims(value);
  if (dims == size()) return value;
  const std::int64_t wanted = size().elements(), got = dims.is_concrete() ? dims.elements() : -1;
  if (got == wanted) return layer_.reshaped(value, size());
  if (!operation_.fit_output || got < 0)
    throw Error(Code::shape_mismatch, {.message = "operation \"" + operation_.name + "\" gives another number of values "
                                                  "than the size of its layer",
                                       .reason = "OP_OUTPUT_SIZE",
                                       .path = layer_.layer().path,
                                       .layer = layer_.layer().name,
                                       .operation = operation_.name,
                                       .expected = size().text(),
                                       .actual = dims.text(),
                                       .hint = "correct the size, or define it with fitOutput"});
  const Ref flat = layer_.flattened(value);
  const std::size_t rank = layer_.builder().shape(flat).rank();
  const std::vector<std::int64_t> none(rank, 0);
  std::vector<std::int64_t> sizes(rank, -1), more(rank, 0);
  sizes.back() = wanted;
  more.back() = wanted - got;
  const Ref fitting = got > wanted ? layer_.emit("slice", {flat}, {{"starts", none}, {"sizes", sizes}})
                                   : layer_.emit("pad", {flat}, {{"beginningPadding", none}, {"endingPadding", more}});
  return layer_.reshaped(fitting, size());
}

}  // namespace webai
