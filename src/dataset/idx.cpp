// IDX, the format of MNIST: two zero bytes, element type, rank, dimensions as big-endian 32-bit numbers, elements.
#include <algorithm>
#include <array>
#include <bit>

#include "dataset/row_file.h"
#include "webai/error.hpp"

namespace webai {

namespace {

struct ElementType {
  std::uint8_t code;
  DType type;
};
constexpr ElementType element_types[] = {{0x08, DType::u8},  {0x09, DType::i8},   {0x0b, DType::i16},
                                         {0x0c, DType::i32}, {0x0d, DType::fp32}, {0x0e, DType::fp64}};

std::string hexadecimal(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    if (!text.empty()) text += ' ';
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

class IdxRows final : public RowFile {
 public:
  explicit IdxRows(const DataFile& file) : RowFile(file.name), file_(file) {
    read_header();
    start_ = file_.position();
  }

  void rewind() override {
    file_.rewind();
    file_.skip_exactly(start_, "the IDX header");
  }

  void expect_end() override {
    if (file_.at_end()) return;
    throw Error(Code::invalid_argument, {.message = "the file goes on after the last sample its header counts",
                                         .reason = "IDX_LENGTH",
                                         .path = name(),
                                         .expected = "the end at byte " + std::to_string(file_.position()),
                                         .hint = "load the file again: it is damaged, or of another kind"});
  }

 protected:
  void read_row(std::byte* row) override {
    file_.read_exactly({row, bytes()}, "the samples");
    if constexpr (std::endian::native == std::endian::little) swap_bytes(row, elements(), size_of(type()));
  }

 private:
  void read_header() {
    std::array<std::byte, 4> magic;
    file_.read_exactly(magic, "the IDX header");
    const auto found = std::find_if(std::begin(element_types), std::end(element_types), [&](const ElementType& entry) {
      return entry.code == std::to_integer<std::uint8_t>(magic[2]);
    });
    const auto rank = std::to_integer<std::size_t>(magic[3]);
    if (magic[0] != std::byte{0} || magic[1] != std::byte{0} || found == std::end(element_types) || rank == 0) {
      throw Error(Code::invalid_argument, {.message = "this is not an IDX file",
                                           .reason = "IDX_MAGIC",
                                           .path = name(),
                                           .expected = "the bytes 00 00, a type from 08 to 0e, a rank from 01",
                                           .actual = hexadecimal(magic),
                                           .hint = "say what it is in front of its name: csv:, npy:, json:"});
    }
    if (rank > Shape::max_rank) {
      throw Error(Code::limit_exceeded, {.message = "the IDX file has too many dimensions",
                                         .reason = "RANK",
                                         .path = name(),
                                         .expected = "at most " + std::to_string(Shape::max_rank),
                                         .actual = std::to_string(rank),
                                         .hint = "put dimensions together"});
    }
    Shape shape;
    double elements = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) {
      std::array<std::byte, 4> bytes;
      file_.read_exactly(bytes, "the IDX dimensions");
      std::uint32_t length = 0;
      for (const std::byte byte : bytes) length = length << 8 | std::to_integer<std::uint32_t>(byte);
      shape.append(static_cast<std::int64_t>(length));
      elements *= length;
    }
    if (elements > 9e18)  // what 63 bits count
      throw Error(Code::limit_exceeded, {.message = "the IDX header counts more elements than any file holds",
                                         .reason = "ELEMENTS",
                                         .path = name(),
                                         .actual = shape.text(),
                                         .hint = "the file is damaged, or no IDX file"});
    set_array(found->type, shape);
  }

  ByteReader file_;
  std::uint64_t start_ = 0;  // where the elements begin
};

}  // namespace

std::shared_ptr<const Source> make_idx_source(DataFile images, DataFile labels, const FileOptions& options) {
  const OpenRows open = [](const DataFile& file) -> std::unique_ptr<RowFile> { return std::make_unique<IdxRows>(file); };
  return make_pair_source(std::move(images), std::move(labels), open, options);
}

}  // namespace webai
