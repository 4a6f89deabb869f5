// Data to train and verify with: where samples come from and what happens to them on the way. Nothing is read ahead of
// need, and nothing larger than a buffer is held unless it is small enough to keep (FileOptions::cache_bytes).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webai/context.hpp"
#include "webai/export.hpp"
#include "webai/shape.hpp"
#include "webai/tensor.hpp"

namespace webai {

class ByteSource;
class FileSystem;
class Json;

/// One sample as plain numbers.
struct Example {
  std::vector<double> input;
  std::vector<double> output;
};

/// One sample as tensors, without a batch dimension. An output of rank 0 and an integer type is a label: the index of a
/// class.
struct Item {
  Tensor input;
  Tensor output;       ///< may be empty where the sample is ignored
  bool reset = false;  ///< a new sequence begins with this sample: models with a memory forget what came before
  bool ignore = false; ///< the sample moves the memory on, but its output is neither learned nor judged
};

enum class OutputKind : std::uint8_t {
  values,  ///< the numbers the model should give
  label    ///< the index of a class, from 0
};

/// A file that can be opened any number of times.
struct WEBAI_EXPORT DataFile {
  using Open = std::function<std::unique_ptr<ByteSource>()>;
  DataFile(std::string path);  ///< a file of the system (as Context::system: the library's host opens it)
  DataFile(const char* path) : DataFile(std::string(path)) {}
  DataFile(std::shared_ptr<FileSystem> files, std::string path);
  DataFile(std::string shown_name, Open open_function) : name(std::move(shown_name)), open(std::move(open_function)) {}

  std::string name;  ///< for error texts
  Open open;
};

/// A file whose samples take at most `cache_bytes`, decoded but in their own element type (u8 images stay u8), is read
/// once and kept with the dataset; a larger one is read anew in each epoch, through buffers of some 100 KB.
struct FileOptions {
  std::uint64_t cache_bytes = std::uint64_t{64} << 20;
};

enum class CsvHeader : std::uint8_t {
  automatic,  ///< the first row is a header when none of its fields is a number
  present,
  absent
};

struct CsvOptions {
  /// Columns that are the output, each a header name or a number, from 1 (from the end: from -1); none: the last one.
  /// A single named target may hold words: they become labels, numbered in byte order of the words.
  std::vector<std::string> target = {};
  bool has_target = true;  ///< false: every column is input, outputs have no values
  char delimiter = ',';
  CsvHeader header = CsvHeader::automatic;
  std::uint64_t cache_bytes = std::uint64_t{64} << 20;
};

struct ShuffleOptions {
  std::optional<std::uint64_t> seed = {};  ///< none: the seed of whoever iterates
  bool each_epoch = true;                  ///< false: the same order in every epoch
};

struct BatchingOptions {
  bool drop_remainder = false;  ///< leave out a last, smaller batch
};

/// An immutable recipe, cheap to copy; each step gives a new dataset. Steps count samples wherever they stand (take(3)
/// after batch(32) means 3 samples). Iterating starts again at the first sample in each epoch.
class WEBAI_EXPORT Dataset {
 public:
  /// Fills `item` with sample `index` (0, 1, 2, ... in each epoch) and returns true, or returns false at the end.
  using ItemFunction = std::function<bool(std::size_t index, Item& item)>;
  /// The tensors of the argument are valid during the call only. With prefetch it is called on another thread.
  using MapFunction = std::function<Item(const Item&)>;

  static constexpr std::size_t all = ~std::size_t{0};

  Dataset() = default;  ///< no dataset: every use is INVALID_ARGUMENT

  static Dataset from(std::initializer_list<Example> examples);
  static Dataset from(const std::vector<Example>& examples);
  static Dataset from(const std::vector<Item>& items);
  /// Sequences for models with a memory, which forgets between them. An example without output is ignored (Item).
  static Dataset sequences(const std::vector<std::vector<Example>>& sequences);
  /// The first dimension of both counts the samples. The memory is shared, not copied. Outputs of rank 1 are labels if
  /// their type is an integer one, else single values.
  static Dataset from(Tensor inputs, Tensor outputs);
  static Dataset from(ItemFunction source);

