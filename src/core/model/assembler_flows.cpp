// What flows into a layer or one of its parameters, joined.
#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/base/names.h"
#include "core/model/assembler.h"
#include "webai/error.hpp"

namespace webai {

Ref Assembler::placeholder(const Layer& layer, const Shape& dims) {
  return {builder_.graph().add_state(layer.title, {built_.computed, built_.in_graph(dims)})};
}

Ref Assembler::arrival_by(const Route& route) {
  const FlowSource source{route.source, route.hidden};
  Ref value;
  if (route.delayed || route.history)
    value = feedback_.arrival(route);
  else if (route.output.empty() || !own(route.source))
    value = value_of(source);
  else if (!trial_ || route.output == "0" ||
           !outputs_[static_cast<std::size_t>(route.source)].empty())  // else unknown yet
    value = output_of(model_.element(route.source), route.output, route.path);
  if (!value) left_out_ = true;
  return value;
}

Ref Assembler::output_of(const Layer& layer, const std::string& which, const std::string& path) {
  const std::vector<GivenOutput>& all = outputs_[static_cast<std::size_t>(layer.id)];
  if (const auto named = std::ranges::find(all, which, &GivenOutput::name); named != all.end()) return named->value;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), index);
  const bool number = error == std::errc() && end == which.data() + which.size();
  if (number && index < all.size()) return all[index].value;
  if (number && index == 0) return own(layer.id);
  std::vector<std::string_view> known;
  for (const GivenOutput& output : all)
    if (!output.name.empty()) known.push_back(output.name);
  const std::string near = nearest_name(which, known);
  std::string expected;
  for (const std::string_view name : known) expected += (expected.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  throw Error(Code::invalid_model,
              {.message = "\"" + layer.title + "\" has no output \"" + which + "\"",
               .reason = "TARGET_UNKNOWN",
               .path = path,
               .layer = layer.name,
               .expected = all.size() < 2 ? "0: it has one output"
                                          : "a number below " + std::to_string(all.size()) + ", or " + expected,
               .actual = which,
               .hint = near.empty() ? "name the layer alone for what it gives first" : "did you mean \"" + layer.title + ":" + near + "\"?"});
}

std::vector<Arrival> Assembler::arrivals(const Layer& layer, std::string_view parameter) {
  std::vector<Arrival> list;
  if (layer.type != "input")
    for (const OutsidePull& pull : model_.outside)
      if (pull.target == layer.id && pull.parameter == parameter) list.push_back({outside(pull), pull.name});
  for (const Route* route : incoming_[static_cast<std::size_t>(layer.id)])
    if (route->parameter == parameter)
      if (const Ref value = arrival_by(*route)) list.push_back({value, title(model_.element(route->source))});
  return list;
}

std::vector<Arrival> Assembler::incoming(const Layer& layer) {
  const Layer& owner = model_.layers[static_cast<std::size_t>(layer.layer_index)];
  std::vector<Arrival> list;
  if (const Ref shared = joined(owner.id))
    list.push_back({shared, title(owner)});
  else if (!incoming_[static_cast<std::size_t>(owner.id)].empty())
    left_out_ = true;
  if (layer.is_pipe) std::ranges::move(arrivals(layer), std::back_inserter(list));
  return list;
}

std::vector<PipedParameter> Assembler::piped_parameters(const Layer& layer) {
  std::vector<PipedParameter> list;
  for (const Route* route : incoming_[static_cast<std::size_t>(layer.id)]) {
    if (route->parameter.empty()) continue;
    const bool known = std::ranges::any_of(list, [&](const auto& one) { return one.name == route->parameter; });
    if (known) continue;
    const std::vector<Arrival> all = arrivals(layer, route->parameter);
    if (!all.empty()) list.push_back({route->parameter, join(layer, all), route->path});
  }
  for (const OutsidePull& pull : model_.outside)
    if (pull.target == layer.id && !pull.parameter.empty() &&
        std::ranges::find(list, pull.parameter, &PipedParameter::name) == list.end())
      list.push_back({pull.parameter, outside(pull), pull.path});
  return list;
}

bool Assembler::goes_without_flow(const Layer& layer) const {
  if (layer.type == "input" || (layer.definition && !layer.definition->has_default_input)) return true;
  if (!layer.net) return false;
  const Layer& owner = model_.layers[static_cast<std::size_t>(layer.layer_index)];
  const auto flows = [&](int id) {
    return std::ranges::any_of(incoming_[static_cast<std::size_t>(id)],
                               [](const Route* route) { return route->parameter.empty(); }) ||
           std::ranges::any_of(model_.outside,
                               [&](const OutsidePull& pull) { return pull.target == id && pull.parameter.empty(); });
  };
  return !flows(layer.id) && !flows(owner.id);
}

Ref Assembler::join(const Layer& layer, const std::vector<Arrival>& incoming) {
  builder_.set_path(layer.path);
  if (incoming.empty())
    throw Error(
        Code::invalid_model,
        {.message = "nothing flows into this layer", .reason = "NO_INPUT", .path = layer.path, .layer = layer.name,
         .hint = "pipe something into it, or let the layer before it lead to it"});
  if (incoming.size() == 1) return incoming.front().value;
  const Shape& first = builder_.shape(incoming.front().value);
  std::vector<Ref> values;
  for (const Arrival& arrival : incoming) {
    const Shape& shape = builder_.shape(arrival.value);
    if (shape.rank() != first.rank() || shape.rank() == 0 ||
        !std::ranges::equal(shape.dims().first(shape.rank() - 1), first.dims().first(shape.rank() - 1)))
      throw Error(Code::shape_mismatch, {.message = "joins " + built_.dims_of(first).text() + " (" +
                                                    incoming.front().from + ") and " +
                                                    built_.dims_of(shape).text() + " (" + arrival.from +
                                                    "): all dimensions but the last must be equal",
                                         .reason = "JOIN_DIMS",
                                         .path = layer.path,
                                         .layer = layer.name,
                                         .expected = built_.dims_of(first).text(),
                                         .actual = built_.dims_of(shape).text(),
                                         .hint = "flatten what comes, or give it the same sizes but for the last"});
    values.push_back(arrival.value);
  }
  return builder_.emit("concat", values, {{"axis", std::int64_t{-1}}});
}

std::string Assembler::title(const Layer& layer) {
  return layer.name.empty() ? (layer.is_pipe ? "pipe " : "layer ") + layer.title : layer.name;
}

}  // namespace webai
