// The handle: steps append to a recipe; questions are answered from its description.
#include "webai/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "core/base/byte_source.h"
#include "dataset/state.h"
#include "dataset/stream.h"
#include "dataset/unread.h"
#include "webai/error.hpp"

namespace webai {

DataFile::DataFile(std::shared_ptr<FileSystem> files, std::string path)
    : name(path), open([files = std::move(files), path] { return files->open(path); }) {}

const Dataset::State& Dataset::state() const {
  if (!state_)
    throw Error(Code::invalid_argument, {.message = "dataset: this one was never given a source", .reason = "EMPTY_DATASET", .path = "data",
                                         .expected = "a dataset with a source", .actual = "Dataset()",
                                         .hint = "Dataset::from({...}), Dataset::csv(\"...\") or another function that makes one"});
  return *state_;
}

namespace {

constexpr std::size_t most_described = std::size_t{1} << 30;  // bytes of the sample that maps are first asked with

Dataset with_source(std::shared_ptr<const Source> source) {
  auto state = std::make_shared<Dataset::State>();
  state->source = std::move(source);
  return Dataset(std::move(state));
}

template <class Change> Dataset changed(const Dataset& dataset, Change change) {
  auto state = std::make_shared<Dataset::State>(dataset.state());
  change(*state);
  return Dataset(std::move(state));
}

Dataset with_step(const Dataset& dataset, Step step) {
  return changed(dataset, [&](Dataset::State& state) { state.steps.push_back(std::move(step)); });
}

[[noreturn]] void no_samples(const char* step, const char* message, const char* hint) {
  throw Error(Code::invalid_argument, {.message = std::string("dataset: ") + message, .reason = "OPTION", .path = step,
                                       .expected = "1 or more", .actual = "0", .hint = hint});
}

std::uint64_t known_size(const Dataset& data) {
  if (const auto size = data.size()) return *size;
  throw Error(Code::unsupported, {.message = "dataset: split needs a source that knows its size",
                                  .reason = "UNKNOWN_SIZE",
                                  .path = "split",
                                  .expected = "a known number of samples",
                                  .actual = "a function, or steps without an end",
                                  .hint = "use take(n) and skip(n), which need none"});
}

// Another order in each epoch would carry samples from one part to the other.
ShuffleOptions frozen(const ShuffleOptions& shuffle) { return {.seed = shuffle.seed.value_or(0), .each_epoch = false}; }

std::optional<std::uint64_t> size_after(const Step& step, std::optional<std::uint64_t> size) {
  switch (step.kind) {
    case Step::Kind::map:
    case Step::Kind::shuffle: return size;
    case Step::Kind::draw: return step.count;
    case Step::Kind::leave: return step.of - step.count;
    case Step::Kind::take: return size ? std::min(*size, step.count) : size;
    case Step::Kind::skip: return size ? *size - std::min(*size, step.count) : size;
    case Step::Kind::repeat: break;
  }
  if (step.count == 0 || size == std::uint64_t{0}) return 0;
  std::uint64_t product = 0;
  if (!size || step.count == Step::forever || __builtin_mul_overflow(*size, step.count, &product)) return {};
  return product;
}

}  // namespace

Dataset Dataset::sample(std::string_view name) { return with_source(make_sample_source(name)); }
Dataset Dataset::idx(DataFile images, DataFile labels, FileOptions options) {
  return with_source(make_idx_source(std::move(images), std::move(labels), options));
}
Dataset Dataset::csv(DataFile file, CsvOptions options) {
  return with_source(make_csv_source(std::move(file), std::move(options)));
}
Dataset Dataset::json(DataFile file) { return with_source(make_json_source(file)); }
Dataset Dataset::json(const Json& samples) { return with_source(make_json_source(samples)); }
Dataset Dataset::text(std::string text, std::size_t sequences) {
  return with_source(make_text_source("text", {std::move(text)}, sequences));
}
Dataset Dataset::text_file(DataFile file, std::size_t sequences) {
  return with_source(make_text_file_source(file, sequences == 0, std::max<std::size_t>(sequences, 1)));
}
Dataset Dataset::npy(DataFile inputs, DataFile outputs, FileOptions options) {
  return with_source(make_npy_source(std::move(inputs), std::move(outputs), options));
}

Dataset Dataset::with_labels(std::vector<std::string> names) const {
  if (needs_network() || names.empty()) return *this;
  return changed(*this, [&](State& state) { state.source = make_labelled_source(state.source, std::move(names)); });
}

Dataset relabelled(const Dataset& data, const Context& context, std::vector<std::int32_t> map, std::vector<std::string> names) {
  const auto renumber = [context, map = std::move(map)](const Item& item) {
    if (item.ignore) return item;
    const double label = item.output.at(0);
    if (!(label >= 0 && label < static_cast<double>(map.size()))) return item;  // whoever takes it says so
    Item result = item;
    result.output = item.output.clone(context);
    result.output.set(0, map[static_cast<std::size_t>(label)]);
    return result;
  };
  return with_step(data, {.kind = Step::Kind::map, .map = renumber, .labels = std::move(names)});
}

Dataset Dataset::map(MapFunction function) const {
  if (!function)
    throw Error(Code::invalid_argument, {.message = "dataset: map was given an empty function", .reason = "FUNCTION", .path = "map",
                                         .expected = "a function that takes an Item and gives one", .actual = "an empty one",
                                         .hint = "leave the step out where samples stay as they are"});
  return with_step(*this, {.kind = Step::Kind::map, .map = std::move(function)});
}

Dataset Dataset::shuffle(std::size_t buffer, ShuffleOptions options) const {
  if (buffer == 0) no_samples("shuffle", "a shuffle buffer holds at least one sample", "give as many as the data have to shuffle all of them");
  return with_step(*this, {.kind = Step::Kind::shuffle, .count = buffer, .shuffle = options});
}

Dataset Dataset::batch(std::size_t samples, BatchingOptions options) const {
  if (samples == 0) no_samples("batch", "a batch holds at least one sample", "leave the step out, and whoever takes the data chooses");
  return changed(*this, [&](State& state) {
    state.batch = samples;
    state.drop_remainder = options.drop_remainder;
  });
}

Dataset Dataset::prefetch(std::size_t batches) const {
  return changed(*this, [&](State& state) { state.prefetch = batches; });
}

Dataset Dataset::take(std::uint64_t samples) const {
  return with_step(*this, {.kind = Step::Kind::take, .count = samples});
}
Dataset Dataset::skip(std::uint64_t samples) const {
  return with_step(*this, {.kind = Step::Kind::skip, .count = samples});
}
Dataset Dataset::repeat(std::uint64_t times) const {
  return with_step(*this, {.kind = Step::Kind::repeat, .count = times});
}
Dataset Dataset::repeat() const { return repeat(Step::forever); }

std::pair<Dataset, Dataset> draw(const Dataset& data, std::uint64_t samples, std::uint64_t seed) {
  const std::uint64_t total = known_size(data);
  const auto part = [&](Step::Kind kind) {
    return changed(data, [&](Dataset::State& state) {
      std::vector<Step> before, after;
      bool counts = false;  // what comes behind
      for (std::size_t i = state.steps.size(); i-- > 0;) {
        Step& step = state.steps[i];
        const bool shuffles = step.kind == Step::Kind::shuffle;
        if (shuffles && counts) step.shuffle = frozen(step.shuffle);
        counts = counts || (!shuffles && step.kind != Step::Kind::map);
        (shuffles && !counts ? after : before).push_back(std::move(step));
      }
      std::ranges::reverse(before);
      std::ranges::reverse(after);
      state.steps = std::move(before);
      state.steps.push_back({.kind = kind, .count = std::min(samples, total), .shuffle = {.seed = seed}, .of = total});
      if (kind == Step::Kind::leave) std::ranges::move(after, std::back_inserter(state.steps));
    });
  };
  return {part(Step::Kind::draw), part(Step::Kind::leave)};
}

std::pair<Dataset, Dataset> Dataset::split(double fraction) const {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw Error(Code::invalid_argument, {.message = "dataset: split takes a fraction",
                                         .reason = "OPTION",
                                         .path = "split",
                                         .expected = "a number from 0 to 1",
                                         .actual = number_text(fraction),
                                         .hint = "0.2 holds a fifth of the samples out"});
  }
  const std::uint64_t total = known_size(*this);
  const Dataset fixed = changed(*this, [](State& state) {
    for (Step& step : state.steps) {
      if (step.kind == Step::Kind::shuffle) step.shuffle = frozen(step.shuffle);
    }
  });
  const auto first = static_cast<std::uint64_t>(std::floor(fraction * static_cast<double>(total) + 0.5));
  return {fixed.take(first), fixed.skip(first)};
}

