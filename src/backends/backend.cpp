// The parts of the seam that every device shares.
#include "backends/backend.h"

#include <cstring>

#include "webai/error.hpp"

namespace webai {

void check_range(std::size_t offset, std::size_t count, std::size_t size) {
  if (offset > size || count > size - offset)
    throw Error(Code::invalid_argument, {.message = "bytes " + std::to_string(offset) + " to " +
                                                    std::to_string(offset + count) + " of a buffer",
                                         .reason = "RANGE", .expected = "at most " + std::to_string(size)});
}

void HostWindow::read(std::size_t offset, std::span<std::byte> into) {
  check_range(offset, into.size(), size_);
  if (!into.empty()) std::memcpy(into.data(), static_cast<std::byte*>(memory_) + offset, into.size());
}

void HostWindow::write(std::size_t offset, std::span<const std::byte> from) {
  check_range(offset, from.size(), size_);
  if (!from.empty()) std::memcpy(static_cast<std::byte*>(memory_) + offset, from.data(), from.size());
}

std::optional<std::size_t> Executable::slot(std::string_view name, Slot::Role role) const noexcept {
  const auto all = slots();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].role == role && all[i].name == name) return i;
  return std::nullopt;
}

std::vector<NodeProfile> Executable::time_step(std::span<const Binding> bindings) {
  run(bindings, 1);
  return {};
}

}  // namespace webai
