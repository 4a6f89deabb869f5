// Convolution forward and with respect to its input: geometry and weight packing around the tap engine.
#include "backends/cpu/kernels/conv2d.h"

#include <algorithm>

#include "backends/cpu/kernels/tile.h"

namespace webai::cpu {
namespace {

/// Weights in scratch start where the engine's own part ends, on a cache line.
std::size_t aligned(std::size_t floats) { return (floats + 15) / 16 * 16; }

/// 1x1 windows, unit stride, no padding: all pixels are rows of one product.
bool is_product(const Conv2dShape& s) {
  return s.kernel_height == 1 && s.kernel_width == 1 && s.stride_y == 1 && s.stride_x == 1 && s.groups == 1 &&
         s.pad_top + s.pad_bottom + s.pad_left + s.pad_right == 0;
}

struct Packing {
  const TapProduct* taps;
  const float* from;
  float* to;
  const PackKernels* kernels;
};

/// Which part of the weights a unit of packing is: one panel of one group.
struct Unit {
  std::size_t group, column, count, width;
  float* to;

  Unit(const TapProduct& taps, std::size_t index, float* packed) {
    const TapShape& s = taps.shape();
    const std::size_t panels = taps.units() / s.groups;
    group = index / panels;
    column = index % panels * taps.panel_width();
    count = std::min(taps.panel_width(), s.columns - column);
    width = taps.width_for(count);
    to = packed + group * taps.group_floats() + column * taps.depth_total();
  }
};

/// One unit of the forward filter: the tap order is the filter's own.
void pack_forward(void* data, std::size_t index) {
  const Packing& p = *static_cast<const Packing*>(data);
  const TapShape& s = p.taps->shape();
  const Unit unit(*p.taps, index, p.to);
  p.kernels->pack(p.from + unit.group * s.columns + unit.column, s.groups * s.columns, p.taps->depth_total(),
                  unit.count, unit.width, unit.to);
}

/// Every unit, by several threads where that pays.
void each_unit(const TapProduct& taps, Executor* executor, Executor::Task task, void* data) {
  if (executor && taps.packed_floats() > 256 * 1024) return executor->run(taps.units(), task, data);
  for (std::size_t index = 0; index < taps.units(); ++index) task(data, index);
}

}  // namespace

Conv2dPlan::Conv2dPlan(const Conv2dShape& shape, std::size_t width, bool prepacked)
    : is_product_(is_product(shape)), prepacked_(prepacked) {
  if (is_product_) {
    GemmShape product;
    product.m = shape.batch * shape.height * shape.width;
    product.n = shape.outputs;
    product.k = shape.channels;
    product.prepacked = prepacked;
    product_ = GemmPlan(product, width);
    return;
  }
  TapShape taps;
  taps.images = shape.batch;
  taps.source_height = shape.height;
  taps.source_width = shape.width;
  taps.source_channels = shape.channels;
  taps.grid_height = shape.output_height();
  taps.grid_width = shape.output_width();
  taps.step_y = shape.stride_y;
  taps.step_x = shape.stride_x;
  for (std::size_t y = 0; y < shape.kernel_height; ++y) {
    taps.tap_y.push_back(static_cast<std::ptrdiff_t>(y * shape.dilation_y) -
                         static_cast<std::ptrdiff_t>(shape.pad_top));
  }
  for (std::size_t x = 0; x < shape.kernel_width; ++x) {
    taps.tap_x.push_back(static_cast<std::ptrdiff_t>(x * shape.dilation_x) -
                         static_cast<std::ptrdiff_t>(shape.pad_left));
  }
  taps.depthwise = shape.depthwise();
  taps.groups = taps.depthwise ? 1 : shape.groups;
  taps.depth = taps.depthwise ? 1 : shape.channels / shape.groups;
  taps.columns = shape.outputs / taps.groups;
  taps.destination_pixel = shape.outputs;
  taps.destination_row = taps.grid_width * shape.outputs;
  taps.destination_image = taps.grid_height * taps.destination_row;
  taps_ = TapProduct(std::move(taps), width);
}

std::size_t Conv2dPlan::packed_floats() const noexcept {
  return is_product_ ? product_.packed_floats() : taps_.packed_floats();
}

std::size_t Conv2dPlan::scratch_floats() const noexcept {
  if (is_product_) return product_.scratch_floats;
  return aligned(taps_.scratch_floats()) + (prepacked_ || taps_.packs_nothing() ? 0 : taps_.packed_floats());
}

void Conv2dPlan::pack(const float* filter, float* packed, Executor* executor) const noexcept {
  if (is_product_) return product_.pack(filter, packed);
  if (taps_.packs_nothing()) {
    std::copy_n(filter, taps_.packed_floats(), packed);
    return;
  }
  Packing packing{&taps_, filter, packed, &pack_kernels()};
  each_unit(taps_, executor, pack_forward, &packing);
}

void Conv2dPlan::run(const float* input, const float* filter, float* output, float* scratch, Executor* executor,
                     Epilogue epilogue) const noexcept {
  if (is_product_) return product_.run(input, filter, output, scratch, executor, epilogue);
  TapCall call;
  call.source = input;
  call.weights = filter;
  call.destination = output;
  call.scratch = scratch;
  call.executor = executor;
  call.epilogue = epilogue;
  if (!prepacked_ && !taps_.packs_nothing()) {
    float* packed = scratch + aligned(taps_.scratch_floats());
    pack(filter, packed, executor);
    call.weights = packed;
  }
  taps_.run(call);
}

// ---- gradient with respect to the input ----

namespace {

/// Which taps an input coordinate of this residue sees, as offsets in the output's coordinates, ascending; and which
/// filter row or column each of them is.
struct PhaseAxis {
  std::vector<std::ptrdiff_t> taps;
  std::vector<std::size_t> filter_index;
};

PhaseAxis phase_axis(std::size_t residue, std::size_t kernel, std::size_t stride, std::size_t dilation,
                     std::size_t pad) {
  PhaseAxis axis;
  for (std::size_t k = kernel; k-- > 0;) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(residue + pad) - static_cast<std::ptrdiff_t>(k * dilation);
    const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(stride);
    if (((at % step) + step) % step != 0) continue;
    axis.taps.push_back(at / step);
    axis.filter_index.push_back(k);
  }
  return axis;
}

}  // namespace