std::optional<std::uint64_t> Dataset::size() const { return state().description().size; }
Shape Dataset::input_shape() const { return state().description().input_shape; }
Shape Dataset::output_shape() const { return state().description().output_shape; }
DType Dataset::input_type() const { return state().description().input_type; }
OutputKind Dataset::output_kind() const { return state().description().kind; }
std::optional<std::uint64_t> Dataset::class_count() const { return state().description().class_count; }
const std::vector<std::string>& Dataset::labels() const { return state().description().labels; }
std::optional<std::size_t> Dataset::batch_size() const { return state().batch; }
bool Dataset::needs_network() const { return dynamic_cast<const UnreadSource*>(state().source.get()) != nullptr; }
bool Dataset::calls_back() const { return state().calls_back(); }

std::string Dataset::describe() const {
  const Description& description = state().description();
  if (needs_network()) {
    const std::string count = description.size ? std::to_string(*description.size) + " samples" : "texts";
    return count + ", to be read by a network";
  }
  std::string text = description.size ? std::to_string(*description.size) + " samples" : "samples without a known end";
  text += ", input " + description.input_shape.text() + " " + std::string(name_of(description.input_type));
  if (description.kind == OutputKind::label) {
    text += ", label";
    if (description.class_count) text += " of " + std::to_string(*description.class_count) + " classes";
  } else {
    text += ", output " + description.output_shape.text() + " " + std::string(name_of(description.output_type));
  }
  return text;
}

