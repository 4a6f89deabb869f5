// Entry points that run a network: with a future, or at once.
#include "capi/guard.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/run_values.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

RunOptions read_options(const webai_context& context, webai_value* given) {
  RunOptions options;
  if (!given) return options;
  check_context(context, given);
  Options opts(given);
  options = read_run_options(opts);
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

bool on_loop_thread_only(webai_context& context, const RunOptions& options) {
  return !options.type.empty() && context.registrations().loop_thread_of(algorithm_name("run", options.type)).value_or(false);
}

// A debug run gives {"output", "activations": what each layer computed, by name}.
Value run(NetworkValue& net, NeuralNetwork& network, const Tensor& input, TensorValue* into, const RunOptions& options,
          webai_value* given) {
  webai_context& context = *net.context;
  std::optional<Request> request;
  if (!options.type.empty()) request.emplace(net, given, nullptr);
  const Output output = network.run(input, options);
  Value result = output_value(net, network, output, into, options);
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

class RunJob final : public Job {
 public:
  RunJob(Ref<NetworkValue> net, Tensor input, Ref<TensorValue> into, RunOptions options, Value given)
      : net_(std::move(net)), input_(std::move(input)), into_(std::move(into)), options_(std::move(options)), given_(std::move(given)) {}
  bool advance() override {
    NeuralNetwork network = net_->handle();
    result_ = run(*net_, network, input_, into_.get(), options_, given_.get());
    return false;
  }
  Value result() override { return std::move(result_); }

 private:
  Ref<NetworkValue> net_;
  Tensor input_;
  Ref<TensorValue> into_;
  RunOptions options_;
  Value given_, result_;
};

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_run(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                               webai_cancel* cancel, webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    const webai::RunOptions options = read_options(context, opts);
    const webai::NeuralNetwork handle = network.handle();
    webai::Tensor input = read_input(context, network, handle, in);
    check_input_size(handle, input, options);
    auto target = Ref<TensorValue>::share(output_tensor(context, into));
    Placement placement = network.placement();
    placement.loop_thread_only |= on_loop_thread_only(context, options);
    return submit(context,
                  std::make_unique<RunJob>(Ref<NetworkValue>::share(&network), std::move(input), std::move(target), options,
                                           Value::share(opts)),
                  cancel, std::move(placement));
  });
}

webai_status webai_network_run_now(webai_network* net, webai_value* in, webai_value* into, webai_value* opts,
                                   webai_cancel* cancel, webai_value** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    const webai::RunOptions options = read_options(context, opts);
    check_cancel(cancel_argument(context, cancel));
    check_context(context, in);
    webai::NeuralNetwork handle = network.idle_handle();
    TensorValue* const target = output_tensor(context, into);
    if (run_in_place(network, handle, in, target, options)) return Value::share(into);
    const webai::Tensor input = read_input(context, network, handle, in);
    check_input_size(handle, input, options);
    Value result = run(network, handle, input, target, options, opts);
    return target && !options.debug ? Value::share(into) : std::move(result);
  });
}

}  // extern "C"
