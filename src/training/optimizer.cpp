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

Term square(Term x) { return x * x; }
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

// Kingma, Ba 2015; amsgrad of Reddi et al. 2018; decoupled decay of Loshchilov, Hutter 2019 when `decoupled`.
Term adam_like(const TrainOptions& options, const StepInputs& inputs, Term w, Term gradient, UpdateStates& states,
               bool decoupled) {
  const double b1 = options.beta1, b2 = options.beta2;
  const Term r = inputs.learning_rate;
  const Term g = decoupled ? gradient : decayed(options, w, gradient);
  const Term mean_before = states.like_parameter("mean", 0), square_before = states.like_parameter("square", 0);
  const Term power1_before = states.shared("beta1Power", 1), power2_before = states.shared("beta2Power", 1);
  const Term power1 = power1_before * b1, power2 = power2_before * b2;
  const Term mean = mean_before * b1 + g * (1 - b1);
  const Term mean_square = square_before * b2 + square(g) * (1 - b2);
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
  return held - scale * mean / (root(spread) / correction + options.epsilon);
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
  const Term square_before = states.like_parameter("square", 0);
  const Term mean_square = square_before * options.rho + square(g) * (1 - options.rho);
  states.write(square_before, mean_square);
  Term spread = mean_square;
  if (options.centered) {
    const Term mean_before = states.like_parameter("mean", 0);
    const Term mean = mean_before * options.rho + g * (1 - options.rho);
    states.write(mean_before, mean);
    spread = mean_square - square(mean);
  }
  const Term direction = g / (root(spread) + options.epsilon);
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
  const Term squares = before + square(g);
  states.write(before, squares);
  Term rate = inputs.learning_rate;
  if (options.learning_rate_decay != 0) {
    const Term steps = states.shared("steps", 0);
    rate = rate / (1.0 + steps * options.learning_rate_decay);
    states.write(steps, steps + 1.0);
  }
  return w - rate * g / (root(squares) + options.epsilon);
}

constexpr std::array<Optimizer, 5> optimizers = {{{"sgd", 0.3, 0.1, sgd},
                                                  {"adam", 0.001, 0, adam},
                                                  {"adamw", 0.001, 0, adamw},
                                                  {"rmsprop", 0.001, 0, rmsprop},
                                                  {"adagrad", 0.01, 0, adagrad}}};

}  // namespace

const Optimizer& find_optimizer(std::string_view name) {
  std::string known;
  std::vector<std::string_view> names;
  for (const Optimizer& optimizer : optimizers) {
    if (optimizer.name == name) return optimizer;
    known += (known.empty() ? "" : ", ") + std::string(optimizer.name);
    names.push_back(optimizer.name);
  }
  const std::string near = nearest_name(name, names);
  throw Error(Code::invalid_argument, {.message = "there is no optimizer \"" + std::string(name) + "\"",
                                       .reason = "OPTIMIZER", .path = "optimizer", .expected = "one of " + known,
                                       .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
}

}  // namespace webai