Conv2dInputGradientPlan::Conv2dInputGradientPlan(const Conv2dShape& shape, std::size_t width)
    : shape_(shape), packing_(&pack_kernels()), is_product_(is_product(shape)) {
  if (is_product_) {
    GemmShape product;
    product.m = shape.batch * shape.height * shape.width;
    product.n = shape.channels;
    product.k = shape.outputs;
    product.transpose_b = true;
    product_ = GemmPlan(product, width);
    scratch_floats_ = product_.scratch_floats;
    return;
  }
  double tap_cost = 0;
  for (std::size_t residue_y = 0; residue_y < std::min(shape.stride_y, shape.height); ++residue_y) {
    const PhaseAxis y = phase_axis(residue_y, shape.kernel_height, shape.stride_y, shape.dilation_y, shape.pad_top);
    for (std::size_t residue_x = 0; residue_x < std::min(shape.stride_x, shape.width); ++residue_x) {
      const PhaseAxis x = phase_axis(residue_x, shape.kernel_width, shape.stride_x, shape.dilation_x, shape.pad_left);
      TapShape taps;
      taps.images = shape.batch;
      taps.source_height = shape.output_height();
      taps.source_width = shape.output_width();
      taps.source_channels = shape.outputs;
      taps.grid_height = (shape.height - residue_y + shape.stride_y - 1) / shape.stride_y;
      taps.grid_width = (shape.width - residue_x + shape.stride_x - 1) / shape.stride_x;
      taps.tap_y = x.taps.empty() ? x.taps : y.taps;
      taps.tap_x = y.taps.empty() ? y.taps : x.taps;
      taps.depthwise = shape.depthwise();
      taps.groups = taps.depthwise ? 1 : shape.groups;
      taps.depth = taps.depthwise ? 1 : shape.outputs / shape.groups;
      taps.columns = shape.channels / taps.groups;
      taps.destination_pixel = shape.stride_x * shape.channels;
      taps.destination_row = shape.stride_y * shape.width * shape.channels;
      taps.destination_image = shape.height * shape.width * shape.channels;
      taps.dense_destination = shape.stride_x == 1 && shape.stride_y == 1;
      Phase phase;
      phase.origin = (residue_y * shape.width + residue_x) * shape.channels;
      phase.filter_y = y.filter_index;
      phase.filter_x = x.filter_index;
      phase.taps = TapProduct(std::move(taps), width);
      tap_cost += phase.taps.cost();
      packed_offset_ = std::max(packed_offset_, aligned(phase.taps.scratch_floats()));
      scratch_floats_ = std::max(scratch_floats_, phase.taps.packed_floats());
      phases_.push_back(std::move(phase));
    }
  }
  scratch_floats_ += packed_offset_;
  if (shape.groups > 1 || shape.dilation_x > 1) return;
  ScatterShape scatter;
  scatter.batch = shape.batch;
  scatter.height = shape.height;
  scatter.width = shape.width;
  scatter.channels = shape.channels;
  scatter.output_height = shape.output_height();
  scatter.output_width = shape.output_width();
  scatter.outputs = shape.outputs;
  scatter.kernel_height = shape.kernel_height;
  scatter.kernel_width = shape.kernel_width;
  scatter.stride_y = shape.stride_y;
  scatter.stride_x = shape.stride_x;
  scatter.dilation_y = shape.dilation_y;
  scatter.pad_top = shape.pad_top;
  scatter.pad_left = shape.pad_left;
  scatter.pad_right = shape.pad_right;
  ScatterProduct product(scatter, width);
  if (product.cost() >= tap_cost) return;
  scatter_ = product;
  scatters_ = true;
  phases_.clear();
  scratch_floats_ = scatter_.scratch_floats();
}

