// A model without layers: nothing is there before its first training, which takes their sizes from the data.
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw Error(Code::invalid_model, {.message = std::move(message), .reason = "NOT_BUILT", .path = "/layers", .hint = std::move(hint)});
}

// One output for each class, or as many as a sample has.
std::int64_t outputs_of(const Dataset& data) {
  if (data.output_kind() == OutputKind::values) {
    if (data.output_shape().elements() == 0)
      throw Error(Code::invalid_argument, {.message = "dataset: the output of a sample has no values", .reason = "EMPTY_SAMPLE",
                                           .hint = "a sample is [input, output], each with one value or more"});
    return data.output_shape().elements();
  }
  const std::optional<std::uint64_t> classes = data.class_count();
  if (!classes) refuse("the data do not say how many classes there are", "give the model its \"layers\"");
  return static_cast<std::int64_t>(*classes);
}

}  // namespace

NeuralNetwork::State& NeuralNetwork::StatePointer::as_far_as_built() const noexcept {
  State* const later = state_->later.load(std::memory_order_acquire);
  return later ? *later : *state_;
}

NeuralNetwork::State& NeuralNetwork::StatePointer::operator*() const {
  State& state = as_far_as_built();
  if (state.model.layers.empty()) refuse("the model has no layers yet", "give \"layers\", or train first: they follow from the data");
  return state;
}

std::shared_ptr<NeuralNetwork::State> NeuralNetwork::StatePointer::shared() const { return (**this).shared_from_this(); }

bool NeuralNetwork::is_built() const noexcept { return !state_.as_far_as_built().model.layers.empty(); }

void NeuralNetwork::build_for(const Dataset& data) {
  State& first = state_.first();
  if (!first.model.layers.empty()) return;
  if (!data.valid()) throw Error(Code::invalid_argument, {.message = "there is no data", .reason = "EMPTY_DATA",
                                                          .hint = "give one sample or more: [[[0, 1], [1]]]"});
  if (data.needs_network()) refuse("texts and names are read by a model, and this one has no layers yet", "give the model its \"layers\"");
  const std::lock_guard guard(first.turn);
  if (first.later.load(std::memory_order_relaxed)) return;
  auto state = std::make_shared<State>(first.context, first.options);
  state->registry = first.registry;
  state->model = infer_layers(first.context, *first.registry, first.model, data.input_shape().elements(), outputs_of(data));
  state->model.seed_kind = first.model.seed_kind;
  state->model.seed = first.model.seed;
  state->type = first.type;
  state->finish_building();
  first.later_owner = std::move(state);
  first.later.store(first.later_owner.get(), std::memory_order_release);
}

}  // namespace webai
