// Row kernels of softmax and cross-entropy, compiled once per processor target.
#include "backends/cpu/reduce_rows.h"

#include <algorithm>
#include <concepts>
#include <cstdint>

#include "backends/cpu/reduce_kernels.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/reduce_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu/kernels/partial-inl.h"

// What is the same for all targets.
#ifndef WEBAI_CPU_REDUCE_ROWS
#define WEBAI_CPU_REDUCE_ROWS
namespace webai::cpu {
struct RowKernels {
  void (*softmax)(const float* x, float* y, std::size_t length);
  void (*log_softmax)(const float* x, float* y, std::size_t length);
  void (*softmax_gradient)(const float* y, const float* dy, float* dx, std::size_t length);
  void (*log_softmax_gradient)(const float* y, const float* dy, float* dx, std::size_t length);
  float (*cross_entropy)(const float* x, const float* target, std::int64_t label, float* p, std::size_t length);
  void (*cross_entropy_gradient)(const float* p, const float* target, std::int64_t label, float dy, float* dx,
                                 std::size_t length);
};
}  // namespace webai::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {

#include "backends/cpu/elementwise_words-inl.h"

constexpr std::size_t partials = 64, block = 4096;

FUNCTION F load_some(const float* from, std::size_t count) {  // zeros behind
  return count == lanes ? load(from) : F(load_partial(Floats(), from, count));
}
FUNCTION void store_some(F value, float* to, std::size_t count) {
  if (count == lanes) {
    store(value, to);
  } else {
    store_partial(value.v, Floats(), to, count);
  }
}
FUNCTION F some(F value, std::size_t count) {  // zeros behind
  return count == lanes ? value : F(hn::IfThenElseZero(hn::FirstN(Floats(), count), value.v));
}

struct Max {
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) { return hn::IfThenElse(hn::Lt(a, b), b, a); }
};
struct Sum {
  template <class V> static HWY_INLINE V combine_vectors(V a, V b) { return hn::Add(a, b); }
};

/// The fixed tree over one block of values that are made on the way: value(i, count) gives elements i to i + count, and
/// zeros behind them.
template <class Value> HWY_INLINE float block_sum(std::size_t first, std::size_t end, const Value& value) {
  if (end - first <= lanes) return combine_lanes<Sum>(Floats(), value(first, end - first).v);
  alignas(64) float sums[partials];
  for (std::size_t k = 0; k < partials; k += lanes) store(F(0.0f), sums + k);
  for (std::size_t i = first; i < end; i += partials) {
    for (std::size_t k = 0; k < partials && i + k < end; k += lanes) {
      store(load(sums + k) + value(i + k, std::min(lanes, end - i - k)), sums + k);
    }
  }
  for (std::size_t half = partials / 2; half >= lanes; half /= 2) {
    for (std::size_t k = 0; k < half; k += lanes) store(load(sums + k) + load(sums + k + half), sums + k);
  }
  return combine_lanes<Sum>(Floats(), load(sums).v);
}
template <class Value> HWY_INLINE float tree_sum(std::size_t length, const Value& value) {
  if (length <= block) return block_sum(0, length, value);
  float results[block];
  std::size_t count = 0;
  for (std::size_t first = 0; first < length; first += block) {
    if (count == block) {  // a row of more than 16 million elements
      results[0] = reduce_kernels().elements[0](results, count);
      count = 1;
    }
    results[count++] = block_sum(first, std::min(length, first + block), value);
  }
  return reduce_kernels().elements[0](results, count);
}

/// Any order gives the same maximum. What it is where there is not-a-number does not matter: the sum then is none.
HWY_INLINE float greatest_of(const float* x, std::size_t length) {
  F best = -infinity;
  std::size_t i = 0;
  for (; i + lanes <= length; i += lanes) {
    const F next = load(x + i);
    best = where(best < next, next, best);
  }
  if (i < length) {
    const F next = load_some(x + i, length - i);
    const M fits = {hn::And(hn::FirstN(Floats(), length - i), (best < next).m)};
    best = where(fits, next, best);
  }
  return combine_lanes<Max>(Floats(), best.v);
}
/// Writes e^(x - greatest) to y (if it is there) and returns its sum.
HWY_INLINE float exponentials(const float* x, float* y, std::size_t length, float greatest) {
  return tree_sum(length, [&](std::size_t i, std::size_t count) HWY_ATTR {
    const F e = some(exp(load_some(x + i, count) - greatest), count);
    if (y) store_some(e, y + i, count);
    return e;
  });
}
HWY_INLINE float logarithm_of(float value) {
  alignas(64) float values[lanes];
  store(log(F(value)), values);
  return values[0];
}
/// Stores value(i, count) over a row.
template <class Value> HWY_INLINE void each_vector(std::size_t length, float* to, const Value& value) {
  for (std::size_t i = 0; i < length; i += lanes) {
    const std::size_t count = std::min(lanes, length - i);
    store_some(value(i, count), to + i, count);
  }
}

