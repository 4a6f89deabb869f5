// The flows of a model, in document order of their sources.
#include "core/model/routes.h"

#include <algorithm>

#include "core/model/layer_error.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// What stands beside `pipeFrom` of a layer without a default input.
bool pulls_parameters(const Layer& layer) {
  return std::ranges::any_of(layer.properties.members(), [](const Json::Member& member) {
    return member.second.is_object() && member.second.find("pipeFrom");
  });
}

}  // namespace

void RouteFinder::run() {
  for (const Layer& layer : model_.layers) {
    collect(layer);
    for (const Layer& pipe : layer.pipes) collect(pipe);
  }
  for (Layer& layer : model_.layers) {
    entitle(layer);
    for (Layer& pipe : layer.pipes) entitle(pipe);
  }
  for (const Layer& layer : model_.layers) {
    collect_pulls(layer);
    for (const Layer& pipe : layer.pipes) collect_pulls(pipe);
  }
  collect_outputs();
  for (const Layer& layer : model_.layers) {
    if (layer.operates()) routes_of(layer);
    for (const Layer& pipe : layer.pipes) routes_of(pipe);
    if (!layer.routed && takes_hidden_inputs(layer)) hidden_routes_of(layer);
  }
  drop_empty_hidden_routes();
  bind_nets_by_name();
  if (state_.iterator) {
    add_implied_pulls();
    check_states_written();
    add_step_results();
  }
  for (const Route& route : model_.routes)
    if (route.hidden && route.target != 0 && route.parameter.empty())
      check_default_input(element(route.source), element(route.target), route.path);
  for (const Layer& layer : model_.layers) check_fed(layer);
  order_layers(model_);
  if (!state_.iterator && model_.outputs.empty() &&
      std::ranges::find(model_.routes, 0, &Route::target) == model_.routes.end())
    fail(model_.layers.back(), Code::invalid_model, "NO_OUTPUT", model_.layers.back().path,
         "nothing flows out of the model", "leave \"to\" out of one pipe of the last layer");
}

void RouteFinder::collect(const Layer& layer) {
  model_.places.emplace_back(
      layer.layer_index,
      layer.is_pipe ? static_cast<int>(&layer - model_.layers[static_cast<std::size_t>(layer.layer_index)].pipes.data())
                    : -1);
  if (!layer.name.empty() && !names_.emplace(layer.name, layer.id).second)
    throw Error(Code::invalid_model, {.message = "two layers or pipes are called \"" + layer.name + "\"",
                                      .reason = "DUPLICATE_NAME",
                                      .path = layer.path + "/name",
                                      .layer = layer.name,
                                      .expected = "different names",
                                      .actual = "\"" + layer.name + "\"",
                                      .hint = "names are unique in a model"});
  if (layer.custom) {
    for (const OperationParameter& parameter : layer.custom->params)
      if (const Json* value = layer.properties.find(parameter.name); value && value->is_text() && parameter.array_type)
        labels_[value->as_text()].push_back({layer.id, parameter.name == "input" ? std::string() : parameter.name});
    return;
  }
  if (!layer.definition) return;
  for (const ParameterDef& parameter : layer.definition->parameters)
    if (const Json* value = layer.properties.find(parameter.name); value && value->is_text())
      labels_[value->as_text()].push_back({layer.id, std::string(parameter.name)});
}

void RouteFinder::entitle(Layer& layer) const {
  if (!layer.name.empty())
    layer.title = layer.name;
  else if (names_.contains(layer.title))
    layer.title = "layers/" + layer.title;
  else if (const Layer& owner = model_.layers[static_cast<std::size_t>(layer.layer_index)];
           layer.is_pipe && owner.net && owner.name.empty())
    layer.title = "pipes/" + layer.title;  // "1/0" is the first layer of the net that layer 1 is
}

void RouteFinder::routes_of(const Layer& source) {
  follow_own(source, Stream::own);
  if (const auto pulls = pulls_.find(source.id); pulls != pulls_.end())
    for (const Route& pull : pulls->second) add(pull, source);
  if (source.history > 0) {
    if (source.history_routed)
      follow(source, source.history_to, Stream::history);
    else if (source.routed && !own_of_last(source))
      follow(source, source.to, Stream::history);
    else
      follow_order(source, Stream::history);
  }
  if (takes_hidden_inputs(source) && (source.routed || source.is_pipe)) hidden_routes_of(source);
}

void RouteFinder::follow_own(const Layer& source, Stream stream) {
  if (!source.routed || own_of_last(source)) follow_order(source, stream);
  if (source.routed) follow(source, source.to, stream);
}

void RouteFinder::hidden_routes_of(const Layer& source) {
  follow_own(source, Stream::hidden);
  const auto pulls = pulls_.find(source.id);
  if (pulls == pulls_.end()) return;
  for (Route pull : pulls->second) {
    pull.hidden = true;
    add(std::move(pull), source);
  }
}

