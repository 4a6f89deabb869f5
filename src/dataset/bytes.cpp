// The buffer between a source of bytes and the file formats.
#include "dataset/bytes.h"

#include <algorithm>
#include <cstring>

#include "webai/error.hpp"

namespace webai {

bool ByteReader::fill() {
  base_ += filled_;
  used_ = filled_ = 0;
  filled_ = source_->read(buffer_);
  return filled_ > 0;
}

void ByteReader::rewind() {
  source_->rewind();
  used_ = filled_ = 0;
  base_ = 0;
}

std::size_t ByteReader::read(std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    if (used_ == filled_) {
      if (into.size() - done >= buffer_.size()) {  // large pieces go past the buffer
        const std::size_t count = source_->read(into.subspan(done));
        base_ += filled_ + count;
        used_ = filled_ = 0;
        if (count == 0) break;
        done += count;
        continue;
      }
      if (!fill()) break;
    }
    const std::size_t count = std::min(filled_ - used_, into.size() - done);
    std::memcpy(into.data() + done, buffer_.data() + used_, count);
    used_ += count;
    done += count;
  }
  return done;
}

void ByteReader::read_exactly(std::span<std::byte> into, std::string_view what) {
  const std::uint64_t start = position();
  const std::size_t count = read(into);
  if (count == into.size()) return;
  throw Error(Code::invalid_argument, {.message = "the file ends early, in " + std::string(what),
                                       .reason = "TRUNCATED",
                                       .path = name_,
                                       .expected = std::to_string(into.size()) + " bytes at byte " +
                                                   std::to_string(start),
                                       .actual = std::to_string(count),
                                       .hint = "the file may be damaged or not copied whole"});
}

void ByteReader::skip_exactly(std::uint64_t bytes, std::string_view what) {
  std::byte dropped[512];
  while (bytes > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, sizeof dropped));
    read_exactly(std::span(dropped).first(count), what);
    bytes -= count;
  }
}

namespace {

template <class Word, class Swap> void swap_words(std::byte* data, std::size_t count, Swap swap) noexcept {
  for (std::size_t i = 0; i < count; ++i, data += sizeof(Word)) {
    Word word;
    std::memcpy(&word, data, sizeof word);
    word = swap(word);
    std::memcpy(data, &word, sizeof word);
  }
}

}  // namespace

void swap_bytes(std::byte* data, std::size_t count, std::size_t element_size) noexcept {
  using std::uint16_t, std::uint32_t, std::uint64_t;
  if (element_size == 2) swap_words<uint16_t>(data, count, [](uint16_t word) { return __builtin_bswap16(word); });
  if (element_size == 4) swap_words<uint32_t>(data, count, [](uint32_t word) { return __builtin_bswap32(word); });
  if (element_size == 8) swap_words<uint64_t>(data, count, [](uint64_t word) { return __builtin_bswap64(word); });
}

}  // namespace webai
