// Operations as functions. One of the library is a graph of one node; one of a program stands in a model of one layer.
#include "webai/functions.hpp"

#include <algorithm>

#include "compiler/compile.h"
#include "core/base/names.h"
#include "core/model/definitions.h"
#include "core/model/json.h"
#include "core/model/layer_def.h"
#include "core/model/setup_data.h"
#include "core/op/registry.h"
#include "network/devices.h"
#include "webai/error.hpp"

namespace webai {

struct OperationFunction::Source {
  Context context;
  DType type = DType::fp32;
  std::string device;
  std::shared_ptr<const Registry> registry;
  const OpDef* op = nullptr;                       ///< either this
  std::shared_ptr<const UserOperation> operation;  ///< or this
  VariantFunction variant;                         ///< instead of either

  Tensor run_operator(std::span<const FunctionValue> arguments, const std::vector<std::string>& names) const;
  Tensor run_operation(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
                       FunctionState* state) const;
  /// A model whose one layer is the operation, with what the arguments say; their arrays in the order of its inputs.
  Json model(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
             std::vector<double>& inputs) const;
  Tensor tensor_of(const FunctionValue& value) const;
};

namespace {

[[noreturn]] void wrong(const std::string& function, const std::string& message, std::string reason = "ARGUMENT") {
  throw Error(Code::invalid_argument,
              {.message = function + ": " + message, .reason = std::move(reason), .operation = function});
}

// fusedMatMul is called as the proposal writes it; others take inputs, then attributes.
std::vector<std::string> call_order(const OpDef& op) {
  if (op.domain == "core" && op.name == "fusedMatMul")
    return {"a", "b", "transposeA", "transposeB", "bias", "activation"};
  std::vector<std::string> order;
  for (const InputSpec& input : op.inputs) order.push_back(input.name);
  for (const AttributeSpec& attribute : op.attributes) order.push_back(attribute.name);
  return order;
}

std::vector<std::string> call_order(const UserOperation& operation) {
  std::vector<std::string> order;
  for (const std::string& entry : operation.call_with) {
    const OperationParameter* parameter = operation.find(entry);
    const bool given = entry == "input" || entry == "activation" || (parameter && !parameter->internal_state);
    if (given && std::ranges::find(order, entry) == order.end()) order.push_back(entry);
  }
  return order;
}

bool is_stateful(const UserOperation& operation) {
  return operation.init_state || std::ranges::any_of(operation.params, &OperationParameter::internal_state);
}

AttributeValue attribute_of(const OpDef& op, const AttributeSpec& spec, const Tensor* tensor, const double* number,
                            const bool* flag, const std::string* text) {
  switch (spec.kind) {
    case AttributeKind::boolean:
      if (flag) return *flag;
      if (number) return *number != 0;
      break;
    case AttributeKind::integer:
      if (number) return static_cast<std::int64_t>(*number);
      break;
    case AttributeKind::number:
      if (number) return *number;
      break;
    case AttributeKind::text:
      if (text) return *text;
      break;
    case AttributeKind::graph:
      break;
    case AttributeKind::integers:
    case AttributeKind::numbers: {
      std::vector<double> values;
      if (number) values = {*number};
      if (tensor)
        for (std::size_t i = 0; i < tensor->elements(); ++i) values.push_back(tensor->at(i));
      if (!number && !tensor) break;
      if (spec.kind == AttributeKind::numbers) return values;
      return std::vector<std::int64_t>(values.begin(), values.end());
    }
  }
  wrong(op.name, "\"" + spec.name + "\" is of another kind");
}

}  // namespace

Tensor OperationFunction::Source::tensor_of(const FunctionValue& value) const {
  if (const Tensor* tensor = std::get_if<Tensor>(&value.value_)) return *tensor;
  double number = 0;
  if (const double* given = std::get_if<double>(&value.value_)) number = *given;
  if (const bool* flag = std::get_if<bool>(&value.value_)) number = *flag ? 1 : 0;
  return Tensor::from(context, type, Shape{}, std::span(&number, 1));
}

Tensor OperationFunction::Source::run_operator(std::span<const FunctionValue> arguments,
                                               const std::vector<std::string>& names) const {
  Graph graph;
  GraphBuilder builder(context, *registry, graph);
  std::vector<Tensor> tensors;
  std::vector<Ref> inputs(op->inputs.size());
  Attributes attributes;
  // Of an operator that takes any number of arrays all arrays in front are inputs; then come the attributes.
  const bool variadic = !op->inputs.empty() && op->inputs.back().presence == InputSpec::variadic;
  std::size_t arrays = 0;
  while (variadic && arrays < arguments.size() && std::holds_alternative<Tensor>(arguments[arrays].value_)) ++arrays;
  const std::size_t more = arrays > op->inputs.size() ? arrays - op->inputs.size() : 0;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const FunctionValue& argument = arguments[i];
    if (std::holds_alternative<std::monostate>(argument.value_)) continue;
    const std::size_t place = i < arrays ? std::min(i, op->inputs.size() - 1) : i - more;
    if (place >= names.size()) wrong(op->name, "got " + std::to_string(arguments.size()) + " arguments", "INPUT_COUNT");
    const std::string& name = names[place];
    const auto input = std::ranges::find(op->inputs, name, &InputSpec::name);
    if (input != op->inputs.end()) {
      if (std::holds_alternative<std::string>(argument.value_)) wrong(op->name, "\"" + name + "\" is an array, got a text");
      tensors.push_back(tensor_of(argument));
      const Tensor& tensor = tensors.back();
      const Ref ref{graph.add_input("x" + std::to_string(tensors.size() - 1), {tensor.type(), tensor.shape()})};
      if (input->presence == InputSpec::variadic && inputs[static_cast<std::size_t>(input - op->inputs.begin())])
        inputs.push_back(ref);
      else
        inputs[static_cast<std::size_t>(input - op->inputs.begin())] = ref;
      continue;
    }
    const AttributeSpec& spec = *std::ranges::find(op->attributes, name, &AttributeSpec::name);
    attributes.set(name, attribute_of(*op, spec, std::get_if<Tensor>(&argument.value_),
                                      std::get_if<double>(&argument.value_), std::get_if<bool>(&argument.value_),
                                      std::get_if<std::string>(&argument.value_)));
  }
  while (!inputs.empty() && !inputs.back()) inputs.pop_back();
  const Ref result = builder.emit_all(*op, inputs, std::move(attributes)).front();
  graph.outputs.push_back({"result", result.id});
  const ValueType out = builder.type(result);
  const DeviceList devices = choose_devices(context, device, false);
  const auto executable = compile(context, *registry, graph, devices.order);
  Tensor answer = Tensor::uninitialised(context, out.type, out.shape);
  std::vector<HostWindow> windows(executable->slots().size());
  std::vector<Binding> bindings;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Slot& slot = executable->slots()[i];
    if (slot.role == Slot::output) {
      windows[i].look_at(answer.data(), answer.bytes());
    } else {
      const Tensor& tensor = tensors[static_cast<std::size_t>(std::stoul(slot.name.substr(1)))];
      windows[i].look_at(tensor.data(), tensor.bytes());
    }
    bindings.push_back({&windows[i], 0, 0});
  }
  executable->run(bindings, 1);
  for (Device* const one : devices.order) one->wait();
  return answer;
}

