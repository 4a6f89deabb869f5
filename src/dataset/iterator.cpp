// Chooses how blocks are made: views of what lies ready, assembled when asked for, or made ahead on another thread.
#include "dataset/iterator.h"

#include <algorithm>
#include <limits>

#include "dataset/assembler.h"
#include "dataset/prefetch.h"
#include "dataset/sequences.h"
#include "webai/error.hpp"

namespace webai {

namespace {

constexpr std::size_t most_converted = 64 << 20;   // bytes of a converted copy kept for views
constexpr std::size_t most_block = 16 << 20;       // bytes of inputs assembled at once, unless a batch needs more
constexpr std::size_t preferred_block = 256 << 10; // stays in the second-level cache while steps use it
constexpr std::size_t prefetch_slot = 64 << 10;    // smaller batches are handed over several at a time

struct Range {
  std::uint64_t first = 0, count = 0;
};

/// The part of the source that take and skip leave, if there are no other steps.
std::optional<Range> range_of(const Dataset::State& dataset, std::uint64_t samples) {
  Range range{0, samples};
  for (const Step& step : dataset.steps) {
    if (step.kind == Step::Kind::take) {
      range.count = std::min(range.count, step.count);
    } else if (step.kind == Step::Kind::skip) {
      const std::uint64_t skipped = std::min(range.count, step.count);
      range.first += skipped;
      range.count -= skipped;
    } else {
      return std::nullopt;
    }
  }
  return range;
}

void check_length(std::string_view what, std::size_t expected, std::size_t actual) {
  if (expected == 0 || expected == actual) return;
  throw Error(Code::shape_mismatch,
              {.message = "dataset: " + std::string(what) + " expects " + std::to_string(expected) +
                          " values, a sample has " + std::to_string(actual),
               .reason = "SAMPLE_SIZE",
               .hint = "see the sizes of the model's first and last layers, and the columns or arrays of the data"});
}

}  // namespace

struct BatchIterator::Implementation {
  Implementation(const Context& the_context, const Dataset& the_dataset, BatchOptions the_options);
  bool prepare_view();
  Block take_from(Block& block, std::size_t most) const noexcept;
  bool next_view(Block& block, std::size_t most) noexcept;
  bool next_assembled(Block& block, std::size_t most);
  bool next_prefetched(Block& block, std::size_t most);
  bool next_window(Block& block);

  Context context;
  Dataset dataset;  // keeps what views point to
  BatchOptions options;
  const Description& description;
  OutputWriter outputs;
  std::size_t input_elements, input_bytes;  // of one sample, as delivered
  bool drop_remainder;

  std::shared_ptr<const Table> table;  // of views: the source's samples
  Tensor converted_inputs, converted_outputs;
  bool view = false;
  Block whole;  // of views: the epoch

