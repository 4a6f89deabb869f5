// Where samples come from: what they look like, and a reader that yields one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "webai/dataset.hpp"

namespace webai {

struct SampleReader;

/// What is known of the samples of a source, or of a dataset after its steps.
struct Description {
  DType input_type = DType::fp32;
  Shape input_shape = {};
  DType output_type = DType::fp32;
  Shape output_shape = {};  // rank 0 for a label
  OutputKind kind = OutputKind::values;
  std::optional<std::uint64_t> size = {};
  std::optional<std::uint64_t> class_count = {};
  std::optional<std::uint64_t> highest_label_at = {};  // the first sample of the highest class, where that is known
  std::optional<std::uint64_t> no_class_at = {};       // the first sample whose only output is no class, likewise
  std::vector<std::string> labels = {};
  std::vector<std::uint64_t> label_at = {};  // the first sample of each of the labels, where that is known
  std::string file = {};         // that holds the outputs, for messages
  std::uint64_t first_line = 0;  // of the first sample in that file where each has a line of its own, else 0

  std::size_t input_bytes() const;   // of one sample; throws LIMIT_EXCEEDED where that overflows
  std::size_t output_bytes() const;
};

/// What is said of a sample beside its values.
using Marks = std::uint8_t;
inline constexpr Marks mark_reset = 1, mark_ignore = 2;

/// Reads samples in order. Used by one thread at a time.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual void rewind() = 0;
  /// Writes the next sample as input_bytes() and output_bytes() bytes; false at the end.
  virtual bool read(std::byte* input, std::byte* output) = 0;
  /// Of the sample read last.
  virtual Marks marks() const { return 0; }
};

/// All samples in memory: inputs [samples, ...], outputs [samples, ...].
struct Table {
  Tensor inputs;
  Tensor outputs;
  std::uint64_t samples = 0;
  std::vector<Marks> marks = {};  ///< one for each sample, or none at all
};

/// Immutable; may be used from several threads.
class Source {
 public:
  virtual ~Source() = default;
  virtual const Description& description() const = 0;
  virtual std::unique_ptr<Reader> open() const = 0;
  /// The samples in memory, or nullptr when they are to be streamed.
  virtual std::shared_ptr<const Table> table(const Context& context) const = 0;
  virtual bool calls_back() const { return false; }
  /// Samples that only a model can read (dataset/unread.h), read by it; nullptr for all others.
  virtual std::shared_ptr<const Source> read_by(const SampleReader&) const { return nullptr; }
};

/// A source of known size over files: decodes all of it on first need when that is small enough.
class FileSource : public Source {
 public:
  const Description& description() const final { return description_; }
  std::shared_ptr<const Table> table(const Context& context) const final;

 protected:
  explicit FileSource(std::uint64_t cache_bytes) : cache_bytes_(cache_bytes) {}
  Description description_;

 private:
  std::shared_ptr<const Table> decode(const Context& context) const;
  std::uint64_t cache_bytes_;
  mutable std::mutex mutex_;                   // of the two below
  mutable std::shared_ptr<const Table> kept_;
  mutable const void* owner_ = nullptr;        // the context whose memory kept_ is: contexts share nothing
};

std::shared_ptr<const Source> make_table_source(Table table, Description description);
std::shared_ptr<const Source> make_callback_source(Dataset::ItemFunction function);
/// The samples of `source`, whose labels are called so where they are labels.
std::shared_ptr<const Source> make_labelled_source(std::shared_ptr<const Source> source, std::vector<std::string> names);
std::shared_ptr<const Source> make_sample_source(std::string_view name);
std::shared_ptr<const Source> make_idx_source(DataFile images, DataFile labels, const FileOptions& options);
std::shared_ptr<const Source> make_csv_source(DataFile file, CsvOptions options);
std::shared_ptr<const Source> make_npy_source(DataFile inputs, DataFile outputs, const FileOptions& options);
std::shared_ptr<const Source> make_json_source(const DataFile& file);
std::shared_ptr<const Source> make_json_source(const Json& samples);
std::shared_ptr<const Source> make_text_file_source(const DataFile& file, bool by_lines, std::size_t cuts);
/// All of a file; throws LIMIT_EXCEEDED for more bytes than that.
std::string read_all(const DataFile& file, std::uint64_t most_bytes);

/// Label or values, and the shape of one output, of outputs whose first dimension counts samples.
void describe_outputs(Description& description, DType type, const Shape& outputs);
/// The product of two sizes; throws LIMIT_EXCEEDED when it does not fit.
std::size_t checked_product(std::uint64_t a, std::uint64_t b, std::string_view what);
/// The first value that is not a finite number, or count when there is none. Integers always are.
std::size_t first_not_finite(DType type, const void* data, std::size_t count) noexcept;
/// The shortest text that reads back as the same number.
std::string number_text(double value);
/// Highest label + 1 when all are whole numbers from 0 to 2^31-1.
std::optional<std::uint64_t> count_classes(DType type, const void* data, std::size_t count) noexcept;

}  // namespace webai
