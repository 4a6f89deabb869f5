// Calling a function of the program once a sample, forwards and backwards.
#include "core/model/host_operation.h"

#include <algorithm>
#include <array>
#include <new>

#include "core/model/host_activation.h"
#include "core/model/operation_failure.h"
#include "core/model/trace.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::array<std::string_view, 8> argument_kinds = {"absent", "number",     "list",   "text",
                                                   "input",  "activation", "output", "states"};

Shape sample_dims(const Operand& operand, bool batched) {
  return batched && operand.shape.rank() ? operand.shape.without(0) : operand.shape;
}

// Where nothing is said, all inputs are arrays of the data. Whole tensors are not cut into samples.
std::vector<HostArgument> arguments_of(const UserOperation& operation, const Attributes& attributes,
                                       std::size_t inputs) {
  std::vector<HostArgument> arguments = host_arguments(attributes.text("arguments"), inputs);
  for (HostArgument& argument : arguments) argument.batched = argument.batched && !operation.explicit_batch;
  return arguments;
}

// How often the function is called, and what for: once a sample, or once for a whole tensor.
std::int64_t calls_for(const UserOperation& operation, const Operand& output) {
  return operation.explicit_batch ? 1 : output.shape[0];
}
Shape result_dims(const UserOperation& operation, const Operand& output) {
  return operation.explicit_batch ? output.shape : output.shape.without(0);
}

// The arguments of one call, filled again for each sample.
class Call {
  // What the function throws reaches whoever runs the network, with its place.
  template <class Function> auto guarded(Function&& function) const {
    return of_operation(operation_.name, place_, std::forward<Function>(function));
  }

