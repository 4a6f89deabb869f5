// A model that runs many times within one run of the model around it, with variables carried from step to step (A-41,
//
#include "core/model/iteration.h"

#include <algorithm>

#include "core/base/number_text.h"
#include "core/op/loop.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

}  // namespace

Ref Iteration::run() {
  for (const StateVariable& variable : states_) start_.push_back(start_of(variable));
  find_surroundings();
  check_update_steps();
  inner_ = build_inner(layer_, {.batch = layer_.built().batch,
                                .normalize = false,
                                .fill = layer_.fills(),
                                .outside = &dims_,
                                .files = layer_.files(),
                                .training = layer_.training(),
                                .computed = layer_.type(),
                                .seed = layer_.seed(),
                                .lengths = layer_.lengths(),
                                .vocabulary = layer_.vocabulary(),
                                .builds_left = layer_.builds_left()});
  bind();
  builder_.set_path(layer_.layer().path);
  carry_ends();
  Graph body = this->body();
  check_steps(body);
  return results(emit_loop(builder_, std::move(body), {starts_of(carried_), {}, starts_of(shared_)}, layer_.layer().steps.count,
                           false, layer_.boolean("checkpoint"), end()));
}

// Each iterator keeps the limit by itself; those in each other may pass it together.
void Iteration::check_steps(const Graph& body) const {
  const double all = static_cast<double>(layer_.layer().steps.count) * (1 + steps_inside(body));
  const std::uint64_t most = builder_.context().limits().run_steps;
  if (all > static_cast<double>(most))
    throw Error(Code::limit_exceeded, {.message = "the iterator and those inside make " + number_text(all, 6) + " steps in one run",
                                       .reason = "RUN_STEPS",
                                       .path = layer_.layer().path,
                                       .layer = layer_.layer().name,
                                       .expected = "at most " + std::to_string(most),
                                       .actual = number_text(all, 6),
                                       .hint = "raise the limit \"runSteps\" if this is meant"});
}

// The table of an update step has a row for each of its trainSteps: what stands beside it would be taken from its ends.
void Iteration::check_update_steps() const {
  const IteratorSteps& steps = layer_.layer().steps;
  const std::int64_t last = steps.from + (steps.count - 1) * steps.step;
  for (const OutsidePull& pull : net_.outside) {
    const Layer& update = net_.element(pull.target);
    if (!update.definition || update.type != "ddpmUpdateStep" || pull.parameter != "t" || pull.name != step_name) continue;
    constexpr std::string_view property = "trainSteps";
    const Json* const given = update.properties.find(property);
    const auto known = std::ranges::find(update.definition->properties, property, &PropertyDef::name);
    const std::int64_t rows = given ? given->as_integer().value_or(0) : std::stoll(std::string(known->fallback));
    const std::int64_t least = std::min(steps.from, last), most = std::max(steps.from, last);
    if (rows == 0 || (least >= 0 && most < rows)) continue;
    throw Error(Code::invalid_model, {.message = "the iterator makes steps that its ddpmUpdateStep has no noise for",
                                      .reason = "DDPM_STEPS",
                                      .path = pointer_to(layer_.layer().path, "steps"),
                                      .layer = layer_.layer().name,
                                      .expected = "steps from " + std::to_string(rows - 1) + " down to 0, as trainSteps is " +
                                                  std::to_string(rows),
                                      .actual = std::to_string(steps.from) + " to " + std::to_string(last),
                                      .hint = "give the update step the trainSteps that the model learned with, or fewer steps"});
  }
}

void Iteration::find_surroundings() {
  for (const std::string_view name : {step_name, index_name}) dims_.emplace(name, Shape{1});
  for (std::size_t i = 0; i < states_.size(); ++i) dims_.insert_or_assign(states_[i].name, layer_.dims(start_[i]));
  for (const OutsidePull& pull : net_.outside) {
    if (dims_.contains(pull.name)) continue;
    const Ref value = source(pull.name, [&] { return inner_size(pull.name); }, pull.path);
    around_.emplace(pull.name, value);
    dims_.emplace(pull.name, layer_.dims(value));
  }
}

void Iteration::bind() {
  const auto inner = [&](std::string_view name) {
    const auto found = inner_.outside.find(name);
    return found == inner_.outside.end() ? no_value : found->second;
  };
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const Shape is = builder_.shape(start_[i]).without(0),
                becomes = inner_.graph.value(inner_.outputs[i].value).type.shape.without(0);
    if (is != becomes)
      throw Error(Code::shape_mismatch,
                  {.message = "the state \"" + states_[i].name + "\" keeps its size from step to step",
                   .reason = "STATE_SIZE",
                   .path = net_.outputs[i].path,
                   .layer = layer_.layer().name,
                   .expected = is.text(),
                   .actual = becomes.text(),
                   .hint = "let \"to\" of the inner layer give as many values as the state has"});
    carried_.push_back({inner(states_[i].name), start_[i], inner_.outputs[i].value, true});
  }
  const auto keep = [&](const auto& list, const std::vector<Ref>& values, bool per_sample) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto write = std::ranges::find(inner_.graph.writes, list[i].value, &Write::state);
      const bool written = write != inner_.graph.writes.end();
      if (written) carried_.push_back({list[i].value, layer_.latest(values[i]), write->value, per_sample, values[i]});
      else shared_.push_back({list[i].value, values[i]});
    }
  };
  keep(inner_.inputs, adopt_inputs(layer_, inner_), true);
  keep(inner_.parameters, adopt_parameters(layer_, inner_), false);
  keep(inner_.states, adopt_states(layer_, inner_), true);
  for (const auto& [name, value] : around_)
    if (const ValueId id = inner(name); id != no_value) shared_.push_back({id, value});
  if (inner_.random_step != no_value) shared_.push_back({inner_.random_step, layer_.random_step()});
}

