// The io step "image": pictures of one size become those that the input takes (IO-13).
#include <catch2/catch.hpp>

#include <array>
#include <cmath>

#include "webai/error.hpp"
#include "webai/webai.hpp"

using namespace webai;

namespace {

NeuralNetwork with_step(const std::string& step, const std::string& size) {
  return NeuralNetwork::from_json(R"({"io": {"input": {"normalize": )" + step + R"(}}, "layers": [{"size": )" + size + R"(}, {"type": "identity"}]})",
                                  Context::system({.threads = 1}));
}

std::vector<double> image(const std::string& words, const std::string& size, const std::vector<double>& pixels) {
  return with_step(R"({"type": "image", )" + words + "}", size).run(pixels).values();
}

Error step_error(const std::string& step, const std::string& size = "[2, 2, 1]") {
  try {
    with_step(step, size);
  } catch (const Error& error) {
    return error;
  }
  FAIL("accepted: " << step);
  return Error(Code::internal, "");
}

std::vector<double> up_to(int count) {
  std::vector<double> list;
  for (int i = 0; i < count; ++i) list.push_back(i);
  return list;
}

// Each pixel that comes out is the mean of all that come in, each weighed by how near it is: in plain loops.
std::vector<double> linear(const std::vector<double>& pixels, int height, int width, int new_height, int new_width) {
  const auto weight = [](int from, int to, int k, int i) {
    const double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
    return std::max(0.0, 1 - std::abs(k + 0.5 - (i + 0.5) * scale) / reach);
  };
  std::vector<double> result;
  for (int y = 0; y < new_height; ++y)
    for (int x = 0; x < new_width; ++x) {
      double sum = 0, total = 0;
      for (int r = 0; r < height; ++r)
        for (int c = 0; c < width; ++c) {
          const double share = weight(height, new_height, r, y) * weight(width, new_width, c, x);
          sum += share * pixels[static_cast<std::size_t>(r * width + c)];
          total += share;
        }
      result.push_back(sum / total);
    }
  return result;
}

}  // namespace

TEST_CASE("IO-13 image resizes pictures, to larger and smaller ones, as plain loops do") {
  for (const auto& [height, width, to_height, to_width] :
       {std::array<int, 4>{4, 6, 2, 3}, {3, 2, 5, 7}, {5, 7, 3, 2}, {4, 4, 4, 2}, {2, 5, 4, 5}, {1, 1, 3, 3}, {9, 1, 1, 4}}) {
    std::vector<double> pixels;
    for (int i = 0; i < height * width; ++i) pixels.push_back(std::sin(i * 1.7) * 100);
    const auto size = [](int rows, int columns) { return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]"; };
    const auto got = image("\"size\": " + size(height, width), size(to_height, to_width), pixels);
    const auto wanted = linear(pixels, height, width, to_height, to_width);
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(wanted[i]).margin(1e-4));
  }
  CHECK(image(R"("size": [2, 2], "resize": "nearest")", "[4, 4]", {1, 2, 3, 4}) == std::vector<double>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4});
  CHECK(image(R"("size": [4, 4], "resize": "nearest")", "[2, 2]", up_to(16)) == std::vector<double>{5, 7, 13, 15});
  CHECK(image(R"("size": [2, 2])", "[2, 2]", {1, 2, 3, 4}) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("IO-13 image crops, takes channels first, and standardizes each channel") {
  CHECK(image(R"("size": [3, 4], "crop": [1, 1, 2, 2])", "[2, 2]", up_to(12)) == std::vector<double>{5, 6, 9, 10});
  CHECK(image(R"("size": [2, 4], "crop": "center")", "[2, 2]", up_to(8)) == std::vector<double>{1, 2, 5, 6});
  CHECK(image(R"("size": [4, 2], "crop": "center")", "[2, 2]", up_to(8)) == std::vector<double>{2, 3, 4, 5});
  CHECK(image(R"("size": [4, 2], "crop": "center", "resize": "nearest")", "[1, 1]", up_to(8)) == std::vector<double>{5});
  // Two channels of two pixels: 0 1 and 2 3.
  CHECK(image(R"("size": [1, 2, 2], "layout": "chw")", "[1, 2, 2]", {0, 1, 2, 3}) == std::vector<double>{0, 2, 1, 3});
  CHECK(image(R"("size": [1, 2, 2], "mean": [1, 10], "std": [2, 4])", "[1, 2, 2]", {3, 18, 5, 2}) == std::vector<double>{1, 2, 2, -2});
  CHECK(image(R"("size": [1, 2, 2], "std": 255)", "[1, 2, 2]", {255, 0, 510, 0}) == std::vector<double>{1, 0, 2, 0});
  NeuralNetwork net = with_step(R"([{"type": "image", "size": [4, 6, 3], "layout": "chw"}, {"type": "rescale-linear", "from": [0, 255]}])", "[2, 3, 3]");
  CHECK(net.inputs().front().shape == Shape{3, 4, 6});
  for (const double value : net.run(std::vector<double>(72, 255.0)).values()) CHECK(value == Approx(1));
}

TEST_CASE("IO-13 what is wrong with a step \"image\" is told by its place") {
  const auto refused = [](const std::string& words, const std::string& reason, const std::string& path) {
    const Error error = step_error(R"({"type": "image", )" + words + "}");
    INFO(words);
    CHECK(error.reason() == reason);
    CHECK(error.path() == "/io/input/normalize" + path);
  };
  refused(R"("std": 1)", "PROPERTY_VALUE", "/size");
  refused(R"("size": [3])", "PROPERTY_VALUE", "/size");
  refused(R"("size": [3, 0, 1])", "IO_RANGE", "/size");
  refused(R"("size": [3, 1.5, 1])", "PROPERTY_VALUE", "/size");
  refused(R"("size": [3, 3, 1], "layout": "whc")", "PROPERTY_VALUE", "/layout");
  refused(R"("size": [3, 3], "layout": "chw")", "IO_RANGE", "/layout");
  refused(R"("size": [3, 3, 1], "crop": "middle")", "PROPERTY_VALUE", "/crop");
  refused(R"("size": [3, 3, 1], "crop": [0, 0, 3])", "PROPERTY_VALUE", "/crop");
  refused(R"("size": [3, 3, 1], "crop": [1, 0, 3, 3])", "IO_RANGE", "/crop");
  refused(R"("size": [3, 3, 1], "resize": "cubic")", "PROPERTY_VALUE", "/resize");
  refused(R"("size": [3, 3, 1], "resise": "linear")", "UNKNOWN_PROPERTY", "/resise");
  refused(R"("size": [3, 3, 2])", "IO_SIZE", "");
  refused(R"("size": [3, 3])", "IO_SIZE", "");
  refused(R"("size": [3, 3, 1], "std": 0)", "IO_RANGE", "/std");
  refused(R"("size": [3, 3, 1], "mean": [1, 2])", "IO_SIZE", "");
  CHECK(step_error(R"([{"type": "round"}, {"type": "image", "size": [3, 3, 1]}])").path() == "/io/input/normalize/1");
  CHECK(step_error(R"({"type": "image", "size": [2000000000, 2, 1]})", "[1000000, 2, 1]").reason() == "TENSOR_BYTES");
}