 public:
  Call(const UserOperation& operation, const KernelContext& context, std::size_t inputs, std::size_t output_elements,
       const HostCall& about)
      : operation_(operation),
        about_(about),
        place_(context.attributes.text("place")),
        inputs_(context.inputs.first(inputs)),
        specs_(arguments_of(operation, context.attributes, inputs)),
        values_(specs_.size()),
        functions_(specs_.size()),
        output_(output_elements) {
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const HostArgument& spec = specs_[i];
      std::vector<double>& values = values_[i];
      values = spec.numbers;
      Argument argument;
      switch (spec.kind) {
        case HostArgument::absent: break;
        case HostArgument::number: argument = ArgumentAccess::number(values); break;
        case HostArgument::list:
          argument = ArgumentAccess::numbers(values, Shape{static_cast<std::int64_t>(values.size())});
          break;
        case HostArgument::text: argument = ArgumentAccess::text(spec.words); break;
        case HostArgument::output: argument = ArgumentAccess::output(output_, about_.output); break;
        case HostArgument::states: break;
        case HostArgument::activation:
          functions_[i] = element_function(spec, operation_, about_.type);
          argument = ArgumentAccess::activation(&ElementFunction::call, &functions_[i]);
          break;
        case HostArgument::input: {
          const Shape dims = sample_dims(inputs_[spec.index], spec.batched);
          values.resize(static_cast<std::size_t>(dims.elements()));
          if (!spec.batched) load(spec, 0, values);
          if (spec.state) argument = ArgumentAccess::state(values, dims);
          else argument = spec.scalar ? ArgumentAccess::number(values) : ArgumentAccess::numbers(values, dims);
          break;
        }
      }
      arguments_.push_back(argument);
    }
    // The argument `state` holds all of them by name.
    for (std::size_t i = 0; i < specs_.size(); ++i)
      if (specs_[i].kind == HostArgument::input && specs_[i].state) {
        state_names_.push_back(specs_[i].words);
        state_arguments_.push_back(arguments_[i]);
      }
    states_.emplace(state_names_, state_arguments_);
    for (std::size_t i = 0; i < specs_.size(); ++i)
      if (specs_[i].kind == HostArgument::states) arguments_[i] = ArgumentAccess::states(*states_);
    // What was put behind the call list to hold the states is not handed over by itself.
    handed_ = std::span(arguments_).first(std::min(arguments_.size(), operation_.call_with.size()));
  }

  void set_sample(std::int64_t sample) {
    for (std::size_t i = 0; i < specs_.size(); ++i)
      if (specs_[i].kind == HostArgument::input && specs_[i].batched) load(specs_[i], sample, values_[i]);
    std::ranges::fill(output_, 0.0);
  }

  std::vector<double> forward() {
    bool writes = false;
    for (const HostArgument& spec : specs_) writes = writes || spec.kind == HostArgument::output;
    std::vector<double> result = guarded([&] { return operation_.host(handed_, about_); });
    if (result.empty() && writes) return output_;
    if (result.size() == output_.size()) return result;
    if (!operation_.fit_output)
      throw Error(Code::shape_mismatch, {.message = "operation \"" + operation_.name + "\" gave another number of values "
                                                    "than the size of its layer",
                                         .reason = "OP_OUTPUT_SIZE",
                                         .path = place_,
                                         .operation = operation_.name,
                                         .expected = std::to_string(output_.size()),
                                         .actual = std::to_string(result.size()),
                                         .hint = "correct the size, or define it with fitOutput"});
    result.resize(output_.size());
    return result;
  }

  ParameterGradients backward(std::span<const double> output, std::span<const double> output_gradient) {
    return guarded([&] {
      return operation_.gradient(ForwardInputs(operation_.call_with, handed_), output, output_gradient, about_);
    });
  }

  /// What the function left in its internal states goes to the outputs behind the first.
  void keep_states(std::span<const Operand> outputs, std::int64_t sample) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      if (specs_[i].kind != HostArgument::input || !specs_[i].state) continue;
      const Operand& output = outputs[++at];
      const auto first = sample * static_cast<std::int64_t>(values_[i].size());
      for (std::size_t k = 0; k < values_[i].size(); ++k)
        output.store(first + static_cast<std::int64_t>(k), values_[i][k]);
    }
  }

  const std::vector<HostArgument>& specs() const { return specs_; }
  const std::string& place() const { return place_; }

 private:
  void load(const HostArgument& spec, std::int64_t sample, std::vector<double>& into) const {
    const auto first = sample * static_cast<std::int64_t>(into.size());
    for (std::size_t k = 0; k < into.size(); ++k)
      into[k] = inputs_[spec.index].load(first + static_cast<std::int64_t>(k));
  }

  const UserOperation& operation_;
  const HostCall about_;
  const std::string& place_;
  std::span<const Operand> inputs_;
  std::vector<HostArgument> specs_;
  std::vector<std::vector<double>> values_;
  std::vector<ElementFunction> functions_;
  std::vector<double> output_;
  std::vector<Argument> arguments_, state_arguments_;
  std::vector<std::string> state_names_;
  std::optional<ForwardInputs> states_;
  std::span<const Argument> handed_;
};

std::vector<double> row_of(const Operand& operand, std::int64_t row, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = operand.load(row * static_cast<std::int64_t>(count) + static_cast<std::int64_t>(i));
  return values;
}

void run_forward(const UserOperation& operation, const KernelContext& context) {
  const Operand& output = context.outputs[0];
  const std::int64_t batch = calls_for(operation, output);
  const Shape dims = result_dims(operation, output);
  const auto count = static_cast<std::size_t>(dims.elements());
  Call call(operation, context, context.inputs.size(), count, {output.type, dims});
  for (std::int64_t sample = 0; sample < batch; ++sample) {
    call.set_sample(sample);
    const std::vector<double> result = call.forward();
    for (std::size_t i = 0; i < count; ++i)
      output.store(sample * static_cast<std::int64_t>(count) + static_cast<std::int64_t>(i), result[i]);
    call.keep_states(context.outputs, sample);
  }
}

