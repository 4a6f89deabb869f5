// Pictures through libpng's simplified interface.
#include <png.h>

#include "cli/values.h"
#include "webai/error.hpp"
#include "webai/files.hpp"

namespace webai::cli {
namespace {

// libpng's own bookkeeping, freed at the end of the scope.
struct Image {
  png_image image{};
  Image() { image.version = PNG_IMAGE_VERSION; }
  ~Image() { png_image_free(&image); }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
};

[[noreturn]] void refuse_picture(const std::string& path, std::string message, std::string expected = {}, std::string hint = {}) {
  throw Error(Code::invalid_argument, {.message = std::move(message), .reason = "PNG", .path = path,
                                       .expected = std::move(expected), .hint = std::move(hint)});
}

// Channels of a sample, by its last dimension or by how many values a picture of this size would need.
std::int64_t channels_for(const Shape& wanted, std::int64_t pixels) {
  const std::int64_t last = wanted.rank() >= 3 ? wanted[wanted.rank() - 1] : wanted.elements() / std::max<std::int64_t>(pixels, 1);
  return last == 3 || last == 4 ? last : 1;
}

}  // namespace

Tensor read_png(const Context& context, const std::string& path, const Shape& wanted) {
  const std::string bytes = read_file(path);
  Image own;
  png_image& image = own.image;
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    refuse_picture(path, std::string("is not a picture in PNG: ") + image.message);
  const std::int64_t height = image.height, width = image.width;
  const std::int64_t channels = channels_for(wanted, height * width);
  if (height * width * channels != wanted.elements())
    refuse_picture(path, "the picture has another size than the model's input",
           wanted.rank() >= 2 ? wanted.text() : std::to_string(wanted.elements()) + " values",
           "it is " + std::to_string(width) + " wide and " + std::to_string(height) + " high: scale it first");
  image.format = channels == 1 ? PNG_FORMAT_GRAY : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  Tensor pixels = Tensor::uninitialised(context, DType::u8, wanted);
  const png_color black{0, 0, 0};  // what shows through where a transparent picture loses its fourth channel
  if (!png_image_finish_read(&image, &black, pixels.data(), 0, nullptr))
    refuse_picture(path, std::string("cannot be read to its end: ") + image.message);
  return pixels;
}

}  // namespace webai::cli
