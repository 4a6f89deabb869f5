// What all sources share: sizes of samples, the check for numbers that are none, and the decoded copy of small files.
#include "dataset/source.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "webai/error.hpp"

namespace webai {

std::size_t checked_product(std::uint64_t a, std::uint64_t b, std::string_view what) {
  std::uint64_t product = 0;
  // Half of what a pointer difference can say: sums of two such sizes never overflow either.
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max() / 4;
  if (__builtin_mul_overflow(a, b, &product) || product > most) {
    throw Error(Code::limit_exceeded, {.message = std::string(what) + " is too large for this machine's memory",
                                       .reason = "SIZE",
                                       .actual = std::to_string(a) + " times " + std::to_string(b),
                                       .hint = "read it from a file, which is not held as a whole"});
  }
  return static_cast<std::size_t>(product);
}

std::size_t Description::input_bytes() const {
  return checked_product(static_cast<std::uint64_t>(input_shape.elements()), size_of(input_type), "one sample");
}

std::size_t Description::output_bytes() const {
  return checked_product(static_cast<std::uint64_t>(output_shape.elements()), size_of(output_type), "one sample");
}

namespace {

// Exponent all ones: infinite or not a number. Blocks of 64 without a branch inside vectorise (CMakeLists.txt asks for
// that).
template <class Word> std::size_t first_special(const void* data, std::size_t count, Word exponent) noexcept {
  const auto* bytes = static_cast<const std::byte*>(data);
  const auto special = [&](std::size_t index) {
    Word word;
    std::memcpy(&word, bytes + index * sizeof(Word), sizeof(Word));
    return static_cast<unsigned>((word & exponent) == exponent);
  };
  std::size_t begin = 0;
  for (; begin + 64 <= count; begin += 64) {
    unsigned any = 0;
    for (std::size_t i = 0; i < 64; ++i) any |= special(begin + i);
    if (any != 0) break;
  }
  while (begin < count && special(begin) == 0) ++begin;
  return begin;
}

}  // namespace

std::size_t first_not_finite(DType type, const void* data, std::size_t count) noexcept {
  switch (type) {
    case DType::fp16: return first_special<std::uint16_t>(data, count, 0x7c00);
    case DType::bf16: return first_special<std::uint16_t>(data, count, 0x7f80);
    case DType::fp32: return first_special<std::uint32_t>(data, count, 0x7f800000);
    case DType::fp64: return first_special<std::uint64_t>(data, count, 0x7ff0000000000000);
    default: return count;
  }
}

std::string number_text(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::optional<std::uint64_t> count_classes(DType type, const void* data, std::size_t count) noexcept {
  double highest = -1;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = load_double(type, data, i);
    if (!(value >= 0 && value <= 2147483646) || value != std::trunc(value)) return std::nullopt;
    highest = std::max(highest, value);
  }
  return static_cast<std::uint64_t>(highest + 1);
}

void describe_outputs(Description& description, DType type, const Shape& outputs) {
  description.output_type = type;
  description.output_shape = outputs.without(0);
  if (outputs.rank() > 1) return;
  if (is_integer(type)) {
    description.kind = OutputKind::label;
  } else {
    description.output_shape = Shape{1};
  }
}

std::shared_ptr<const Table> FileSource::table(const Context& context) const {
  const std::uint64_t bytes = description_.input_bytes() + description_.output_bytes();
  if (bytes != 0 && *description_.size > cache_bytes_ / bytes) return nullptr;
  const std::lock_guard lock(mutex_);
  const void* asking = &context.limits();  // one per context, and alive as long as memory of it is
  if (kept_ && owner_ == asking) return kept_;
  auto table = decode(context);
  if (!kept_) {
    kept_ = table;
    owner_ = asking;
  }
  return table;
}

std::shared_ptr<const Table> FileSource::decode(const Context& context) const {
  const auto samples = static_cast<std::int64_t>(*description_.size);
  auto table = std::make_shared<Table>();
  table->samples = *description_.size;
  table->inputs = Tensor::uninitialised(context, description_.input_type,
                                        description_.input_shape.inserted(0, samples));
  table->outputs = Tensor::uninitialised(context, description_.output_type,
                                         description_.output_shape.inserted(0, samples));
  const std::size_t input_bytes = description_.input_bytes(), output_bytes = description_.output_bytes();
  auto* inputs = static_cast<std::byte*>(table->inputs.data());
  auto* outputs = static_cast<std::byte*>(table->outputs.data());
  const auto reader = open();
  for (std::int64_t i = 0; i < samples; ++i, inputs += input_bytes, outputs += output_bytes) {
    if (!reader->read(inputs, outputs)) {
      throw Error(Code::invalid_argument, {.message = "the file became shorter while it was read",
                                           .reason = "FILE_CHANGED",
                                           .expected = std::to_string(samples) + " samples",
                                           .actual = std::to_string(i),
                                           .hint = "open the data again when nobody writes to the file"});
    }
  }
  return table;
}

}  // namespace webai