// Inputs are those of the operation, its output and the output's gradient.
void run_backward(const UserOperation& operation, const KernelContext& context) {
  const std::size_t inputs = context.outputs.size();
  const Operand &output = context.inputs[inputs], &arriving = context.inputs[inputs + 1];
  const std::int64_t batch = calls_for(operation, output);
  const Shape dims = result_dims(operation, output);
  const auto count = static_cast<std::size_t>(dims.elements());
  Call call(operation, context, inputs, count, {output.type, dims});
  std::vector<std::vector<double>> sums(inputs);
  for (std::size_t i = 0; i < inputs; ++i)
    sums[i].resize(static_cast<std::size_t>(context.inputs[i].shape.elements()));
  const auto wrong = [&](const std::string& name, std::size_t expected, std::size_t actual) {
    throw Error(Code::shape_mismatch, {.message = "the gradient of operation \"" + operation.name + "\" by \"" + name +
                                                  "\" has another number of values",
                                       .reason = "GRADIENT_SIZE",
                                       .path = call.place(),
                                       .operation = operation.name,
                                       .expected = std::to_string(expected),
                                       .actual = std::to_string(actual),
                                       .hint = "a gradient has the shape of what it is taken by"});
  };
  for (std::int64_t sample = 0; sample < batch; ++sample) {
    call.set_sample(sample);
    const auto gradients = call.backward(row_of(output, sample, count), row_of(arriving, sample, count));
    for (const auto& [name, values] : gradients) {
      bool known = false;
      for (std::size_t a = 0; a < call.specs().size() && !known; ++a) {
        if (a >= operation.call_with.size() || operation.call_with[a] != name) continue;
        known = true;
        const HostArgument& spec = call.specs()[a];
        if (spec.kind != HostArgument::input) continue;  // a constant of the model: nothing to learn
        std::vector<double>& sum = sums[spec.index];
        const std::size_t expected = spec.batched ? sum.size() / static_cast<std::size_t>(batch) : sum.size();
        if (values.size() != expected) wrong(name, expected, values.size());
        const std::size_t first = spec.batched ? static_cast<std::size_t>(sample) * expected : 0;
        for (std::size_t i = 0; i < expected; ++i) sum[first + i] += values[i];
      }
      if (!known)
        throw Error(Code::not_found, {.message = "operation \"" + operation.name + "\" gave a gradient by \"" + name +
                                                 "\", which it is not called with",
                                      .reason = "GRADIENT_NAME",
                                      .path = call.place(),
                                      .operation = operation.name,
                                      .hint = "give gradients by the arrays in callWith alone"});
    }
  }
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t k = 0; k < sums[i].size(); ++k) context.outputs[i].store(static_cast<std::int64_t>(k), sums[i][k]);
}

std::vector<AttributeSpec> host_attributes() {
  return {{"arguments", AttributeKind::text, std::string(), "what the function is called with"},
          {"size", AttributeKind::integers, std::vector<std::int64_t>{}, "of one sample's result; empty: of the first input"},
          {"place", AttributeKind::text, std::string(), "the layer, for error texts"}};
}

void forward_shape(const UserOperation& operation, ShapeContext& shapes) {
  const auto arguments = arguments_of(operation, shapes.attributes(), shapes.input_count());
  const bool whole = operation.explicit_batch;
  const auto first = std::ranges::find_if(arguments, [&](const HostArgument& argument) {
    return argument.kind == HostArgument::input && (argument.batched || whole);
  });
  shapes.require(first != arguments.end() && (whole || shapes.shape(first->index).rank() > 0), "C1",
                 "at least one argument comes from the data");
  const Shape& input = shapes.shape(first->index);
  const std::vector<std::int64_t>& size = shapes.attributes().integers("size");
  const Shape dims = size.empty() ? input : Shape(size);
  shapes.output(shapes.type(first->index), size.empty() || whole ? dims : dims.inserted(0, input.dim(0)));
  for (const HostArgument& argument : arguments)
    if (argument.kind == HostArgument::input && argument.state)
      shapes.output(shapes.type(argument.index), shapes.shape(argument.index));
}

}  // namespace

