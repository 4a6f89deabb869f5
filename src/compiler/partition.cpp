// Cutting a placed graph into stretches of one device each, with what they share made explicit.
#include "compiler/partition.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/partitioned.h"
#include "compiler/plan.h"
#include "core/op/cost.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

class Partitioner {
 public:
  Partitioner(const Context& context, const Graph& graph, std::span<Device* const> devices)
      : context_(context), graph_(graph), result_(std::make_unique<Partitioned>(context)) {
    result_->spaces_ = {nullptr};
    for (Device* const device : devices) {
      device_[device->info().name] = device;
      if (device->info().host_memory) continue;
      space_[device] = result_->spaces_.size();
      result_->spaces_.push_back(device);
    }
    for (const Write& write : graph.writes) state_of_[write.value] = write.state;
    origin_.resize(graph.values.size());
    last_reader_.resize(graph.values.size(), 0);
    for (std::size_t v = 0; v < graph.values.size(); ++v) origin_[v] = static_cast<ValueId>(v);
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      const Node& node = graph.nodes[n];
      if (definition(node).view) origin_[index(node.outputs[0])] = origin_[index(node.inputs[0])];
      for (const ValueId input : node.inputs)
        if (input != no_value) last_reader_[index(origin_[index(input)])] = n;
    }
    for (const NamedValue& output : graph.outputs) last_reader_[index(origin_[index(output.value)])] = graph.nodes.size();
  }

  std::unique_ptr<Executable> run() {
    add_interface();
    for (std::size_t begin = 0; begin < graph_.nodes.size();) {
      std::size_t end = begin + 1;
      while (end < graph_.nodes.size() && graph_.nodes[end].device == graph_.nodes[begin].device) ++end;
      add_stretch(begin, end);
      begin = end;
    }
    result_->finish();
    return std::move(result_);
  }

 private:
  std::size_t bytes(ValueId id) const {
    const ValueType& type = graph_.value(id).type;
    return static_cast<std::size_t>(type.shape.elements()) * size_of(type.type);
  }

  void add_interface() {
    const auto add = [&](ValueId id, const std::string& name, Slot::Role role) {
      result_->slots_.push_back({name, id, role, bytes(id)});
      shared(id);
      result_->shared_[shared_of_[id]].slot = result_->slots_.size() - 1;
    };
    for (const ValueId id : graph_.inputs) add(id, graph_.value(id).name, Slot::input);
    for (const ValueId id : graph_.parameters) add(id, graph_.value(id).name, Slot::parameter);
    for (const ValueId id : graph_.states) add(id, graph_.value(id).name, Slot::state);
    for (const NamedValue& output : graph_.outputs) add(output.value, output.name, Slot::output);
  }

  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }

  // The value that outside of a stretch stands for this one: what a view looks at, and for a new content of a state
  // that state.
  ValueId outside(ValueId id) const {
    const ValueId origin = origin_[index(id)];
    const auto at = state_of_.find(origin);
    return at == state_of_.end() ? origin : at->second;
  }

  std::size_t shared(ValueId id) {
    const auto [at, is_new] = shared_of_.try_emplace(id, result_->shared_.size());
    if (is_new) {
      Shared shared{id, bytes(id), {}, {}, {}};
      shared.copies.resize(result_->spaces_.size());
      shared.current.resize(result_->spaces_.size(), false);
      result_->shared_.push_back(std::move(shared));
    }
    return at->second;
  }

  void add_stretch(std::size_t begin, std::size_t end) {
    Device* const device = device_.at(graph_.nodes[begin].device);
    const auto at = space_.find(device);
    const std::size_t space = at == space_.end() ? host_space : at->second;

    Graph part;
    std::map<ValueId, ValueId> now;
    std::map<std::string, std::size_t> shared_of_slot;  // "name" of the part's interface value -> shared value
    const auto bring_in = [&](ValueId id) {
      if (id == no_value || now.contains(id)) return;
      const Value& value = graph_.value(id);
      if (const ValueId origin = origin_[index(id)]; graph_.value(origin).kind == ValueKind::constant) {
        now[id] = part.add_constant(graph_.value(origin).constant.reshaped(value.type.shape));
        return;
      }
      const std::string name = "%" + std::to_string(id) + (value.name.empty() ? "" : " " + value.name);
      const bool state = value.kind == ValueKind::parameter || value.kind == ValueKind::state;
      now[id] = state ? part.add_state(name, value.type) : part.add_input(name, value.type);
      shared_of_slot[name] = shared(outside(id));
    };
    for (std::size_t n = begin; n < end; ++n) {
      Node node = graph_.nodes[n];
      for (ValueId& input : node.inputs) {
        bring_in(input);
        input = input == no_value ? no_value : now.at(input);
      }
      std::vector<ValueType> types;
      for (const ValueId output : node.outputs) types.push_back(graph_.value(output).type);
      node.outputs.clear();
      const NodeId id = part.add_node(std::move(node), types);
      for (std::size_t i = 0; i < types.size(); ++i) now[graph_.nodes[n].outputs[i]] = part.node(id).outputs[i];
    }
    std::set<std::size_t> written;
    for (std::size_t n = begin; n < end; ++n)
      for (const ValueId output : graph_.nodes[n].outputs) {
        if (origin_[index(output)] != output) continue;  // others know what it looks at
        const auto state = state_of_.find(output);
        if (state != state_of_.end()) {
          bring_in(state->second);
          part.writes.push_back({now.at(state->second), now.at(output)});
          written.insert(shared(state->second));
        } else if (last_reader_[index(output)] >= end) {
          const std::string name = "%" + std::to_string(output);
          part.outputs.push_back({name, now.at(output)});
          shared_of_slot[name] = shared(output);
          written.insert(shared(output));
        }
      }
    Stretch stretch{device, space, nullptr, row_of(begin, end, device->info().name), {}, {}, {}, {}};
    stretch.executable = device->compile(plan(context_, std::move(part)));
    for (const Slot& slot : stretch.executable->slots()) {
      const std::size_t number = shared_of_slot.at(slot.name);
      Shared& shared = result_->shared_[number];
      stretch.shared.push_back(number);
      stretch.writes.push_back(written.contains(number) && slot.role != Slot::input);
      stretch.reads.push_back(slot.role != Slot::output);
      if (space != host_space && !shared.copies[space]) shared.copies[space] = device->allocate(shared.bytes);
      if (!shared.slot && !shared.copies[host_space]) shared.copies[host_space] = host_copy(shared.bytes);
    }
    stretch.bindings.resize(stretch.shared.size());
    result_->stretches_.push_back(std::move(stretch));
  }

  // All nodes of a stretch as one row of a profile, for devices that time nothing themselves.
  NodeProfile row_of(std::size_t begin, std::size_t end, const std::string& device) const {
    NodeProfile row;
    std::size_t nodes = 0;
    for (std::size_t n = begin; n < end; ++n) {
      if (definition(graph_.nodes[n]).view) continue;
      const NodeProfile one = profile_row(graph_, graph_.nodes[n], device);
      row.operations += one.operations;
      row.bytes += one.bytes;
      if (nodes++ == 0) row.operation = one.operation, row.path = one.path;
    }
    row.device = device;
    if (nodes > 1) row.operation += " and " + std::to_string(nodes - 1) + " more";
    return row;
  }

  std::unique_ptr<Buffer> host_copy(std::size_t bytes) {
    struct Memory final : Buffer {
      Memory(const Context& context, std::size_t size) : tensor(context, DType::u8, Shape{static_cast<std::int64_t>(size)}) {}
      std::size_t size() const noexcept override { return tensor.bytes(); }
      void* host() noexcept override { return tensor.data(); }
      void read(std::size_t, std::span<std::byte>) override {}
      void write(std::size_t, std::span<const std::byte>) override {}
      Tensor tensor;
    };
    return std::make_unique<Memory>(context_, bytes);
  }

  const Context& context_;
  const Graph& graph_;
  std::unique_ptr<Partitioned> result_;
  std::map<std::string, Device*> device_;
  std::map<Device*, std::size_t> space_;
  std::map<ValueId, ValueId> state_of_;      // new content -> state
  std::map<ValueId, std::size_t> shared_of_;
  std::vector<ValueId> origin_;            // by value: what a view looks at, else itself
  std::vector<std::size_t> last_reader_;   // by origin: node number; past the last one for outputs
};

}  // namespace

std::unique_ptr<Executable> partition(const Context& context, Graph graph, std::span<Device* const> devices) {
  return Partitioner(context, graph, devices).run();
}

}  // namespace webai
