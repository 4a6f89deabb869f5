// Stretches run in turn. Each value that more than one stretch (or the caller) knows has one copy per memory space and
// a mark of which copies are current; a stretch first brings its inputs up to date, and what it writes makes the other
// copies stale. So nothing is copied twice, and weights that only a device touches stay there for all steps of a run.
#include "compiler/partition.h"

#include <algorithm>
#include <map>
#include <set>

#include "compiler/plan.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t host_space = 0;

// One value known outside a stretch.
struct Shared {
  ValueId value;
  std::size_t bytes;
  std::vector<std::unique_ptr<Buffer>> copies;  // by space; the host's is empty when the caller binds one
  std::vector<bool> current;                    // by space
  std::optional<std::size_t> slot;              // of the whole executable
};

struct Stretch {
  Device* device;
  std::size_t space;
  std::unique_ptr<Executable> executable;
  std::vector<std::size_t> shared;  // by slot of the stretch's executable
  std::vector<bool> writes;         // likewise: the stretch gives this one a new content
  std::vector<bool> reads;          // likewise: it needs the old one
  std::vector<Binding> bindings;
};

class Partitioned final : public Executable {
 public:
  std::span<const Slot> slots() const noexcept override { return slots_; }

  void run(std::span<const Binding> bindings, std::size_t steps) override {
    for (std::size_t step = 0; step < steps; ++step) {
      begin_step(bindings, step);
      for (Stretch& stretch : stretches_) run(stretch);
      end_step(bindings, step);
    }
    for (Shared& shared : shared_)
      if (shared.slot && slots_[*shared.slot].role != Slot::input) bring(shared, host_space);
  }

  std::string report() const override {
    std::string text;
    for (const Stretch& stretch : stretches_) {
      text += "on " + stretch.device->info().name + ":\n";
      for (std::size_t i = 0; i < stretch.shared.size(); ++i) {
        const std::size_t index = stretch.shared[i];
        if (stretch.reads[i] && written_elsewhere(index, stretch.space))
          text += "  transfer in: " + stretch.executable->slots()[i].name + ", " + std::to_string(shared_[index].bytes) +
                  " bytes when stale\n";
      }
      text += stretch.executable->report();
      for (std::size_t i = 0; i < stretch.shared.size(); ++i) {
        const std::size_t index = stretch.shared[i];
        if (stretch.space != host_space && stretch.writes[i] && shared_[index].slot)
          text += "  transfer out: " + slots_[*shared_[index].slot].name + ", " + std::to_string(shared_[index].bytes) +
                  " bytes " + (slots_[*shared_[index].slot].role == Slot::output ? "each step\n" : "at the end of a run\n");
      }
    }
    return text;
  }

  std::vector<Slot> slots_;
  std::vector<Shared> shared_;
  std::vector<Stretch> stretches_;
  std::vector<Device*> spaces_;  // by space; a null pointer for the host

 private:
  // Whether a space gets this value from another one: from the caller, or from a stretch that runs there.
  bool written_elsewhere(std::size_t index, std::size_t space) const {
    if (shared_[index].slot && space != host_space) return true;
    for (const Stretch& stretch : stretches_)
      for (std::size_t i = 0; i < stretch.shared.size(); ++i)
        if (stretch.shared[i] == index && stretch.writes[i] && stretch.space != space) return true;
    return false;
  }

  // Inputs and outputs move along with the steps; parameters and states stay where they are.
  void begin_step(std::span<const Binding> bindings, std::size_t step) {
    for (Shared& shared : shared_) {
      if (!shared.slot) continue;
      const Binding& binding = bindings[*shared.slot];
      const bool moves = binding.step != 0 || slots_[*shared.slot].role == Slot::output;
      if (step > 0 && !moves) continue;
      if (shared.bytes > 0 && !binding.buffer->host())
        throw Error(Code::internal, "slot \"" + slots_[*shared.slot].name + "\" is not bound to host memory");
      host_[&shared - shared_.data()] = static_cast<std::byte*>(binding.buffer->host()) + binding.offset + binding.step * step;
      std::fill(shared.current.begin(), shared.current.end(), false);
      shared.current[host_space] = true;
    }
  }
  void end_step(std::span<const Binding>, std::size_t) {
    for (Shared& shared : shared_)
      if (shared.slot && slots_[*shared.slot].role == Slot::output) bring(shared, host_space);
  }

  std::byte* host_memory(Shared& shared) {
    if (shared.slot) return host_[static_cast<std::size_t>(&shared - shared_.data())];
    return static_cast<std::byte*>(shared.copies[host_space]->host());
  }

  void bring(Shared& shared, std::size_t space) {
    if (shared.current[space] || shared.bytes == 0) return;
    const std::size_t from =
        static_cast<std::size_t>(std::find(shared.current.begin(), shared.current.end(), true) - shared.current.begin());
    if (from == shared.current.size()) return;  // nobody has written it yet
    std::byte* const host = host_memory(shared);
    if (from != host_space) shared.copies[from]->read(0, {host, shared.bytes});
    shared.current[host_space] = true;
    if (space != host_space) shared.copies[space]->write(0, {host, shared.bytes});
    shared.current[space] = true;
  }

  void run(Stretch& stretch) {
    for (std::size_t i = 0; i < stretch.shared.size(); ++i) {
      Shared& shared = shared_[stretch.shared[i]];
      if (stretch.reads[i]) bring(shared, stretch.space);
      if (stretch.space == host_space) {
        wrapped_[stretch.shared[i]]->memory = host_memory(shared);
        stretch.bindings[i] = {wrapped_[stretch.shared[i]].get(), 0, 0};
      } else {
        stretch.bindings[i] = {shared.copies[stretch.space].get(), 0, 0};
      }
    }
    // No wait here: what a device still has in its queue comes before the copies out of its memory.
    stretch.executable->run(stretch.bindings, 1);
    for (std::size_t i = 0; i < stretch.shared.size(); ++i) {
      if (!stretch.writes[i]) continue;
      Shared& shared = shared_[stretch.shared[i]];
      std::fill(shared.current.begin(), shared.current.end(), false);
      shared.current[stretch.space] = true;
    }
  }

  // Host memory whose address changes from step to step.
  struct Window final : Buffer {
    std::byte* memory = nullptr;
    std::size_t bytes = 0;
    std::size_t size() const noexcept override { return bytes; }
    void* host() noexcept override { return bytes > 0 ? memory : reinterpret_cast<std::byte*>(this); }
    void read(std::size_t offset, std::span<std::byte> into) override {
      std::copy_n(memory + offset, into.size(), into.data());
    }
    void write(std::size_t offset, std::span<const std::byte> from) override {
      std::copy_n(from.data(), from.size(), memory + offset);
    }
  };

 public:
  void finish() {
    host_.resize(shared_.size());
    for (const Shared& shared : shared_) {
      wrapped_.push_back(std::make_unique<Window>());
      wrapped_.back()->bytes = shared.bytes;
    }
  }

 private:
  std::vector<std::byte*> host_;                  // by shared value: where the caller's memory is in this step
  std::vector<std::unique_ptr<Window>> wrapped_;  // by shared value
};

class Partitioner {
 public:
  Partitioner(const Context& context, const Graph& graph, std::span<Device* const> devices)
      : context_(context), graph_(graph), result_(std::make_unique<Partitioned>()) {
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
    Stretch stretch{device, space, device->compile(plan(context_, std::move(part))), {}, {}, {}, {}};
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
