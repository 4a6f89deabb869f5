// MemorySource, and reading a whole source within a limit.
#include "core/base/memory_source.h"

#include <algorithm>
#include <cstring>

#include "webai/error.hpp"

namespace webai {
namespace {

// Fills a std::vector<std::byte> or std::string. Grows by what was read, so that a short source takes little memory
// whatever the limit is.
template <class Buffer> Buffer read_into(ByteSource& source, std::uint64_t limit) {
  constexpr std::size_t first_step = std::size_t{1} << 16;
  Buffer buffer;
  std::size_t used = 0;
  for (;;) {
    if (used == buffer.size()) buffer.resize(used + std::max(first_step, used / 2));
    const std::size_t count =
        source.read(std::span(reinterpret_cast<std::byte*>(buffer.data()) + used, buffer.size() - used));
    if (count == 0) break;
    used += count;
    if (used > limit) {
      throw Error(Code::limit_exceeded, {.message = "holds more than the " + std::to_string(limit) + " bytes allowed",
                                         .reason = "SOURCE_BYTES",
                                         .path = source.name(),
                                         .hint = "give a smaller file, or raise the limit"});
    }
  }
  buffer.resize(used);
  return buffer;
}

}  // namespace

MemorySource::MemorySource(std::string name, std::vector<std::byte> bytes)
    : name_(std::move(name)), owned_(std::move(bytes)), bytes_(owned_) {}

MemorySource::MemorySource(std::string name, const std::string& text) : name_(std::move(name)), owned_(text.size()) {
  if (!text.empty()) std::memcpy(owned_.data(), text.data(), text.size());
  bytes_ = owned_;
}

std::unique_ptr<MemorySource> MemorySource::over(std::string name, std::span<const std::byte> bytes) {
  auto source = std::make_unique<MemorySource>(std::move(name), std::vector<std::byte>());
  source->bytes_ = bytes;
  return source;
}

std::size_t MemorySource::read(std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), bytes_.size() - position_);
  if (count != 0) std::memcpy(into.data(), bytes_.data() + position_, count);
  position_ += count;
  return count;
}

std::vector<std::byte> read_all(ByteSource& source, std::uint64_t limit) {
  return read_into<std::vector<std::byte>>(source, limit);
}

std::string read_text(ByteSource& source, std::uint64_t limit) { return read_into<std::string>(source, limit); }

}  // namespace webai
