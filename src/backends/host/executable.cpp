#include "backends/host/executable.h"

#include <algorithm>
#include <functional>

#include "backends/host/device.h"
#include "core/base/float_state.h"
#include "core/op/cost.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"

namespace webai {
namespace {

constexpr double worth_waking = 100e3;  // nanoseconds
// A kernel is timed over so many times what asking the clock takes: by repeating it, where it is shorter.
constexpr double clocks_of_a_kernel = 100;

/// Helpers stay awake for as long as it lives; functions of the program, which kernels may call, may throw.
class Stretch {
 public:
  Stretch(Executor& executor, bool shared) : executor_(shared ? &executor : nullptr) {
    if (executor_) executor_->begin();
  }
  ~Stretch() {
    if (executor_) executor_->end();
  }
  Stretch(const Stretch&) = delete;
  Stretch& operator=(const Stretch&) = delete;

 private:
  Executor* executor_;
};

}  // namespace

HostExecutable::HostExecutable(const Context& context, Program program, std::vector<Entry> entries)
    : context_(context),
      program_(std::move(program)),
      entries_(std::move(entries)),
      bound_(program_.slots.size(), nullptr),
      arena_(make_host_buffer(context, program_.scratch_bytes)) {
  std::size_t scratch = 0;
  const Graph& graph = program_.graph;
  for (const Entry& entry : entries_) {
    nanoseconds_ += entry.kernel->nanoseconds();
    scratch = std::max(scratch, entry.kernel->scratch_bytes());
    calls_.push_back({entry.kernel.get(), static_cast<std::uint32_t>(operands_.size())});
    const Node& node = graph.node(entry.node);
    for (const std::vector<ValueId>* ids : {&node.inputs, &node.outputs})
      for (const ValueId id : *ids) {
        if (id == no_value) {
          operands_.push_back(nullptr);
          continue;
        }
        const Location& location = program_.locations[static_cast<std::size_t>(id)];
        switch (location.kind) {
          case Location::scratch:
            operands_.push_back(static_cast<std::byte*>(arena_->host()) + location.offset);
            break;
          case Location::constant:
            operands_.push_back(const_cast<void*>(
                graph.values[location.index].constant.data()));  // kernels only read their inputs
            break;
          case Location::slot:
            patches_.push_back({static_cast<std::uint32_t>(location.index),
                                static_cast<std::uint32_t>(operands_.size())});
            operands_.push_back(nullptr);
            break;
        }
      }
  }
  std::stable_sort(patches_.begin(), patches_.end(), [](Patch a, Patch b) { return a.slot < b.slot; });
  for (std::size_t slot = 0, p = 0; slot <= program_.slots.size(); ++slot) {
    while (p < patches_.size() && patches_[p].slot < slot) ++p;
    patch_begin_.push_back(static_cast<std::uint32_t>(p));
  }
  kernel_scratch_ = make_host_buffer(context, scratch);
}

HostExecutable::~HostExecutable() = default;

void check_bindings(const Program& program, std::span<const Binding> bindings, std::size_t steps) {
  if (bindings.size() != program.slots.size())
    throw Error(Code::internal, "an executable with " + std::to_string(program.slots.size()) + " slots was given " +
                                    std::to_string(bindings.size()) + " bindings");
  for (std::size_t slot = 0; slot < bindings.size(); ++slot) {
    const Binding& binding = bindings[slot];
    if (!binding.buffer || !binding.buffer->host())
      throw Error(Code::internal, "slot \"" + program.slots[slot].name + "\" is not bound to host memory");
    const std::size_t last = binding.offset + static_cast<std::size_t>(binding.step) * (steps ? steps - 1 : 0), size = binding.buffer->size();
    if (last > size || program.slots[slot].bytes > size - last)
      throw Error(Code::internal, "slot \"" + program.slots[slot].name + "\" is bound to too small a buffer");
  }
}

void HostExecutable::resolve(std::span<const Binding> bindings) {
  for (std::size_t slot = 0; slot < bindings.size(); ++slot) {
    void* const address = static_cast<std::byte*>(bindings[slot].buffer->host()) + bindings[slot].offset;
    if (address == bound_[slot]) continue;
    bound_[slot] = address;
    for (std::uint32_t p = patch_begin_[slot]; p < patch_begin_[slot + 1]; ++p) operands_[patches_[p].operand] = address;
  }
}

void HostExecutable::run(std::span<const Binding> bindings, std::size_t steps) {
  check_bindings(program_, bindings, steps);
  resolve(bindings);
  const DefaultFloatState float_state;
  const StopScope* const stop = StopScope::current();
  // Waking helpers costs some microseconds: only where there is enough for them to do.
  Executor& executor = context_.executor();
  const bool shared = nanoseconds_ * static_cast<double>(steps) > worth_waking && executor.width() > 1;
  const Stretch stretch(executor, shared);
  void* const scratch = kernel_scratch_->host();
  void* const* const operands = operands_.data();
  for (std::size_t step = 0; step < steps; ++step) {
    for (const Call& call : calls_) {
      if (stop) stop->check();
      call.kernel->run(operands + call.first_operand, scratch);
    }
    if (step + 1 == steps) break;
    for (std::size_t slot = 0; slot < bindings.size(); ++slot) {
      if (bindings[slot].step == 0) continue;
      bound_[slot] = static_cast<std::byte*>(bound_[slot]) + bindings[slot].step;
      for (std::uint32_t p = patch_begin_[slot]; p < patch_begin_[slot + 1]; ++p)
        operands_[patches_[p].operand] = bound_[slot];
    }
  }
}

// Kernels that write over what they read would not do the same again: they are timed once.
bool HostExecutable::repeatable(std::size_t call) const {
  const Graph& graph = program_.graph;
  const Node& node = graph.node(entries_[call].node);
  const auto memory = [&](std::size_t operand, ValueId id) {
    const ValueType& type = graph.value(id).type;
    const auto* const begin = static_cast<const std::byte*>(operands_[calls_[call].first_operand + operand]);
    return std::pair(begin, begin + static_cast<std::size_t>(type.shape.elements()) * size_of(type.type));
  };
  for (std::size_t o = 0; o < node.outputs.size(); ++o) {
    if (node.outputs[o] == no_value) continue;
    const auto output = memory(node.inputs.size() + o, node.outputs[o]);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == no_value) continue;
      const auto input = memory(i, node.inputs[i]);
      if (std::less<>()(input.first, output.second) && std::less<>()(output.first, input.second)) return false;
    }
  }
  return true;
}

