// States of delayed pipes and histories: what they hold, how large they are, what the next run finds in them.
#include "core/model/feedback.h"

#include <algorithm>
#include <set>

#include "webai/error.hpp"

namespace webai {

std::optional<Shape> Feedback::size_of(FlowSource source) const {
  const auto value = values_.find(source);
  if (value != values_.end() && value->second) return built_.dims_of(builder_.shape(value->second));
  const Layer& layer = model_.element(source.id);
  if (!source.hidden && layer.size && layer.size->is_concrete()) return layer.size;
  const auto learned = learned_.find(source);
  if (learned != learned_.end()) return learned->second;
  return {};
}

Ref Feedback::arrival(const Route& route) {
  if (const auto known = by_route_.find(&route); known != by_route_.end()) return known->second->state;
  const FlowSource source{route.source, route.hidden};
  Kept*& plain = plain_[{source, route.history}];
  if (!plain) {
    const std::optional<Shape> dims = size_of(source);
    if (!dims) return {};
    plain = &add_state(source, route, *dims);
  }
  plain->readers.insert(&route);
  by_route_.emplace(&route, plain);
  return plain->state;
}

Ref Feedback::starting_with(Ref state, const std::vector<double>& numbers) {
  const auto built = [&](const Kept& kept) -> BuiltState& {
    return *std::ranges::find(built_.states, kept.state.id, &BuiltState::value);
  };
  Kept* own = &kept_[delayed_.at(state.id)];
  if (own->readers.size() > 1) {  // what others find in it stays zeros
    const BuiltState like = built(*own);
    const std::string name = name_of(own->source, 0);
    own = &kept_.emplace_back(Kept{own->source, {builder_.graph().add_state(name, builder_.type(state))}});
    delayed_.emplace(own->state.id, kept_.size() - 1);
    built_.states.push_back(like);
    built_.states.back().name = name;
    built_.states.back().value = own->state.id;
  } else {
    plain_.erase({own->source, false});
  }
  built(*own).initial = numbers;
  return own->state;
}

// Ends with defaults have states of their own, which are numbered.
std::string Feedback::name_of(FlowSource source, std::int64_t steps) {
  const int number = ++named_[{source, steps > 0}];
  return model_.element(source.id).title + (source.hidden ? ".hidden" : "") + (steps > 0 ? ".history" : ".delayed") +
         (number > 1 ? std::to_string(number) : "");
}

Feedback::Kept& Feedback::add_state(FlowSource source, const Route& route, Shape dims) {
  const Layer& layer = model_.element(source.id);
  const std::int64_t steps = route.history ? layer.history : 0;
  if (steps > 0) {
    if (dims.rank() == 0 || !dims.is_concrete())
      throw Error(Code::invalid_model, {.message = dims.rank() == 0
                                                       ? "a history joins along the last dimension, a scalar has none"
                                                       : "the values to keep have an open dimension: " + dims.text(),
                                        .reason = "OPEN_SIZE",
                                        .path = layer.path + "/history",
                                        .layer = layer.name,
                                        .hint = "give the size as numbers"});
    const Limits& limits = builder_.context().limits();
    const auto elements = static_cast<std::uint64_t>(dims.elements());
    if (elements > limits.tensor_bytes / webai::size_of(built_.computed) / static_cast<std::uint64_t>(steps))
      throw Error(
          Code::limit_exceeded,
          {.message = "a history of " + std::to_string(steps) + " times " + dims.text() + " values is too large",
           .reason = "TENSOR_BYTES",
           .path = layer.path + "/history",
           .layer = layer.name,
           .expected = "at most " + std::to_string(limits.tensor_bytes) + " bytes for one tensor",
           .hint = "a shorter history, or a larger limit \"tensorBytes\""});
    dims.set(dims.rank() - 1, dims[dims.rank() - 1] * steps);
  }
  BuiltState state;
  state.name = name_of(source, steps);
  state.type = {built_.computed, dims.inserted(0, built_.batch)};
  state.path = steps > 0 ? layer.path + "/history" : route.path;
  state.owner = layer.id;
  state.value = builder_.graph().add_state(state.name, {built_.computed, built_.in_graph(dims)});
  built_.states.push_back(std::move(state));
  if (steps == 0) delayed_.emplace(built_.states.back().value, kept_.size());
  return kept_.emplace_back(Kept{source, {built_.states.back().value}, steps});
}

void Feedback::finish() {
  std::ranges::stable_sort(kept_, {}, [](const Kept& one) { return std::pair(one.source, one.steps > 0); });
  for (const Kept& kept : kept_) {
    const Layer& layer = model_.element(kept.source.id);
    const Ref value = values_.at(kept.source);
    builder_.set_path(layer.path);
    const Ref next = kept.steps > 0 ? next_history(kept, value) : value;
    if (builder_.shape(next) != builder_.shape(kept.state))
      throw Error(Code::shape_mismatch,
                  {.message = "what flows back has another size than the layers in front of it were built for",
                   .reason = "PIPE_SIZE",
                   .path = layer.path,
                   .layer = layer.name,
                   .expected = built_.dims_of(builder_.shape(kept.state)).text(),
                   .actual = built_.dims_of(builder_.shape(next)).text(),
                   .hint = "give this layer a \"size\""});
    built_.graph.writes.push_back({kept.state.id, next.id});
  }
}

// The newest values come first and push the oldest out.
Ref Feedback::next_history(const Kept& kept, Ref value) {
  if (kept.steps == 1) return value;
  const std::size_t rank = builder_.shape(value).rank();
  std::vector<std::int64_t> starts(rank, 0), sizes(rank, -1);
  sizes.back() = builder_.shape(value)[rank - 1] * (kept.steps - 1);
  const Ref newer = builder_.emit("slice", {kept.state}, {{"starts", std::move(starts)}, {"sizes", std::move(sizes)}});
  return builder_.emit("concat", {value, newer}, {{"axis", std::int64_t{-1}}});
}

std::vector<FlowSource> unsized_sources(const Model& model) {
  std::vector<std::size_t> place(2 * static_cast<std::size_t>(model.element_count) + 2, 0);
  const auto join = [](int id) { return 2 * static_cast<std::size_t>(id); };
  const auto itself = [&](int id) { return join(id) + 1; };
  for (std::size_t i = 0; i < model.order.size(); ++i) {
    const int step = model.order[i];
    place[step < 0 ? join(-step) : itself(step)] = i;
  }
  std::set<FlowSource> found;
  for (const Route& route : model.routes) {
    if (!(route.delayed || route.history) || route.target == 0) continue;
    const std::optional<Shape>& size = model.element(route.source).size;
    if (!route.hidden && size && size->is_concrete()) continue;
    const std::size_t needed = place[route.parameter.empty() ? join(route.target) : itself(route.target)];
    if (needed <= place[route.hidden ? join(route.source) : itself(route.source)])
      found.insert({route.source, route.hidden});
  }
  return {found.begin(), found.end()};
}

}  // namespace webai
