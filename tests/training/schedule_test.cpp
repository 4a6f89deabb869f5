// Learning rates by epoch and step.
#include <catch2/catch.hpp>

#include "training/schedule.h"
#include "webai/error.hpp"

using namespace webai;

namespace {

TrainOptions with(LearningRateSchedule form) {
  TrainOptions options;
  options.learning_rate = 0.8;
  options.max_iterations = 10;
  options.learning_rate_schedule = std::move(form);
  check_schedule(options);
  return options;
}

double rate(const LearningRateSchedule& form, std::uint64_t epoch, std::uint64_t step = 1000, double part = 1) {
  return Schedule(with(form)).rate(epoch, step, part);
}

LearningRateSchedule form(const char* type, std::optional<double> factor = {}) {
  LearningRateSchedule result(type);
  result.factor = factor;
  return result;
}

}  // namespace

TEST_CASE("schedules follow their formulas from epoch to epoch") {
  CHECK(rate("constant", 7) == 0.8);
  CHECK(rate("linear", 0) == 0.8);
  CHECK(rate("linear", 5) == Approx(0.4));
  CHECK(rate("cosine", 5) == Approx(0.4));
  CHECK(rate("cosine", 10) == Approx(0).margin(1e-12));
  LearningRateSchedule step = form("step", 0.5);
  step.every = 3;
  CHECK(rate(step, 2) == 0.8);
  CHECK(rate(step, 3) == Approx(0.4));
  CHECK(rate(step, 9) == Approx(0.1));
  CHECK(rate(form("exponential", 0.9), 3) == Approx(0.8 * 0.729));
  CHECK(rate("exponential", 1) == Approx(0.8 * 0.95));
  LearningRateSchedule floor = form("exponential", 0.1);
  floor.minimum = 0.02;
  CHECK(rate(floor, 9) == 0.02);
  LearningRateSchedule cosine("cosine");
  cosine.minimum = 0.2;
  CHECK(rate(cosine, 10) == Approx(0.2));
}

TEST_CASE("a warm-up of steps or epochs stands in front of any schedule") {
  LearningRateSchedule steps("constant");
  steps.warmup_steps = 4;
  CHECK(rate(steps, 0, 0) == Approx(0.2));
  CHECK(rate(steps, 0, 3) == Approx(0.8));
  CHECK(rate(steps, 0, 4) == 0.8);
  LearningRateSchedule epochs("linear");
  epochs.warmup_epochs = 2;
  CHECK(rate(epochs, 0, 0, 0.5) == Approx(0.2));
  CHECK(rate(epochs, 1, 9, 1) == Approx(0.8));
  CHECK(rate(epochs, 2) == 0.8);       // the schedule begins where the warm-up ends ...
  CHECK(rate(epochs, 6) == Approx(0.4));  // ... and has the other 8 epochs
  const Schedule schedule(with(epochs));
  CHECK(schedule.warming_up(1, 50));
  CHECK_FALSE(schedule.warming_up(2, 50));
}

TEST_CASE("a plateau lowers the rate once the error has not fallen for its patience") {
  LearningRateSchedule plateau = form("plateau", 0.5);
  plateau.patience = 2;
  plateau.min_delta = 0.01;
  Schedule schedule(with(plateau));
  for (const double error : {1.0, 0.9, 0.895}) schedule.epoch_ended(error);  // the last one is no progress
  CHECK(schedule.rate(3, 9, 1) == 0.8);
  schedule.epoch_ended(0.95);
  CHECK(schedule.rate(4, 9, 1) == Approx(0.4));
  schedule.epoch_ended(0.95);
  CHECK(schedule.rate(5, 9, 1) == Approx(0.4));
  schedule.epoch_ended(0.95);
  CHECK(schedule.rate(6, 9, 1) == Approx(0.2));
}

TEST_CASE("patience counts from the best error so far") {
  Patience patience(2, 0);
  CHECK(patience.improves(1));
  CHECK_FALSE(patience.improves(1));
  CHECK(patience.improves(0.5));
  CHECK_FALSE(patience.improves(0.6));
  CHECK_FALSE(patience.exhausted());
  CHECK_FALSE(patience.improves(std::numeric_limits<double>::quiet_NaN()));
  CHECK(patience.exhausted());
  CHECK_FALSE(Patience(0, 0).exhausted());
}

TEST_CASE("schedules that cannot be are refused, a misspelt one with the nearest name") {
  const auto refused = [](const LearningRateSchedule& form, std::uint64_t epochs = 10) {
    TrainOptions options;
    options.max_iterations = epochs;
    options.learning_rate_schedule = form;
    try {
      check_schedule(options);
    } catch (const Error& error) {
      CHECK(error.path() == "learningRateSchedule");
      return error.hint() + error.message();
    }
    return std::string("accepted");
  };
  CHECK(refused("cosin").find("\"cosine\"") != std::string::npos);
  CHECK(refused("cosine", TrainOptions::unlimited).find("maxIterations") != std::string::npos);
  CHECK(refused("plateau", TrainOptions::unlimited) == "accepted");
  CHECK(refused(form("step", 0)).find("factor") != std::string::npos);
  CHECK(refused(form("step", 1.5)).find("factor") != std::string::npos);
  LearningRateSchedule every("step");
  every.every = 0;
  CHECK(refused(every).find("every") != std::string::npos);
}