void RouteFinder::follow_order(const Layer& source, Stream stream) {
  const bool is_head = source.layer_index < model_.heads;  // side by side, as the pipes of an input layer are
  const int follower = is_head ? model_.heads : source.layer_index + 1;
  const bool is_last = follower > last();
  if (is_last && (state_.iterator || !model_.outputs.empty())) return;
  const Layer* next = is_last ? nullptr : &model_.layers[static_cast<std::size_t>(follower)];
  if (next && !next->pipe_from.empty()) return;  // it pulls its input: the flow is dropped
  if (next && !takes_flow(*next) && (next->type == "iterator" || pulls_parameters(*next))) return;
  if (is_head && stream == Stream::own && heads_by_name(*next))
    return add({.source = source.id, .target = next->id, .parameter = source.name, .path = source.path}, source);
  if (next && stream != Stream::hidden) check_default_input(source, *next, source.path);
  add({.source = source.id,
       .target = next ? next->id : 0,
       .history = stream == Stream::history,
       .hidden = stream == Stream::hidden,
       .path = source.path},
      source);
}

void RouteFinder::follow(const Layer& source, const std::vector<Target>& targets, Stream stream) {
  std::set<End> seen;
  for (const Target& target : targets) {
    for (End& end : resolve(source, target, stream)) {
      if (!seen.insert(end).second)
        fail(source, Code::invalid_model, "TARGET_TWICE", target.path, "one target stands twice in the list",
             "name it once; to add a value to itself, let a layer of type \"identity\" pipe there too");
      const bool delayed = stream != Stream::history && element(end.id).layer_index <= source.layer_index;
      add({.source = source.id,
           .target = end.id,
           .parameter = std::move(end.parameter),
           .delayed = delayed,
           .history = stream == Stream::history,
           .hidden = stream == Stream::hidden,
           .path = target.path},
          source);
    }
  }
}

void RouteFinder::drop_empty_hidden_routes() {
  std::vector<bool> fed(static_cast<std::size_t>(model_.element_count) + 1, false);
  std::vector<int> next;
  const auto feed = [&](const Route& route) {
    if (route.target == 0 || !route.parameter.empty() || fed[static_cast<std::size_t>(route.target)]) return;
    fed[static_cast<std::size_t>(route.target)] = true;
    next.push_back(route.target);
  };
  std::multimap<int, const Route*> hidden;
  for (const Route& route : model_.routes)
    if (route.hidden)
      hidden.emplace(route.source, &route);
    else
      feed(route);
  while (!next.empty()) {
    const auto [first, end] = hidden.equal_range(next.back());
    next.pop_back();
    for (auto at = first; at != end; ++at) feed(*at->second);
  }
  std::erase_if(model_.routes,
                [&](const Route& route) { return route.hidden && !fed[static_cast<std::size_t>(route.source)]; });
}

void RouteFinder::bind_nets_by_name() {
  for (const Layer& layer : model_.layers) {
    if (layer.type != "net" || !layer.net || !layer.pipes.empty() || !layer.pipe_from.empty()) continue;
    const std::vector<std::string> names = input_names(*layer.net);
    std::vector<Route*> flows;
    std::set<std::string_view> sources;
    for (Route& route : model_.routes) {
      if (route.target != layer.id || !route.parameter.empty()) continue;
      flows.push_back(&route);
      if (!route.history && !route.hidden) sources.insert(element(route.source).name);
    }
    const bool all = names.size() > 1 && flows.size() == names.size() && sources.size() == names.size() &&
                     std::ranges::all_of(names, [&](const std::string& name) { return sources.contains(name); });
    if (!all || sources.contains("")) continue;
    for (Route* const flow : flows) flow->parameter = element(flow->source).name;
  }
}

bool RouteFinder::heads_by_name(const Layer& next) const {
  std::set<std::string_view> inputs;
  if (next.definition && !next.definition->has_default_input)
    for (const ParameterDef& parameter : next.definition->parameters) inputs.insert(parameter.name);
  if (next.type == "net") {
    const Layer& first = next.net->layers.front();
    if (first.type == "input") inputs.insert(first.name);
    for (const Layer& pipe : first.pipes)
      if (pipe.type == "input") inputs.insert(pipe.name);
    if (inputs.size() != static_cast<std::size_t>(model_.heads)) return false;
  }
  for (int i = 0; i < model_.heads; ++i) {
    const std::string& name = model_.layers[static_cast<std::size_t>(i)].name;
    if (name.empty() || !inputs.contains(name)) return false;
  }
  return true;
}

void RouteFinder::add(Route route, const Layer& source) {
  const std::uint64_t most = state_.context.limits().nodes;
  if (model_.routes.size() / 4 >= most)
    fail(source, Code::limit_exceeded, "NODES", route.path, "the model has too many flows between layers",
         "raise the limit \"nodes\" if this is meant");
  model_.routes.push_back(std::move(route));
}

void RouteFinder::check_fed(const Layer& layer) {
  if (layer.layer_index == 0 || layer.layer_index < model_.heads) return;
  if (fed_.empty())
    for (const Route& route : model_.routes) fed_.insert(route.target);
  const bool shared = fed_.contains(layer.id) || !layer.pipe_from.empty();
  const auto check = [&](const Layer& part) {
    if (!part.operates() || part.type == "input" || shared || fed_.contains(part.id) || !part.pipe_from.empty()) return;
    const bool by_parameter = !takes_flow(part);
    if (!by_parameter)
      fail(part, Code::invalid_model, "NO_INPUT", part.path,
           "nothing flows into this " + std::string(part.is_pipe ? "pipe" : "layer"),
           "give it to some layer's \"to\", or remove it");
  };
  check(layer);
  for (const Layer& pipe : layer.pipes) check(pipe);
}

void resolve_routes(const ParseState& state, Model& model) { RouteFinder(state, model).run(); }

}  // namespace webai
