// Entry points of networks: made, described, their weights read and written, exported.
#include <algorithm>

#include "capi/data.h"
#include "capi/fetch.h"
#include "capi/guard.h"
#include "capi/io_functions.h"
#include "capi/json.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

DType type_of_model(webai_value* model) {
  webai_value* const name = member(model, "dataType");
  if (kind_of(name) != WEBAI_STRING) return DType::fp32;
  return dtype_from_name(static_cast<Text*>(name)->value).value_or(DType::fp32);
}

Value create(webai_context& context, webai_value* model) {
  if (model && model->kind != WEBAI_MAP) wrong_kind("model", "a map", model);
  check_context(context, model);
  Value plain = Value::share(model);
  const auto io = std::make_shared<const IoFunctions>(context, plain);
  const std::string text = plain ? write_json(json_from_value(plain.get(), TensorForm::setup, type_of_model(model))) : "{}";
  NetworkOptions options;
  options.devices = allowed_devices(context);
  options.weights = [&context](const std::string& name) { return fetch_bytes(context, name); };
  NeuralNetwork network = NeuralNetwork::from_json(text, context.core(), options);
  const std::uint64_t bytes = text.size();  // the model is kept
  return make<NetworkValue>(context, bytes, std::move(network), member(member(model, "io"), "output") != nullptr,
                            context.registrations().binds_loop_thread(text) || io->binds_loop_thread(), io);
}

Value shape_value(webai_context& context, const Shape& shape) {
  std::vector<Value> dims;
  for (const Dimension dim : shape.dims())
    dims.push_back(dim.is_symbol() ? Value() : make_number(context, static_cast<double>(dim.value())));
  return make_list(context, std::move(dims));
}

Value ports_value(webai_context& context, const std::vector<PortInfo>& ports) {
  std::vector<Value> result;
  for (const PortInfo& port : ports)
    result.push_back(
        make_map(context, {{"name", make_text(context, port.name)}, {"shape", shape_value(context, port.shape)}}));
  return make_list(context, std::move(result));
}

Value describe(webai_context& context, const NetworkValue& net) {
  const NeuralNetwork network = net.handle();
  // Without layers there is nothing yet: lists are empty, and it is on no device.
  const NetworkValue::Built built = network.is_built() ? net.built() : NetworkValue::Built();
  std::vector<Value> labels, parameters;
  if (network.is_built())
    for (const std::string& label : network.labels()) labels.push_back(make_text(context, label));
  double total = 0;
  for (const NetworkValue::Parameter& parameter : built.parameters) {
    total += static_cast<double>(parameter.shape.elements());
    parameters.push_back(make_map(context, {{"name", make_text(context, parameter.name)},
                                            {"shape", shape_value(context, parameter.shape)},
                                            {"dataType", make_text(context, name_of(parameter.type))}}));
  }
  return make_map(context, {{"dataType", make_text(context, name_of(network.data_type()))},
                            {"device", network.is_built() ? make_text(context, network.device()) : Value()},
                            {"inputs", ports_value(context, built.inputs)},
                            {"outputs", ports_value(context, built.outputs)},
                            {"inputSize", make_number(context, static_cast<double>(network.input_size()))},
                            {"outputSize", make_number(context, static_cast<double>(network.output_size()))},
                            {"labels", make_list(context, std::move(labels))},
                            {"parameterCount", make_number(context, total)},
                            {"parameters", make_list(context, std::move(parameters))},
                            {"stateful", make_boolean(context, network.is_stateful())},
                            {"training", make_boolean(context, network.is_training())}});
}

Value compile(webai_context& context, NetworkValue& net, webai_value* given, webai_value* cancel) {
  Options opts(given);
  const std::string device = chosen_device(context, opts);
  opts.find("powerPreference");  // a hint
  std::optional<double> min_mops;
  if (opts.find("minMops")) min_mops = opts.number("minMops", 0);
  opts.finish(context, "compile");
  NeuralNetwork network = net.handle();
  network.move_to(device, false, min_mops);  // at once, and between two steps of what is under way
  return submit(context, once([&context, device = network.device()] {
                  return make_map(context, {{"device", make_text(context, device)}});
                }),
                cancel, net.placement());
}

