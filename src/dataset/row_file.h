// Files that hold an array whose first dimension counts samples, and the pair of them that makes a dataset.
#pragma once

#include <memory>
#include <string>

#include "dataset/bytes.h"
#include "dataset/source.h"

namespace webai {

/// A file being read a sample at a time. Used by one thread at a time.
class RowFile {
 public:
  virtual ~RowFile() = default;
  virtual void rewind() = 0;
  /// Throws when the file goes on after its last sample.
  virtual void expect_end() = 0;

  const std::string& name() const noexcept { return name_; }
  DType type() const noexcept { return type_; }
  const Shape& shape() const noexcept { return shape_; }  ///< of the whole array
  std::uint64_t count() const noexcept { return static_cast<std::uint64_t>(shape_[0]); }
  std::size_t elements() const noexcept { return elements_; }  ///< of one sample
  std::size_t bytes() const noexcept { return bytes_; }
  /// The next sample, checked to be finite; `sample` is its number for the error.
  void read(std::byte* row, std::uint64_t sample);

 protected:
  RowFile(std::string name) : name_(std::move(name)) {}
  void set_array(DType type, const Shape& shape);  // rank 1 at least
  virtual void read_row(std::byte* row) = 0;       // in the byte order of this machine

 private:
  std::string name_;
  DType type_ = DType::u8;
  Shape shape_;
  std::size_t elements_ = 0, bytes_ = 0;
};

using OpenRows = std::unique_ptr<RowFile> (*)(const DataFile& file);

/// Inputs from one file, outputs from the other, in step.
std::shared_ptr<const Source> make_pair_source(DataFile inputs, DataFile outputs, OpenRows open,
                                               const FileOptions& options);

}  // namespace webai
