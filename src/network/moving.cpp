// From one device to another, with whatever is under way.
#include <algorithm>
#include <mutex>
#include <utility>

#include "network/state.h"

namespace webai {

std::vector<Device*> NeuralNetwork::State::device_order() const {
  const std::lock_guard guard(devices_mutex);
  return devices.order;
}

void NeuralNetwork::State::wait() const {
  for (Device* const device : devices.order) device->wait();
}

Buffer* NeuralNetwork::State::room_for(const Slot& slot, Buffers& memory) const {
  std::unique_ptr<Buffer>& buffer = memory[slot.name + " " + std::to_string(slot.bytes)];
  if (!buffer) buffer = allocate(slot.bytes);
  return buffer.get();
}

// Everything that outlives a program is host memory, so only programs are made anew. Those of verifications and
// gradients under way see by `moves` that they are out of date.
void NeuralNetwork::move_to(const std::string& device, bool require, std::optional<double> min_mops) {
  State& state = *state_;
  DeviceWish wish = state.wish(device, require);
  if (min_mops) wish.min_mops = *min_mops;
  const std::lock_guard guard(state.turn);
  if (wish == state.devices.wish) return;
  state.wait();
  const auto known = std::ranges::find(state.left, wish, &DeviceList::wish);
  DeviceList other = known != state.left.end() ? std::move(*known) : choose_devices(state.context, *state.registry, wish);
  if (known != state.left.end()) state.left.erase(known);
  const auto change = [&state, &other] {
    const std::lock_guard own(state.devices_mutex);
    std::swap(state.devices, other);
  };
  change();
  auto programs = std::exchange(state.programs, {});
  const std::size_t precompiled = std::exchange(state.precompiled, 0);
  try {
    state.precompile();
    if (!state.is_open()) state.program({}, 1, true);
    if (state.recompile_training) state.recompile_training();
  } catch (...) {
    state.programs = std::move(programs);
    state.precompiled = precompiled;
    change();
    state.left.push_back(std::move(other));  // parts of the training may have been compiled for it
    throw;
  }
  ++state.moves;
  state.left.push_back(std::move(other));
}

std::string NeuralNetwork::device() const { return state_->device_order().front()->info().name; }

}  // namespace webai
