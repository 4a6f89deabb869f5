// Steps over sequences for those who read a dataset sample by sample: nothing is torn, and what begins a sequence says so.
#include <cstring>
#include <optional>
#include <vector>

#include "core/base/random.h"
#include "dataset/stream.h"

namespace webai {
namespace {

class CopyStream final : public Stream {
 public:
  CopyStream(std::unique_ptr<Stream> before, std::unique_ptr<RowStore> rows, const Description& description)
      : Stream(*rows), before_(std::move(before)), rows_(std::move(rows)), input_bytes_(description.input_bytes()),
        output_bytes_(description.output_bytes()) {}
  void begin(std::uint64_t epoch) override { before_->begin(epoch); }
  std::size_t next(std::span<Handle> into) override {
    Filling filling(*rows_, into);
    const RowStore& table = before_->store();  // whose rows nobody has to give back
    Handle source;
    while (!filling.full() && before_->next({&source, 1}) > 0) {
      const Handle row = rows_->acquire(table.number(source), table.marks(source));
      if (input_bytes_ != 0) std::memcpy(rows_->input(row), table.input(source), input_bytes_);
      if (output_bytes_ != 0) std::memcpy(rows_->output(row), table.output(source), output_bytes_);
      filling.push(row);
    }
    return filling.finish();
  }

 private:
  std::unique_ptr<Stream> before_;
  std::unique_ptr<RowStore> rows_;
  std::size_t input_bytes_, output_bytes_;
};

/// Draws as SequenceAssembler does, so that what is read is in the order of a training with that seed.
class SequenceShuffleStream final : public Stream {
 public:
  SequenceShuffleStream(std::unique_ptr<Stream> before, const Step& step, std::uint64_t seed)
      : Stream(before->store()), before_(std::move(before)), buffer_(step.count), seed_(step.shuffle.seed.value_or(seed)),
        each_epoch_(step.shuffle.each_epoch) {}
  ~SequenceShuffleStream() override { drop(); }

  void begin(std::uint64_t epoch) override {
    drop();
    before_->begin(epoch);
    constexpr std::uint64_t family = std::uint64_t{0x5351} << 48;
    random_ = RandomStream(seed_, family ^ (each_epoch_ ? epoch : 0));
    drawn_ = 0;
    ended_ = false;
  }

  std::size_t next(std::span<Handle> into) override {
    Filling filling(store(), into);
    while (!filling.full() && (given_ < current_.size() || draw())) filling.push(current_[given_++]);
    return filling.finish();
  }

 private:
  bool draw() {
    Rows rows;
    while (held_.size() < buffer_ && read(rows)) held_.push_back(std::move(rows));
    current_.clear();
    given_ = 0;
    if (held_.empty()) return false;
    const auto drawn = static_cast<std::size_t>(random_.below(drawn_++, held_.size()));
    current_.swap(held_[drawn]);
    std::swap(held_[drawn], held_.back());
    held_.pop_back();
    if (drawn_ > 1) store().mark(current_.front(), static_cast<Marks>(store().marks(current_.front()) | mark_reset));
    return true;
  }

  using Rows = std::vector<Handle>;
  // A whole sequence; what was read of it is given back where reading fails.
  bool read(Rows& rows) {
    rows.clear();
    if (waiting_) rows.push_back(*std::exchange(waiting_, std::nullopt));
    try {
      Handle row = 0;
      while (!ended_) {
        ended_ = before_->next({&row, 1}) == 0;
        if (ended_) break;
        if (!rows.empty() && (store().marks(row) & mark_reset) != 0) {
          waiting_ = row;
          break;
        }
        rows.push_back(row);
      }
    } catch (...) {
      release(rows, 0);
      throw;
    }
    return !rows.empty();
  }

  void release(Rows& rows, std::size_t first) noexcept {
    for (; first < rows.size(); ++first) store().release(rows[first]);
    rows.clear();
  }
  void drop() noexcept {
    release(current_, given_);
    given_ = 0;
    for (Rows& rows : held_) release(rows, 0);
    held_.clear();
    if (waiting_) store().release(*waiting_);
    waiting_.reset();
  }

  std::unique_ptr<Stream> before_;
  std::uint64_t buffer_, seed_;
  bool each_epoch_, ended_ = false;
  RandomStream random_{0, 0};
  std::uint64_t drawn_ = 0;
  std::vector<Rows> held_;
  Rows current_;
  std::size_t given_ = 0;          // of the current one
  std::optional<Handle> waiting_;  // first row of the next sequence
};

}  // namespace

std::unique_ptr<Stream> copies_of(const Context& context, std::unique_ptr<Stream> before, const Description& description) {
  return std::make_unique<CopyStream>(std::move(before), std::make_unique<RowStore>(context, description), description);
}

std::unique_ptr<Stream> shuffled_sequences(std::unique_ptr<Stream> before, const Step& step, std::uint64_t seed) {
  return std::make_unique<SequenceShuffleStream>(std::move(before), step, seed);
}

}  // namespace webai
