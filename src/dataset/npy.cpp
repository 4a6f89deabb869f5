// NumPy arrays: as the two halves of a dataset, and one by one.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "dataset/npy_header.h"
#include "dataset/row_file.h"
#include "webai/error.hpp"

namespace webai {

namespace {

/// Reads `count` elements as they lie in the file, in this machine's byte order.
void read_elements(ByteReader& file, const NpyHeader& header, std::byte* target, std::size_t count) {
  const std::size_t size = size_of(header.type);
  file.read_exactly({target, count * size}, "the array");
  if (header.swapped) swap_bytes(target, count, size);
  if (header.type != DType::boolean) return;
  for (std::size_t i = 0; i < count; ++i) target[i] = target[i] != std::byte{0} ? std::byte{1} : std::byte{0};
}

/// Copies row `row` of an array in Fortran order (the first index fastest) to C order.
void gather_row(const NpyHeader& header, const std::byte* data, std::size_t row, std::byte* target,
                std::size_t elements) {
  const std::size_t rank = header.shape.rank(), size = size_of(header.type);
  std::array<std::size_t, Shape::max_rank> index{}, stride{};
  stride[0] = 1;
  for (std::size_t axis = 1; axis < rank; ++axis) {
    stride[axis] = stride[axis - 1] * static_cast<std::size_t>(header.shape[axis - 1]);
  }
  std::size_t offset = row;
  for (std::size_t i = 0; i < elements; ++i) {
    std::memcpy(target + i * size, data + offset * size, size);
    for (std::size_t axis = rank; axis-- > 1;) {
      offset += stride[axis];
      if (++index[axis] < static_cast<std::size_t>(header.shape[axis])) break;
      offset -= index[axis] * stride[axis];
      index[axis] = 0;
    }
  }
}

class NpyRows final : public RowFile {
 public:
  explicit NpyRows(const DataFile& file) : RowFile(file.name), file_(file), header_(read_npy_header(file_)) {
    if (header_.shape.rank() == 0) {
      throw Error(Code::shape_mismatch, {.message = "a dataset needs an array whose first dimension counts samples",
                                         .reason = "NPY_RANK",
                                         .path = name(),
                                         .actual = "a single number",
                                         .hint = "numpy.atleast_2d makes one sample of it"});
    }
    start_ = file_.position();
    set_array(header_.type, header_.shape);
    transposed_ = header_.fortran && header_.shape.rank() > 1;
    if (!transposed_) return;
    // The values of one sample lie all over the file, which cannot be read out of order.
    const std::uint64_t most = FileOptions{}.cache_bytes;
    const std::size_t all = checked_product(count(), bytes(), "the array");
    if (all > most) {
      throw Error(Code::unsupported, {.message = "an array in Fortran order is too large to be turned",
                                      .reason = "NPY_ORDER",
                                      .path = name(),
                                      .expected = "at most " + std::to_string(most) + " bytes",
                                      .actual = std::to_string(all),
                                      .hint = "save it in C order: numpy.save(file, numpy.ascontiguousarray(array))"});
    }
  }

  void rewind() override {
    row_ = 0;
    if (transposed_) return;
    file_.rewind();
    file_.skip_exactly(start_, "the .npy header");
  }

  void expect_end() override {
    if (file_.at_end()) return;
    throw Error(Code::invalid_argument, {.message = "the file goes on after the last value its header counts",
                                         .reason = "NPY_LENGTH",
                                         .path = name(),
                                         .expected = "the end at byte " + std::to_string(file_.position()),
                                         .hint = "write the file again: it is damaged, or holds several arrays"});
  }

 protected:
  void read_row(std::byte* row) override {
    if (!transposed_) return read_elements(file_, header_, row, elements());
    if (whole_.empty() && bytes() > 0) read_whole();
    gather_row(header_, whole_.data(), row_++, row, elements());
  }

 private:
  void read_whole() {
    // Grows with what the file really holds, not with what its header says.
    const std::size_t total = static_cast<std::size_t>(count()) * elements(), size = size_of(header_.type);
    constexpr std::size_t step = 1 << 20;
    for (std::size_t done = 0; done < total; done += step) {
      const std::size_t now = std::min(step, total - done);
      whole_.resize((done + now) * size);
      read_elements(file_, header_, whole_.data() + done * size, now);
    }
  }

  ByteReader file_;
  NpyHeader header_;
  std::uint64_t start_ = 0;
  bool transposed_ = false;
  std::vector<std::byte> whole_;  // of a transposed array
  std::size_t row_ = 0;
};

}  // namespace

std::shared_ptr<const Source> make_npy_source(DataFile inputs, DataFile outputs, const FileOptions& options) {
  const OpenRows open = [](const DataFile& file) -> std::unique_ptr<RowFile> { return std::make_unique<NpyRows>(file); };
  return make_pair_source(std::move(inputs), std::move(outputs), open, options);
}

Tensor read_npy(const Context& context, const DataFile& file) {
  ByteReader reader(file);
  const NpyHeader header = read_npy_header(reader);
  try {
    Tensor tensor = Tensor::uninitialised(context, header.type, header.shape);
    auto* target = static_cast<std::byte*>(tensor.data());
    if (tensor.empty()) return tensor;
    if (!header.fortran || header.shape.rank() < 2) {
      read_elements(reader, header, target, tensor.elements());
      return tensor;
    }
    Tensor turned = Tensor::uninitialised(context, header.type, header.shape);
    auto* raw = static_cast<std::byte*>(turned.data());
    read_elements(reader, header, raw, turned.elements());
    const auto rows = static_cast<std::size_t>(header.shape[0]);
    const std::size_t elements = tensor.elements() / rows;
    for (std::size_t row = 0; row < rows; ++row) {
      gather_row(header, raw, row, target + row * elements * size_of(header.type), elements);
    }
    return tensor;
  } catch (const Error& error) {
    throw error.with_path(file.name);
  }
}

std::vector<std::byte> write_npy(const Tensor& tensor) {
  std::string text = "{'descr': '" + npy_type_text(tensor.type()) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t axis = 0; axis < tensor.shape().rank(); ++axis) {
    text += std::to_string(tensor.shape()[axis]) + (axis == 0 || axis + 1 < tensor.shape().rank() ? "," : "");
    if (axis + 1 < tensor.shape().rank()) text += ' ';
  }
  text += "), }";
  constexpr std::size_t before = 10, unit = 64;  // magic, version and length; elements start at a multiple of 64
  text.append((unit - (before + text.size() + 1) % unit) % unit, ' ');
  text += '\n';
  const std::string start = std::string("\x93NUMPY\x01", 7) + '\0' + static_cast<char>(text.size() & 255) +
                            static_cast<char>(text.size() >> 8) + text;
  std::vector<std::byte> bytes(start.size() + tensor.bytes());
  std::memcpy(bytes.data(), start.data(), start.size());
  if (tensor.bytes() != 0) std::memcpy(bytes.data() + start.size(), tensor.data(), tensor.bytes());
  if constexpr (std::endian::native == std::endian::big) {
    swap_bytes(bytes.data() + start.size(), tensor.elements(), size_of(tensor.type()));
  }
  return bytes;
}

}  // namespace webai