std::string text_of(const std::vector<HostArgument>& arguments) {
  std::vector<Json> list;
  for (const HostArgument& argument : arguments)
    list.push_back(Json::object({{"kind", Json::text(std::string(argument_kinds[argument.kind]))},
                                 {"numbers", Json::numbers(argument.numbers)},
                                 {"words", Json::text(argument.words)},
                                 {"index", Json::integer(static_cast<std::int64_t>(argument.index))},
                                 {"batched", Json::boolean(argument.batched)},
                                 {"scalar", Json::boolean(argument.scalar)},
                                 {"state", Json::boolean(argument.state)}}));
  return write_json(Json::array(std::move(list)));
}

std::vector<HostArgument> host_arguments(std::string_view text, std::size_t inputs) {
  std::vector<HostArgument> arguments;
  if (text.empty()) {
    for (std::size_t i = 0; i < inputs; ++i)
      arguments.push_back({.kind = HostArgument::input, .index = i, .batched = true});
    return arguments;
  }
  const Json list = read_json(text, Limits());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json entry = list.at(i);
    HostArgument argument;
    const auto kind = std::ranges::find(argument_kinds, std::string_view(entry.find("kind")->as_text()));
    argument.kind = static_cast<HostArgument::Kind>(kind - argument_kinds.begin());
    const auto numbers = entry.find("numbers")->as_numbers();
    argument.numbers.assign(numbers.begin(), numbers.end());
    argument.words = entry.find("words")->as_text();
    argument.index = static_cast<std::size_t>(entry.find("index")->as_integer().value_or(0));
    argument.batched = entry.find("batched")->as_boolean();
    argument.scalar = entry.find("scalar")->as_boolean();
    argument.state = entry.find("state")->as_boolean();
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

std::vector<OpDef> host_operators(const std::shared_ptr<const UserOperation>& operation) {
  OpDef forward;
  forward.name = operation->name;
  forward.domain = operation->domain;
  forward.doc = operation->doc;
  forward.formula = "a function of the program";
  forward.inputs = {{"inputs", "what the function is called with", InputSpec::variadic}};
  forward.attributes = host_attributes();
  forward.constraints = {{"C1", "at least one argument comes from the data"}};
  forward.activation = operation->activation;
  forward.random = true;  // what the function answers may change from call to call: neither folded nor merged
  forward.samples = {{{Shape{2, 3}}}};
  forward.shape = [operation](ShapeContext& shapes) { forward_shape(*operation, shapes); };
  forward.reference = [operation](const KernelContext& context) { run_forward(*operation, context); };
  if (!operation->gradient) {
    forward.not_differentiable = "it is a function of plain numbers that was defined without its gradient";
    return {std::move(forward)};
  }
  OpDef backward = forward;
  backward.name += "/gradient";  // no program can define such a name
  backward.activation = false;
  backward.constraints = {};
  backward.not_differentiable = "the gradient of a function of plain numbers is one too";
  backward.shape = [](ShapeContext& shapes) {
    for (std::size_t i = 0; i + 2 < shapes.input_count(); ++i) shapes.output(shapes.type(i), shapes.shape(i));
  };
  backward.reference = [operation](const KernelContext& context) { run_backward(*operation, context); };
  const std::string name = backward.domain + "#" + backward.name;
  forward.gradient = [name](GradientContext& context) {
    std::vector<Ref> inputs(context.inputs.begin(), context.inputs.end());
    inputs.push_back(context.outputs[0]);
    inputs.push_back(context.output_gradients[0]);
    return context.builder.emit_all(name, inputs, context.attributes);
  };
  std::vector<OpDef> both;
  both.push_back(std::move(forward));
  both.push_back(std::move(backward));
  return both;
}

}  // namespace webai
