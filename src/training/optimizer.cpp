// g gradient, w weights, r learning rate, m momentum. Signs and places of epsilon are PyTorch's, so that its recorded
// trajectories are ours; sgd keeps the step D (with the rate in it), as the seeds and brain.js do.
#include "training/optimizer.h"

#include <array>

#include "core/base/names.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Term decayed(const TrainOptions& options, Term weights, Term gradient) {
  const double decay = options.weight_decay.value_or(0);
  return decay == 0 ? gradient : gradient + weights * decay;
}

Term squared(Term x) { return x * x; }
Term root(Term x) { return x.apply("sqrt"); }

// D' = r g + m D; w' = w - D'. With dampening d: D' = r (1 - d) g + m D, but r g in the very first step.
// Nesterov: w' = w - (r g + m D').
Term sgd(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states) {
  const double m = options.momentum.value_or(0.1);
  const Term g = decayed(options, w, gradient);
  const Term step = inputs.learning_rate * g;
  if (m == 0) return w - step;
  const Term before = states.like_parameter("step", 0);
  Term damped = step;
  if (options.dampening != 0) {
    const Term first = states.shared("first", 1);  // 1 in the first step, then 0
    damped = step * (first * options.dampening + (1 - options.dampening));
    states.write(first, first * 0.0);
  }
  const Term now = damped + before * m;
  states.write(before, now);
  return options.nesterov ? w - (step + now * m) : w - now;
}

// Nesterov 1983 under a name of its own.
Term nesterov(const TrainOptions& given, const StepInputs& inputs, Term w, Term g, UpdateStates& states) {
  TrainOptions options = given;
  options.nesterov = true;
  return sgd(options, inputs, w, g, states);
}

// Kingma, Ba 2015; amsgrad of Reddi et al. 2018; decoupled decay of Loshchilov, Hutter 2019 when `decoupled`.
Term adam_like(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states,
               bool decoupled) {
  const double b1 = options.beta1, b2 = options.beta2.value_or(0.999);
  const Term r = inputs.learning_rate;
  const Term g = decoupled ? gradient : decayed(options, w, gradient);
  const Term mean_before = states.like_parameter("mean", 0), square_before = states.like_parameter("squared", 0);
  const Term power1_before = states.shared("beta1Power", 1), power2_before = states.shared("beta2Power", 1);
  const Term power1 = power1_before * b1, power2 = power2_before * b2;
  const Term mean = mean_before * b1 + g * (1 - b1);
  const Term mean_square = square_before * b2 + squared(g) * (1 - b2);
  states.write(mean_before, mean);
  states.write(square_before, mean_square);
  states.write(power1_before, power1);
  states.write(power2_before, power2);
  Term spread = mean_square;
  if (options.amsgrad) {
    const Term greatest = states.like_parameter("greatestSquare", 0);
    spread = greatest.apply("max", mean_square);
    states.write(greatest, spread);
  }
  const Term scale = r / (1.0 - power1);
  const Term correction = root(1.0 - power2);
  const double decay = decoupled ? options.weight_decay.value_or(0.01) : 0;
  const Term held = decay == 0 ? w : w - w * (r * decay);
  return held - scale * mean / (root(spread) / correction + options.epsilon.value_or(1e-8));
}

Term adam(const TrainOptions& options, const StepInputs& inputs, Term w, Term g, UpdateStates& states) {
  return adam_like(options, inputs, w, g, states, false);
}
Term adamw(const TrainOptions& options, const StepInputs& inputs, Term w, Term g, UpdateStates& states) {
  return adam_like(options, inputs, w, g, states, true);
}

// Hinton's lecture 6e; centered: Graves 2013.
Term rmsprop(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states) {
  const Term g = decayed(options, w, gradient);
  const Term square_before = states.like_parameter("squared", 0);
  const double rho = options.rho.value_or(0.99);
  const Term mean_square = square_before * rho + squared(g) * (1 - rho);
  states.write(square_before, mean_square);
  Term spread = mean_square;
  if (options.centered) {
    const Term mean_before = states.like_parameter("mean", 0);
    const Term mean = mean_before * rho + g * (1 - rho);
    states.write(mean_before, mean);
    spread = mean_square - squared(mean);
  }
  const Term direction = g / (root(spread) + options.epsilon.value_or(1e-8));
  if (options.momentum.value_or(0) == 0) return w - inputs.learning_rate * direction;
  const Term before = states.like_parameter("momentum", 0);
  const Term now = before * *options.momentum + direction;
  states.write(before, now);
  return w - inputs.learning_rate * now;
}

// Duchi, Hazan, Singer 2011.
Term adagrad(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states) {
  const Term g = decayed(options, w, gradient);
  const Term before = states.like_parameter("squares", options.initial_accumulator);
  const Term squares = before + squared(g);
  states.write(before, squares);
  Term rate = inputs.learning_rate;
  if (options.learning_rate_decay != 0) {
    const Term steps = states.shared("steps", 0);
    rate = rate / (1.0 + steps * options.learning_rate_decay);
    states.write(steps, steps + 1.0);
  }
  return w - rate * g / (root(squares) + options.epsilon.value_or(1e-8));
}