struct Conv2dInputGradientPlan::Packing {
  const Conv2dInputGradientPlan* plan;
  const Phase* phase;
  const float* filter;
  float* packed;
};

/// One panel of one group, tap by tap in the phase's order, transposed.
void Conv2dInputGradientPlan::pack(void* data, std::size_t index) {
  const Packing& p = *static_cast<const Packing*>(data);
  const Conv2dShape& shape = p.plan->shape_;
  const TapShape& s = p.phase->taps.shape();
  const std::size_t row_floats = shape.channels / shape.groups * shape.outputs;  // one tap of the filter
  const Unit unit(p.phase->taps, index, p.packed);
  for (std::size_t tap = 0; tap < s.tap_y.size() * s.tap_x.size(); ++tap) {
    const std::size_t y = p.phase->filter_y[tap / s.tap_x.size()], x = p.phase->filter_x[tap % s.tap_x.size()];
    const float* from = p.filter + (y * shape.kernel_width + x) * row_floats;
    if (s.depthwise) {
      std::copy_n(from + unit.column, unit.count, p.packed + tap * s.columns + unit.column);
    } else {
      p.plan->packing_->pack_transposed(from + unit.column * shape.outputs + unit.group * s.depth, shape.outputs,
                                        s.depth, unit.count, unit.width, unit.to + tap * s.depth * unit.width);
    }
  }
}

void Conv2dInputGradientPlan::run(const float* output_gradient, const float* filter, float* input_gradient,
                                  float* scratch, Executor* executor) const noexcept {
  if (is_product_) return product_.run(output_gradient, filter, input_gradient, scratch, executor);
  if (scatters_) return scatter_.run(output_gradient, filter, input_gradient, scratch, executor);
  float* packed = scratch + packed_offset_;
  for (const Phase& phase : phases_) {
    Packing packing{this, &phase, filter, packed};
    each_unit(phase.taps, executor, pack, &packing);
    TapCall call;
    call.source = output_gradient;
    call.weights = packed;
    call.destination = input_gradient + phase.origin;
    call.scratch = scratch;
    call.executor = executor;
    phase.taps.run(call);
  }
}

}  // namespace webai::cpu
