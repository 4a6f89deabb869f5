// Entry points that run a network: with a future, or at once.
#include "capi/guard.h"
#include "capi/io_functions.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/run_values.h"
#include "capi/tensor.h"
#include "capi/value.h"
#include "webai/stop.hpp"

namespace webai::capi {
namespace {

RunOptions read_options(const webai_context& context, const NetworkValue& net, webai_value* given, RunFunctions& functions) {
  RunOptions options;
  if (!given && !net.io->any()) return net.within(options);
  check_context(context, given);
  Options opts(given);
  options = net.within(read_run_options(opts));
  if (!net.is_inner()) functions = RunFunctions(opts, *net.io);
  if (options.type.empty()) opts.finish(const_cast<webai_context&>(context), "run");  // else they are that function's
  return options;
}

// The one tensor that `into` means; null for none.
TensorValue* output_tensor(const webai_context& context, webai_value* into) {
  check_context(context, into);
  webai_value* found = into;
  if (kind_of(into) == WEBAI_LIST && static_cast<List*>(into)->size() == 1) found = static_cast<List*>(into)->at(0);
  if (kind_of(into) == WEBAI_MAP && static_cast<Map*>(into)->entries().size() == 1)
    found = static_cast<Map*>(into)->entries().front().second.get();
  return found ? &expect<TensorValue>(found, "into") : nullptr;
}

bool on_loop_thread_only(webai_context& context, const NeuralNetwork& network, const RunOptions& options) {
  return !options.type.empty() && context.registrations().loop_thread_of(network.domain(), algorithm_name("run", options.type)).value_or(false);
}

// What the host makes of an output; where the caller gave a tensor for it, numbers that fit into that.
Value denormalized(Function& function, const Value& output, TensorValue* into) {
  Value answer = call_with(function, output.get());
  if (!into) return answer;
  Tensor& target = into->tensor();
  const std::size_t count = collect_numbers(answer.get(), target.type(), target.data(), target.elements(), "into");
  if (count != target.elements())
    throw Error(Code::shape_mismatch, {.message = "run: the output does not fit into the tensor given for it",
                                       .reason = "OUTPUT_SIZE",
                                       .expected = std::to_string(target.elements()),
                                       .actual = std::to_string(count)});
  return Value::share(into);
}

// Whether the tensor for the output may turn out not to fit: bits and texts are counted only by the run itself.
bool may_not_fit(const NetworkValue& net, const RunInput& input, TensorValue& into) {
  std::size_t in = 0, out = 0;
  for (const PortInfo& port : net.built().inputs) in += static_cast<std::size_t>(std::max<std::int64_t>(port.shape.is_concrete() ? port.shape.elements() : 0, 0));
  for (const PortInfo& port : net.built().outputs) out += static_cast<std::size_t>(std::max<std::int64_t>(port.shape.is_concrete() ? port.shape.elements() : 0, 0));
  return in == 0 || !input.named.empty() || into.tensor().elements() != input.all.elements() / in * out;
}

// A debug run gives {"output", "activations": what each layer computed, by name}.
Value run(NetworkValue& net, NeuralNetwork& network, const RunInput& input, TensorValue* into, const RunOptions& options,
          const RunFunctions& functions, webai_value* given) {
  webai_context& context = *net.context;
  std::optional<Request> request;
  if (!options.type.empty()) request.emplace(net, given, nullptr);
  // A run that fails changes nothing: what it remembers is put back where its output cannot be handed over.
  std::string before;
  const bool may_fail = functions.denormalize || (into && may_not_fit(net, input, *into));
  if (may_fail && network.is_stateful()) before = network.get_internal_state();
  const Output output = run_input(network, input, options);
  Value result;
  try {
    result = output_value(net, network, output, functions.denormalize ? nullptr : into, options);
    if (functions.denormalize) result = denormalized(*functions.denormalize, result, into);
  } catch (...) {
    if (!before.empty()) network.set_internal_state(before);
    throw;
  }
  if (!options.debug) return result;
  std::vector<Map::Entry> activations;
  for (const auto& [name, tensor] : output.activations()) activations.emplace_back(name, make_tensor(context, tensor));
  return make_map(context, {{"output", std::move(result)}, {"activations", make_map(context, std::move(activations))}});
}

// The hot path: fp32 tensors on both sides, nothing to be done to the output. Allocates nothing once warm.
bool run_in_place(const NetworkValue& net, NeuralNetwork& network, webai_value* in, TensorValue* into,
                  const RunOptions& options) {
  if (!into || kind_of(in) != WEBAI_TENSOR || !options.normalize || options.debug || !options.type.empty() || net.has_output_rules) return false;
  const Tensor& input = static_cast<TensorValue*>(in)->tensor();
  Tensor& output = into->tensor();
  if (input.type() != DType::fp32 || output.type() != DType::fp32 || network.data_type() != DType::fp32) return false;
  network.run_into(input.shape(), input.span<float>(), output.span<float>());
  return true;
}

/// One run as it was asked for.
struct RunCall {
  Ref<NetworkValue> net;
  Value in;            ///< as it was given, for a function of the host
  RunInput input = {}; ///< as it was read
  Ref<TensorValue> into = {};
  RunOptions options = {};
  RunFunctions functions = {};
  Value opts = {};

  void read(const NeuralNetwork& network) {
    const Value normalized = functions.normalize ? call_with(*functions.normalize, in.get()) : in;
    input = read_run_input(*net->context, *net, network, normalized.get(), options.normalize);
    check_input_size(network, input, options);
  }
  Value run(NeuralNetwork network) {
    if (functions.normalize) read(network);
    return capi::run(*net, network, input, into.get(), options, functions, opts.get());
  }
};

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_run(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                               webai_cancel* cancel, webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    RunCall call{.net = Ref<NetworkValue>::share(&network), .in = Value::share(in), .opts = Value::share(opts)};
    call.options = read_options(context, network, opts, call.functions);
    const webai::NeuralNetwork handle = network.handle();
    check_context(context, in);
    if (!in) missing("in");
    if (!call.functions.normalize) call.read(handle);
    call.into = Ref<TensorValue>::share(output_tensor(context, into));
    Placement placement = network.placement();
    placement.loop_thread_only |= on_loop_thread_only(context, handle, call.options) || call.functions.binds_loop_thread();
    return submit(context, once([call = std::move(call)]() mutable { return call.run(call.net->handle()); }), cancel,
                  std::move(placement));
  });
}

webai_status webai_network_run_now(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                                   webai_cancel* cancel, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    RunFunctions functions;
    const webai::RunOptions options = read_options(context, network, opts, functions);
    const Cancel* const token = cancel_argument(context, cancel);
    check_cancel(token);
    const std::function<bool()> asked = [token] { return token && token->fired(); };
    std::optional<webai::StopScope> scope;
    if (token) scope.emplace(asked);
    check_context(context, in);
    webai::NeuralNetwork handle = network.idle_handle();
    TensorValue* const target = output_tensor(context, into);
    if (!functions.any() && run_in_place(network, handle, in, target, options)) return Value::share(into);
    if (!in) missing("in");
    RunCall call{.net = Ref<NetworkValue>::share(&network), .in = Value::share(in), .into = Ref<TensorValue>::share(target),
                 .options = options, .functions = std::move(functions), .opts = Value::share(opts)};
    if (!call.functions.normalize) call.read(handle);
    Value result = call.run(handle);
    return target && !options.debug ? Value::share(into) : std::move(result);
  });
}

}  // extern "C"