struct DatasetReader::State {
  State(const Context& given, const Dataset& data, std::uint64_t epoch, std::uint64_t seed)
      : context(given), dataset(data), stream(open_stream(context, dataset.state(), seed, {}, Unit::any_sample)) {
    stream->begin(epoch);
  }
  Context context;
  Dataset dataset;  // keeps what the stream reads
  std::unique_ptr<Stream> stream;
};

DatasetReader::DatasetReader(const Context& context, const Dataset& dataset, std::uint64_t epoch, std::uint64_t seed)
    : state_(std::make_unique<State>(context, dataset, epoch, seed)) {}
DatasetReader::~DatasetReader() = default;
DatasetReader::DatasetReader(DatasetReader&&) noexcept = default;
DatasetReader& DatasetReader::operator=(DatasetReader&&) noexcept = default;

std::optional<Item> DatasetReader::next() {
  Handle row = 0;
  if (!state_ || state_->stream->next({&row, 1}) == 0) return {};
  const Description& description = state_->dataset.state().description();
  RowStore& store = state_->stream->store();
  Item item{Tensor::uninitialised(state_->context, description.input_type, description.input_shape),
            Tensor::uninitialised(state_->context, description.output_type, description.output_shape)};
  item.reset = (store.marks(row) & mark_reset) != 0;
  item.ignore = (store.marks(row) & mark_ignore) != 0;
  if (item.input.bytes() != 0) std::memcpy(item.input.data(), store.input(row), item.input.bytes());
  if (item.output.bytes() != 0) std::memcpy(item.output.data(), store.output(row), item.output.bytes());
  store.release(row);
  return item;
}

Item Dataset::item(const Context& context, std::uint64_t index) const {
  DatasetReader reader(context, skip(index));
  if (std::optional<Item> item = reader.next()) return std::move(*item);
  throw Error(Code::invalid_argument, {.message = "dataset: there is no such sample",
                                       .reason = "INDEX",
                                       .path = std::to_string(index),
                                       .expected = size() ? "an index below " + std::to_string(*size()) : "an index before the data end",
                                       .actual = std::to_string(index),
                                       .hint = "samples are counted from 0"});
}

bool Dataset::State::calls_back() const {
  return source->calls_back() ||
         std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.kind == Step::Kind::map; });
}

const Description& Dataset::State::description() const {
  {
    const std::lock_guard lock(mutex_);
    if (description_) return *description_;
  }
  describe();
  return *description_;
}

const Description& Dataset::State::description_of_map(std::size_t index) const {
  description();
  return *maps_[index];
}

void Dataset::State::describe() const {
  Description now = source->description();
  std::vector<std::optional<Description>> maps(steps.size());
  // Maps are asked with the source's first sample, whatever the order will be: all samples look the same.
  std::vector<std::byte> input, output;
  const auto make_room = [&] {
    const std::size_t bytes = now.input_bytes() + now.output_bytes();
    if (bytes > most_described) {
      throw Error(Code::limit_exceeded, {.message = "dataset: one sample is too large to be mapped",
                                         .reason = "SAMPLE_BYTES",
                                         .path = "map: sample 0",
                                         .expected = "at most " + std::to_string(most_described) + " bytes",
                                         .actual = std::to_string(bytes),
                                         .hint = "map it before it is read, or work on smaller samples"});
    }
    input.resize(now.input_bytes());
    output.resize(now.output_bytes());
  };
  bool first = true;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    now.size = size_after(steps[i], now.size);
    if (steps[i].kind != Step::Kind::map) continue;
    if (std::exchange(first, false)) {
      make_room();
      if (!source->open()->read(input.data(), output.data())) {
        throw Error(Code::invalid_argument, {.message = "dataset: the source has no samples",
                                             .reason = "EMPTY_DATASET",
                                             .path = "map: sample 0",
                                             .expected = "one sample or more",
                                             .actual = "none",
                                             .hint = "give one sample or more"});
      }
    }
    const Item made = steps[i].map(view_item(now, input.data(), output.data(), 0));
    Description mapped = describe_item(made, {"map: sample "});
    mapped.size = now.size;
    if (mapped.kind == OutputKind::label) {  // maps are about inputs; a changed label is still checked when it comes
      mapped.class_count = now.class_count;
      mapped.labels = now.labels;
      mapped.label_at = now.label_at;
      if (!steps[i].labels.empty()) {
        mapped.class_count = steps[i].labels.size();
        mapped.labels = steps[i].labels;
        mapped.label_at.clear();
      }
    }
    std::vector<std::byte> next_input(mapped.input_bytes()), next_output(mapped.output_bytes());
    store_item(made, mapped, next_input.data(), next_output.data(), {"map: sample "});
    input = std::move(next_input);
    output = std::move(next_output);
    now = std::move(mapped);
    maps[i] = now;
  }
  // No lock is held while functions of the program run; whoever comes second finds it done.
  const std::lock_guard lock(mutex_);
  if (description_) return;
  maps_ = std::move(maps);
  description_ = std::move(now);
}

}  // namespace webai
