// The seam between compiler and devices: Device, Buffer, Executable, and the Program that is handed over.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/graph.h"
#include "webai/profile.hpp"

namespace webai {

/// Memory of a device.
class Buffer {
 public:
  virtual ~Buffer() = default;
  virtual std::size_t size() const noexcept = 0;
  /// The memory itself when the host can address it, else nullptr.
  virtual void* host() noexcept = 0;
  /// Blocking copies; offsets and sizes in bytes, checked.
  virtual void read(std::size_t offset, std::span<std::byte> into) = 0;
  virtual void write(std::size_t offset, std::span<const std::byte> from) = 0;
};

/// A view of host memory that the caller owns and may move: how batches are bound without copying.
class HostWindow final : public Buffer {
 public:
  void look_at(const void* memory, std::size_t bytes) noexcept {
    memory_ = const_cast<void*>(memory);  // executables only read what is bound to an input
    size_ = bytes;
  }
  std::size_t size() const noexcept override { return size_; }
  void* host() noexcept override { return memory_; }
  void read(std::size_t offset, std::span<std::byte> into) override;
  void write(std::size_t offset, std::span<const std::byte> from) override;

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

/// Throws INVALID_ARGUMENT unless [offset, offset + count) lies inside `size` bytes.
void check_range(std::size_t offset, std::size_t count, std::size_t size);

/// Where a value of a program lives.
struct Location {
  enum Kind : std::uint8_t { scratch, slot, constant } kind = scratch;
  std::size_t index = 0;   ///< of the slot, or of the constant value's id
  std::size_t offset = 0;  ///< bytes into the scratch arena
};

/// A buffer that the caller binds for each run.
struct Slot {
  std::string name;
  ValueId value = no_value;  ///< the input, parameter, state or output value
  enum Role : std::uint8_t { input, parameter, state, output } role = input;
  std::size_t bytes = 0;     ///< of one step
};

/// What a device compiles: a concrete graph in running order with every value placed.
struct Program {
  Graph graph;
  std::vector<Location> locations;  ///< one per value of the graph
  std::vector<Slot> slots;
  std::size_t scratch_bytes = 0;
  std::map<NodeId, std::shared_ptr<const Program>> bodies = {};  ///< of its loops, each in step form (core/op/loop.h)
};

/// One binding of a slot: where step 0 starts and how far each further step lies (0: the same memory every step).
struct Binding {
  Buffer* buffer = nullptr;
  std::size_t offset = 0;
  std::ptrdiff_t step = 0;
};

class Executable {
 public:
  virtual ~Executable() = default;
  virtual std::span<const Slot> slots() const noexcept = 0;
  /// Index of a slot by name and role, or nothing.
  std::optional<std::size_t> slot(std::string_view name, Slot::Role role) const noexcept;
  /// Runs `steps` times with one binding per slot, in slot order. May return before the work is done: wait() on the
  /// device. Allocates nothing after the first run with the same bindings.
  virtual void run(std::span<const Binding> bindings, std::size_t steps) = 0;
  /// Runs one step as run does and says how long each node took, in running order: a function of its own, so that run
  /// never asks the clock. The default knows only the step: it runs it, and whoever calls times the whole.
  virtual std::vector<NodeProfile> time_step(std::span<const Binding> bindings);
  /// Memory that it keeps for itself between runs: scratch and copies. What callers bind and models share is not in it.
  virtual std::size_t held_bytes() const noexcept { return 0; }
  /// One line per node, for `inspect`.
  virtual std::string report() const = 0;
};

struct DeviceInfo {
  std::string name;         ///< "cpu", "reference", "opencl"
  std::string kind;         ///< "cpu" or "gpu"
  std::string description;
  std::vector<DType> types;
  std::size_t memory_bytes = 0;
  bool host_memory = true;  ///< its buffers are host memory
  /// Whether elementwise results and sums have the bits that all processors have; nothing: a self-test will say.
  std::optional<bool> same_bits = true;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceInfo& info() const noexcept = 0;
  /// As in info(), or what the device's self-test found since then: it runs when the device first compiles.
  virtual std::optional<bool> same_bits() const noexcept { return info().same_bits; }
  /// Nothing when the device takes the node, else why not.
  virtual std::optional<std::string> refuses(const Graph& graph, const Node& node) const = 0;
  /// Zeroed memory.
  virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  virtual std::unique_ptr<Executable> compile(Program program) = 0;
  virtual void wait() = 0;
};

}  // namespace webai
