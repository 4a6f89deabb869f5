// Who sends to whom: targets by index and name, flows between neighbours, and what is delivered in the next run.
#include <algorithm>
#include <map>
#include <set>

#include "core/base/names.h"
#include "core/model/parse.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void fail(const Layer& source, Code code, std::string reason, std::string path, std::string message,
                       std::string hint = {}) {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = std::move(path),
                     .layer = source.name,
                     .hint = std::move(hint)});
}

bool has_parameter(const Layer& layer, std::string_view name) {
  if (name == "input") return !layer.custom || layer.custom->takes_default_input;
  if (layer.custom) {
    const OperationParameter* parameter = layer.custom->find(name);
    return parameter && parameter->array_type && !parameter->internal_state;
  }
  if (layer.definition)
    return std::ranges::any_of(layer.definition->parameters,
                               [&](const ParameterDef& entry) { return entry.name == name; });
  return layer.operation &&
         std::ranges::any_of(layer.operation->inputs, [&](const InputSpec& entry) { return entry.name == name; });
}

struct End {
  int id = 0;
  std::string parameter;
  friend auto operator<=>(const End&, const End&) = default;
};

class RouteFinder {
 public:
  RouteFinder(const ParseState& state, Model& model) : state_(state), model_(model) {}

  void run() {
    for (const Layer& layer : model_.layers) {
      collect(layer);
      for (const Layer& pipe : layer.pipes) collect(pipe);
    }
    for (Layer& layer : model_.layers) {
      entitle(layer);
      for (Layer& pipe : layer.pipes) entitle(pipe);
    }
    for (const Layer& layer : model_.layers) {
      if (layer.operates()) routes_of(layer);
      for (const Layer& pipe : layer.pipes) routes_of(pipe);
    }
    for (const Layer& layer : model_.layers) check_fed(layer);
    if (!state_.in_iterator && std::ranges::find(model_.routes, 0, &Route::target) == model_.routes.end())
      fail(model_.layers.back(), Code::invalid_model, "NO_OUTPUT", model_.layers.back().path,
           "nothing flows out of the model", "leave \"to\" out of one pipe of the last layer");
  }

