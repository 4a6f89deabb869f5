// Rows of a shuffled table lie anywhere in memory: those to come are fetched while this one is converted.
#include "dataset/assembler.h"

#include <algorithm>

namespace webai {

namespace {

constexpr std::size_t fetch_ahead = 4;  // rows

/// Asks for the first cache lines of a row; from then on the processor sees where it is going.
void fetch(const std::byte* row, std::size_t bytes) {
  for (std::size_t line = 0; line < std::min<std::size_t>(bytes, 1024); line += 64) __builtin_prefetch(row + line);
}

}  // namespace

BlockAssembler::BlockAssembler(std::unique_ptr<Stream> stream, const Description& description, const BatchOptions& options)
    : stream_(std::move(stream)), inputs_(description.input_type, options.type, static_cast<std::size_t>(description.input_shape.elements()), SampleNames::inputs(description), options.held),
      outputs_(description, options), input_elements_(static_cast<std::size_t>(description.input_shape.elements())),
      source_bytes_(description.input_bytes()), target_bytes_(input_elements_ * size_of(options.type)) {}

std::size_t BlockAssembler::fill(void* inputs, void* outputs, std::size_t samples) {
  struct Rows {  // gives its rows back on every way out
    RowStore& store;
    std::array<Handle, 256> rows;
    std::size_t count = 0;
    ~Rows() { release(); }
    void release() noexcept {
      for (std::size_t i = 0; i < count; ++i) store.release(rows[i]);
      count = 0;
    }
  } taken{stream_->store(), {}};

  std::size_t done = 0;
  while (done < samples) {
    const std::size_t wanted = std::min(taken.rows.size(), samples - done);
    taken.count = stream_->next(std::span(taken.rows).first(wanted));
    write(std::span(taken.rows).first(taken.count), static_cast<std::byte*>(inputs) + done * target_bytes_,
          static_cast<std::byte*>(outputs) + done * outputs_.bytes());
    done += taken.count;
    if (taken.count < wanted) break;
    taken.release();
  }
  return done;
}

void BlockAssembler::write(std::span<const Handle> rows, std::byte* inputs, std::byte* outputs) const {
  const RowStore& store = stream_->store();
  const bool table = store.is_table();
  for (std::size_t i = 0; i < rows.size();) {
    // Neighbours of a table are neighbours in memory: one conversion for a whole run of them.
    std::size_t end = i + 1;
    while (table && end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    if (i + fetch_ahead < rows.size()) fetch(store.input(rows[i + fetch_ahead]), source_bytes_);
    inputs_(store.input(rows[i]), inputs + i * target_bytes_, (end - i) * input_elements_,
            store.number(rows[i]));
    outputs_.write(store.output(rows[i]), outputs + i * outputs_.bytes(), end - i,
                   store.number(rows[i]));
    i = end;
  }
}

}  // namespace webai
