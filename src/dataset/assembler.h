// Writes the samples of a stream side by side, converted.
#pragma once

#include <array>
#include <memory>

#include "dataset/convert.h"
#include "dataset/stream.h"

namespace webai {

class BlockAssembler {
 public:
  BlockAssembler(std::unique_ptr<Stream> stream, const Description& description, const BatchOptions& options);
  void begin(std::uint64_t epoch) { stream_->begin(epoch); }
  /// Fills room for `samples` samples; fewer mean the end of the epoch.
  std::size_t fill(void* inputs, void* outputs, std::size_t samples);

 private:
  void write(std::span<const Handle> rows, std::byte* inputs, std::byte* outputs) const;

  std::unique_ptr<Stream> stream_;
  Converter inputs_;
  OutputWriter outputs_;
  std::size_t input_elements_, source_bytes_, target_bytes_;  // of one sample's input
};

}  // namespace webai