 private:
  void collect(const Layer& layer) {
    model_.places.emplace_back(
        layer.layer_index,
        layer.is_pipe
            ? static_cast<int>(&layer - model_.layers[static_cast<std::size_t>(layer.layer_index)].pipes.data())
            : -1);
    if (!layer.name.empty() && !names_.emplace(layer.name, layer.id).second)
      throw Error(Code::invalid_model, {.message = "two layers or pipes are called \"" + layer.name + "\"",
                                        .reason = "DUPLICATE_NAME",
                                        .path = layer.path + "/name",
                                        .layer = layer.name,
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

  // The author's name, else the number unless some other layer is called so. No name contains a slash.
  void entitle(Layer& layer) const {
    if (!layer.name.empty())
      layer.title = layer.name;
    else if (names_.contains(layer.title))
      layer.title = "layers/" + layer.title;
  }

  const Layer& element(int id) const { return model_.element(id); }
  int last() const { return static_cast<int>(model_.layers.size()) - 1; }

  void routes_of(const Layer& source) {
    const bool own_of_last = source.layer_index == last() && !source.is_pipe;
    if (!source.routed || own_of_last) follow_order(source, false);
    if (source.routed) follow(source, source.to, false);
    if (source.history == 0) return;
    if (source.history_routed)
      follow(source, source.history_to, true);
    else if (source.routed && !own_of_last)
      follow(source, source.to, true);
    else
      follow_order(source, true);
  }

  // To the next layer, or out of the model.
  void follow_order(const Layer& source, bool history) {
    const bool is_last = source.layer_index == last();
    const Layer* next = is_last ? nullptr : &model_.layers[static_cast<std::size_t>(source.layer_index) + 1];
    if (next && !next->pipe_from.empty()) return;  // it pulls its input: the flow is dropped
    if (next) check_default_input(source, *next, source.path);
    add({.source = source.id, .target = next ? next->id : 0, .history = history, .path = source.path}, source);
  }

  void follow(const Layer& source, const std::vector<Target>& targets, bool history) {
    std::set<End> seen;
    for (const Target& target : targets) {
      for (End& end : resolve(source, target)) {
        if (!seen.insert(end).second)
          fail(source, Code::invalid_model, "TARGET_TWICE", target.path, "one target stands twice in the list");
        const bool delayed = !history && element(end.id).layer_index <= source.layer_index;
        add({.source = source.id,
             .target = end.id,
             .parameter = std::move(end.parameter),
             .delayed = delayed,
             .history = history,
             .path = target.path},
            source);
      }
    }
  }

  // One label may stand for many ends: what comes of a few words is bounded too.
  void add(Route route, const Layer& source) {
    const std::uint64_t most = state_.context.limits().nodes;
    if (model_.routes.size() / 4 >= most)
      fail(source, Code::limit_exceeded, "NODES", route.path, "the model has too many flows between layers",
           "raise the limit \"nodes\" if this is meant");
    model_.routes.push_back(std::move(route));
  }

  void check_default_input(const Layer& source, const Layer& target, const std::string& path) const {
    const bool takes = target.custom ? target.custom->takes_default_input
                                     : !target.definition || target.definition->has_default_input;
    if (takes) return;
    fail(source, Code::invalid_model, "NO_DEFAULT_INPUT", path,
         "\"" + target.title + "\" of type \"" + target.type + "\" has no default input",
         "name one of its parameters: \"" + target.title + ".parameter\"");
  }

  std::vector<End> resolve(const Layer& source, const Target& target) {
    if (target.index) {
      if (*target.index > last())
        fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
             "there is no layer " + std::to_string(*target.index) + ": the last one is " + std::to_string(last()));
      const Layer& layer = model_.layers[static_cast<std::size_t>(*target.index)];
      check_default_input(source, layer, target.path);
      return {{layer.id, {}}};
    }
    if (const auto label = labels_.find(target.name); label != labels_.end()) return label->second;
    if (const std::size_t dot = target.name.find('.'); dot != std::string::npos) {
      const auto owner = names_.find(std::string_view(target.name).substr(0, dot));
      if (owner != names_.end()) return {parameter_end(source, target, owner->second, target.name.substr(dot + 1))};
    } else if (const auto named = names_.find(target.name); named != names_.end()) {
      check_default_input(source, element(named->second), target.path);
      return {{named->second, {}}};
    }
    if (state_.in_iterator) return {};  // a state or label of the iterator around: resolved there
    std::vector<std::string_view> known;
    for (const auto& [name, id] : names_) known.push_back(name);
    for (const auto& [name, ends] : labels_) known.push_back(name);
    const std::string near = nearest_name(target.name, known);
    fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path, "nothing here is called \"" + target.name + "\"",
         near.empty() ? "" : "did you mean \"" + near + "\"?");
  }

  End parameter_end(const Layer& source, const Target& target, int id, std::string parameter) const {
    const Layer& owner = element(id);
    if (has_parameter(owner, parameter)) return {id, parameter == "input" ? std::string() : std::move(parameter)};
    std::vector<std::string_view> known = {"input"};
    if (owner.definition)
      for (const ParameterDef& entry : owner.definition->parameters) known.push_back(entry.name);
    if (owner.custom)
      for (const OperationParameter& entry : owner.custom->params) known.push_back(entry.name);
    const std::string near = nearest_name(parameter, known);
    fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
         "\"" + owner.name + "\" has no parameter \"" + parameter + "\"",
         near.empty() ? "" : "did you mean \"" + owner.name + "." + near + "\"?");
  }

  void check_fed(const Layer& layer) {
    if (layer.layer_index == 0 || state_.in_iterator) return;
    if (fed_.empty())
      for (const Route& route : model_.routes) fed_.insert(route.target);
    const bool shared = fed_.contains(layer.id) || !layer.pipe_from.empty();
    const auto check = [&](const Layer& part) {
      if (!part.operates() || part.type == "input" || shared || fed_.contains(part.id) || !part.pipe_from.empty())
        return;
      const bool by_parameter = part.custom ? !part.custom->takes_default_input
                                            : part.definition && !part.definition->has_default_input;
      if (!by_parameter)
        fail(part, Code::invalid_model, "NO_INPUT", part.path,
             "nothing flows into this " + std::string(part.is_pipe ? "pipe" : "layer"),
             "give it to some layer's \"to\", or remove it");
    };
    check(layer);
    for (const Layer& pipe : layer.pipes) check(pipe);
  }

  const ParseState& state_;
  Model& model_;
  std::map<std::string, int, std::less<>> names_;
  std::map<std::string, std::vector<End>, std::less<>> labels_;
  std::set<int> fed_;
};

}  // namespace

const Layer& Model::element(int id) const {
  const auto [layer, pipe] = places.at(static_cast<std::size_t>(id) - 1);
  const Layer& owner = layers[static_cast<std::size_t>(layer)];
  return pipe < 0 ? owner : owner.pipes[static_cast<std::size_t>(pipe)];
}

void resolve_routes(const ParseState& state, Model& model) { RouteFinder(state, model).run(); }

}  // namespace webai
