// Buffers in host memory.
#include <cstring>

#include "backends/host/device.h"

namespace webai {
namespace {

class HostBuffer final : public Buffer {
 public:
  HostBuffer(const Context& context, std::size_t bytes) : context_(context), memory_(context.allocate(bytes)), size_(bytes) {
    std::memset(memory_, 0, bytes);
  }
  ~HostBuffer() override { context_.deallocate(memory_, size_); }
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
  Context context_;
  void* memory_;
  std::size_t size_;
};

}  // namespace

std::unique_ptr<Buffer> make_host_buffer(const Context& context, std::size_t bytes) {
  return std::make_unique<HostBuffer>(context, bytes);
}

}  // namespace webai