double HostExecutable::time_call(std::size_t call, double clock) {
  Host& host = context_.host();
  HostKernel& kernel = *calls_[call].kernel;
  void* const* const operands = operands_.data() + calls_[call].first_operand;
  void* const scratch = kernel_scratch_->host();
  const auto time = [&](int count) {
    const double began = host.now();
    for (int i = 0; i < count; ++i) kernel.run(operands, scratch);
    return std::max(0.0, (host.now() - began) * 1e6 - clock);
  };
  const double once = time(1);
  if (once >= clocks_of_a_kernel * clock || !repeatable(call)) return once;
  const int count = 1 + static_cast<int>(clocks_of_a_kernel * clock / std::max(once, clock / 4));
  return time(count) / count;
}

std::vector<NodeProfile> HostExecutable::time_step(std::span<const Binding> bindings) {
  check_bindings(program_, bindings, 1);
  resolve(bindings);
  const DefaultFloatState float_state;
  Executor& executor = context_.executor();
  const bool shared = nanoseconds_ > worth_waking && executor.width() > 1;
  const Stretch stretch(executor, shared);
  // The least of several looks: one that the system interrupted would make kernels seem to take no time at all.
  double clock = 1e3, before = context_.host().now();
  for (int i = 0; i < 64; ++i) {
    const double now = context_.host().now();
    if (now > before) clock = std::min(clock, (now - before) * 1e6);
    before = now;
  }
  std::vector<double> times(calls_.size());
  for (std::size_t call = 0; call < calls_.size(); ++call) times[call] = time_call(call, clock);
  std::vector<NodeProfile> rows;
  for (std::size_t call = 0; call < calls_.size(); ++call) {
    rows.push_back(profile_row(program_.graph, program_.graph.node(entries_[call].node), entries_[call].table));
    rows.back().nanoseconds = times[call];
  }
  return rows;
}

std::string HostExecutable::report() const {
  std::string text;
  for (const Entry& entry : entries_) {
    const Node& node = program_.graph.node(entry.node);
    text += node.op->name + (node.chain && node.op->name != "fused" ? " + epilogue" : "") + " on " + entry.table;
    if (!node.reason.empty()) text += " (" + node.reason + ")";
    text += "\n";
  }
  return text;
}

}  // namespace webai