Json OperationFunction::Source::model(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
                                      std::vector<double>& inputs) const {
  std::vector<Json::Member> layer = {{"name", Json::text("operation")},
                                     {"type", Json::text(operation->domain + "#" + operation->name)}};
  std::vector<Json> pipes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const FunctionValue& argument = i < arguments.size() ? arguments[i] : FunctionValue();
    const OperationParameter* parameter = operation->find(name);
    const auto* tensor = std::get_if<Tensor>(&argument.value_);
    const bool array = name == "input" || (parameter && parameter->array_type);
    if (array && tensor && !(parameter && parameter->subject_of_training)) {
      std::vector<Json> dims;
      for (const Dimension dim : tensor->shape().dims()) dims.push_back(Json::integer(dim.value()));
      if (dims.empty()) dims.push_back(Json::integer(1));
      for (std::size_t k = 0; k < tensor->elements(); ++k) inputs.push_back(tensor->at(k));
      pipes.push_back(Json::object({{"size", Json::array(std::move(dims))},
                                    {"to", Json::text(name == "input" ? "operation" : "operation." + name)}}));
    } else if (tensor) {
      layer.emplace_back(name, json_from_tensor(*tensor));
    } else if (const auto* text = std::get_if<std::string>(&argument.value_)) {
      const bool own = name != "activation" || text->find('#') != std::string::npos ||
                       definitions_of(context)->operation(operation->domain, *text) || operation->domain == "core";
      layer.emplace_back(name, Json::text(own ? *text : "core#" + *text));
    } else if (const auto* number = std::get_if<double>(&argument.value_)) {
      if (name == "input") {
        inputs.push_back(*number);
        pipes.push_back(Json::object({{"size", Json::integer(1)}, {"to", Json::text("operation")}}));
      } else {
        layer.emplace_back(name, array ? Json::numbers({*number}) : Json::number(*number));
      }
    } else if (const auto* flag = std::get_if<bool>(&argument.value_)) {
      layer.emplace_back(name, Json::boolean(*flag));
    }
  }
  if (pipes.empty()) wrong(operation->name, "needs an array to work on");
  return Json::object({{"dataType", Json::text(std::string(name_of(type)))},
                       {"layers", Json::array({Json::object({{"pipes", Json::array(std::move(pipes))}}),
                                               Json::object(std::move(layer))})}});
}

