// Streams over tables and readers, and one for each kind of step.
#include "dataset/stream.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "core/base/random.h"
#include "dataset/iterator.h"
#include "webai/error.hpp"

namespace webai {

namespace {

/// A row taken from a store: given back unless somebody takes it over.
struct Held {
  RowStore* store;
  Handle row;
  ~Held() {
    if (store) store->release(row);
  }
  Handle pass_on() noexcept {
    store = nullptr;
    return row;
  }
};

void stop_if(const std::function<bool()>& interrupted) {
  if (interrupted && interrupted()) throw Interrupted{};
}

class TableStream final : public Stream {
 public:
  TableStream(std::unique_ptr<RowStore> rows, std::uint64_t samples)
      : Stream(*rows), rows_(std::move(rows)), samples_(static_cast<Handle>(samples)) {}
  void begin(std::uint64_t) override { position_ = 0; }
  std::size_t next(std::span<Handle> into) override {
    const std::size_t count = std::min<std::size_t>(into.size(), samples_ - position_);
    std::iota(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(count), position_);
    position_ += static_cast<Handle>(count);
    return count;
  }

 private:
  std::unique_ptr<RowStore> rows_;
  Handle samples_, position_ = 0;
};

class ReaderStream final : public Stream {
 public:
  ReaderStream(std::unique_ptr<RowStore> rows, std::unique_ptr<Reader> reader, const std::function<bool()>& interrupted)
      : Stream(*rows), rows_(std::move(rows)), reader_(std::move(reader)), interrupted_(interrupted) {}
  void begin(std::uint64_t) override {
    if (moved_) reader_->rewind();
    moved_ = ended_ = false;
    position_ = 0;
  }
  std::size_t next(std::span<Handle> into) override {
    if (ended_) return 0;
    moved_ = ended_ = true;  // should reading throw, what follows is unknown
    stop_if(interrupted_);
    Filling filling(*rows_, into);
    while (!filling.full()) {
      Held held{rows_.get(), rows_->acquire(position_++)};
      if (!reader_->read(rows_->input(held.row), rows_->output(held.row))) return filling.finish();
      rows_->mark(held.row, reader_->marks());
      filling.push(held.pass_on());
    }
    ended_ = false;
    return filling.finish();
  }

 private:
  std::unique_ptr<RowStore> rows_;
  std::unique_ptr<Reader> reader_;
  std::function<bool()> interrupted_;
  std::uint64_t position_ = 0;  // of the next sample in the source
  bool moved_ = false, ended_ = false;
};

/// A step over another stream whose rows it passes on.
class StepStream : public Stream {
 public:
  explicit StepStream(std::unique_ptr<Stream> before) : Stream(before->store()), before_(std::move(before)) {}

 protected:
  std::unique_ptr<Stream> before_;
};

class TakeStream final : public StepStream {
 public:
  TakeStream(std::unique_ptr<Stream> before, std::uint64_t count) : StepStream(std::move(before)), count_(count) {}
  void begin(std::uint64_t epoch) override {
    before_->begin(epoch);
    left_ = count_;
  }
  std::size_t next(std::span<Handle> into) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    if (wanted == 0) return 0;
    const std::size_t count = before_->next(into.first(wanted));
    left_ = count < wanted ? 0 : left_ - count;
    return count;
  }

 private:
  std::uint64_t count_, left_ = 0;
};

class SkipStream final : public StepStream {
 public:
  SkipStream(std::unique_ptr<Stream> before, std::uint64_t count) : StepStream(std::move(before)), count_(count) {}
  void begin(std::uint64_t epoch) override {
    before_->begin(epoch);
    left_ = count_;
  }
  std::size_t next(std::span<Handle> into) override {
    std::array<Handle, 64> dropped;
    while (left_ > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(dropped.size(), left_));
      const std::size_t count = before_->next(std::span(dropped).first(wanted));
      for (std::size_t i = 0; i < count; ++i) store().release(dropped[i]);
      left_ -= count;
      if (count < wanted) {
        left_ = 0;
        return 0;
      }
    }
    return before_->next(into);
  }

 private:
  std::uint64_t count_, left_ = 0;
};

/// Of the next samples left, so many are still to be drawn: each is with that probability, so that all draws of that many
/// are equally likely.
class DrawStream final : public StepStream {
 public:
  DrawStream(std::unique_ptr<Stream> before, const Step& step)
      : StepStream(std::move(before)), step_(step), random_(*step.shuffle.seed, std::uint64_t{0x4452} << 48) {}
  void begin(std::uint64_t epoch) override {
    before_->begin(epoch);
    position_ = drawn_ = 0;
  }
  std::size_t next(std::span<Handle> into) override {
    const bool wanted = step_.kind == Step::Kind::draw;
    Filling filling(store(), into);
    Handle row;
    while (!filling.full() && before_->next({&row, 1}) > 0) {
      const std::uint64_t left = step_.of - std::min(step_.of, position_);
      const bool drawn = left > 0 && random_.below(position_, left) < step_.count - drawn_;
      ++position_;
      drawn_ += drawn;
      if (drawn == wanted)
        filling.push(row);
      else
        store().release(row);
    }
    return filling.finish();
  }

