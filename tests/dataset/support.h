// Files in memory and ways to read a whole epoch, for the tests of datasets.
#pragma once

#if WEBAI_WITH_ZLIB
#include <zlib.h>
#endif

#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "core/base/memory_source.h"
#include "dataset/iterator.h"
#include "support/allocation_count.h"
#include "webai/error.hpp"

namespace webai::test {

inline Context make_context(Limits limits = {}) {
  Context::Options options;
  options.threads = 1;
  options.limits = limits;
  return Context::system(options);
}

inline std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

inline DataFile file(std::string name, std::vector<std::byte> bytes) {
  auto held = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {name, [name, held]() -> std::unique_ptr<ByteSource> { return std::make_unique<MemorySource>(name, *held); }};
}
inline DataFile file(std::string name, const std::string& text) { return file(std::move(name), bytes_of(text)); }

/// An IDX file of bytes: element type, dimensions, elements.
inline std::string idx_text(int type, const std::vector<std::uint32_t>& dims, const std::string& elements) {
  std::string text{'\0', '\0', static_cast<char>(type), static_cast<char>(dims.size())};
  for (const std::uint32_t dim : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(dim >> shift & 255);
  }
  return text + elements;
}

#if WEBAI_WITH_ZLIB
inline std::string gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}
#endif

/// `count` pictures of height x width bytes and labels below `classes`; picture i is filled with i, label i is i mod n.
struct Pictures {
  std::string images, labels;
};
inline Pictures pictures(std::uint32_t count, std::uint32_t height, std::uint32_t width, std::uint32_t classes) {
  std::string pixels, labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    for (std::uint32_t k = 0; k < height * width; ++k) pixels += static_cast<char>((i + k) & 255);
    labels += static_cast<char>(i % classes);
  }
  return {idx_text(8, {count, height, width}, pixels), idx_text(8, {count}, labels)};
}

/// Processor time in seconds: other programs run beside the tests.
inline double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// All samples of an epoch as fp32, outputs as doubles (labels too).
struct Epoch {
  std::vector<float> inputs;
  std::vector<double> outputs;
  std::size_t samples = 0;
  friend bool operator==(const Epoch&, const Epoch&) = default;
};

inline Epoch read_epoch(BatchIterator& iterator, std::uint64_t number, std::size_t max_samples) {
  Epoch epoch;
  iterator.begin_epoch(number);
  Block block;
  while (iterator.next(block, max_samples)) {
    const auto* inputs = static_cast<const float*>(block.inputs);
    epoch.inputs.insert(epoch.inputs.end(), inputs, inputs + block.samples * iterator.input_elements());
    for (std::size_t i = 0; i < block.samples * iterator.output_elements(); ++i) {
      epoch.outputs.push_back(load_double(iterator.outputs_are_labels() ? DType::i32 : DType::fp32, block.outputs, i));
    }
    epoch.samples += block.samples;
  }
  return epoch;
}

inline Epoch read_epoch(const Context& context, const Dataset& dataset, std::uint64_t number = 0,
                        BatchOptions options = {}) {
  BatchIterator iterator(context, dataset, std::move(options));
  return read_epoch(iterator, number, 64);
}

/// n samples: input {i, -i}, output {i}.
inline Dataset counting(std::size_t n) {
  std::vector<Example> examples;
  for (std::size_t i = 0; i < n; ++i) {
    const auto value = static_cast<double>(i);
    examples.push_back({{value, -value}, {value}});
  }
  return Dataset::from(examples);
}

/// The same samples through a function, which have to be streamed.
inline Dataset counting_stream(std::size_t n, const Context& context) {
  return Dataset::from([n, context](std::size_t index, Item& item) {
    if (index >= n) return false;
    const auto value = static_cast<double>(index);
    item.input = Tensor::from(context, DType::fp64, Shape{2}, std::vector<double>{value, -value});
    item.output = Tensor::from(context, DType::fp64, Shape{1}, std::vector<double>{value});
    return true;
  });
}

/// The error that `action` throws; fails the test if it throws none.
template <class Action> Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "nothing was thrown");
}

inline std::uint64_t hash_of(const std::vector<double>& values) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a over the whole numbers
  for (const double value : values) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace webai::test
