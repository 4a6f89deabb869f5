// Plans of matrix products: which path a shape takes, how it is blocked for the caches and split between threads.
#include "backends/cpu/kernels/gemm.h"

#include <algorithm>

#include "backends/cpu/kernels/gemm_openblas.h"
#include "backends/cpu/kernels/tile.h"

namespace webai::cpu {
namespace {

constexpr std::size_t tiny_multiply_adds = 64;
constexpr std::size_t most_few_rows = 4;
constexpr std::size_t epilogue_rows = 48;      // a strip of 48 x 64 floats is 12 KiB
constexpr std::size_t epilogue_floats = 8192;  // blocks of C up to this size go to the epilogue at once
constexpr std::size_t restream_floats = 32768;  // of B: read from the second-level cache again for each strip of C
constexpr std::size_t job_cost = 400'000;      // multiply-adds worth handing to another thread, about 8 us

std::size_t ceil_divide(std::size_t value, std::size_t divisor) { return (value + divisor - 1) / divisor; }

void finish(const GemmCall& call, const GemmPlan& plan, std::size_t row, std::size_t rows, std::size_t column,
            std::size_t columns) {
  if (call.epilogue.function) {
    call.epilogue.function(call.epilogue.data, row, column, rows, columns, call.c + row * plan.ldc + column, plan.ldc);
  }
}

void run_nothing(const GemmPlan&, const GemmCall&) {}

void run_tiny(const GemmPlan& plan, const GemmCall& call) { plan.vectors->tiny(plan, call); }

/// k = 0: the sums are empty.
void empty_region(const GemmPlan& plan, const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column,
                  std::size_t columns, float*) {
  for (std::size_t r = row; r < row + rows && !plan.accumulate; ++r) {
    std::fill_n(call.c + r * plan.ldc + column, columns, 0.0F);
  }
  finish(call, plan, row, rows, column, columns);
}

/// k = 1 with dense b: bound by reading and writing C, so rows are taken whole.
void outer_region(const GemmPlan& plan, const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column,
                  std::size_t columns, float*) {
  const std::size_t strip = call.epilogue.function ? std::max<std::size_t>(1, epilogue_floats / columns) : rows;
  for (std::size_t r = row; r < row + rows; r += strip) {
    const std::size_t count = std::min(strip, row + rows - r);
    plan.vectors->outer(count, columns, call.a + static_cast<std::ptrdiff_t>(r) * plan.a_row_stride, plan.a_row_stride,
                        call.b + column, call.c + r * plan.ldc + column, plan.ldc, plan.accumulate);
    finish(call, plan, r, count, column, columns);
  }
}

/// A few rows: each float of b is used so rarely that it is read where it lies.
void few_rows_region(const GemmPlan& plan, const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column,
                     std::size_t columns, float*) {
  const std::size_t piece = plan.prepacked ? plan.tiles->full().width : epilogue_floats / most_few_rows;
  for (std::size_t j = column; j < column + columns; j += piece) {
    const std::size_t count = std::min(piece, column + columns - j);
    const float* b = call.b + static_cast<std::ptrdiff_t>(j) * plan.b_column_stride;
    std::size_t ldb = plan.ldb;
    if (plan.prepacked) {
      b = call.b + j * plan.k;
      ldb = plan.tiles->narrowest(count).width;
    }
    const bool transposed = plan.transpose_b && !plan.prepacked;
    (transposed ? plan.packing->few_rows_transposed : plan.vectors->few_rows)(
        rows, plan.k, count, call.a + static_cast<std::ptrdiff_t>(row) * plan.a_row_stride, plan.a_row_stride,
        plan.a_step, b, ldb, call.c + row * plan.ldc + j, plan.ldc, plan.accumulate);
    finish(call, plan, row, rows, j, count);
  }
}

/// The part of one panel of B (k0 .. k0 + depth) and where it lies.
struct Panel {
  const float* b = nullptr;
  std::size_t stride = 0;
  const TileForm* form = nullptr;
};

void pack_panel(const GemmPlan& plan, const float* b, std::size_t k0, std::size_t depth, std::size_t column,
                std::size_t columns, std::size_t width, float* out) {
  const float* from = b + static_cast<std::ptrdiff_t>(k0) * plan.b_row_stride +
                      static_cast<std::ptrdiff_t>(column) * plan.b_column_stride;
  auto* const pack = plan.transpose_b ? plan.packing->pack_transposed : plan.packing->pack;
  pack(from, plan.ldb, depth, columns, width, out);
}

/// All tiles of rows [row, row + rows) over one part of one panel.
void run_panel(const GemmPlan& plan, const GemmCall& call, const Panel& panel, const float* next, std::size_t row,
               std::size_t rows, std::size_t k0, std::size_t depth, std::size_t column, std::size_t columns,
               bool finished) {
  TileCall tile;
  tile.a_row_stride = plan.a_row_stride;
  tile.a_step = plan.a_step;
  tile.depth = depth;
  tile.b = panel.b;
  tile.b_stride = panel.stride;
  tile.ldc = plan.ldc;
  tile.columns = columns;
  tile.accumulate = plan.accumulate || k0 > 0;
  const float* a = call.a + static_cast<std::ptrdiff_t>(k0) * plan.a_step;
  const std::size_t lines = panel.form->width / 16;
  std::size_t slot = 0;
  std::size_t strip_start = row;
  const std::size_t end = row + rows;
  for (std::size_t r = row; r < end;) {
    const std::size_t height = panel.form->next_rows(end - r);
    tile.a = a + static_cast<std::ptrdiff_t>(r) * plan.a_row_stride;
    tile.c = call.c + r * plan.ldc + column;
    tile.prefetch = next ? next + 16 * slot : panel.b;
    slot = slot + 1 < lines ? slot + 1 : 0;
    panel.form->by_rows[height](tile);
    r += height;
    if (finished && (r - strip_start >= epilogue_rows || r == end)) {
      finish(call, plan, strip_start, r - strip_start, column, columns);
      strip_start = r;
    }
  }
}

/// Whether B, as wide as this, may be read once for each strip of C.
bool streams_again(const GemmPlan& plan, std::size_t columns) {
  return plan.k <= plan.depth_block && plan.k * columns <= restream_floats;
}

void tile_region(const GemmPlan& plan, const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column,
                 std::size_t columns, float* scratch) {
  const std::size_t width = plan.tiles->full().width;
  const bool finish_all = rows * columns <= epilogue_floats;
  const std::size_t column_end = column + columns;
  // Where B is small, strips of whole rows go to the epilogue: its operands then are long stretches of memory.
  const bool strips = call.epilogue.function && !finish_all && columns > width && streams_again(plan, columns);
  const std::size_t strip_rows = std::max(plan.row_unit, epilogue_floats / columns / plan.row_unit * plan.row_unit);
  const std::size_t row_block = strips ? strip_rows : plan.row_block;
  const bool resident = rows <= row_block;  // A fits in the cache: each panel is packed just before its use

  for (std::size_t outer_column = column; outer_column < column_end; outer_column += resident ? width : columns) {
    const std::size_t outer_end = resident ? std::min(outer_column + width, column_end) : column_end;
    for (std::size_t k0 = 0; k0 < plan.k; k0 += plan.depth_block) {
      const std::size_t depth = std::min(plan.depth_block, plan.k - k0);
      const bool last = k0 + depth == plan.k;
      for (std::size_t row0 = row; row0 < row + rows; row0 += row_block) {
        const std::size_t row_count = std::min(row_block, row + rows - row0);
        for (std::size_t j = outer_column; j < outer_end; j += width) {
          const std::size_t count = std::min(width, outer_end - j);
          Panel panel;
          panel.form = &plan.tiles->narrowest(count);
          panel.stride = panel.form->width;
          const float* next = nullptr;
          if (plan.prepacked) {
            panel.b = call.b + j * plan.k + k0 * panel.stride;
            // What the next pass needs lies behind: the rest of this panel or the start of the next one.
            if (count == width && (!last || j + 2 * width <= column_end)) next = panel.b + depth * width;
          } else if (!plan.packs && (count == panel.form->width || panel.form->masks_tail)) {
            panel.b = call.b + k0 * plan.ldb + j;
            panel.stride = plan.ldb;
          } else {
            float* packed = scratch + (resident ? 0 : (j - column) * depth);
            if (row0 == row) pack_panel(plan, call.b, k0, depth, j, count, panel.stride, packed);
            panel.b = packed;
          }
          run_panel(plan, call, panel, next, row0, row_count, k0, depth, j, count, last && !finish_all && !strips);
        }
        if (strips) finish(call, plan, row0, row_count, column, columns);
      }
    }
  }
  if (finish_all) finish(call, plan, row, rows, column, columns);
}

struct Parts {
  const GemmPlan* plan;
  const GemmCall* call;
  std::size_t row_unit, column_unit;  // borders between jobs
};

void run_part(void* data, std::size_t index) {
  const Parts& parts = *static_cast<const Parts*>(data);
  const GemmPlan& plan = *parts.plan;
  const std::size_t row_part = index / plan.column_parts, column_part = index % plan.column_parts;
  const auto border = [](std::size_t part, std::size_t count, std::size_t unit, std::size_t size) {
    return std::min(size, ceil_divide(size, unit) * part / count * unit);
  };
  const std::size_t row = border(row_part, plan.row_parts, parts.row_unit, plan.m);
  const std::size_t row_end = border(row_part + 1, plan.row_parts, parts.row_unit, plan.m);
  const std::size_t column = border(column_part, plan.column_parts, parts.column_unit, plan.n);
  const std::size_t column_end = border(column_part + 1, plan.column_parts, parts.column_unit, plan.n);
  plan.region(plan, *parts.call, row, row_end - row, column, column_end - column,
              parts.call->scratch + index * plan.job_scratch);
}

void run_alone(const GemmPlan& plan, const GemmCall& call) {
  plan.region(plan, call, 0, plan.m, 0, plan.n, call.scratch);
}

void run_parts(const GemmPlan& plan, const GemmCall& call) {
  Parts parts{&plan, &call, plan.row_unit, plan.tiles->full().width};
  const std::size_t count = plan.row_parts * plan.column_parts;
  if (call.executor) {
    call.executor->run(count, run_part, &parts);
  } else {
    for (std::size_t index = 0; index < count; ++index) run_part(&parts, index);
  }
}

/// The grid of jobs whose slowest job is cheapest; packing counts as four rows.
void choose_parts(GemmPlan& plan, std::size_t jobs) {
  const std::size_t panels = ceil_divide(plan.n, plan.tiles->full().width);
  const std::size_t row_units = ceil_divide(plan.m, plan.row_unit);
  const bool few = plan.m <= most_few_rows;
  std::size_t best = ~std::size_t{0};
  for (std::size_t column_parts = 1; column_parts <= std::min(jobs, panels); ++column_parts) {
    const std::size_t row_parts = few ? 1 : std::min(jobs / column_parts, row_units);
    const std::size_t cost =
        ceil_divide(panels, column_parts) * (ceil_divide(row_units, row_parts) * plan.row_unit + (plan.packs ? 4 : 0));
    if (cost < best) {
      best = cost;
      plan.row_parts = row_parts;
      plan.column_parts = column_parts;
    }
  }
}

}  // namespace

GemmPlan::GemmPlan(const GemmShape& shape, std::size_t width)
    : m(shape.m),
      n(shape.n),
      k(shape.k),
      accumulate(shape.accumulate),
      transpose_b(shape.transpose_b),
      prepacked(shape.prepacked),
      tiles(&tile_forms()),
      vectors(&vector_kernels()),
      packing(&pack_kernels()) {
  const std::size_t lda = shape.lda ? shape.lda : shape.transpose_a ? m : k;
  ldb = shape.ldb ? shape.ldb : shape.transpose_b ? k : n;
  ldc = shape.ldc ? shape.ldc : n;
  a_row_stride = shape.transpose_a ? 1 : static_cast<std::ptrdiff_t>(lda);
  a_step = shape.transpose_a ? static_cast<std::ptrdiff_t>(lda) : 1;
  b_row_stride = shape.transpose_b ? 1 : static_cast<std::ptrdiff_t>(ldb);
  b_column_stride = shape.transpose_b ? static_cast<std::ptrdiff_t>(ldb) : 1;
  row_unit = tiles->full().rows;
  if (m == 0 || n == 0) {
    function = run_nothing;
    return;
  }
  if (!prepacked && k > 0 && m <= tiny_multiply_adds && n <= tiny_multiply_adds && k <= tiny_multiply_adds &&
      m * n * k <= tiny_multiply_adds) {
    function = run_tiny;
    return;
  }

  // Weighs a job: arithmetic, or the traffic where that is larger (about 16 multiply-adds' time per float moved).
  double cost = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  if (k == 0) {
    region = empty_region;
    cost = static_cast<double>(m) * static_cast<double>(n) * 4;
  } else if (k == 1 && !prepacked && (b_column_stride == 1 || n == 1)) {
    region = outer_region;
    cost = static_cast<double>(m) * static_cast<double>(n) * 6;
  } else if (m <= most_few_rows) {
    region = few_rows_region;
    cost = static_cast<double>(k) * static_cast<double>(n) * 4;
  } else {
    region = tile_region;
    packs = !prepacked && (transpose_b || m >= 64 || ldb % 1024 == 0);
    const std::size_t blocks = ceil_divide(k, k <= 1024 ? 1024 : 512);
    depth_block = ceil_divide(ceil_divide(k, blocks), 8) * 8;
    row_block = 240;
  }
  const double pieces = cost / static_cast<double>(job_cost);
  const std::size_t jobs = pieces < 2 ? 1 : static_cast<std::size_t>(std::min(pieces, static_cast<double>(width)));
  if (jobs > 1) choose_parts(*this, jobs);
  if (region == tile_region) use_openblas(*this);
  function = row_parts * column_parts > 1 ? run_parts : run_alone;

  if (region == tile_region && !prepacked) {
    const std::size_t panel = tiles->full().width;
    const std::size_t job_columns = ceil_divide(ceil_divide(n, panel), column_parts) * panel;
    const std::size_t job_rows = ceil_divide(ceil_divide(m, row_unit), row_parts) * row_unit;
    const bool one_panel = std::min(job_rows, m) <= row_block && !streams_again(*this, job_columns);
    const std::size_t tail = n % panel;
    const bool partial = tail != 0 && tail != tiles->narrowest(tail).width && !tiles->full().masks_tail;
    if (packs || partial) job_scratch = depth_block * (one_panel ? std::min(job_columns, panel) : job_columns);
    scratch_floats = job_scratch * row_parts * column_parts;
  }
}

std::size_t GemmPlan::packed_floats() const noexcept {
  const std::size_t panel = tiles->full().width;
  const std::size_t tail = n % panel;
  return k * (n - tail + (tail ? tiles->narrowest(tail).width : 0));
}

void GemmPlan::pack(const float* b, float* packed) const noexcept {
  const std::size_t panel = tiles->full().width;
  for (std::size_t j = 0; j < n; j += panel) {
    const std::size_t count = std::min(panel, n - j);
    pack_panel(*this, b, 0, k, j, count, tiles->narrowest(count).width, packed + j * k);
  }
}

}  // namespace webai::cpu