Tensor OperationFunction::Source::run_operation(std::span<const FunctionValue> arguments,
                                                const std::vector<std::string>& names, FunctionState* state) const {
  std::vector<double> inputs;
  const Json json = model(arguments, names, inputs);
  NeuralNetwork network = NeuralNetwork::from_json(write_json(json), context, {.device = device});
  if (state && !state->text_.empty()) network.set_internal_state(state->text_);
  const Output output = network.run(inputs);
  if (state) state->text_ = network.get_internal_state();
  return output.tensor();
}

Tensor OperationFunction::call(std::span<const FunctionValue> arguments) const {
  FunctionState* state = nullptr;
  if (!arguments.empty())
    if (FunctionState* const* last = std::get_if<FunctionState*>(&arguments.back().value_)) {
      state = *last;
      arguments = arguments.first(arguments.size() - 1);
    }
  if (state && !stateful_) wrong(name_, "remembers nothing: it takes no state");
  for (const FunctionValue& argument : arguments)
    if (std::holds_alternative<FunctionState*>(argument.value_)) wrong(name_, "the state stands behind all other arguments");
  const bool variadic = source_->op && !source_->op->inputs.empty() &&
                        source_->op->inputs.back().presence == InputSpec::variadic;
  if (arguments.size() > parameters_.size() && !variadic)
    wrong(name_, "takes " + std::to_string(parameters_.size()) + " arguments, got " + std::to_string(arguments.size()),
          "INPUT_COUNT");
  if (source_->variant) {
    std::vector<Tensor> tensors;
    for (const FunctionValue& argument : arguments) tensors.push_back(source_->tensor_of(argument));
    return source_->variant(tensors);
  }
  if (source_->op) return source_->run_operator(arguments, parameters_);
  return source_->run_operation(arguments, parameters_, state);
}

FunctionState OperationFunction::get_new_state() const {
  if (!stateful_)
    throw Error(Code::unsupported, {.message = name_ + ": remembers nothing", .reason = "STATELESS", .operation = name_});
  return {};  // empty: everything as the defaults say
}

