// A denoising diffusion model of points in the plane: a net learns to tell the noise in points of two spirals, and an
// iterator with ddpmUpdateStep makes new points of noise with it.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "webai/network.hpp"

using namespace webai;

namespace {

constexpr int noise_steps = 100;
constexpr double beta_start = 0.001, beta_end = 0.1;

using Points = std::vector<std::array<double, 2>>;

double normal(std::mt19937& random) {
  const double u = (static_cast<double>(random() >> 8) + 0.5) / 0x1p24, v = static_cast<double>(random() >> 8) / 0x1p24;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

// Two arms around each other, within -1.5 to 1.5.
Points spirals(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Points points;
  for (std::size_t i = 0; i < count; ++i) {
    const double along = std::sqrt(static_cast<double>(random() >> 8) / 0x1p24) * 2 * std::numbers::pi;
    const double radius = 0.22 * along, turn = along + (i % 2 ? std::numbers::pi : 0);
    points.push_back({radius * std::cos(turn) + 0.03 * normal(random), radius * std::sin(turn) + 0.03 * normal(random)});
  }
  return points;
}

// Root mean square distance of the sorted projections, over directions all around.
double sliced_distance(const Points& a, const Points& b) {
  constexpr int directions = 64;
  double sum = 0;
  for (int d = 0; d < directions; ++d) {
    const double angle = std::numbers::pi * d / directions, x = std::cos(angle), y = std::sin(angle);
    const auto projected = [&](const Points& points) {
      std::vector<double> values;
      for (const auto& point : points) values.push_back(point[0] * x + point[1] * y);
      std::ranges::sort(values);
      return values;
    };
    const std::vector<double> left = projected(a), right = projected(b);
    for (std::size_t i = 0; i < left.size(); ++i) sum += (left[i] - right[i]) * (left[i] - right[i]) / static_cast<double>(left.size());
  }
  return std::sqrt(sum / directions);
}

// The share of the point that is left after t + 1 steps of noise.
std::vector<double> kept_shares() {
  std::vector<double> shares;
  double product = 1;
  for (int t = 0; t < noise_steps; ++t) {
    product *= 1 - (beta_start + (beta_end - beta_start) * t / (noise_steps - 1));
    shares.push_back(product);
  }
  return shares;
}

// Waves of the place and of the time in front of layers that mix them. Frequencies of t are small, as t counts steps.
std::string denoiser() {
  std::mt19937 random(5);
  constexpr int waves = 64;
  std::string weights[3], bias;
  for (int i = 0; i < waves; ++i) {
    const char* const comma = i ? ", " : "";
    for (int axis = 0; axis < 2; ++axis) weights[axis] += comma + std::to_string(1.0 * normal(random));
    weights[2] += comma + std::to_string(4.0 / noise_steps * normal(random));
    bias += comma + std::to_string(3 * normal(random));
  }
  return R"({"activation": "silu", "layers": [3, {"activation": "sin", "size": 64, "weights": [[)" + weights[0] + "], [" + weights[1] +
         "], [" + weights[2] + R"(]], "bias": [)" + bias + R"(]}, 128, 128, {"size": 2, "activation": null}]})";
}

}  // namespace

TEST_CASE("ENG-06 a diffusion model of two spirals makes points as near to held-out ones as twice two halves of the data") {
  const Context context = Context::system();
  const Points learned = spirals(8192, 1), held_out = spirals(2000, 2), other = spirals(2000, 3);
  const std::vector<double> shares = kept_shares();
  NeuralNetwork net = NeuralNetwork::from_json(denoiser(), context, {.seed = 1});
  // A sample is a point with noise, the step up to which it came, and the noise itself: new ones each time.
  std::mt19937 random(7);
  const std::size_t samples = 65536;
  const Dataset noisy = Dataset::from([&](std::size_t index, Item& item) {
    if (index == samples) return false;
    const auto& point = learned[random() % learned.size()];
    const int t = static_cast<int>(random() % noise_steps);
    const double left = std::sqrt(shares[static_cast<std::size_t>(t)]), taken = std::sqrt(1 - shares[static_cast<std::size_t>(t)]);
    const double noise[] = {normal(random), normal(random)};
    const double input[] = {left * point[0] + taken * noise[0], left * point[1] + taken * noise[1], static_cast<double>(t)};
    item.input = Tensor::from(context, DType::fp32, Shape{3}, input);
    item.output = Tensor::from(context, DType::fp32, Shape{2}, noise);
    return true;
  });
  TrainOptions options{.max_iterations = 60, .learning_rate = 2e-3, .optimizer = "adam", .batch_size = 256};
  options.learning_rate_schedule = "cosine";
  net.train(noisy, options);

  // The same net inside an iterator, with what it learned.
  const std::string model = R"({"layers": [{"type": "iterator", "steps": {"from": )" + std::to_string(noise_steps - 1) +
                            R"(, "to": 0, "step": -1}, "state": [{"name": "x", "pipeFrom": "initial_noise", "size": 2}], "net": {"layers": [)"
                            R"({"name": "x_input", "pipeFrom": "x"}, {"name": "t_input", "pipeFrom": "iterator:step"},)"
                            R"({"type": "net", "net": )" + net.to_json() + R"(, "to": "predicted_noise"},)"
                            R"({"type": "ddpmUpdateStep", "noise": "predicted_noise", "to": "x", "betaStart": )" + std::to_string(beta_start) +
                            R"(, "betaEnd": )" + std::to_string(beta_end) + R"(, "trainSteps": )" + std::to_string(noise_steps) + "}]}}]}";
  NeuralNetwork generator = NeuralNetwork::from_json(model, context);
  Tensor noise(context, DType::fp32, Shape{2000, 2});
  for (std::size_t i = 0; i < noise.elements(); ++i) noise.set(i, normal(random));
  const Output made = generator.run(noise);
  Points generated;
  for (std::size_t i = 0; i < 2000; ++i) generated.push_back({made[2 * i], made[2 * i + 1]});

  const double between_halves = sliced_distance(held_out, other), distance = sliced_distance(generated, held_out);
  INFO("between two halves " << between_halves << ", generated to held out " << distance);
  CHECK(distance <= 2 * between_halves);
  // Points of noise alone are far from them.
  Points blind;
  for (std::size_t i = 0; i < 2000; ++i) blind.push_back({noise.at(2 * i), noise.at(2 * i + 1)});
  CHECK(sliced_distance(blind, held_out) > 5 * between_halves);
}
