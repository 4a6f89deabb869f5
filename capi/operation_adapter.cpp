#include "capi/operation_adapter.h"

#include <algorithm>
#include <deque>

#include "capi/guard.h"
#include "capi/json.h"
#include "capi/layer_activation.h"
#include "capi/network.h"
#include "capi/symbol.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

// Ends with the call, however it ends.
class CompositionScope {
 public:
  explicit CompositionScope(Registered& operation) : composition_(std::make_shared<Composition>(operation)) {}
  ~CompositionScope() { composition_->end(); }
  CompositionScope(const CompositionScope&) = delete;
  CompositionScope& operator=(const CompositionScope&) = delete;
  const std::shared_ptr<Composition>& get() const noexcept { return composition_; }

 private:
  const std::shared_ptr<Composition> composition_;
};

// There is nothing to write to while a graph is built.
class SymbolicOutputs final : public CallOutputs {
 public:
  Value at(std::size_t) override {
    refuse(Code::symbolic, "SYMBOLIC", "there is no output to write to while a graph is built",
           "return the status WEBAI_SYMBOLIC, then the function is called with numbers on every run");
  }
};

Tensor tensor_of(const webai_context& context, DType type, const Shape& dims, std::span<const double> numbers) {
  return Tensor::from(context.core(), type, dims, numbers);
}

// Dimensions, ids and counts are lists; arrays are tensors.
bool is_list(std::string_view entry) {
  return entry == "size" || entry == "id" || (!entry.empty() && std::string_view(":&$#^%").find(entry.front()) != std::string_view::npos);
}

// The values of one call with numbers, and what the callback may write to.
class HostFrame final : public CallOutputs {
 public:
  HostFrame(webai_context& context, const HostCall& call, std::shared_ptr<const Composition> life)
      : context_(context), call_(call), life_(std::move(life)) {}

  Value at(std::size_t index) override {
    if (index != 0) refuse(Code::invalid_argument, "OUTPUT", "an operation has one output, number 0");
    if (!output_) output_ = make_tensor(context_, Tensor(context_.core(), call_.type, call_.output));
    return output_;
  }

  Value value_of(const Argument& argument, std::string_view entry) {
    switch (argument.kind()) {
      case Argument::Kind::number:
        return make_number(context_, argument.number());
      case Argument::Kind::numbers: {
        const std::span<const double> numbers = argument.numbers();
        if (is_list(entry)) return make_numbers(context_, {numbers.begin(), numbers.end()});
        return array(argument.dims(), numbers);
      }
      case Argument::Kind::text:
        return make_text(context_, argument.text());
      case Argument::Kind::output:
        return at(0);
      case Argument::Kind::activation:
        return make<LayerActivation>(context_, 0, argument, life_);
      case Argument::Kind::state:
        if (entry != "state") return state(argument);
        return states(argument);
      default:
        // As in compose.
        if (entry == "activation") return make<LayerActivation>(context_, 0, argument, life_);
        return {};
    }
  }

  Value array(const Shape& dims, std::span<const double> numbers) const {
    return make_tensor(context_, tensor_of(context_, call_.type, dims, numbers));
  }

  /// What the callback left in its states.
  void write_back() const {
    for (const auto& [to, from] : written_) {
      const Tensor& tensor = static_cast<TensorValue*>(from.get())->tensor();
      convert(tensor.type(), tensor.data(), DType::fp64, to.data(), to.size());
    }
  }
  webai_value* output() const noexcept { return output_.get(); }

 private:
  Value state(const Argument& argument) {
    const std::span<double> numbers = argument;
    Value made = array(argument.dims(), numbers);
    written_.emplace_back(numbers, made);
    return made;
  }

  Value states(const Argument& argument) {
    std::vector<Map::Entry> entries;
    for (const std::string& name : argument.names()) entries.emplace_back(name, state(argument[name]));
    return make_map(context_, std::move(entries));
  }

  webai_context& context_;
  const HostCall& call_;
  const std::shared_ptr<const Composition> life_;
  Value output_;
  std::vector<std::pair<std::span<double>, Value>> written_;
};

}  // namespace

