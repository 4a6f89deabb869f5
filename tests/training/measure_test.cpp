// What error measures minimise and report.
#include <catch2/catch.hpp>

#include "autodiff/gradients.h"
#include "autodiff/tape.h"
#include "support/sample_run.h"
#include "training/measure.h"
#include "webai/error.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Result {
  double loss, error;
  std::vector<double> gradient;
};

Result measure(Measure measure, Shape shape, std::vector<double> output, std::vector<double> target, const char* activation = nullptr) {
  Tape tape(context(), registry());
  const Ref x = tape.variable(Tensor::from(context(), DType::fp64, shape, output));
  const Ref t = tape.variable(Tensor::from(context(), DType::fp64, shape, target));
  const MeasureRefs refs = append_measure(tape, activation ? tape.emit(activation, {x}) : x, t, measure, false);
  const Seed seed{refs.loss, {}};
  const Ref gradient = gradients(tape, {&seed, 1}, {&x, 1})[0];
  Result result{tape.value(refs.loss).at(0), tape.value(refs.error).at(0), {}};
  for (std::size_t i = 0; i < output.size(); ++i) result.gradient.push_back(tape.value(gradient).at(i));
  return result;
}

}  // namespace

TEST_CASE("A-64 mean-square: half the sum of squares is minimised, the mean is reported") {
  const Result result = measure(Measure::mean_square, {2, 2}, {1, 2, 3, 4}, {0, 0, 3, 2});
  CHECK(result.loss == Approx((0.5 * (1 + 4) + 0.5 * 4) / 2));
  CHECK(result.error == Approx((1 + 4) / 2.0 + 4 / 2.0));
  CHECK(result.gradient == std::vector<double>{0.5, 1, 0, 1});
}

TEST_CASE("mean-absolute has the sign of the distance as its gradient") {
  const Result result = measure(Measure::mean_absolute, {1, 2}, {1, -3}, {0, 1});
  CHECK(result.error == Approx(2.5));
  CHECK(result.gradient == std::vector<double>{1, -1});
}

TEST_CASE("A-65 cross-entropy behind softmax has the gradient p - t") {
  const Result result = measure(Measure::cross_entropy, {1, 3}, {1, 2, 3}, {0, 1, 0}, "softmax");
  const double sum = std::exp(1) + std::exp(2) + std::exp(3);
  CHECK(result.error == Approx(-std::log(std::exp(2) / sum)));
  CHECK(result.gradient[1] == Approx(std::exp(2) / sum - 1));
  CHECK(result.gradient[2] == Approx(std::exp(3) / sum));
}

TEST_CASE("A-65 cross-entropy stays finite where probabilities vanish") {
  const Result result = measure(Measure::cross_entropy, {1, 2}, {1000, -1000}, {0, 1}, "softmax");
  CHECK(result.error == Approx(2000));
  const Result binary = measure(Measure::binary_cross_entropy, {1, 1}, {-800}, {1}, "sigmoid");
  CHECK(binary.error == Approx(800));
  CHECK(binary.gradient[0] == Approx(-1));
}

TEST_CASE("A-65 cross-entropy behind another activation is refused with a hint") {
  try {
    measure(Measure::cross_entropy, {1, 2}, {1, 2}, {0, 1}, "tanh");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.reason() == "LAST_ACTIVATION");
    CHECK(error.hint().find("softmax") != std::string::npos);
  }
}

TEST_CASE("an unknown measure is refused with the nearest name") {
  CHECK(measure_from_name("mean-square") == Measure::mean_square);
  try {
    measure_from_name("mean-sqare");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.hint().find("mean-square") != std::string::npos);
  }
}
