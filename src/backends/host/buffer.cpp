// Buffers in host memory.
#include <cstring>

#include "backends/host/device.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void check_range(std::size_t offset, std::size_t count, std::size_t size) {
  if (offset > size || count > size - offset)
    throw Error(Code::invalid_argument, {.message = "bytes " + std::to_string(offset) + " to " +
                                                    std::to_string(offset + count) + " of a buffer",
                                         .reason = "RANGE", .expected = "at most " + std::to_string(size)});
}

class HostBuffer : public Buffer {
 public:
  HostBuffer(void* memory, std::size_t size) : memory_(memory), size_(size) {}
  std::size_t size() const noexcept override { return size_; }
  void* host() noexcept override { return memory_; }
  void read(std::size_t offset, std::span<std::byte> into) override {
    check_range(offset, into.size(), size_);
    if (!into.empty()) std::memcpy(into.data(), static_cast<std::byte*>(memory_) + offset, into.size());
  }
  void write(std::size_t offset, std::span<const std::byte> from) override {
    check_range(offset, from.size(), size_);
    if (!from.empty()) std::memcpy(static_cast<std::byte*>(memory_) + offset, from.data(), from.size());
  }

 private:
  void* memory_;
  std::size_t size_;
};

class OwnedHostBuffer final : public HostBuffer {
 public:
  OwnedHostBuffer(const Context& context, std::size_t bytes)
      : HostBuffer(context.allocate(bytes), bytes), context_(context) {
    std::memset(host(), 0, bytes);
  }
  ~OwnedHostBuffer() override { context_.deallocate(host(), size()); }

 private:
  Context context_;
};

}  // namespace

std::unique_ptr<Buffer> make_host_buffer(const Context& context, std::size_t bytes) {
  return std::make_unique<OwnedHostBuffer>(context, bytes);
}

std::unique_ptr<Buffer> wrap_host_buffer(void* memory, std::size_t bytes) {
  return std::make_unique<HostBuffer>(memory, bytes);
}

}  // namespace webai