void softmax(const float* x, float* y, std::size_t length) {
  const float scale = 1.0f / exponentials(x, y, length, greatest_of(x, length));
  each_vector(length, y, [&](std::size_t i, std::size_t count) HWY_ATTR { return load_some(y + i, count) * scale; });
}

void log_softmax(const float* x, float* y, std::size_t length) {
  const float greatest = greatest_of(x, length);
  const float logarithm = logarithm_of(exponentials(x, nullptr, length, greatest));
  each_vector(length, y, [&](std::size_t i, std::size_t count) HWY_ATTR {
    return (load_some(x + i, count) - greatest) - logarithm;
  });
}

void softmax_gradient(const float* y, const float* dy, float* dx, std::size_t length) {
  const float sum = tree_sum(length, [&](std::size_t i, std::size_t count)
                                         HWY_ATTR { return load_some(y + i, count) * load_some(dy + i, count); });
  each_vector(length, dx, [&](std::size_t i, std::size_t count) HWY_ATTR {
    return load_some(y + i, count) * (load_some(dy + i, count) - sum);
  });
}

void log_softmax_gradient(const float* y, const float* dy, float* dx, std::size_t length) {
  const float sum =
      tree_sum(length, [&](std::size_t i, std::size_t count) HWY_ATTR { return load_some(dy + i, count); });
  each_vector(length, dx, [&](std::size_t i, std::size_t count) HWY_ATTR {
    return load_some(dy + i, count) - exp(load_some(y + i, count)) * sum;
  });
}

/// A label of -1 stands for no target.
float cross_entropy(const float* x, const float* target, std::int64_t label, float* p, std::size_t length) {
  const float greatest = greatest_of(x, length), at_label = label >= 0 ? x[label] : 0.0f;
  // The loss needs all of x, so where p takes its place the exponentials are computed once more.
  const bool again = target && p == x;
  const float sum = exponentials(x, again ? nullptr : p, length, greatest), logarithm = logarithm_of(sum);
  const float scale = 1.0f / sum;
  float loss = 0;
  if (target) {
    loss = -tree_sum(length, [&](std::size_t i, std::size_t count) HWY_ATTR {
      const F weight = load_some(target + i, count);
      const F value = weight * ((load_some(x + i, count) - greatest) - logarithm);
      return where(equal(weight, 0.0f), 0.0f, value);
    });
  } else if (label >= 0) {
    loss = -((at_label - greatest) - logarithm);
  }
  each_vector(length, p, [&](std::size_t i, std::size_t count) HWY_ATTR {
    return (again ? exp(load_some(x + i, count) - greatest) : load_some(p + i, count)) * scale;
  });
  return loss;
}

void cross_entropy_gradient(const float* p, const float* target, std::int64_t label, float dy, float* dx,
                            std::size_t length) {
  if (target) {
    const float sum =
        tree_sum(length, [&](std::size_t i, std::size_t count) HWY_ATTR { return load_some(target + i, count); });
    each_vector(length, dx, [&](std::size_t i, std::size_t count) HWY_ATTR {
      return (load_some(p + i, count) * sum - load_some(target + i, count)) * dy;
    });
    return;
  }
  const float sum = label >= 0 ? 1.0f : 0.0f, at_label = label >= 0 ? (p[label] - 1.0f) * dy : 0.0f;
  each_vector(length, dx,
              [&](std::size_t i, std::size_t count) HWY_ATTR { return (load_some(p + i, count) * sum) * dy; });
  if (label >= 0) dx[label] = at_label;
}

constexpr RowKernels kernels = {softmax,       log_softmax,           softmax_gradient, log_softmax_gradient,
                                cross_entropy, cross_entropy_gradient};
const RowKernels* find_kernels() { return &kernels; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_kernels);

const RowKernels& row_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }

