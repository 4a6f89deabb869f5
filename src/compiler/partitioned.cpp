#include "compiler/partitioned.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "webai/error.hpp"

namespace webai {

// Host memory whose address changes from step to step.
struct Partitioned::Window final : Buffer {
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

Partitioned::Partitioned(const Context& context) : context_(context) {}
Partitioned::~Partitioned() = default;

void Partitioned::finish() {
  host_.resize(shared_.size());
  for (const Shared& shared : shared_) {
    wrapped_.push_back(std::make_unique<Window>());
    wrapped_.back()->bytes = shared.bytes;
  }
}

void Partitioned::run(std::span<const Binding> bindings, std::size_t steps) {
  for (std::size_t step = 0; step < steps; ++step) {
    begin_step(bindings, step);
    for (Stretch& stretch : stretches_) {
      before(stretch);
      // No wait here: what a device still has in its queue comes before the copies out of its memory.
      stretch.executable->run(stretch.bindings, 1);
      after(stretch);
    }
    end_step();
  }
  end_run();
}

std::vector<NodeProfile> Partitioned::time_step(std::span<const Binding> bindings) {
  std::vector<NodeProfile> rows;
  NodeProfile copies{.operation = "copies between memories", .path = {}, .device = "cpu"};
  double began = context_.host().now();
  const auto passed = [&] {
    const double before = std::exchange(began, context_.host().now());
    return (began - before) * 1e6;
  };
  begin_step(bindings, 0);
  for (Stretch& stretch : stretches_) {
    before(stretch);
    stretch.device->wait();
    copies.nanoseconds += passed();
    std::vector<NodeProfile> timed = stretch.executable->time_step(stretch.bindings);
    stretch.device->wait();
    const double whole = passed();
    if (timed.empty()) {
      timed.push_back(stretch.whole);
      timed.back().nanoseconds = whole;
    }
    rows.insert(rows.end(), std::make_move_iterator(timed.begin()), std::make_move_iterator(timed.end()));
    after(stretch);
  }
  end_step();
  end_run();
  copies.nanoseconds += passed();
  if (spaces_.size() > 1) rows.push_back(std::move(copies));
  return rows;
}

std::size_t Partitioned::held_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Stretch& stretch : stretches_) bytes += stretch.executable->held_bytes();
  for (const Shared& shared : shared_)
    for (const auto& copy : shared.copies)
      if (copy) bytes += copy->size();
  return bytes;
}

std::string Partitioned::report() const {
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

// Whether a space gets this value from another one: from the caller, or from a stretch that runs there.
bool Partitioned::written_elsewhere(std::size_t index, std::size_t space) const {
  if (shared_[index].slot && space != host_space) return true;
  for (const Stretch& stretch : stretches_)
    for (std::size_t i = 0; i < stretch.shared.size(); ++i)
      if (stretch.shared[i] == index && stretch.writes[i] && stretch.space != space) return true;
  return false;
}

// Inputs and outputs move along with the steps; parameters and states stay where they are.
void Partitioned::begin_step(std::span<const Binding> bindings, std::size_t step) {
  for (Shared& shared : shared_) {
    if (!shared.slot) continue;
    const Binding& binding = bindings[*shared.slot];
    const bool moves = binding.step != 0 || slots_[*shared.slot].role == Slot::output;
    if (step > 0 && !moves) continue;
    if (shared.bytes > 0 && !binding.buffer->host())
      throw Error(Code::internal, "slot \"" + slots_[*shared.slot].name + "\" is not bound to host memory");
    host_[&shared - shared_.data()] = static_cast<std::byte*>(binding.buffer->host()) + binding.offset +
                                         binding.step * static_cast<std::ptrdiff_t>(step);
    std::fill(shared.current.begin(), shared.current.end(), false);
    shared.current[host_space] = true;
  }
}

void Partitioned::end_step() {
  for (Shared& shared : shared_)
    if (shared.slot && slots_[*shared.slot].role == Slot::output) bring(shared, host_space);
}

void Partitioned::end_run() {
  for (Shared& shared : shared_)
    if (shared.slot && slots_[*shared.slot].role != Slot::input) bring(shared, host_space);
}

std::byte* Partitioned::host_memory(Shared& shared) {
  if (shared.slot) return host_[static_cast<std::size_t>(&shared - shared_.data())];
  return static_cast<std::byte*>(shared.copies[host_space]->host());
}

void Partitioned::bring(Shared& shared, std::size_t space) {
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

void Partitioned::before(Stretch& stretch) {
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
}

void Partitioned::after(const Stretch& stretch) {
  for (std::size_t i = 0; i < stretch.shared.size(); ++i) {
    if (!stretch.writes[i]) continue;
    Shared& shared = shared_[stretch.shared[i]];
    std::fill(shared.current.begin(), shared.current.end(), false);
    shared.current[stretch.space] = true;
  }
}

}  // namespace webai
