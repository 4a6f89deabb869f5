// Who sends to whom: targets by index and name, pulls, flows between neighbours, and what is delivered in the next run.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

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
    if (state_.iterator) {
      add_implied_pulls();
      check_states_written();
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

  enum class Stream : std::uint8_t { own, history, hidden };

  // Its values, then their history, then the hidden inputs that take the same way.
  void routes_of(const Layer& source) {
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

  bool own_of_last(const Layer& source) const { return source.layer_index == last() && !source.is_pipe; }

  // The way of a layer's own values.
  void follow_own(const Layer& source, Stream stream) {
    if (!source.routed || own_of_last(source)) follow_order(source, stream);
    if (source.routed) follow(source, source.to, stream);
  }

  void hidden_routes_of(const Layer& source) {
    follow_own(source, Stream::hidden);
    const auto pulls = pulls_.find(source.id);
    if (pulls == pulls_.end()) return;
    for (Route pull : pulls->second) {
      pull.hidden = true;
      add(std::move(pull), source);
    }
  }

  // To the next layer, or out of the model.
  void follow_order(const Layer& source, Stream stream) {
    const bool is_head = source.layer_index < model_.heads;  // side by side, as the pipes of an input layer are
    const int follower = is_head ? model_.heads : source.layer_index + 1;
    const bool is_last = follower > last();
    if (is_last && (state_.iterator || !model_.outputs.empty())) return;
    const Layer* next = is_last ? nullptr : &model_.layers[static_cast<std::size_t>(follower)];
    if (next && !next->pipe_from.empty()) return;  // it pulls its input: the flow is dropped
    if (next && next->type == "iterator" && !takes_flow(*next)) return;
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

  void follow(const Layer& source, const std::vector<Target>& targets, Stream stream) {
    std::set<End> seen;
    for (const Target& target : targets) {
      for (End& end : resolve(source, target, stream)) {
        if (!seen.insert(end).second)
          fail(source, Code::invalid_model, "TARGET_TWICE", target.path, "one target stands twice in the list");
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

  // Hidden inputs are there only where something is piped into the input.
  void drop_empty_hidden_routes() {
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

  // The heads feed the first layer behind them by name when each of them is called like one of its inputs.
  bool heads_by_name(const Layer& next) const {
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

  // What an iterator starts from and what its net pulls from around it.
  void collect_iterator_pulls(const Layer& target) {
    std::map<std::string, std::string, std::less<>> names;  // and where each is written
    for (const StateVariable& variable : target.states)
      if (!variable.pipe_from.empty()) names.emplace(variable.pipe_from, variable.path + "/pipeFrom");
    for (const OutsidePull& pull : target.net->outside)
      if (!pull.name.starts_with("iterator:") && std::ranges::find(target.states, pull.name, &StateVariable::name) == target.states.end())
        names.emplace(pull.name, pull.path);
    for (const auto& [name, path] : names)
      collect_pull(target, pulled_parameter(name), name, path, target.layer_index == 0 && !state_.iterator);
  }

  // x of an update step is the state it writes, t the iterator's step, where nothing else is said.
  void add_implied_pulls() {
    for (int id = 1; id <= model_.element_count; ++id) {
      const Layer& layer = element(id);
      if (!layer.definition) continue;
      for (const ParameterDef& parameter : layer.definition->parameters) {
        const auto given = [&](const auto& one) { return one.target == id && one.parameter == parameter.name; };
        if (parameter.implied.empty() || std::ranges::any_of(model_.routes, given) || std::ranges::any_of(model_.outside, given))
          continue;
        const auto written = std::ranges::find(model_.outputs, id, &ModelOutput::source);
        const bool state = parameter.implied == "state";
        if (state && written == model_.outputs.end()) continue;
        model_.outside.push_back({id, std::string(parameter.name), state ? written->name : std::string(parameter.implied), layer.path});
      }
    }
  }

  void check_states_written() {
    std::vector<ModelOutput> writes;
    for (const StateVariable& variable : state_.iterator->states) {
      const auto is_it = [&](const ModelOutput& output) { return output.name == variable.name; };
      const auto first = std::ranges::find_if(model_.outputs, is_it);
      const auto refuse = [&](const std::string& path, std::string message, std::string hint) {
        throw Error(Code::invalid_model, {.message = std::move(message),
                                          .reason = "STATE_WRITE",
                                          .path = path,
                                          .layer = state_.iterator->name,
                                          .hint = std::move(hint)});
      };
      if (first == model_.outputs.end())
        refuse(variable.path, "nothing writes the state \"" + variable.name + "\"", "name it in the \"to\" of one layer of the net");
      const auto second = std::find_if(first + 1, model_.outputs.end(), is_it);
      if (second != model_.outputs.end())
        refuse(second->path, "the state \"" + variable.name + "\" is written twice in one step", "one layer writes a state");
      writes.push_back(*first);
    }
    model_.outputs = std::move(writes);
  }

  void collect_pulls(const Layer& target) {
    if (target.type == "iterator" && target.net) collect_iterator_pulls(target);
    if (!target.pipe_from.empty()) collect_pull(target, {}, target.pipe_from, target.path + "/pipeFrom");
    std::vector<std::string_view> parameters;
    if (target.definition)
      for (const ParameterDef& parameter : target.definition->parameters) parameters.push_back(parameter.name);
    if (target.custom)
      for (const OperationParameter& parameter : target.custom->params)
        if (parameter.array_type) parameters.push_back(parameter.name);
    for (const std::string_view parameter : parameters) {
      const Json* value = target.properties.find(parameter);
      const Json* from = value && value->is_object() ? value->find("pipeFrom") : nullptr;
      if (!from) continue;
      const std::string path = pointer_to(pointer_to(target.path, parameter), "pipeFrom");
      if (!from->is_text() || from->as_text().empty())
        wrong_value(path, "pipeFrom", "the name of a layer or pipe", *from);
      collect_pull(target, parameter == "input" ? std::string() : std::string(parameter), from->as_text(), path);
    }
  }

  void collect_pull(const Layer& target, std::string parameter, const std::string& from, const std::string& path,
                    bool may_be_input = false) {
    const auto producer = find_producer(from, target, path, may_be_input);
    if (!producer) {
      if (state_.iterator) model_.outside.push_back({target.id, std::move(parameter), from, path});
      return;
    }
    pulls_[producer->first].push_back({.source = producer->first,
                                       .target = target.id,
                                       .parameter = std::move(parameter),
                                       .pulled = true,
                                       .path = path,
                                       .output = producer->second});
  }

  // "producer", "producer:0" or "producer:name"; a layer without a name by its number.
  // In an iterator's net nothing, where the name means what is around it; nor where it may be an input of the model.
  std::optional<std::pair<int, std::string>> find_producer(const std::string& from, const Layer& target,
                                                           const std::string& path, bool may_be_input) const {
    const std::string& puller = target.name;
    const std::size_t colon = from.find(':');
    const std::string name = from.substr(0, colon);
    std::string output = colon == std::string::npos ? std::string() : from.substr(colon + 1);
    const Layer* producer = nullptr;
    if (const auto named = names_.find(name); named != names_.end()) {
      producer = &element(named->second);
    } else {
      int index = -1;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (error == std::errc() && end == name.data() + name.size() && index >= 0 && index <= last())
        producer = &model_.layers[static_cast<std::size_t>(index)];
    }
    const auto refuse = [&](std::string message, std::string hint) {
      throw Error(Code::invalid_model, {.message = std::move(message),
                                        .reason = "TARGET_UNKNOWN",
                                        .path = path,
                                        .layer = puller,
                                        .hint = std::move(hint)});
    };
    if (state_.iterator && name == "iterator" && colon != std::string::npos) {
      if (output == "step" || output == "index") return {};
      refuse("an iterator has no \"" + output + "\" to pull", "pull \"iterator:step\" or \"iterator:index\"");
    }
    if (state_.iterator && producer == &target) return {};  // a state that its reader is named after
    if (!producer) {
      if ((state_.iterator || may_be_input) && colon == std::string::npos) return {};
      std::vector<std::string_view> known;
      for (const auto& [key, id] : names_) known.push_back(key);
      const std::string near = nearest_name(name, known);
      refuse("nothing here is called \"" + name + "\"", near.empty() ? "" : "did you mean \"" + near + "\"?");
    }
    if (!producer->operates())
      refuse("\"" + name + "\" is made of pipes only and gives nothing itself", "pull from one of its pipes");
    if (!output.empty() && output != "0" && !producer->net)
      refuse("\"" + name + "\" has one output, there is no \"" + output + "\"", "pull from \"" + name + "\"");
    return std::pair(producer->id, std::move(output));
  }

  void collect_outputs() {
    for (ModelOutput& output : model_.outputs) {
      const auto producer = find_producer(output.output, Layer(), pointer_to(output.path, "pipeFrom"), false);
      if (!producer)
        throw Error(Code::invalid_model, {.message = "nothing here is called \"" + output.output + "\"",
                                          .reason = "TARGET_UNKNOWN",
                                          .path = pointer_to(output.path, "pipeFrom")});
      std::tie(output.source, output.output) = *producer;
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
    if (takes_flow(target)) return;
    if (target.type == "iterator")
      fail(source, Code::invalid_model, "NO_DEFAULT_INPUT", path,
           "the net of \"" + target.title + "\" pulls all that it needs: nothing can flow into it",
           "pull with \"pipeFrom\", or give its net an input layer");
    fail(source, Code::invalid_model, "NO_DEFAULT_INPUT", path,
         "\"" + target.title + "\" of type \"" + target.type + "\" has no default input",
         "name one of its parameters: \"" + target.title + ".parameter\"");
  }

  std::vector<End> resolve(const Layer& source, const Target& target, Stream stream) {
    if (target.index) {
      if (*target.index > last())
        fail(source, Code::invalid_model, "TARGET_UNKNOWN", target.path,
             "there is no layer " + std::to_string(*target.index) + ": the last one is " + std::to_string(last()),
             "layers count from 0, the input layer");
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
    std::vector<std::string_view> known;
    if (state_.iterator) {
      for (const StateVariable& variable : state_.iterator->states) {
        known.push_back(variable.name);
        if (variable.name != target.name) continue;
        if (stream == Stream::history)
          fail(source, Code::invalid_model, "STATE_WRITE", target.path, "a history cannot be written to a state",
               "write the layer's own values with \"to\"");
        if (stream == Stream::own) model_.outputs.push_back({target.name, source.id, {}, target.path});
        return {};
      }
    }
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
    if (layer.layer_index == 0 || layer.layer_index < model_.heads) return;
    if (fed_.empty())
      for (const Route& route : model_.routes) fed_.insert(route.target);
    const bool shared = fed_.contains(layer.id) || !layer.pipe_from.empty();
    const auto check = [&](const Layer& part) {
      if (!part.operates() || part.type == "input" || shared || fed_.contains(part.id) || !part.pipe_from.empty())
        return;
      const bool by_parameter = !takes_flow(part);
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
  std::map<int, std::vector<Route>> pulls_;  // by the id of their source
  std::set<int> fed_;
};

}  // namespace

void resolve_routes(const ParseState& state, Model& model) { RouteFinder(state, model).run(); }

}  // namespace webai