/// Calls work(row) for all rows, in a few stretches.
template <class Work> void each_row(const Rows& rows, double nanoseconds_per_element, const Work& work) {
  const double nanoseconds =
      (30 + nanoseconds_per_element * static_cast<double>(rows.length)) * static_cast<double>(rows.count);
  std::size_t parts = 1;
  if (rows.executor) {
    const double grain = rows.executor->ready() ? 5'000 : 50'000;
    parts = std::min({rows.executor->width(), rows.count, static_cast<std::size_t>(nanoseconds / grain) + 1});
  }
  if (parts <= 1) {
    for (std::size_t row = 0; row < rows.count; ++row) work(row);
    return;
  }
  rows.executor->each(parts, [&](std::size_t part) {
    for (std::size_t row = rows.count * part / parts; row < rows.count * (part + 1) / parts; ++row) work(row);
  });
}

template <class Integer> std::int64_t label_as(const void* labels, std::size_t row, std::size_t length) {
  const Integer label = static_cast<const Integer*>(labels)[row];
  if constexpr (std::is_signed_v<Integer>) {
    if (label < 0) return -1;
  }
  return static_cast<std::uint64_t>(label) < length ? static_cast<std::int64_t>(label) : -1;
}
/// The class of a row, or -1.
std::int64_t label_of(const Targets& targets, std::size_t row, std::size_t length) {
  switch (targets.label_type) {
    case DType::i8:
      return label_as<std::int8_t>(targets.labels, row, length);
    case DType::u8:
      return label_as<std::uint8_t>(targets.labels, row, length);
    case DType::i16:
      return label_as<std::int16_t>(targets.labels, row, length);
    case DType::u16:
      return label_as<std::uint16_t>(targets.labels, row, length);
    case DType::i32:
      return label_as<std::int32_t>(targets.labels, row, length);
    case DType::u32:
      return label_as<std::uint32_t>(targets.labels, row, length);
    case DType::i64:
      return label_as<std::int64_t>(targets.labels, row, length);
    case DType::u64:
      return label_as<std::uint64_t>(targets.labels, row, length);
    default:
      return -1;
  }
}

}  // namespace

void softmax_rows(const Rows& rows, const float* x, float* y) noexcept {
  const auto kernel = row_kernels().softmax;
  each_row(rows, 1, [&](std::size_t row) { kernel(x + row * rows.length, y + row * rows.length, rows.length); });
}

void log_softmax_rows(const Rows& rows, const float* x, float* y) noexcept {
  const auto kernel = row_kernels().log_softmax;
  each_row(rows, 1, [&](std::size_t row) { kernel(x + row * rows.length, y + row * rows.length, rows.length); });
}

void softmax_gradient_rows(const Rows& rows, const float* y, const float* dy, float* dx) noexcept {
  const auto kernel = row_kernels().softmax_gradient;
  each_row(rows, 0.3, [&](std::size_t row) {
    const std::size_t at = row * rows.length;
    kernel(y + at, dy + at, dx + at, rows.length);
  });
}

void log_softmax_gradient_rows(const Rows& rows, const float* y, const float* dy, float* dx) noexcept {
  const auto kernel = row_kernels().log_softmax_gradient;
  each_row(rows, 1, [&](std::size_t row) {
    const std::size_t at = row * rows.length;
    kernel(y + at, dy + at, dx + at, rows.length);
  });
}

void cross_entropy_rows(const Rows& rows, const float* x, const Targets& targets, float* loss, float* p) noexcept {
  const auto kernel = row_kernels().cross_entropy;
  each_row(rows, 2, [&](std::size_t row) {
    const std::size_t at = row * rows.length;
    const float* target = targets.dense ? targets.dense + at : nullptr;
    loss[row] = kernel(x + at, target, target ? -1 : label_of(targets, row, rows.length), p + at, rows.length);
  });
}

void cross_entropy_gradient_rows(const Rows& rows, const float* p, const Targets& targets, const float* dy,
                                 float* dx) noexcept {
  const auto kernel = row_kernels().cross_entropy_gradient;
  each_row(rows, 0.3, [&](std::size_t row) {
    const std::size_t at = row * rows.length;
    const float* target = targets.dense ? targets.dense + at : nullptr;
    kernel(p + at, target, target ? -1 : label_of(targets, row, rows.length), dy[row], dx + at, rows.length);
  });
}

}  // namespace webai::cpu
#endif