Value get_parameters(webai_context& context, NetworkValue& net) {
  std::vector<Map::Entry> entries;
  for (auto& [name, tensor] : net.idle_handle().parameters()) entries.emplace_back(name, make_tensor(context, tensor));
  return make_map(context, std::move(entries));
}

// Work that changes the network: behind what was submitted before; at once when that is nothing.
template <class Change> void change(webai_context& context, NetworkValue& net, Change work) {
  if (net.is_idle())
    work();
  else
    submit(context, once(std::move(work)), nullptr, net.placement());
}

Value get_state(webai_context& context, NetworkValue& net) {
  return value_from_json(context, read_json(net.idle_handle().get_internal_state(), context.core().limits()));
}

// A null state resets.
void set_state(webai_context& context, NetworkValue& net, webai_value* given) {
  check_context(context, given);
  NeuralNetwork network = net.handle();
  std::string text = given ? write_json(json_from_value(given, TensorForm::array)) : std::string();
  network.check_internal_state(text);  // what waits behind a training cannot tell any more
  change(context, net, [network, text = std::move(text)]() mutable -> Value {
    network.set_internal_state(text);
    return {};
  });
}

void set_parameters(webai_context& context, NetworkValue& net, webai_value* given) {
  check_context(context, given);
  std::vector<std::pair<std::string, Tensor>> values;
  const DType number_type = net.handle().number_type();
  // All are checked before the first is set.
  for (const auto& [name, value] : expect<Map>(given, "parameters").entries()) {
    const auto known = std::ranges::find(net.built().parameters, name, &NetworkValue::Parameter::name);
    if (known == net.built().parameters.end()) refuse(Code::not_found, "PARAMETER", "there is no parameter \"" + name + "\"");
    // Of an integer model a tensor of the parameter's own type holds codes, everything else numbers.
    const Tensor tensor = kind_of(value.get()) == WEBAI_TENSOR ? static_cast<TensorValue*>(value.get())->tensor()
                                                               : tensor_from_value(context.core(), number_type, value.get(), name);
    if (static_cast<std::int64_t>(tensor.elements()) != known->shape.elements())
      throw Error(Code::shape_mismatch, {.message = "parameter \"" + name + "\"",
                                         .reason = "SHAPE",
                                         .expected = known->shape.text(),
                                         .actual = tensor.shape().text()});
    values.emplace_back(name, tensor.clone(context.core()));  // the caller may write to his in the meantime
  }
  change(context, net, [network = net.handle(), values = std::move(values)]() mutable -> Value {
    for (const auto& [name, tensor] : values) network.set_parameter(name, tensor);
    return {};
  });
}

// By a function of the host, which is given all options and gives any value.
Value export_by(webai_context& context, NetworkValue& net, const std::string& to, webai_value* given, webai_value* cancel,
                bool loop_thread) {
  Placement placement = net.placement();
  placement.loop_thread_only |= loop_thread;
  return submit(context,
                once([&context, keep = Ref<NetworkValue>::share(&net), network = net.handle(), to,
                      opts = Value::share(given)]() mutable {
                  Request current(*keep, opts.get(), nullptr);
                  const std::string text = network.export_as(to);
                  return current.answer ? current.answer : make_text(context, text);
                }),
                cancel, std::move(placement));
}

