// Unpacks gzip while it is read: memory stays at a few buffers whatever the file claims to hold.
#if WEBAI_WITH_ZLIB
#include <zlib.h>
#endif

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include "dataset/bytes.h"
#include "webai/error.hpp"

namespace webai {

namespace {

/// A source whose first bytes were looked at already: they come again, without asking a pipe to go back.
class PeekedSource final : public ByteSource {
 public:
  explicit PeekedSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
    while (size_ < start_.size()) {  // a source may give a byte at a time
      const std::size_t more = source_->read(std::span(start_).subspan(size_));
      if (more == 0) break;
      size_ += more;
    }
  }
  bool is_gzip() const noexcept {
    return size_ == 2 && start_[0] == std::byte{0x1f} && start_[1] == std::byte{0x8b};
  }
  const std::string& name() const override { return source_->name(); }
  void rewind() override {
    source_->rewind();
    given_ = size_;  // the source gives them itself from now on
  }
  std::size_t read(std::span<std::byte> into) override {
    if (given_ == size_) return source_->read(into);
    const std::size_t count = std::min(into.size(), size_ - given_);
    std::memcpy(into.data(), start_.data() + given_, count);
    given_ += count;
    return count;
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::array<std::byte, 2> start_{};
  std::size_t size_ = 0, given_ = 0;
};

#if WEBAI_WITH_ZLIB

class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)), buffer_(64 << 10) {
    constexpr int gzip_only = 15 + 16;  // the largest window, and the header and check of gzip
    if (inflateInit2(&stream_, gzip_only) != Z_OK) {
      throw Error(Code::out_of_memory, {.message = "no memory to unpack gzip", .path = packed_->name(),
                                        .hint = "unpack the file first, with gunzip"});
    }
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  const std::string& name() const override { return packed_->name(); }

  void rewind() override {
    packed_->rewind();
    inflateReset(&stream_);
    stream_.avail_in = 0;
    between_members_ = true;
    any_member_ = ended_ = false;
  }

  std::size_t read(std::span<std::byte> into) override {
    const auto room = static_cast<uInt>(std::min<std::size_t>(into.size(), UINT_MAX));
    if (room == 0) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = room;
    while (stream_.avail_out == room && !ended_) {
      if (stream_.avail_in == 0 && !refill()) break;
      if (between_members_ && !start_member()) break;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        between_members_ = true;  // gzip files may be joined end to end
      } else if (result == Z_MEM_ERROR) {
        throw Error(Code::out_of_memory, {.message = "no memory to unpack gzip", .path = name(), .hint = "unpack the file first, with gunzip"});
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        ended_ = true;
        throw Error(Code::invalid_argument, {.message = "the gzip data is damaged",
                                             .reason = "GZIP",
                                             .path = name(),
                                             .actual = stream_.msg ? stream_.msg : "data that cannot be unpacked",
                                             .hint = "get the file again"});
      }
    }
    return room - stream_.avail_out;
  }

 private:
  bool refill() {
    const std::size_t count = packed_->read(buffer_);
    if (count == 0) {
      ended_ = true;
      if (between_members_) return false;
      throw Error(Code::invalid_argument, {.message = "the gzip data ends early",
                                           .reason = "TRUNCATED",
                                           .path = name(),
                                           .hint = "the file may be damaged or not copied whole"});
    }
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return true;
  }

  /// Zeros that fill up a block of a tape may follow the last member; anything else must be another one.
  bool start_member() {
    if (any_member_) {
      while (stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        if (--stream_.avail_in == 0 && !refill()) return false;
      }
      inflateReset(&stream_);
    }
    any_member_ = true;
    between_members_ = false;
    return true;
  }

  std::unique_ptr<ByteSource> packed_;
  std::vector<std::byte> buffer_;
  z_stream stream_ = {};
  bool between_members_ = true, any_member_ = false, ended_ = false;
};

#endif

}  // namespace

std::unique_ptr<ByteSource> open_unpacked(const DataFile& file) {
  if (!file.open) throw Error(Code::invalid_argument, {.message = "the file has no way to be opened", .path = file.name,
                                                       .hint = "a context needs a function that opens files"});
  auto source = file.open();
  if (!source) throw Error(Code::not_found, {.message = "the file cannot be opened", .path = file.name,
                                                .hint = "look whether it is there and may be read"});
  auto peeked = std::make_unique<PeekedSource>(std::move(source));
  if (!peeked->is_gzip()) return peeked;
#if WEBAI_WITH_ZLIB
  return std::make_unique<GzipSource>(std::move(peeked));
#else
  throw Error(Code::unsupported, {.message = "this build of the library cannot unpack gzip",
                                  .reason = "GZIP",
                                  .path = file.name,
                                  .hint = "unpack the file first"});
#endif
}

}  // namespace webai