 private:
  const Step step_;
  const RandomStream random_;
  std::uint64_t position_ = 0, drawn_ = 0;
};

class RepeatStream final : public StepStream {
 public:
  /// With `sequences` each pass begins with a reset, as each epoch does: what a model remembers of one does not go on in
  /// the next. Those of readers are known once a reset has come.
  RepeatStream(std::unique_ptr<Stream> before, std::uint64_t times, bool sequences, bool told)
      : StepStream(std::move(before)), times_(times), sequences_(sequences), told_(told) {}
  void begin(std::uint64_t epoch) override {
    // Every pass of every epoch is an epoch of its own to the shuffles before.
    first_ = times_ == Step::forever ? epoch << 32 : epoch * times_;
    pass_ = 0;
    if (times_ > 0) before_->begin(first_);
    any_ = false;
  }
  std::size_t next(std::span<Handle> into) override {
    Filling filling(store(), into);
    while (pass_ < times_) {
      const std::size_t count = before_->next(filling.rest());
      if (count > 0) look_at(filling.rest().first(count));
      filling.add(count);
      if (filling.full()) break;
      ++pass_;
      if (!any_) pass_ = times_;  // nothing to repeat: an endless loop otherwise
      any_ = false;
      if (pass_ < times_) before_->begin(first_ + pass_);
    }
    return filling.finish();
  }

 private:
  void look_at(std::span<const Handle> rows) {
    const Handle first = rows.front();
    if (!any_ && pass_ > 0 && sequences_) store().mark(first, static_cast<Marks>(store().marks(first) | mark_reset));
    const auto begins = [&](Handle row) { return (store().marks(row) & mark_reset) != 0; };
    if (told_ && !sequences_) sequences_ = std::ranges::any_of(rows, begins);
    any_ = true;
  }

  std::uint64_t times_, first_ = 0, pass_ = 0;
  bool sequences_, told_;
  bool any_ = false;  // this pass gave a sample
};

class ShuffleStream final : public StepStream {
 public:
  ShuffleStream(std::unique_ptr<Stream> before, const Step& step, std::uint64_t seed, std::uint64_t index,
                std::optional<std::uint64_t> size)
      : StepStream(std::move(before)), buffer_(step.count), seed_(step.shuffle.seed.value_or(seed)), index_(index),
        each_epoch_(step.shuffle.each_epoch) {
    if (size) held_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>({buffer_, *size, most_reserved})));
  }
  ~ShuffleStream() override { drop(); }

  void begin(std::uint64_t epoch) override {
    drop();
    before_->begin(epoch);
    // One stream of random numbers for each shuffle of the chain and each epoch, apart from those of parameters.
    constexpr std::uint64_t family = std::uint64_t{0x5348} << 48;
    random_ = RandomStream(seed_, family ^ (index_ << 40) ^ (each_epoch_ ? epoch : 0));
    drawn_ = 0;
  }

  std::size_t next(std::span<Handle> into) override {
    // Row numbers come in runs; how long they are does not touch the order.
    while (held_.size() < buffer_ && (arrived_ < waiting_ || fetch())) held_.push_back(incoming_[arrived_++]);
    Filling filling(store(), into);
    while (!filling.full() && !held_.empty()) {
      const bool more = arrived_ < waiting_ || fetch();
      const auto drawn = static_cast<std::size_t>(random_.below(drawn_++, held_.size()));
      filling.push(held_[drawn]);
      if (more) {
        held_[drawn] = incoming_[arrived_++];
      } else {
        held_[drawn] = held_.back();
        held_.pop_back();
      }
    }
    return filling.finish();
  }

 private:
  static constexpr std::uint64_t most_reserved = std::uint64_t{1} << 24;

  bool fetch() {
    if (ended_) return false;
    waiting_ = arrived_ = 0;
    waiting_ = before_->next(incoming_);
    ended_ = waiting_ < incoming_.size();
    return waiting_ > 0;
  }
  void drop() noexcept {
    for (const Handle row : held_) store().release(row);
    for (; arrived_ < waiting_; ++arrived_) store().release(incoming_[arrived_]);
    held_.clear();
    waiting_ = arrived_ = 0;
    ended_ = false;
  }

  std::uint64_t buffer_, seed_, index_;
  bool each_epoch_;
  RandomStream random_{0, 0};
  std::uint64_t drawn_ = 0;
  std::vector<Handle> held_;
  std::array<Handle, 64> incoming_{};
  std::size_t arrived_ = 0, waiting_ = 0;  // incoming_[arrived_ .. waiting_) are yet to be used
  bool ended_ = false;
};