std::map<std::string, OperationFunction> get_operations(const Context& context, const OperationsQuery& query) {
  const auto registry = std::make_shared<const Registry>(make_registry(context));
  const auto known = definitions_of(context);
  const DomainDefinition* own = known->domain(query.domain);
  const auto built_in = registry->domains();
  if (!own && std::ranges::find(built_in, query.domain) == built_in.end()) {
    const std::string near = nearest_name(query.domain, known->domain_names());
    throw Error(Code::not_found, {.message = "there is no domain \"" + query.domain + "\"",
                                  .reason = "DOMAIN",
                                  .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
  }
  std::string type_name = query.data_type;
  if (type_name.empty()) type_name = own && !own->default_data_type.empty() ? own->default_data_type : "fp32";
  const auto type = dtype_from_name(type_name);
  if (!type)
    throw Error(Code::unsupported, {.message = "\"" + type_name + "\" is no data type", .reason = "DATATYPE"});
  std::map<std::string, OperationFunction> functions;
  const auto add = [&](const std::string& name, std::vector<std::string> parameters, OperationFunction::Source source,
                       bool stateful) {
    const auto variant = known->variant(query.domain, name, query.variant);
    const bool plain = query.variant.empty() || query.variant == "default" || query.variant == "standalone";
    if (!variant && !plain) return;
    OperationFunction function;
    function.name_ = name;
    function.parameters_ = variant ? variant->call_with : std::move(parameters);
    function.stateful_ = stateful && !variant;
    if (variant) source.variant = *std::static_pointer_cast<const VariantFunction>(variant->function);
    function.source_ = std::make_shared<const OperationFunction::Source>(std::move(source));
    functions.emplace(name, std::move(function));
  };
  for (const auto& operation : known->operations)
    if (operation->domain == query.domain && (!query.activations || operation->activation) &&
        (!operation->type || *operation->type == *type))
      add(operation->name, call_order(*operation), {context, *type, query.device, registry, nullptr, operation, {}},
          is_stateful(*operation));
  for (const OpDef* op : registry->all(query.domain))
    if (!functions.contains(op->name) && op->name.find('/') == std::string::npos && !known->operation(query.domain, op->name) &&
        (!query.activations || op->activation))
      add(op->name, call_order(*op), {context, *type, query.device, registry, op, nullptr, {}}, false);
  return functions;
}

void define_operation_variant(const Context& context, OperationVariant variant, VariantFunction function) {
  const auto known = definitions_of(context);
  const Registry registry = make_registry(context);
  const auto operation = known->operation(variant.domain, variant.name);
  const OpDef* op = operation ? nullptr : registry.find(variant.domain, variant.name);
  if (!operation && !op) {
    std::vector<std::string_view> names;
    for (const auto& other : known->operations)
      if (other->domain == variant.domain) names.push_back(other->name);
    for (const OpDef* other : registry.all(variant.domain)) names.push_back(other->name);
    const std::string near = nearest_name(variant.name, names);
    throw Error(Code::not_found, {.message = "there is no operation \"" + variant.name + "\" in domain \"" +
                                             variant.domain + "\"",
                                  .reason = "OPERATION",
                                  .path = "/name",
                                  .operation = variant.name,
                                  .hint = near.empty() ? "define it first, with define_operation"
                                                       : "did you mean \"" + near + "\"?"});
  }
  const auto refuse = [&](std::string reason, const std::string& message) {
    throw Error(Code::invalid_argument, {.message = message, .reason = std::move(reason), .operation = variant.name});
  };
  if (variant.variant.empty() || variant.variant == "default" || !function)
    refuse("VARIANT", "a variant has a name, other than \"default\", and a function");
  const std::vector<std::string> order = operation ? call_order(*operation) : call_order(*op);
  if (variant.call_with.empty()) variant.call_with = order;
  for (const std::string& entry : variant.call_with)
    if (std::ranges::find(order, without_prefix(entry)) == order.end() &&
        !(operation && (operation->find(without_prefix(entry)) || is_reserved_parameter(without_prefix(entry)))))
      refuse("CALL_WITH", "the operation \"" + variant.name + "\" has no parameter \"" + entry + "\"");
  auto kept = std::make_shared<const Variant>(Variant{variant.domain, variant.name, variant.variant,
                                                      std::move(variant.call_with),
                                                      std::make_shared<const VariantFunction>(std::move(function))});
  if (!keep_definition(context, kept))
    throw Error(Code::already_exists, {.message = "the variant \"" + kept->variant + "\" of \"" + kept->name +
                                                  "\" exists already",
                                       .reason = "VARIANT_EXISTS",
                                       .path = "/variant",
                                       .operation = kept->name,
                                       .hint = "choose another name for the variant"});
}

Capabilities get_capabilities(const Context& context, const CapabilitiesQuery& query) {
  Capabilities result;
  std::vector<std::string> types;
  for (DeviceDescription& device : devices(context)) {
    if (!device.absent.empty()) continue;
    const bool wanted =
        query.data_type.empty() ||
        std::ranges::any_of(device.types, [&](DType type) { return name_of(type) == query.data_type; });
    for (const DType type : device.types) {
      const std::string name(name_of(type));
      if (std::ranges::find(types, name) == types.end() && (query.data_type.empty() || query.data_type == name))
        types.push_back(name);
    }
    if (wanted) result.execution_units.push_back(std::move(device));
  }
  const auto known = definitions_of(context);
  for (const std::string_view domain : known->domain_names())
    if ((query.domain.empty() || query.domain == domain) && !types.empty())
      result.domains.emplace(std::string(domain), types);
  const auto cannot = [&](std::string reason) {
    result.can_run = false;
    if (result.reason.empty()) result.reason = std::move(reason);
  };
  if (!query.data_type.empty() && types.empty()) cannot("no device works in \"" + query.data_type + "\"");
  if (!query.domain.empty() && result.domains.empty()) cannot("there is no domain \"" + query.domain + "\"");
  if (!query.operation.empty()) {
    const std::string domain = query.domain.empty() ? "core" : query.domain;
    const Registry registry = make_registry(context);
    if (!registry.find(domain, query.operation) && !known->operation(domain, query.operation) &&
        !(domain == "core" && find_layer_definition(query.operation)))
      cannot("there is no operation \"" + query.operation + "\"");
  }
  if (!query.model.empty()) try {
      NeuralNetwork::from_json(query.model, context);
    } catch (const Error& error) {
      cannot(error.what());
    }
  return result;
}

}  // namespace webai
