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

Result measure(Measure measure, Shape shape, std::vector<double> output, std::vector<double> target, const char* activation = nullptr,
               std::vector<double> weights = {}, std::vector<double> judged = {}) {
  Tape tape(context(), registry());
  const Ref x = tape.variable(Tensor::from(context(), DType::fp64, shape, output));
  const Ref t = tape.variable(Tensor::from(context(), DType::fp64, shape, target));
  const Ref counts = judged.empty() ? Ref{} : tape.variable(Tensor::from(context(), DType::fp64, Shape{shape[0]}, judged));
  const MeasureRefs refs = append_measure(tape, activation ? tape.emit(activation, {x}) : x, t, measure, false, weights, counts);
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
  // Of a sequence the mean is over the steps that are judged.
  const Result one = measure(Measure::mean_square, {2, 2}, {1, 2, 3, 4}, {0, 0, 3, 2}, nullptr, {}, {1, 0});
  CHECK(one.loss == Approx(0.5 * (1 + 4)));
  CHECK(one.error == Approx((1 + 4) / 2.0));
  CHECK(one.gradient == std::vector<double>{1, 2, 0, 0});
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
  const auto refused = [](Measure of, const char* activation, const char* wanted, const char* actual) {
    try {
      measure(of, {1, 2}, {1, 2}, {0, 1}, activation);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.reason() == "LAST_ACTIVATION");
      CHECK(error.actual() == actual);
      CHECK(error.hint().find(wanted) != std::string::npos);
    }
  };
  refused(Measure::cross_entropy, "tanh", "\"softmax\"", "tanh");
  refused(Measure::cross_entropy, "sigmoid", "\"softmax\"", "sigmoid");
  refused(Measure::cross_entropy, nullptr, "\"softmax\"", "none");
  refused(Measure::binary_cross_entropy, "softmax", "\"sigmoid\"", "softmax");
  refused(Measure::binary_cross_entropy, nullptr, "\"sigmoid\"", "none");
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

TEST_CASE("TRAIN-07 every measure that can be trained has the gradient that finite differences show") {
  struct Case {
    Measure of;
    const char* activation;
    std::vector<double> target;
  };
  const Case cases[] = {{Measure::mean_square, nullptr, {0, 1, 0, 0.5, -1, 2}}, {Measure::root_mean_square, nullptr, {0, 1, 0, 0.5, -1, 2}},
                        {Measure::mean_absolute, nullptr, {0, 1, 0, 0.5, -1, 2}}, {Measure::huber, nullptr, {0, 1, 0, 0.5, -1, 2}},
                        {Measure::hinge, nullptr, {0, 1, 0, 1, -1, 1}}, {Measure::cross_entropy, "softmax", {0, 1, 0, 1, 0, 0}},
                        {Measure::kl, "softmax", {0.2, 0.5, 0.3, 0, 0.25, 0.75}}, {Measure::binary_cross_entropy, "sigmoid", {0, 1, 1, 0.5, 0, 1}},
                        {Measure::cosine, nullptr, {0, 1, 0, 0.5, -1, 2}}};
  for (const Case& test : cases)
    for (const std::vector<double>& weights : {std::vector<double>{}, std::vector<double>{0.5, 2, 3}}) {
      INFO("measure " << static_cast<int>(test.of) << ", " << weights.size() << " weights");
      const std::vector<double> output = {0.3, -0.7, 2.6, 0.9, -0.2, 0.45};
      const Result at = measure(test.of, {2, 3}, output, test.target, test.activation, weights);
      for (std::size_t i = 0; i < output.size(); ++i) {
        const double h = 1e-6;
        std::vector<double> up = output, down = output;
        up[i] += h;
        down[i] -= h;
        const double slope = (measure(test.of, {2, 3}, up, test.target, test.activation, weights).loss -
                              measure(test.of, {2, 3}, down, test.target, test.activation, weights).loss) / (2 * h);
        CHECK(at.gradient[i] == Approx(slope).epsilon(1e-5).margin(1e-8));
      }
    }
}

TEST_CASE("TRAIN-07 huber, hinge, kl and cosine have the values of their formulas") {
  CHECK(measure(Measure::huber, {1, 2}, {0.5, 3}, {0, 0}).error == Approx((0.125 + 2.5) / 2));
  CHECK(measure(Measure::huber, {1, 2}, {0.5, 3}, {0, 0}).loss == Approx(0.125 + 2.5));
  CHECK(measure(Measure::hinge, {1, 3}, {0.25, 2, -0.5}, {1, 1, 0}).error == Approx((0.75 + 0 + 0.5) / 3));
  CHECK(measure(Measure::hinge, {1, 3}, {0.25, 2, -0.5}, {1, 1, -1}).error == Approx((0.75 + 0 + 0.5) / 3));
  const Result kl = measure(Measure::kl, {1, 2}, {0, std::log(3)}, {1, 0}, "softmax");  // shares 1/4 and 3/4
  CHECK(kl.error == Approx(std::log(4)));
  CHECK(measure(Measure::kl, {1, 2}, {0, std::log(3)}, {0.25, 0.75}, "softmax").error == Approx(0).margin(1e-12));
  CHECK(measure(Measure::cosine, {2, 2}, {1, 0, 3, 3}, {0, 5, 1, 1}).error == Approx(1 + 0));
  const Result nothing = measure(Measure::cosine, {1, 2}, {0, 0}, {1, 1});
  CHECK(nothing.error == Approx(1));
  CHECK(std::isfinite(nothing.gradient[0]));
  CHECK(reported(Measure::root_mean_square, 9) == 3);
}

TEST_CASE("TRAIN-07 misclassification counts wrong answers and has no loss to train on") {
  Tape tape(context(), registry());
  const auto count = [&](Shape shape, std::vector<double> output, std::vector<double> target) {
    const Ref y = tape.variable(Tensor::from(context(), DType::fp64, shape, output));
    const Ref t = tape.variable(Tensor::from(context(), DType::fp64, shape, target));
    const MeasureRefs refs = append_measure(tape, y, t, Measure::misclassification, false);
    CHECK_FALSE(refs.loss);
    return tape.value(refs.error).at(0);
  };
  CHECK(count({3, 2}, {1, 0, 0.2, 0.7, 0.9, 0.1}, {1, 0, 1, 0, 1, 0}) == 1);
  CHECK(count({4, 1}, {0.9, 0.2, 0.6, 0.1}, {1, 1, 0, 0}) == 2);
}

TEST_CASE("weights of classes count in the loss and not in the reported error") {
  const Result plain = measure(Measure::mean_square, {2, 2}, {1, 2, 3, 4}, {1, 0, 0, 1});
  const Result weighted = measure(Measure::mean_square, {2, 2}, {1, 2, 3, 4}, {1, 0, 0, 1}, nullptr, {10, 2});
  CHECK(weighted.error == plain.error);
  CHECK(weighted.loss == Approx((10 * 0.5 * 4 + 2 * 0.5 * 18) / 2));
  const Result side = measure(Measure::binary_cross_entropy, {2, 1}, {0, 0}, {0, 1}, "sigmoid", {3, 5});
  CHECK(side.loss == Approx((3 + 5) * std::log(2) / 2));
}
