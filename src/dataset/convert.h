// From the element types of sources to what training wants: inputs, values, labels, one-hot rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/iterator.h"
#include "dataset/source.h"

namespace webai {

/// What a sample of a source is called in errors: "FILE:LINE", "FILE: sample 7", "sample 7".
struct SampleNames {
  std::string file = {};
  std::uint64_t first_line = 0;  // of the first sample; 0: samples have no lines

  std::string of(std::uint64_t sample) const;
  static SampleNames inputs(const Description& description);
  static SampleNames outputs(const Description& description);
};

/// Converts runs of elements; the common pairs have loops of their own.
class Converter {
 public:
  /// `elements` are those of one sample. `held`: what the numbers are rounded to by whoever gets them.
  Converter(DType from, DType to, std::size_t elements, SampleNames names, DType held = DType::fp64) noexcept;
  /// Throws INVALID_ARGUMENT for a value that is too large for the target; `first` is the number of the sample at `source`.
  void operator()(const std::byte* source, void* target, std::size_t count, std::uint64_t first) const {
    if (fast_) {
      fast_(source, target, count);
    } else {
      convert(from_, source, to_, target, count);
    }
    if (may_overflow_) check(source, target, count, first);
  }

 private:
  using Fast = void (*)(const std::byte*, void*, std::size_t) noexcept;
  void check(const std::byte* source, const void* target, std::size_t count, std::uint64_t first) const;
  DType from_, to_, held_;
  bool may_overflow_;
  std::size_t elements_;
  SampleNames sample_;
  Fast fast_ = nullptr;
};

/// Writes the outputs of samples in the form asked for.
class OutputWriter {
 public:
  /// Throws when outputs of that description cannot have the form.
  OutputWriter(const Description& description, const BatchOptions& options);
  bool labels() const noexcept { return form_ == OutputForm::labels; }
  std::size_t elements() const noexcept { return elements_; }  // of one sample, as written
  std::size_t bytes() const noexcept { return bytes_; }        // of one sample, as written
  /// Whether a table's outputs can be used as they are.
  bool is_plain_copy() const noexcept;
  /// Samples that lie side by side; `first` is the number of the first of them in the source.
  void write(const std::byte* source, void* target, std::size_t samples, std::uint64_t first) const;

 private:
  std::int32_t label_at(const std::byte* source, std::uint64_t sample) const;
  [[noreturn]] void refuse(double label, std::optional<std::uint64_t> sample) const;

  DType from_, to_;
  OutputForm form_;
  std::size_t source_elements_, source_bytes_;
  std::size_t elements_ = 1, bytes_ = sizeof(std::int32_t);
  std::uint64_t classes_;  // labels are below it, 0: unknown
  std::vector<std::int32_t> map_;
  std::vector<std::string> labels_;
  SampleNames sample_;
  Converter values_;
};

}  // namespace webai
