// Pooling of one image, compiled once per processor target: vectors of channels, one window at a time.
#include "backends/cpu/kernels/pool.h"

#define HWY_DISABLED_TARGETS HWY_SSSE3
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kernels/pool_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <limits>

#include "backends/cpu/kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace webai::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// The elements under one window: `rows` x `columns` pixels from the first one, steps in floats.
struct Window {
  std::size_t first, rows, columns, row_step, column_step;
};

/// One window and one vector of channels, the first `count` of which exist.
template <class D> struct Forward {
  static HWY_INLINE void max(D d, const Window& w, const float* input, float* output, std::size_t count) {
    auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
    for (std::size_t y = 0; y < w.rows; ++y) {
      const float* from = input + w.first + y * w.row_step;
      for (std::size_t x = 0; x < w.columns; ++x, from += w.column_step) {
        const auto next = load_partial(d, from, count);
        // Greater or not-a-number, unless what we have already is not a number.
        const auto better = hn::AndNot(hn::VecFromMask(d, hn::Le(next, best)), hn::VecFromMask(d, hn::Eq(best, best)));
        best = hn::IfThenElse(hn::MaskFromVec(better), next, best);
      }
    }
    store_partial(best, d, output, count);
  }

  static HWY_INLINE void average(D d, const Window& w, const float* input, float* output, std::size_t count,
                                 float divisor) {
    auto sum = hn::Zero(d);
    for (std::size_t y = 0; y < w.rows; ++y) {
      const float* from = input + w.first + y * w.row_step;
      for (std::size_t x = 0; x < w.columns; ++x, from += w.column_step) {
        sum = hn::Add(sum, load_partial(d, from, count));
      }
    }
    store_partial(divisor == 0 ? sum : hn::Div(sum, hn::Set(d, divisor)), d, output, count);
  }
};

/// `stores`: no other window touches these elements.
template <class D, bool stores> struct Backward {
  static HWY_INLINE void max(D d, const Window& w, const float* input, const float* gradient, float* result,
                             std::size_t count) {
    if (w.rows == 0 || w.columns == 0) return;
    auto best = load_partial(d, input + w.first, count);
    auto place = hn::Zero(d);  // which element of the window, as a float: exact up to 2^24
    float index = 0;
    for (std::size_t y = 0; y < w.rows; ++y) {
      const float* from = input + w.first + y * w.row_step;
      for (std::size_t x = 0; x < w.columns; ++x, from += w.column_step, index += 1) {
        const auto next = load_partial(d, from, count);
        const auto better =
            hn::MaskFromVec(hn::AndNot(hn::VecFromMask(d, hn::Le(next, best)), hn::VecFromMask(d, hn::Eq(best, best))));
        best = hn::IfThenElse(better, next, best);
        place = hn::IfThenElse(better, hn::Set(d, index), place);
      }
    }
    const auto given = load_partial(d, gradient, count);
    index = 0;
    for (std::size_t y = 0; y < w.rows; ++y) {
      float* to = result + w.first + y * w.row_step;
      for (std::size_t x = 0; x < w.columns; ++x, to += w.column_step, index += 1) {
        auto share = hn::IfThenElseZero(hn::Eq(place, hn::Set(d, index)), given);
        if constexpr (!stores) share = hn::Add(load_partial(d, to, count), share);
        store_partial(share, d, to, count);
      }
    }
  }

  static HWY_INLINE void average(D d, const Window& w, const float* gradient, float* result, std::size_t count,
                                 float divisor) {
    const auto share = hn::Div(load_partial(d, gradient, count), hn::Set(d, divisor));
    for (std::size_t y = 0; y < w.rows; ++y) {
      float* to = result + w.first + y * w.row_step;
      for (std::size_t x = 0; x < w.columns; ++x, to += w.column_step) {
        store_partial(stores ? share : hn::Add(load_partial(d, to, count), share), d, to, count);
      }
    }
  }
};

enum class Kind { max, max_gradient, average, average_gradient };

template <class D, Kind kind, bool stores>
void run(const PoolLayout& layout, const float* input, const float* gradient, float* result, std::size_t row,
         std::size_t row_end) {
  const D d;
  constexpr std::size_t lanes = hn::MaxLanes(D());
  const std::size_t channels = layout.channels, pitch = layout.input_width * channels;
  for (std::size_t y = row; y < row_end; ++y) {
    for (std::size_t x = 0; x < layout.output_width; ++x) {
      const PoolLayout::Reach rows = layout.rows[y], columns = layout.columns[x];
      Window w{rows.first * pitch + columns.first * channels, rows.count, columns.count, layout.dilation_y * pitch,
               layout.dilation_x * channels};
      const std::size_t out = (y * layout.output_width + x) * channels;
      const float divisor =
          layout.window_size != 0 ? layout.window_size : static_cast<float>(rows.count * columns.count);
      for (std::size_t c = 0; c < channels; c += lanes, w.first += lanes) {
        const std::size_t count = channels - c < lanes ? channels - c : lanes;
        if constexpr (kind == Kind::max) Forward<D>::max(d, w, input, result + out + c, count);
        if constexpr (kind == Kind::average) Forward<D>::average(d, w, input, result + out + c, count, divisor);
        if constexpr (kind == Kind::max_gradient) {
          Backward<D, stores>::max(d, w, input, gradient + out + c, result, count);
        }
        if constexpr (kind == Kind::average_gradient) {
          Backward<D, stores>::average(d, w, gradient + out + c, result, count, divisor);
        }
      }
    }
  }
}

template <Kind kind>
void pool(const PoolLayout& layout, const float* input, const float* gradient, float* result, std::size_t row,
          std::size_t row_end) {
  using Wide = hn::ScalableTag<float>;
  using Narrow = hn::CappedTag<float, 8>;
  const bool narrow = layout.channels <= 8;
  if (layout.covers_exactly) {
    auto* const function = narrow ? run<Narrow, kind, true> : run<Wide, kind, true>;
    function(layout, input, gradient, result, row, row_end);
  } else {
    auto* const function = narrow ? run<Narrow, kind, false> : run<Wide, kind, false>;
    function(layout, input, gradient, result, row, row_end);
  }
}

constexpr PoolKernels kernels = {pool<Kind::max>, pool<Kind::max_gradient>, pool<Kind::average>,
                                 pool<Kind::average_gradient>};
const PoolKernels* find_kernels() { return &kernels; }

}  // namespace
}  // namespace webai::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace webai::cpu {
namespace {
HWY_EXPORT(find_kernels);
}
const PoolKernels& pool_kernels() { return *HWY_DYNAMIC_DISPATCH(find_kernels)(); }
}  // namespace webai::cpu
#endif