std::size_t Iteration::state_of(std::size_t k) const {
  std::size_t i = 0;
  while (i < states_.size() && inner_.outputs[i].value != collected_value(k)) ++i;
  return i;
}

void Iteration::carry_ends() {
  from_net_ = carried_.size();
  const auto& until = layer_.layer().until;
  if (!until) return;
  const auto dims = [&](ValueId value) { return inner_.graph.value(value).type.shape.without(0); };
  if (const Shape size = dims(inner_.outputs.back().value); !size.is_concrete() || size.elements() != 1)
    throw Error(Code::shape_mismatch,
                {.message = "what ends an iterator is one number for each sample",
                 .reason = "UNTIL_SIZE",
                 .path = until->path,
                 .layer = layer_.layer().name,
                 .expected = "1",
                 .actual = size.text(),
                 .hint = "let one neuron say when it is done: {\"name\": \"done\", \"size\": 1}"});
  for (std::size_t k = 0; k < collected(); ++k)
    if (state_of(k) == states_.size()) carried_.push_back({no_value, filled(0, dims(collected_value(k)))});
  carried_.push_back({no_value, filled(1, Shape{1})});
}

std::int64_t Iteration::end() const {
  const bool all_stay = std::all_of(carried_.begin(), carried_.begin() + static_cast<std::ptrdiff_t>(from_net_),
                                    [](const Slot& slot) { return slot.per_sample; });
  return layer_.layer().until && all_stay ? static_cast<std::int64_t>(carried_.size()) - 1 : -1;
}

Ref Iteration::results(const std::vector<Ref>& finals) {
  const std::size_t before = carried_.size() + collected();
  BuiltIteration iteration{layer_.layer().id, {}};
  for (std::size_t i = 0; i < states_.size(); ++i) iteration.before.push_back(finals[before + i].id);
  for (std::size_t i = states_.size(); i < from_net_; ++i) layer_.write(carried_[i].kept, finals[i]);
  const auto& until = layer_.layer().until;
  const Ref goes_on = until ? finals[before + carried_.size() - 1] : Ref{};  // into each step
  if (until) iteration.before.push_back(goes_on.id);
  iteration.ends = until.has_value();
  std::vector<Ref> collection;
  for (std::size_t k = 0; k < collected(); ++k) {
    collection.push_back(for_each_sample(finals[carried_.size() + k]));
    layer_.gives(state_of(k) < states_.size() ? std::string() : layer_.layer().collect[k].name, collection.back());
  }
  for (std::size_t i = 0; i < states_.size(); ++i) layer_.gives(states_[i].name, finals[i]);
  if (until) layer_.gives("steps", layer_.emit("reduceSum", {goes_on}, {{"axes", Integers{0}}}));
  if (collection.size() == 1) return collection.front();
  if (!collection.empty()) return joined_steps(collection);
  if (activate_each(iteration)) layer_.built().iterations.push_back(std::move(iteration));
  if (states_.size() == 1) return finals.front();
  std::vector<Ref> flat;
  for (std::size_t i = 0; i < states_.size(); ++i) flat.push_back(layer_.flattened(finals[i]));
  return builder_.emit("concat", flat, {{"axis", std::int64_t{-1}}});
}

// What a stream gives of each step has the iterator's activation as well. Where one activation cannot take all steps at
// once (it has parameters, or parts of several dimensions) only the result of all is told.
bool Iteration::activate_each(BuiltIteration& iteration) {
  const Layer& layer = layer_.layer();
  if (layer.activation.empty()) return true;
  std::vector<Ref> parts;
  for (std::size_t i = 0; i < states_.size(); ++i) parts.push_back({iteration.before[i]});
  const auto is_row = [&](Ref part) { return builder_.shape(part).rank() == 3; };
  if (layer.custom_activation || (parts.size() > 1 && !std::ranges::all_of(parts, is_row))) return false;
  const Ref whole = parts.size() == 1 ? parts.front() : builder_.emit("concat", parts, {{"axis", std::int64_t{-1}}});
  iteration.before.erase(iteration.before.begin(), iteration.before.begin() + static_cast<std::ptrdiff_t>(states_.size()));
  iteration.before.insert(iteration.before.begin(), LayerBuilder::activate(builder_, layer, whole).id);
  return true;
}

Ref Iteration::for_each_sample(Ref rows) {
  Integers axes;
  for (std::size_t axis = 0; axis < builder_.shape(rows).rank(); ++axis)
    axes.push_back(static_cast<std::int64_t>(axis));
  std::swap(axes[0], axes[1]);
  return layer_.emit("transpose", {rows}, {{"permutation", std::move(axes)}});
}

Ref Iteration::joined_steps(const std::vector<Ref>& parts) {
  std::vector<Ref> flat;
  for (const Ref part : parts) {
    const Shape dims = layer_.dims(part);
    flat.push_back(layer_.reshaped(part, Shape{dims[0], dims.without(0).elements()}));
  }
  return builder_.emit("concat", flat, {{"axis", std::int64_t{-1}}});
}

std::vector<Ref> Iteration::starts_of(const std::vector<Slot>& slots) {
  std::vector<Ref> list;
  for (const Slot& slot : slots) list.push_back(slot.start);
  return list;
}

}  // namespace webai