std::vector<double> numbers_from_value(const Context&, webai_value* value, std::string_view what) {
  std::vector<double> numbers(collect_numbers(value, DType::fp64, nullptr, 0, what));
  collect_numbers(value, DType::fp64, numbers.data(), numbers.size(), what);
  return numbers;
}

OperationAdapter::OperationAdapter(webai_context& context, std::shared_ptr<Registered> registered,
                                   const OperationDefinition& definition)
    : context_(context), registered_(std::move(registered)), call_with_(definition.call_with) {
  for (const OperationParameter& parameter : definition.params)
    if (parameter.internal_state) states_.push_back(parameter.name);
}

void OperationAdapter::fail(Code code, const char* reason, const std::string& message, std::string hint) const {
  throw Error(code, {.message = "operation \"" + registered_->name() + "\" " + message,
                     .reason = reason,
                     .operation = registered_->name(),
                     .hint = std::move(hint)});
}

// A failure carries the name of the operation; its place is added by whoever called.
Value OperationAdapter::called(Function& function, const std::vector<Value>& arguments, CallOutputs* outputs) const {
  std::vector<webai_value*> raw;
  for (const Value& argument : arguments) raw.push_back(argument.get());
  try {
    return function.call(raw, outputs);
  } catch (const HostFailure& failure) {
    ErrorDetails details = failure.details();
    if (details.operation.empty()) details.operation = registered_->name();
    throw HostFailure(failure.code(), std::move(details), failure.cause());
  }
}

Variable OperationAdapter::compose(Arguments arguments) const {
  const Ref<Function> function = registered_->function();
  const CompositionScope scope(*registered_);
  const Variable* like = nullptr;
  std::deque<Variable> variables;
  std::vector<Value> values;
  const auto symbol = [&](const Argument& argument) {
    variables.push_back(argument);
    if (!like) like = &variables.back();
    return make_symbol(context_, variables.back(), scope.get());
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    switch (argument.kind()) {
      case Argument::Kind::number:
        values.push_back(make_number(context_, argument.number()));
        break;
      case Argument::Kind::numbers:
        values.push_back(make_numbers(context_, {argument.numbers().begin(), argument.numbers().end()}));
        break;
      case Argument::Kind::text:
        values.push_back(make_text(context_, argument.text()));
        break;
      case Argument::Kind::variable:
        values.push_back(symbol(argument));
        break;
      case Argument::Kind::activation:
        values.push_back(make<LayerActivation>(context_, 0, argument, scope.get()));
        break;
      case Argument::Kind::state: {
        std::vector<Map::Entry> entries;
        for (const std::string& name : argument.names()) entries.emplace_back(name, symbol(argument[name]));
        values.push_back(make_map(context_, std::move(entries)));
        break;
      }
      default:
        values.emplace_back();
        // A layer without activation: what is called gives back what it gets.
        if (call_with_[i] == "activation") values.back() = make<LayerActivation>(context_, 0, argument, scope.get());
    }
  }
  SymbolicOutputs outputs;
  const Value result = called(*function, values, &outputs);
  const auto variable = [&](webai_value* value) -> Variable {
    if (!value) fail(Code::host_error, "OPERATION_RESULT", "gave no result", "return a tensor, or write to webai_call_output");
    if (const Symbol* const given = symbol_of(value)) {
      if (given->composition != scope.get())
        fail(Code::invalid_argument, "VARIABLE", "gave a value of another operation");
      return given->variable;
    }
    if (!like) fail(Code::host_error, "OPERATION_RESULT", "is composed of no arrays");
    if (kind_of(value) == WEBAI_NUMBER) return constant(static_cast<Number*>(value)->value, *like);
    return constant(tensor_from_value(context_.core(), like->type(), value, "the result of an operation"), *like);
  };
  const auto holds_symbol = [](List& list) {
    for (std::size_t i = 0; !list.numbers() && i < list.size(); ++i)
      if (symbol_of(list.at(i))) return true;
    return false;
  };
  if (kind_of(result.get()) != WEBAI_LIST || !holds_symbol(*static_cast<List*>(result.get()))) return variable(result.get());
  auto& list = *static_cast<List*>(result.get());
  std::vector<Variable> all;
  for (std::size_t i = 0; i < list.size(); ++i) all.push_back(variable(list.at(i)));
  set_states(arguments, all);
  return all.front();
}