  /// Built in: "xor" (4 samples), "spirals" (2 classes, 400 samples), "sine" (256 samples of sin over -pi..pi).
  static Dataset sample(std::string_view name);
  /// IDX as MNIST uses it, plain or gzip (told by content). Labels of rank 1 and an integer type are classes.
  static Dataset idx(DataFile images, DataFile labels, FileOptions options = {});
  static Dataset csv(DataFile file, CsvOptions options = {});
  /// NumPy arrays, samples along the first axis; outputs as in from(Tensor, Tensor).
  static Dataset npy(DataFile inputs, DataFile outputs, FileOptions options = {});
  /// Pairs as JSON: [[input, output], ...] or [{"input": ..., "output": ...}, ...], each side a number or nested arrays
  /// of numbers; outputs that are texts become labels. Objects that name inputs or outputs and texts as inputs are read
  /// when a network meets the data. The whole is held in memory, at some twenty times the size of its text while it is
  /// read: large data belong in IDX, CSV or .npy, of which nothing is held.
  static Dataset json(DataFile file);
  static Dataset json(const Json& samples);
  /// A text to go on with, for networks whose `io` makes tokens of texts: from each token on the next one is to be
  /// foretold. It is cut into so many sequences of equal length, so that as many can be learned from side by side.
  static Dataset text(std::string text, std::size_t sequences = 1);
  /// The same from a file; without a number of sequences each line is one.
  static Dataset text_file(DataFile file, std::size_t sequences = 0);
  /// "idx:IMAGES,LABELS", "csv:FILE?target=COL", "npy:X,Y", "json:FILE", "lines:FILE", "text:FILE?sequences=N",
  /// "sample:NAME" as the command line spells them.
  static Dataset open(std::string_view source, const std::function<DataFile(const std::string& path)>& file = {});

  /// The same samples, whose labels 0, 1, ... are called so: a model that names its labels finds each by its name. Samples
  /// without labels, and those that only a network can read, stay as they are.
  Dataset with_labels(std::vector<std::string> names) const;
  Dataset map(MapFunction function) const;
  /// Draws each sample at random from a buffer of the next `buffer` samples: with `buffer` at least size() a uniform
  /// permutation. Seeded; a new order in each epoch, the same on every machine.
  Dataset shuffle(std::size_t buffer = all, ShuffleOptions options = {}) const;
  Dataset batch(std::size_t samples, BatchingOptions options = {}) const;
  /// Keeps at least `batches` batches ready, made on another thread where the program has one.
  Dataset prefetch(std::size_t batches) const;
  Dataset take(std::uint64_t samples) const;
  Dataset skip(std::uint64_t samples) const;
  Dataset repeat(std::uint64_t times) const;
  Dataset repeat() const;  ///< without end: take() bounds it
  /// The first `fraction` of the samples, and the rest. Shuffles before it keep one order from then on (seed 0 unless
  /// given), so that no sample is ever in both parts. Needs a known size.
  std::pair<Dataset, Dataset> split(double fraction) const;

  bool valid() const noexcept { return state_ != nullptr; }
  std::optional<std::uint64_t> size() const;  ///< samples in an epoch, where known without reading all of them
  Shape input_shape() const;                  ///< of one sample
  Shape output_shape() const;                 ///< of one sample; rank 0 for a label
  DType input_type() const;
  OutputKind output_kind() const;
  /// Highest label + 1, where labels (or a single output of whole numbers) were seen whole.
  std::optional<std::uint64_t> class_count() const;
  const std::vector<std::string>& labels() const;  ///< names of the classes, empty when there are none
  std::optional<std::size_t> batch_size() const;   ///< set by batch()
  bool needs_network() const;                      ///< only a network can read the samples: see json() and text()
  bool calls_back() const;                         ///< functions of the program are called while iterating
  std::string describe() const;                    ///< "60000 samples, input 28x28 u8, label of 10 classes"

  /// The sample at `index` of an epoch (the first, with seed 0).
  Item item(const Context& context, std::uint64_t index) const;

  struct State;  // src/dataset/state.h
  explicit Dataset(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  const State& state() const;  ///< for the library itself

 private:
  std::shared_ptr<const State> state_;
};

/// Walks over the samples of one epoch.
class WEBAI_EXPORT DatasetReader {
 public:
  /// `seed` is that of shuffles without their own.
  DatasetReader(const Context& context, const Dataset& dataset, std::uint64_t epoch = 0, std::uint64_t seed = 0);
  ~DatasetReader();
  DatasetReader(DatasetReader&&) noexcept;
  DatasetReader& operator=(DatasetReader&&) noexcept;
  /// The next sample, copied; nothing at the end.
  std::optional<Item> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Reads one array. Throws INVALID_ARGUMENT on a malformed file, UNSUPPORTED on types that are not numbers.
WEBAI_EXPORT Tensor read_npy(const Context& context, const DataFile& file);
/// The bytes of an .npy file (version 1.0, C order, little endian). bf16 travels as its bits, in u16.
WEBAI_EXPORT std::vector<std::byte> write_npy(const Tensor& tensor);

}  // namespace webai