Value export_model(webai_context& context, NetworkValue& net, webai_value* given, webai_value* cancel) {
  check_context(context, given);
  Options opts(given);
  const std::string to = opts.text("to", "json");
  if (const auto own = context.registrations().loop_thread_of(net.handle().domain(), algorithm_name("export", to)))
    return export_by(context, net, to, given, cancel, *own);
  const bool object = to == "object", renames = opts.boolean("renamed", false);
  opts.boolean("strict", false);
  std::vector<std::string> unknown;
  const ExportOptions form = export_options_from_json(json_from_value(given, TensorForm::array), &unknown);
  std::erase_if(unknown, [](const std::string& name) { return name == "renamed" || name == "strict"; });
  opts.finish(context, "export", unknown);
  return submit(context, once([&context, net = net.handle(), form, object, renames] {
                  std::vector<std::pair<std::string, std::string>> renamed;
                  Tensor file;
                  const std::string text = net.export_model(form, &renamed, &file);
                  Value model = object ? value_from_json(context, read_json(text, context.core().limits()))
                                       : make_text(context, text);
                  const bool apart = form.setup_data_as == "file";
                  if (!renames && !apart) return model;
                  std::vector<Map::Entry> names;
                  for (const auto& [old, now] : renamed) names.emplace_back(old, make_text(context, now));
                  std::vector<Map::Entry> parts = {{"model", std::move(model)}};
                  if (apart) parts.emplace_back("weights", make_tensor(context, file));
                  if (renames) parts.emplace_back("renamed", make_map(context, std::move(names)));
                  return make_map(context, std::move(parts));
                }),
                cancel, net.placement());
}

Value prepare_data(webai_context& context, NetworkValue& net, webai_value* items, webai_value* given) {
  check_context(context, items);
  Options opts(given);
  Layout layout = layout_from_name(opts.text("layout", "pairs"));
  const std::size_t samples = opts.count("samples", 1024);
  if (samples == 0) refuse(Code::invalid_argument, "OPTION", "\"samples\" is 1 or more", "leave it out for 1024");
  const auto functions = std::make_shared<const IoFunctions>(context, opts, *net.io);
  opts.finish(context, "prepareData");
  const NeuralNetwork network = net.idle_handle();
  const Value normalized = functions->normalized(items, layout, functions);
  items = normalized.get();
  if (DatasetValue* const dataset = dataset_of(items)) return stream_of_records(context, *dataset, net, samples);
  return make_tensor(context, records_from_list(context, network, expect<List>(items, "items"), layout));
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_create(webai_context* ctx, webai_value* model, webai_network** out, webai_error** err) {
  return produced(ctx, out, err, [&] { return create(required(ctx, "ctx"), model); });
}

webai_status webai_network_compile(webai_network* net, webai_value* opts, webai_cancel* cancel, webai_future** out,
                                   webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return compile(context, network, opts, cancel);
  });
}

webai_status webai_network_describe(webai_network* net, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [](NetworkValue& network, webai_context& context) {
    network.check_idle(true);
    return describe(context, network);
  });
}

webai_status webai_network_reset(webai_network* net, webai_error** err) {
  return webai_network_set_state(net, nullptr, err);
}

webai_status webai_network_get_state(webai_network* net, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [](NetworkValue& network, webai_context& context) {
    return get_state(context, network);
  });
}

webai_status webai_network_set_state(webai_network* net, webai_value* state, webai_error** err) {
  return guarded(context_of(net), err, [&] {
    auto& network = expect<NetworkValue>(net, "net");
    network.context->check_alive();
    set_state(*network.context, network, state);
  });
}

webai_status webai_network_get_parameters(webai_network* net, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [](NetworkValue& network, webai_context& context) {
    return get_parameters(context, network);
  });
}

webai_status webai_network_set_parameters(webai_network* net, webai_value* parameters, webai_error** err) {
  return guarded(context_of(net), err, [&] {
    auto& network = expect<NetworkValue>(net, "net");
    network.context->check_alive();
    set_parameters(*network.context, network, parameters);
  });
}

webai_status webai_network_export(webai_network* net, webai_value* opts, webai_cancel* cancel, webai_future** out,
                                  webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return export_model(context, network, opts, cancel);
  });
}

webai_status webai_network_prepare_data(webai_network* net, webai_value* items, webai_value* opts, webai_value** out,
                                        webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return prepare_data(context, network, items, opts);
  });
}

}  // extern "C"