  std::unique_ptr<BlockAssembler> assembler;
  std::unique_ptr<BlockBuffer> buffer;
  std::size_t capacity = 0;  // samples in buffer
  std::unique_ptr<Prefetcher> prefetcher;
  std::unique_ptr<SequenceAssembler> sequences;
  std::unique_ptr<BlockBuffer> marks;  // what is judged and what is there, one behind the other; and what is kept
  Block pending;             // view: what is left of the epoch; prefetch: what is left of a slot
  bool begun = false, ended = false;
};

BatchIterator::Implementation::Implementation(const Context& the_context, const Dataset& the_dataset,
                                              BatchOptions the_options)
    : context(the_context), dataset(the_dataset), options(std::move(the_options)),
      description(dataset.state().description()), outputs(description, options),
      input_elements(static_cast<std::size_t>(description.input_shape.elements())),
      input_bytes(checked_product(input_elements, size_of(options.type), "one sample")),
      drop_remainder(dataset.state().drop_remainder) {
  if (options.batch == 0)
    throw Error(Code::invalid_argument, {.message = "dataset: a batch holds at least one sample", .reason = "OPTION", .path = "batch",
                                         .expected = "1 or more", .actual = "0", .hint = "batches of 1 are samples by themselves"});
  check_length("the model's input", options.expected_inputs, input_elements);
  if (!outputs.labels()) check_length("the model's output", options.expected_outputs, outputs.elements());
  if (description.size == std::uint64_t{0} ||
      (drop_remainder && description.size && *description.size < options.batch)) {
    throw Error(Code::invalid_argument, {.message = "dataset: there are no samples to iterate over",
                                         .reason = "EMPTY_DATASET",
                                         .path = "data",
                                         .expected = "one sample or more",
                                         .actual = dataset.describe(),
                                         .hint = "give one sample or more"});
  }
  if (options.window > 0) {
    if (options.batch != options.window * options.lanes) throw Error(Code::internal, "dataset: a batch of windows has another size");
    sequences = std::make_unique<SequenceAssembler>(
        open_stream(context, dataset.state(), options.seed, options.interrupted, Unit::sequence), dataset.state(), description, options);
    buffer = std::make_unique<BlockBuffer>(context, checked_product(options.batch, input_bytes, "one window"),
                                           checked_product(options.batch, outputs.bytes(), "one window"));
    marks = std::make_unique<BlockBuffer>(context, 2 * options.batch * size_of(options.type), options.lanes * size_of(options.type));
    return;
  }
  if (prepare_view()) return;
  assembler = std::make_unique<BlockAssembler>(open_stream(context, dataset.state(), options.seed, options.interrupted), description, options);
  const std::size_t ahead = dataset.state().prefetch;
  if (ahead > 0 && options.background) {
    const std::size_t batch_bytes =
        std::max<std::size_t>(1, checked_product(options.batch, input_bytes + outputs.bytes(), "one batch"));
    const std::size_t slot_batches = std::max<std::size_t>(1, prefetch_slot / batch_bytes);
    prefetcher = std::make_unique<Prefetcher>(context, *options.background, std::move(assembler),
                                              slot_batches * options.batch,
                                              std::max<std::size_t>(1, (ahead + slot_batches - 1) / slot_batches),
                                              input_bytes, outputs.bytes());
  }
}

bool BatchIterator::Implementation::prepare_view() {
  const Dataset::State& state = dataset.state();
  if (!range_of(state, 0)) return false;  // shuffled, mapped or repeated
  table = state.source->table(context);
  if (!table || std::any_of(table->marks.begin(), table->marks.end(), [](Marks marks) { return (marks & mark_ignore) != 0; }))
    return false;
  const Range range = *range_of(state, table->samples);
  const std::size_t samples = static_cast<std::size_t>(range.count);
  const bool same = description.input_type == options.type && options.held != DType::fp16;
  // Quotients, not products: a table of a million empty samples must not overflow anything.
  const auto too_large = [&](std::size_t bytes) { return bytes != 0 && samples > most_converted / bytes; };
  if ((!same && too_large(input_bytes)) || (!outputs.is_plain_copy() && too_large(outputs.bytes()))) return false;

  const auto* first_input =
      static_cast<const std::byte*>(table->inputs.data()) + range.first * description.input_bytes();
  const auto* first_output =
      static_cast<const std::byte*>(table->outputs.data()) + range.first * description.output_bytes();
  const auto rows = static_cast<std::int64_t>(samples);
  whole.samples = samples;
  whole.inputs = first_input;
  whole.outputs = first_output;
  if (!same) {
    converted_inputs = Tensor::uninitialised(context, options.type,
                                             Shape{rows, static_cast<std::int64_t>(input_elements)});
    const Converter converter(description.input_type, options.type, input_elements, SampleNames::inputs(description), options.held);
    converter(first_input, converted_inputs.data(), samples * input_elements, range.first);
    whole.inputs = converted_inputs.data();
  }
  if (!outputs.is_plain_copy()) {
    converted_outputs = Tensor::uninitialised(context, outputs.labels() ? DType::i32 : options.type,
                                              Shape{rows, static_cast<std::int64_t>(outputs.elements())});
    outputs.write(first_output, converted_outputs.data(), samples, range.first);
    whole.outputs = converted_outputs.data();
  }
  if (!converted_inputs.empty() && !converted_outputs.empty()) table = nullptr;
  if (drop_remainder) whole.samples -= whole.samples % options.batch;
  view = true;
  return true;
}

Block BatchIterator::Implementation::take_from(Block& block, std::size_t most) const noexcept {
  Block taken = block;
  taken.samples = std::min(most, block.samples);
  block.samples -= taken.samples;
  block.inputs = static_cast<const std::byte*>(block.inputs) + taken.samples * input_bytes;
  block.outputs = static_cast<const std::byte*>(block.outputs) + taken.samples * outputs.bytes();
  return taken;
}

bool BatchIterator::Implementation::next_view(Block& block, std::size_t most) noexcept {
  block = take_from(pending, most);
  return block.samples > 0;
}

bool BatchIterator::Implementation::next_assembled(Block& block, std::size_t most) {
  if (ended) return false;
  const std::size_t fits = std::max<std::size_t>(1, most_block / std::max<std::size_t>(1, input_bytes));
  if (most > options.batch) most = std::max(options.batch, std::min(most, fits / options.batch * options.batch));
  if (capacity < most) {
    buffer.reset();  // the old one goes first: never both at once
    buffer = std::make_unique<BlockBuffer>(context, checked_product(most, input_bytes, "one block"),
                                           checked_product(most, outputs.bytes(), "one block"));
    capacity = most;
  }
  ended = true;  // also when fill throws: what follows in the epoch is unknown
  block = {};
  block.samples = assembler->fill(buffer->inputs(), buffer->outputs(), most);
  block.inputs = buffer->inputs();
  block.outputs = buffer->outputs();
  ended = block.samples < most;
  if (drop_remainder) block.samples -= block.samples % options.batch;
  return block.samples > 0;
}

bool BatchIterator::Implementation::next_window(Block& block) {
  if (ended) return false;
  ended = true;  // also when fill throws
  void* const judged = marks->inputs();
  void* const present = static_cast<std::byte*>(judged) + options.batch * size_of(options.type);
  block = {options.batch, buffer->inputs(), buffer->outputs(), judged, present, marks->outputs(), 0};
  ended = !sequences->fill(buffer->inputs(), buffer->outputs(), judged, present, marks->outputs(), block.counted);
  return !ended;
}

bool BatchIterator::Implementation::next_prefetched(Block& block, std::size_t most) {
  if (pending.samples == 0) {
    pending = prefetcher->next();
    if (drop_remainder) pending.samples -= pending.samples % options.batch;
  }
  block = take_from(pending, most);
  return block.samples > 0;
}

BatchIterator::BatchIterator(const Context& context, const Dataset& dataset, BatchOptions options)
    : implementation_(std::make_unique<Implementation>(context, dataset, std::move(options))) {}
BatchIterator::~BatchIterator() = default;
BatchIterator::BatchIterator(BatchIterator&&) noexcept = default;
BatchIterator& BatchIterator::operator=(BatchIterator&&) noexcept = default;

void BatchIterator::begin_epoch(std::uint64_t number) {
  Implementation& self = *implementation_;
  self.begun = true;
  self.ended = false;
  self.pending = self.whole;
  if (self.sequences) {
    self.sequences->begin(number);
  } else if (self.prefetcher) {
    self.prefetcher->begin(number);
  } else if (self.assembler) {
    self.assembler->begin(number);
  }
}

bool BatchIterator::next(Block& block, std::size_t max_samples) {
  Implementation& self = *implementation_;
  const std::size_t batch = self.options.batch;
  if (max_samples < batch) {
    throw Error(Code::invalid_argument, {.message = "dataset: a block must have room for one batch of " + std::to_string(batch), .reason = "OPTION",
                                         .path = "batch", .expected = std::to_string(batch) + " samples or more", .actual = std::to_string(max_samples),
                                         .hint = "ask for preferred_samples()"});
  }
  if (!self.begun) begin_epoch(0);
  const std::size_t most = batch == 1 ? max_samples : max_samples - max_samples % batch;
  if (self.sequences) return self.next_window(block);
  const bool more = self.view         ? self.next_view(block, most)
                    : self.prefetcher ? self.next_prefetched(block, most)
                                      : self.next_assembled(block, most);
  block.counted = block.samples;
  return more;
}

std::size_t BatchIterator::input_elements() const noexcept { return implementation_->input_elements; }
std::size_t BatchIterator::output_elements() const noexcept { return implementation_->outputs.elements(); }
bool BatchIterator::outputs_are_labels() const noexcept { return implementation_->outputs.labels(); }
bool BatchIterator::is_view() const noexcept { return implementation_->view; }

std::size_t BatchIterator::preferred_samples() const noexcept {
  const Implementation& self = *implementation_;
  const std::size_t batch = self.options.batch;
  if (self.sequences) return batch;
  if (self.view) return (self.whole.samples + batch - 1) / batch * batch;
  const std::size_t batches = preferred_block / std::max<std::size_t>(1, self.input_bytes) / batch;
  return std::max<std::size_t>(1, batches) * batch;
}

}  // namespace webai
