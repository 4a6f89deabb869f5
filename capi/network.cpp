// A network as a value: whether it is idle, where operations on it belong.
#include "capi/network.h"

#include <algorithm>

#include "capi/guard.h"
#include "capi/options.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

[[noreturn]] void busy() {
  refuse(Code::busy, "BUSY", "the network has unfinished operations", "wait for them, or cancel them");
}

std::shared_ptr<const NetworkValue::Built> built_of(const NeuralNetwork& network) {
  auto result = std::make_shared<NetworkValue::Built>();
  result->inputs = network.inputs();
  result->outputs = network.outputs();
  for (const auto& [name, tensor] : network.parameters())
    result->parameters.push_back({name, tensor.type(), tensor.shape()});
  return result;
}

}  // namespace

std::vector<std::string> allowed_devices(const webai_context& context) {
  std::vector<std::string> names = {"cpu"};
  if (context.settings().backends & WEBAI_OPENCL) names.push_back("opencl");
  return names;
}

// One name, or several to choose from: the first that is allowed and that this machine has. Where it has none of them, the
// first that is allowed gives way to the processor, as it does by itself.
std::string chosen_device(const webai_context& context, Options& opts) {
  const auto is_absent = [&](const std::string& name) {
    if (name != "opencl" && name != "vulkan") return false;  // asking opens their loaders
    return std::ranges::any_of(devices(context.core()), [&](const DeviceDescription& device) {
      return device.name == name && !device.absent.empty();
    });
  };
  const auto is_allowed = [&](const std::string& name) {
    const std::uint32_t bit = name == "opencl" ? WEBAI_OPENCL : name == "vulkan" ? WEBAI_VULKAN : 0;
    return bit == 0 || (context.settings().backends & bit);
  };
  webai_value* const given = opts.find("device");
  if (kind_of(given) == WEBAI_LIST) {
    auto& list = *static_cast<List*>(given);
    std::string first;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string& name = expect<Text>(list.at(i), "device").value;
      if (!is_allowed(name)) continue;
      if (!is_absent(name)) return name;
      if (first.empty()) first = name;
    }
    if (!first.empty()) return first;
    refuse(Code::denied, "BACKENDS", "none of these devices is among the backends of this context");
  }
  const std::string device = opts.text("device", "auto");
  if (!is_allowed(device)) refuse(Code::denied, "BACKENDS", "\"" + device + "\" is not among the backends of this context");
  return device;
}

NetworkValue::NetworkValue(NeuralNetwork network, bool output_rules, bool loop_thread, std::shared_ptr<const IoFunctions> functions)
    : webai_value(kind_code),
      has_output_rules(output_rules),
      loop_thread_only(loop_thread),
      io(std::move(functions)),
      network_(std::move(network)),
      built_(network_.is_built() ? built_of(network_) : nullptr) {}

NetworkValue::NetworkValue(const NetworkValue& outer, NeuralNetwork network, std::shared_ptr<const std::atomic<bool>> over,
                           std::optional<RunOptions> run)
    : webai_value(kind_code),
      has_output_rules(outer.has_output_rules),
      loop_thread_only(outer.loop_thread_only),
      io(outer.io),
      over_(std::move(over)),
      run_(std::move(run)),
      network_(std::move(network)),
      built_(outer.shared_built()) {}

RunOptions NetworkValue::within(RunOptions options) const {
  if (!run_) return options;
  options.normalize = options.normalize && run_->normalize;
  options.denormalize = false;
  return options;
}

std::shared_ptr<const NetworkValue::Built> NetworkValue::shared_built() const {
  const std::lock_guard guard(describing_);
  if (!built_ && network_.is_built()) built_ = built_of(network_);
  return built_;
}

const NetworkValue::Built& NetworkValue::built() const {
  const std::lock_guard guard(describing_);
  if (!built_) built_ = built_of(network_);  // which says what is missing where there are no layers
  return *built_;
}

void NetworkValue::check_inner() const {
  if (over_ && over_->load())
    refuse(Code::invalid_argument, "INNER_OVER", "this network was handed to a function for the time of its call, which is over",
           "use the network that was created");
}

NeuralNetwork NetworkValue::handle() const {
  check_inner();
  return network_;
}

NeuralNetwork NetworkValue::idle_handle() const {
  check_inner();
  const std::lock_guard guard(context->mutex);
  if (lane_.unfinished) busy();
  return network_;
}

bool NetworkValue::is_idle(bool or_training) const {
  const std::lock_guard guard(context->mutex);
  return lane_.unfinished == 0 || (or_training && lane_.training);
}

void NetworkValue::check_idle(bool or_training) const {
  if (!is_idle(or_training)) busy();
}

std::shared_ptr<const std::atomic<bool>> NetworkValue::expect_training() {
  const std::lock_guard guard(context->mutex);
  return stopped_ = std::make_shared<std::atomic<bool>>(false);
}

void NetworkValue::stop_training() {
  NeuralNetwork network = handle();
  {
    const std::lock_guard guard(context->mutex);
    if (stopped_) stopped_->store(true);
  }
  network.stop_training();
}

Placement NetworkValue::placement(bool training) {
  if (is_inner()) return {.at_once = true};
  return {.lane = &lane_, .lane_owner = Value::share(this), .training = training, .loop_thread_only = loop_thread_only};
}

}  // namespace webai::capi
