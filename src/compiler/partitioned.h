// Stretches run in turn. Each value that more than one stretch (or the caller) knows has one copy per memory space and
// a mark of which copies are current; a stretch first brings its inputs up to date, and what it writes makes the other
// copies stale. So nothing is copied twice, and weights that only a device touches stay there for all steps of a run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "webai/context.hpp"

namespace webai {

/// Memory that the host addresses: of the host itself and of devices whose buffers are host memory.
constexpr std::size_t host_space = 0;

/// One value known outside a stretch.
struct Shared {
  ValueId value;
  std::size_t bytes;
  std::vector<std::unique_ptr<Buffer>> copies;  ///< by space; the host's is empty when the caller binds one
  std::vector<bool> current;                    ///< by space
  std::optional<std::size_t> slot;              ///< of the whole executable
};

struct Stretch {
  Device* device;
  std::size_t space;
  std::unique_ptr<Executable> executable;
  NodeProfile whole;                ///< what a profile says where the device times no nodes
  std::vector<std::size_t> shared;  ///< by slot of the stretch's executable
  std::vector<bool> writes;         ///< likewise: the stretch gives this one a new content
  std::vector<bool> reads;          ///< likewise: it needs the old one
  std::vector<Binding> bindings;
};

class Partitioned final : public Executable {
 public:
  explicit Partitioned(const Context& context);
  ~Partitioned() override;
  /// To be called once, when all parts are in place.
  void finish();

  std::span<const Slot> slots() const noexcept override { return slots_; }
  void run(std::span<const Binding> bindings, std::size_t steps) override;
  std::vector<NodeProfile> time_step(std::span<const Binding> bindings) override;
  std::size_t held_bytes() const noexcept override;
  std::string report() const override;

  std::vector<Slot> slots_;
  std::vector<Shared> shared_;
  std::vector<Stretch> stretches_;
  std::vector<Device*> spaces_;  // by space; a null pointer for the host

 private:
  struct Window;
  bool written_elsewhere(std::size_t index, std::size_t space) const;
  void begin_step(std::span<const Binding> bindings, std::size_t step);
  void end_step();
  void end_run();
  std::byte* host_memory(Shared& shared);
  void bring(Shared& shared, std::size_t space);
  void before(Stretch& stretch);
  void after(const Stretch& stretch);

  Context context_;
  std::vector<std::byte*> host_;                  // by shared value: where the caller's memory is in this step
  std::vector<std::unique_ptr<Window>> wrapped_;  // by shared value
};

}  // namespace webai
