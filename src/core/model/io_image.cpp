// The step "image". Resizing is two products, one for rows and one for columns, with matrices of weights.
#include "core/model/io_image.h"

#include <algorithm>
#include <cmath>

#include "webai/error.hpp"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

// Some consecutive rows or columns.
struct Part {
  std::int64_t first = 0, length = 0;
};

// Of rows and of columns.
std::pair<Part, Part> parts_of(const ImageStep& image, std::int64_t height, std::int64_t width) {
  if (!image.crop.empty()) return {{image.crop[0], image.crop[2]}, {image.crop[1], image.crop[3]}};
  Part rows{0, image.height}, columns{0, image.width};
  if (!image.center) return {rows, columns};
  // As wide or as high as what comes in, whichever fits; lengths are below 2^31.
  const double scale = std::min(static_cast<double>(image.height) / static_cast<double>(height),
                                static_cast<double>(image.width) / static_cast<double>(width));
  const auto middle = [&](Part& part, std::int64_t wanted) {
    const auto length = std::clamp<std::int64_t>(std::llround(scale * static_cast<double>(wanted)), 1, part.length);
    part = {(part.length - length) / 2, length};
  };
  middle(rows, height);
  middle(columns, width);
  return {rows, columns};
}

/// [length, all]: how much of each row that comes in is in each row that goes on. Pixels are areas: their middles lie
/// at 0.5, 1.5, ...; where a picture shrinks, all that fall onto one have a share in it.
Tensor weights_of(const Context& context, DType type, const ImageStep& image, Part part, std::int64_t all,
                  std::int64_t length, const std::string& path) {
  const std::uint64_t most = context.limits().tensor_bytes / size_of(type);
  if (static_cast<std::uint64_t>(all) > most / static_cast<std::uint64_t>(length))
    throw Error(Code::limit_exceeded, {.message = "resizing pictures of this size would take too much memory",
                                       .reason = "TENSOR_BYTES",
                                       .path = path,
                                       .hint = "smaller pictures, or a larger limit \"tensorBytes\""});
  Tensor weights(context, type, Shape{length, all});
  const double scale = static_cast<double>(part.length) / static_cast<double>(length);
  const double reach = std::max(scale, 1.0);
  for (std::int64_t i = 0; i < length; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * scale;
    const auto set = [&](std::int64_t k, double weight) {
      weights.set(static_cast<std::size_t>(i * all + part.first + k), weight);
    };
    if (image.nearest) {
      set(std::min<std::int64_t>(static_cast<std::int64_t>(middle), part.length - 1), 1);
      continue;
    }
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(middle - reach)));
    const auto last = std::min<std::int64_t>(part.length - 1, static_cast<std::int64_t>(std::ceil(middle + reach)));
    const auto weight = [&](std::int64_t k) {
      return std::max(0.0, 1 - std::abs(static_cast<double>(k) + 0.5 - middle) / reach);
    };
    double sum = 0;
    for (std::int64_t k = first; k <= last; ++k) sum += weight(k);
    for (std::int64_t k = first; k <= last; ++k) set(k, weight(k) / sum);
  }
  return weights;
}

Integers with_batch(std::initializer_list<std::int64_t> dims) {
  Integers shape = {-1};
  shape.insert(shape.end(), dims);
  return shape;
}

}  // namespace

Shape picture_dims(const IoStep& step, const Shape& dims) {
  const ImageStep& image = *step.image;
  const std::size_t rank = image.channels ? 3 : 2;
  if (!dims.is_concrete() || dims.rank() != rank || (rank == 3 && dims[2] != image.channels))
    throw Error(Code::shape_mismatch,
                {.message = "\"image\" gives pictures: the input is no such picture",
                 .reason = "IO_SIZE",
                 .path = step.path,
                 .expected = rank == 2 ? "[height, width]" : "[height, width, " + std::to_string(image.channels) + "]",
                 .actual = dims.text(),
                 .hint = "the last dimension of the input are its channels"});
  if (rank == 2) return {image.height, image.width};
  return image.channels_first ? Shape{image.channels, image.height, image.width}
                              : Shape{image.height, image.width, image.channels};
}

Term pictured(Term x, const IoStep& step, const Shape& dims) {
  const ImageStep& image = *step.image;
  const std::int64_t height = dims[0], width = dims[1], channels = std::max<std::int64_t>(image.channels, 1);
  const auto [rows, columns] = parts_of(image, height, width);
  Builder& builder = x.builder();
  const auto constant = [&](Part part, std::int64_t all, std::int64_t length) {
    return Term(builder,
                builder.constant(weights_of(builder.context(), x.dtype(), image, part, all, length, step.path)));
  };
  if (image.channels_first) x = x.apply("transpose", {{"permutation", Integers{0, 2, 3, 1}}});
  if (rows.length != height || rows.length != image.height) {
    x = x.apply("reshape", {{"shape", with_batch({image.height, image.width * channels})}});
    x = constant(rows, image.height, height).apply("matmul", x);
  }
  x = x.apply("reshape", {{"shape", with_batch({height, image.width, channels})}});
  if (columns.length != width || columns.length != image.width)
    x = constant(columns, image.width, width).apply("matmul", x);
  Integers shape = {-1};
  for (const Dimension dim : dims.dims()) shape.push_back(dim.value());
  return x.apply("reshape", {{"shape", std::move(shape)}});
}

}  // namespace webai
