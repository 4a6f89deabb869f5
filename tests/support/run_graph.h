// Compiles a graph for devices and runs it once on tensors given by name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cpu/cpu.h"
#include "backends/host/device.h"
#include "backends/reference/reference.h"
#include "compiler/compile.h"
#include "support/sample_run.h"

namespace webai::test {

inline std::unique_ptr<Device> reference_device(const Context& on) {
  return make_host_device(on, {"reference", "cpu", "", {}, 0, true}, {reference::kernels()});
}
inline std::unique_ptr<Device> cpu_device(const Context& on) {
  return make_host_device(on, {"cpu", "cpu", "", {}, 0, true}, {cpu::kernels(), reference::kernels()});
}
/// Without the reference to fall back on.
inline std::unique_ptr<Device> cpu_device_alone(const Context& on) {
  return make_host_device(on, {"cpu", "cpu", "", {}, 0, true}, {cpu::kernels()});
}

/// A graph compiled for devices, and tensors for all that it reads and writes. `values` holds inputs, parameters and
/// states; what is written to a state is found in its tensor after a run.
class BoundGraph {
 public:
  BoundGraph(const Context& on, const Graph& graph, std::span<Device* const> devices,
             const std::map<std::string, Tensor>& values, bool training = false)
      : devices_(devices.begin(), devices.end()) {
    CompileOptions options;
    options.training = training;
    executable_ = compile(on, registry(), graph, devices, options);
    for (const Slot& slot : executable_->slots()) {
      const ValueId id = slot.role == Slot::output ? graph.output(slot.name) : graph.find(slot.name);
      const ValueType& type = graph.value(id).type;
      Tensor tensor = slot.role == Slot::output ? Tensor(on, type.type, type.shape) : values.at(slot.name);
      if (slot.role == Slot::output) outputs_.emplace(slot.name, tensor);
      windows_.push_back(std::make_unique<HostWindow>());
      windows_.back()->look_at(tensor.data(), tensor.bytes());
      bindings_.push_back({windows_.back().get(), 0, 0});
    }
  }

  void run() {
    executable_->run(bindings_, 1);
    for (Device* const device : devices_) device->wait();
  }

  const std::map<std::string, Tensor>& outputs() const { return outputs_; }

 private:
  std::vector<Device*> devices_;
  std::unique_ptr<Executable> executable_;
  std::map<std::string, Tensor> outputs_;
  std::vector<std::unique_ptr<HostWindow>> windows_;
  std::vector<Binding> bindings_;
};

/// Compiles and runs once.
inline std::map<std::string, Tensor> run_graph(const Context& on, const Graph& graph, std::span<Device* const> devices,
                                               const std::map<std::string, Tensor>& values, bool training = false) {
  BoundGraph bound(on, graph, devices, values, training);
  bound.run();
  return bound.outputs();
}

inline std::map<std::string, Tensor> run_graph(const Graph& graph, Device& device,
                                               const std::map<std::string, Tensor>& values, bool training = false) {
  Device* const devices[] = {&device};
  return run_graph(context(), graph, devices, values, training);
}

/// How many nodes of this operator the graph has, those in bodies left out.
inline std::size_t count_of(const Graph& graph, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) { return node.op->name == name; }));
}

/// The mode that a sample asks for.
inline bool training_mode(const Sample& sample) {
  return !sample.attributes.find("training") || sample.attributes.boolean("training");
}

}  // namespace webai::test