/// For models without a memory: samples whose output is to be ignored say nothing.
class JudgedStream final : public StepStream {
 public:
  using StepStream::StepStream;
  void begin(std::uint64_t epoch) override { before_->begin(epoch); }
  std::size_t next(std::span<Handle> into) override {
    Filling filling(store(), into);
    for (bool more = true; more && !filling.full();) {
      const std::span<Handle> rest = filling.rest();
      const std::size_t count = before_->next(rest);
      more = count == rest.size();
      std::size_t kept = 0;
      for (std::size_t i = 0; i < count; ++i) {
        if ((store().marks(rest[i]) & mark_ignore) != 0)
          store().release(rest[i]);
        else
          rest[kept++] = rest[i];
      }
      filling.add(kept);
    }
    return filling.finish();
  }
};

class MapStream final : public Stream {
 public:
  MapStream(std::unique_ptr<Stream> before, std::unique_ptr<RowStore> rows, const Dataset::State& dataset,
            std::size_t index, const Description& from, const std::function<bool()>& interrupted)
      : Stream(*rows), before_(std::move(before)), rows_(std::move(rows)), function_(dataset.steps[index].map),
        from_(from), to_(dataset.description_of_map(index)), interrupted_(interrupted) {}
  void begin(std::uint64_t epoch) override {
    before_->begin(epoch);
    position_ = 0;
  }
  std::size_t next(std::span<Handle> into) override {
    Filling filling(*rows_, into);
    Handle row;
    while (!filling.full() && map_one(row)) filling.push(row);
    return filling.finish();
  }

 private:
  bool map_one(Handle& target) {
    stop_if(interrupted_);
    Handle source;
    if (before_->next({&source, 1}) == 0) return false;
    const Held given{&before_->store(), source};
    const Marks marks = given.store->marks(source);
    const Item made = function_(view_item(from_, given.store->input(source), given.store->output(source), marks));
    Held kept{rows_.get(), rows_->acquire(given.store->number(source), static_cast<Marks>(marks | marks_of(made)))};
    store_item(made, to_, rows_->input(kept.row), rows_->output(kept.row),
               {"map: sample ", position_++});
    target = kept.pass_on();
    return true;
  }

  std::unique_ptr<Stream> before_;
  std::unique_ptr<RowStore> rows_;
  Dataset::MapFunction function_;
  Description from_, to_;
  std::function<bool()> interrupted_;
  std::uint64_t position_ = 0;
};

}  // namespace

std::unique_ptr<Stream> open_stream(const Context& context, const Dataset::State& dataset, std::uint64_t seed,
                                    const std::function<bool()>& interrupted, Unit unit) {
  const Source& source = *dataset.source;
  Description description = source.description();
  std::unique_ptr<Stream> stream;
  bool ignores = source.calls_back(), sequences = unit == Unit::sequence;
  if (auto table = source.table(context)) {
    ignores = std::any_of(table->marks.begin(), table->marks.end(), [](Marks marks) { return (marks & mark_ignore) != 0; });
    sequences = sequences || (unit == Unit::any_sample &&
                              std::ranges::any_of(table->marks, [](Marks marks) { return (marks & mark_reset) != 0; }));
    const std::uint64_t samples = table->samples;
    stream = std::make_unique<TableStream>(std::make_unique<RowStore>(std::move(table), description), samples);
  } else {
    stream = std::make_unique<ReaderStream>(std::make_unique<RowStore>(context, description), source.open(), interrupted);
  }
  // Rows of a table are the same in each pass: to be marked they have to be copies.
  const auto markable = [&] {
    if (stream->store().is_table()) stream = copies_of(context, std::move(stream), description);
  };
  for (std::size_t i = 0; i < dataset.steps.size(); ++i) {
    const Step& step = dataset.steps[i];
    switch (step.kind) {
      case Step::Kind::take: stream = std::make_unique<TakeStream>(std::move(stream), step.count); break;
      case Step::Kind::skip: stream = std::make_unique<SkipStream>(std::move(stream), step.count); break;
      case Step::Kind::draw:
      case Step::Kind::leave: stream = std::make_unique<DrawStream>(std::move(stream), step); break;
      case Step::Kind::repeat:
        if (sequences && step.count > 1) markable();
        stream = std::make_unique<RepeatStream>(std::move(stream), step.count, sequences,
                                                unit == Unit::any_sample && !stream->store().is_table());
        break;
      case Step::Kind::shuffle:
        if (unit == Unit::sequence) break;  // whole sequences change places, not their samples: see SequenceAssembler
        if (sequences) {
          markable();
          stream = shuffled_sequences(std::move(stream), step, seed);
          break;
        }
        stream = std::make_unique<ShuffleStream>(std::move(stream), step, seed, i, description.size);
        break;
      case Step::Kind::map: {
        const Description& mapped = dataset.description_of_map(i);
        auto rows = std::make_unique<RowStore>(context, mapped);
        ignores = true;  // the function may say so
        stream = std::make_unique<MapStream>(std::move(stream), std::move(rows), dataset, i, description, interrupted);
        description = mapped;
        break;
      }
    }
  }
  if (unit == Unit::sample && ignores) stream = std::make_unique<JudgedStream>(std::move(stream));
  return stream;
}

}  // namespace webai
