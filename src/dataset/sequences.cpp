#include "dataset/sequences.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace webai {

std::optional<SequenceCount> count_sequences(const Context& context, const Dataset& dataset) {
  const auto table = dataset.state().source->table(context);
  if (!table) return std::nullopt;
  SequenceCount result;
  std::size_t length = 0;
  for (std::uint64_t i = 0; i < table->samples; ++i) {
    if (i == 0 || (!table->marks.empty() && (table->marks[i] & mark_reset) != 0)) {
      ++result.count;
      length = 0;
    }
    result.longest = std::max(result.longest, ++length);
  }
  return result;
}

SequenceAssembler::SequenceAssembler(std::unique_ptr<Stream> stream, const Dataset::State& dataset,
                                     const Description& description, const BatchOptions& options)
    : stream_(std::move(stream)), inputs_(description.input_type, options.type, static_cast<std::size_t>(description.input_shape.elements()), SampleNames::inputs(description), options.held), outputs_(description, options),
      type_(options.type), window_(options.window), input_elements_(static_cast<std::size_t>(description.input_shape.elements())),
      input_bytes_(input_elements_ * size_of(options.type)), lanes_(options.lanes) {
  for (const Step& step : dataset.steps)
    if (step.kind == Step::Kind::shuffle)
      shuffle_ = Shuffle{step.count, step.shuffle.seed.value_or(options.seed), step.shuffle.each_epoch};
}

void SequenceAssembler::drop() noexcept {
  const auto release = [&](Sequence& rows) {
    for (; !rows.empty(); rows.pop_front()) stream_->store().release(rows.front());
  };
  for (Lane& lane : lanes_) {
    release(lane.rows);
    lane.in_use = false;
  }
  for (Sequence& sequence : held_) release(sequence);
  held_count_ = 0;
  if (waiting_) stream_->store().release(*waiting_);
  waiting_.reset();
}

void SequenceAssembler::begin(std::uint64_t epoch) {
  drop();
  stream_->begin(epoch);
  open_ = nullptr;
  any_read_ = ended_ = false;
  drawn_ = 0;
  constexpr std::uint64_t family = std::uint64_t{0x5351} << 48;  // apart from the shuffles of samples and from parameters
  if (shuffle_) random_ = RandomStream(shuffle_->seed, family ^ (shuffle_->each_epoch ? epoch : 0));
}

// The next row of the stream; `begins`: it is the first of a sequence.
bool SequenceAssembler::read_row(Handle& row, bool& begins) {
  if (waiting_) {
    row = *waiting_;
    waiting_.reset();
    begins = true;
    return true;
  }
  if (ended_) return false;
  if (stream_->next({&row, 1}) == 0) {
    ended_ = true;
    return false;
  }
  begins = !std::exchange(any_read_, true) || (stream_->store().marks(row) & mark_reset) != 0;
  return true;
}

// More of the sequence that the stream is in the middle of, until so many rows are there or it ends.
void SequenceAssembler::read_into(Lane& lane, std::size_t wanted) {
  while (open_ == &lane && lane.rows.size() < wanted) {
    Handle row = 0;
    bool begins = false;
    if (!read_row(row, begins)) {
      open_ = nullptr;
    } else if (begins) {
      waiting_ = row;
      open_ = nullptr;
    } else {
      lane.rows.push_back(row);
    }
  }
}

// A whole sequence, for the shuffle.
bool SequenceAssembler::read_sequence(Sequence& sequence) {
  Handle row = 0;
  bool begins = false;
  if (!read_row(row, begins)) return false;
  for (;;) {
    sequence.push_back(row);
    if (!read_row(row, begins)) return true;
    if (!begins) continue;
    waiting_ = row;
    return true;
  }
}

bool SequenceAssembler::start_sequence(Lane& lane) {
  if (shuffle_) {
    for (; held_count_ < shuffle_->buffer; ++held_count_) {
      if (held_count_ == held_.size()) held_.emplace_back();
      if (!read_sequence(held_[held_count_])) break;
    }
    if (held_count_ == 0) return false;
    const auto drawn = static_cast<std::size_t>(random_.below(drawn_++, held_count_));
    std::swap(lane.rows, held_[drawn]);
    std::swap(held_[drawn], held_[--held_count_]);
    return true;
  }
  // The stream gives one sequence after the other: that of another lane must be read to its end first.
  if (open_) read_into(*open_, ~std::size_t{0});
  Handle row = 0;
  bool begins = false;
  if (!read_row(row, begins)) return false;
  lane.rows.push_back(row);
  open_ = &lane;
  return true;
}

void SequenceAssembler::write_row(Handle row, std::size_t place, void* inputs, void* outputs, void* judged,
                                  std::size_t& counted) {
  const RowStore& store = stream_->store();
  inputs_(store.input(row), static_cast<std::byte*>(inputs) + place * input_bytes_, input_elements_, store.number(row));
  if ((store.marks(row) & mark_ignore) == 0) {
    outputs_.write(store.output(row), static_cast<std::byte*>(outputs) + place * outputs_.bytes(), 1, store.number(row));
    store_double(type_, judged, place, 1);
    ++counted;
  }
}

bool SequenceAssembler::fill(void* inputs, void* outputs, void* judged, void* present, void* kept, std::size_t& counted) {
  const std::size_t lanes = lanes_.size(), samples = window_ * lanes;
  std::memset(inputs, 0, samples * input_bytes_);
  std::memset(outputs, 0, samples * outputs_.bytes());
  std::memset(judged, 0, samples * size_of(type_));
  std::memset(present, 0, samples * size_of(type_));
  counted = 0;
  bool any = false;
  for (std::size_t b = 0; b < lanes; ++b) {
    Lane& lane = lanes_[b];
    read_into(lane, window_);
    const bool goes_on = lane.in_use && !lane.rows.empty();
    lane.in_use = goes_on || start_sequence(lane);
    store_double(type_, kept, b, goes_on ? 1 : 0);
    if (!lane.in_use) continue;
    read_into(lane, window_);
    any = true;
    const std::size_t count = std::min(window_, lane.rows.size());
    for (std::size_t t = 0; t < count; ++t) {
      write_row(lane.rows.front(), t * lanes + b, inputs, outputs, judged, counted);
      store_double(type_, present, t * lanes + b, 1);
      stream_->store().release(lane.rows.front());
      lane.rows.pop_front();
    }
  }
  return any;
}

}  // namespace webai