// Zeiler 2012: steps in the units of the weights, so the rate is 1 as a rule.
Term adadelta(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states) {
  const double rho = options.rho.value_or(0.9), epsilon = options.epsilon.value_or(1e-6);
  const Term g = decayed(options, w, gradient);
  const Term square_before = states.like_parameter("squared", 0), step_before = states.like_parameter("squareStep", 0);
  const Term mean_square = square_before * rho + squared(g) * (1 - rho);
  const Term step = root(step_before + epsilon) / root(mean_square + epsilon) * g;
  states.write(square_before, mean_square);
  states.write(step_before, step_before * rho + squared(step) * (1 - rho));
  return w - inputs.learning_rate * step;
}

// Adam by the greatest gradient that is remembered: Kingma, Ba 2015, section 7.
Term adamax(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states) {
  const double b1 = options.beta1, b2 = options.beta2.value_or(0.999);
  const Term g = decayed(options, w, gradient);
  const Term mean_before = states.like_parameter("mean", 0), greatest_before = states.like_parameter("greatest", 0);
  const Term power_before = states.shared("beta1Power", 1), power = power_before * b1;
  const Term mean = mean_before * b1 + g * (1 - b1);
  const Term greatest = (greatest_before * b2).apply("max", g.apply("abs") + options.epsilon.value_or(1e-8));
  states.write(mean_before, mean);
  states.write(greatest_before, greatest);
  states.write(power_before, power);
  return w - inputs.learning_rate / (1.0 - power) * mean / greatest;
}

// Chen et al. 2023: the sign alone, decay decoupled.
Term lion(const TrainOptions& options, const StepInputs& inputs, Term w, Term g, UpdateStates& states) {
  const double b1 = options.beta1, b2 = options.beta2.value_or(0.99), decay = options.weight_decay.value_or(0);
  const Term r = inputs.learning_rate, mean = states.like_parameter("mean", 0);
  states.write(mean, mean * b2 + g * (1 - b2));
  const Term held = decay == 0 ? w : w - w * (r * decay);
  return held - r * (mean * b1 + g * (1 - b1)).apply("sign");
}

// You et al. 2020: Adam's step, as long as the weights are; for large batches.
Term lamb(const TrainOptions& options, const StepInputs& inputs, Term w, Term g, UpdateStates& states) {
  const double b1 = options.beta1, b2 = options.beta2.value_or(0.999), decay = options.weight_decay.value_or(0);
  const Term mean_before = states.like_parameter("mean", 0), square_before = states.like_parameter("squared", 0);
  const Term power1_before = states.shared("beta1Power", 1), power2_before = states.shared("beta2Power", 1);
  const Term power1 = power1_before * b1, power2 = power2_before * b2;
  const Term mean = mean_before * b1 + g * (1 - b1);
  const Term mean_square = square_before * b2 + squared(g) * (1 - b2);
  states.write(mean_before, mean);
  states.write(square_before, mean_square);
  states.write(power1_before, power1);
  states.write(power2_before, power2);
  Term step = mean / (1.0 - power1) / (root(mean_square / (1.0 - power2)) + options.epsilon.value_or(1e-6));
  if (decay != 0) step = step + w * decay;
  const auto length = [](Term x) { return root(squared(x).apply("reduceSum")); };
  const Term weights_length = length(w), step_length = length(step);
  // Without weights or without a step there is no ratio: 1 then.
  const Term both = weights_length * step_length, one = both.number(1);
  const Term known(w.builder(), w.builder().emit("greater", {both, both.number(0)}));
  const Term ratio(w.builder(), w.builder().emit("where", {known, weights_length / step_length, one}));
  return w - inputs.learning_rate * ratio * step;
}

constexpr std::array<Optimizer, 11> optimizers = {{{"sgd", 0.3, 0.1, sgd, true},
                                                   {"momentum", 0.03, 0.9, sgd, true},
                                                   {"nesterov", 0.03, 0.9, nesterov, true},
                                                   {"adam", 0.001, 0, adam},
                                                   {"adamw", 0.001, 0, adamw},
                                                   {"adamax", 0.002, 0, adamax},
                                                   {"rmsprop", 0.001, 0, rmsprop},
                                                   {"adagrad", 0.01, 0, adagrad},
                                                   {"adadelta", 1, 0, adadelta},
                                                   {"lion", 0.0001, 0, lion},
                                                   {"lamb", 0.001, 0, lamb}}};

}  // namespace

const Optimizer& find_optimizer(std::string_view name) {
  std::string known;
  std::vector<std::string_view> names;
  for (const Optimizer& optimizer : optimizers) {
    if (optimizer.name == name) return optimizer;
    known += (known.empty() ? "" : ", ") + std::string(optimizer.name);
    names.push_back(optimizer.name);
  }
  throw Error(Code::invalid_argument, {.message = "there is no optimizer \"" + std::string(name) + "\"",
                                       .reason = "OPTIMIZER", .path = "optimizer", .expected = "one of " + known,
                                       .actual = "\"" + std::string(name) + "\"",
                                       .hint = did_you_mean(name, names, "take one of those, or leave it out")});
}

}  // namespace webai