// Behind the output stand the next values of the internal states.
void OperationAdapter::set_states(Arguments arguments, const std::vector<Variable>& results) const {
  const Argument* all = nullptr;
  std::vector<std::string> names = states_;
  for (std::size_t i = 0; i < arguments.size() && i < call_with_.size(); ++i)
    if (call_with_[i] == "state") all = &arguments[i];
  if (all)
    for (const std::string& name : all->names())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);  // of initState
  if (results.size() != names.size() + 1)
    throw Error(Code::host_error, {.message = "operation \"" + registered_->name() + "\" gave a list of another length",
                                   .reason = "OPERATION_RESULT",
                                   .operation = registered_->name(),
                                   .expected = "the output and the next value of each of its " + std::to_string(names.size()) + " internal states",
                                   .actual = std::to_string(results.size())});
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto at = std::ranges::find(call_with_, names[k]);
    if (at != call_with_.end())
      arguments[static_cast<std::size_t>(at - call_with_.begin())].set(results[k + 1]);
    else if (all)
      (*all)[names[k]].set(results[k + 1]);
    else
      fail(Code::host_error, "OPERATION_RESULT", "is not called with its internal state \"" + names[k] + "\"");
  }
}

std::vector<double> OperationAdapter::run(Arguments arguments, const HostCall& call) const {
  const Ref<Function> function = registered_->function();
  const CompositionScope scope(*registered_);  // how long the activation can be called
  HostFrame frame(context_, call, scope.get());
  std::vector<Value> values;
  for (std::size_t i = 0; i < arguments.size(); ++i) values.push_back(frame.value_of(arguments[i], call_with_[i]));
  const Value result = called(*function, values, &frame);
  frame.write_back();
  if (!result && !frame.output())
    fail(Code::host_error, "OPERATION_RESULT", "gave no result", "return a tensor, or write to webai_call_output");
  return numbers_from_value(context_.core(), result ? result.get() : frame.output(), "the result of an operation");
}

ParameterGradients OperationAdapter::gradient(const ForwardInputs& inputs, std::span<const double> output,
                                              std::span<const double> output_gradient, const HostCall& call) const {
  const Ref<Function> function = registered_->function(1);
  const CompositionScope scope(*registered_);
  HostFrame frame(context_, call, scope.get());
  std::vector<Map::Entry> entries;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (std::ranges::find(entries, call_with_[i], &Map::Entry::first) == entries.end())
      entries.emplace_back(call_with_[i], frame.value_of(inputs[i], call_with_[i]));
  const std::vector<Value> values = {make_map(context_, std::move(entries)), frame.array(call.output, output),
                                     frame.array(call.output, output_gradient)};
  const Value result = called(*function, values, nullptr);
  if (kind_of(result.get()) != WEBAI_MAP)
    throw Error(Code::host_error, {.message = "the gradient of operation \"" + registered_->name() + "\" gave no map",
                                   .reason = "OPERATION_RESULT",
                                   .operation = registered_->name(),
                                   .expected = "a map from names of arguments to their gradients",
                                   .actual = std::string(kind_name(kind_of(result.get())))});
  ParameterGradients gradients;
  for (const auto& [name, value] : static_cast<Map*>(result.get())->entries())
    if (value) gradients.emplace(name, numbers_from_value(context_.core(), value.get(), name));
  return gradients;
}

std::function<Json(std::span<const Json>)> json_function(webai_context& context, std::shared_ptr<Registered> registered,
                                                         std::size_t index) {
  return [&context, registered = std::move(registered), index](std::span<const Json> given) {
    const Ref<Function> function = registered->function(index);
    std::vector<Value> values;
    std::vector<webai_value*> raw;
    for (const Json& json : given) raw.push_back(values.emplace_back(value_from_json(context, json)).get());
    return json_from_value(function->call(raw).get(), TensorForm::array);
  };
}

}  // namespace webai::capi
