// One layer or pipe: shorthand to object, type, activation, size, targets.
#include <algorithm>
#include <cmath>

#include "core/base/names.h"
#include "core/model/integer_code.h"
#include "core/model/json.h"
#include "core/model/layer_error.h"
#include "core/model/parse.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::int64_t longest_history = 65535;
constexpr std::size_t deepest_net = 64;

constexpr const char* first_types = "\"input\", \"net\", \"iterator\" or an operation for the first layer";

Json expand_shorthand(const Json& json, const std::string& path, bool is_pipe) {
  if (json.is_object()) return json;
  if (json.is_number() || (json.is_array() && json.size() > 0)) return Json::object({{"size", json}});
  const std::string noun = is_pipe ? "a pipe" : "a layer";
  throw Error(Code::invalid_model,
              {.message = noun + " is a number, an array of numbers or an object, got " + describe(json),
               .reason = "LAYER_KIND",
               .path = path,
               .expected = "a number, an array of numbers or an object",
               .actual = describe(json),
               .hint = "3 is short for {\"size\": 3}, [2, 3] for {\"size\": [2, 3]}"});
}

class LayerParser {
 public:
  LayerParser(ParseState& state, Model& model, Layer& layer) : state_(state), model_(model), layer_(layer) {}

  void run(const Json& json) {
    if (++state_.elements > state_.context.limits().nodes)
      fail(layer_, Code::limit_exceeded, "NODES", layer_.path,
           "the model has more than " + std::to_string(state_.context.limits().nodes) + " layers and pipes",
           "raise the limit \"nodes\" if this is meant");
    layer_.id = ++model_.element_count;
    layer_.properties = with_canonical_keys(expand_shorthand(json, layer_.path, layer_.is_pipe), Scope::layer,
                                            layer_.path, state_.aliases);
    layer_.name = name();
    if (const Json* label = property("label")) layer_.label = text(*label, "label");
    type();
    activation();
    explicit_batch();
    old_values();
    check_layer_words(state_, layer_, computed_in(model_.type));
    if (const Json* size = property("size")) layer_.size = parse_size(state_.context, model_, layer_, *size);
    check_size_given();
    targets();
    pull();
    if (const Json* hints = property("shapeHints")) layer_.hints = parse_shape_hints(layer_, *hints);
    net();
    check_pipes_only();
  }

 private:
  const Json* property(std::string_view key) const { return layer_.properties.find(key); }
  std::string at(std::string_view key) const { return pointer_to(layer_.path, key); }

  std::string text(const Json& value, std::string_view key) const {
    if (!value.is_text() || value.as_text().empty()) wrong_value(at(key), key, "a text that is not empty", value);
    return value.as_text();
  }

  std::string name() const {
    const Json* value = property("name");
    if (!value) return {};
    const std::string name = text(*value, "name");
    if (name.find_first_of(".:/") != std::string::npos ||
        std::string_view("*!@~&$#^%").find(name[0]) != std::string::npos)
      fail(layer_, Code::invalid_model, "NAME", at("name"), "\"" + name + "\" cannot be a name",
           "names contain no . : / and start with none of * ! @ ~ & $ # ^ %; put such a name into \"label\"");
    return name;
  }

  void domain() {
    layer_.domain = model_.domain;
    if (const Json* value = property("domain")) layer_.domain = text(*value, "domain");
    check_domain(state_, layer_.domain, at("domain"));
    said_domain_ = layer_.domain;
  }

  // Of the root where the layer is in its domain, else of the layer's own domain.
  const std::string& default_type() const {
    const DomainDefinition* own =
        layer_.domain == model_.domain ? nullptr : state_.definitions->domain(layer_.domain);
    const std::string& type = own ? own->default_operation_type : model_.default_type;
    if (type.empty())
      fail(layer_, Code::invalid_model, "NO_TYPE", layer_.path,
           "the domain \"" + layer_.domain + "\" has no operation for layers that name none",
           "give the layer a \"type\"");
    return type;
  }

  void type() {
    domain();
    const bool first = layer_.layer_index == 0 || layer_.layer_index < model_.heads;
    const Json* given = property("type");
    if (given) {
      layer_.type = canonical_type(text(*given, "type"), at("type"), state_.aliases);
    } else if (!layer_.is_pipe && property("pipes") && property("pipes")->size() > 0 && !property("size")) {
      return;  // of pipes only
    } else {
      layer_.type = first ? "input" : default_type();
    }
    if (const std::size_t hash = layer_.type.find('#'); hash != std::string::npos) {
      layer_.domain = layer_.type.substr(0, hash);
      layer_.type.erase(0, hash + 1);
    }
    layer_.custom = find_custom(state_, model_, layer_.domain, layer_.type);
    if (layer_.custom) return custom(first, given ? at("type") : layer_.path);
    if (layer_.domain == "core" || layer_.type == "input" || layer_.type == "net" || layer_.type == "iterator")
      layer_.definition = find_layer_definition(layer_.type);
    if (!layer_.definition) operator_as_layer(given ? at("type") : layer_.path);
    const bool allowed = layer_.definition && layer_.definition->on_first_layer;
    if (first && !allowed)
      fail(layer_, Code::invalid_model, "FIRST_LAYER_TYPE", at("type"),
           "the first layer takes the inputs and cannot be of type \"" + layer_.type + "\"",
           "put an input layer in front, such as a number of inputs", first_types, "\"" + layer_.type + "\"");
  }

  // An operation of the program may name its input as it does other arrays: {"input": {"pipeFrom": "a"}}.
  void pull() {
    const Json* from = property("pipeFrom");
    const Json* input = layer_.custom ? property("input") : nullptr;
    const Json* inner = input && input->is_object() ? input->find("pipeFrom") : nullptr;
    if (from) layer_.pipe_from = text(*from, "pipeFrom");
    if (!inner) return;
    if (from)
      fail(layer_, Code::invalid_model, "ALIAS_CONFLICT", at("input"), "the layer pulls its input twice",
           "keep \"pipeFrom\" alone",
           "\"" + layer_.pipe_from + "\"", describe(*inner));
    if (!inner->is_text() || inner->as_text().empty())
      wrong_value(at("input") + "/pipeFrom", "pipeFrom", "the name of a layer or pipe", *inner);
    layer_.pipe_from = inner->as_text();
  }

  void custom(bool first, const std::string& path) {
    const UserOperation& operation = *layer_.custom;
    if (first && !operation.allowed_on_first_layer)
      fail(layer_, Code::invalid_model, "FIRST_LAYER_TYPE", path,
           "the operation \"" + operation.name + "\" is not allowed on the first layer",
           "put an input layer in front, such as a number of inputs", first_types, "\"" + layer_.type + "\"");
    if (operation.type && *operation.type != model_.type)
      throw Error(Code::unsupported, {.message = "the operation \"" + operation.name + "\" works in " +
                                                 std::string(name_of(*operation.type)) + " alone",
                                      .reason = "DATATYPE",
                                      .path = path,
                                      .layer = layer_.name,
                                      .operation = operation.name,
                                      .expected = std::string(name_of(*operation.type)),
                                      .actual = std::string(name_of(model_.type)),
                                      .hint = "let the model say \"dataType\": \"" +
                                              std::string(name_of(*operation.type)) + "\""});
    const bool says_its_size = operation.activation || (operation.explicit_batch && operation.composed);
    if (!property("size") && !operation.size && !says_its_size)
      fail(layer_, Code::invalid_model, "NO_SIZE", layer_.path, owner_of(layer_) + " needs a size",
           "say what comes out, or give the operation a default for \"size\"", "a size", "none");
  }

  void operator_as_layer(const std::string& path) {
    const OpDef* operation = state_.registry.find(layer_.domain, layer_.type);
    if (!operation) {
      std::vector<std::string_view> known;
      for (const LayerDef* definition : layer_definitions()) known.push_back(definition->name);
      const auto operations = state_.registry.all(layer_.domain);
      for (const OpDef* other : operations)
        if (stands_as_layer(*other)) known.push_back(other->name);
      for (const auto* list : {&state_.definitions->operations, &std::as_const(model_).operations})
        for (const auto& other : *list)
          if (other->domain == layer_.domain) known.push_back(other->name);
      fail(layer_, Code::not_found, "OPERATION", path, "there is no layer type \"" + layer_.type + "\"",
           did_you_mean(layer_.type, known, "docs/model-format.md tells the types; leave it out for neurons"),
           one_of(known),
           "\"" + layer_.type + "\"");
    }
    if (!stands_as_layer(*operation))
      fail(layer_, Code::unsupported, "OPERATION_AS_LAYER", path,
           "the operator \"" + layer_.type + "\" cannot stand as a layer",
           "activations and the layer types of the core domain can", "a layer type or an activation", "\"" +
               layer_.type + "\"");
    layer_.operation = operation;
  }

  static bool stands_as_layer(const OpDef& operation) {
    return operation.activation && std::ranges::count(operation.inputs, InputSpec::required, &InputSpec::presence) == 1;
  }

  void activation() {
    const Json* given = property("activation");
    layer_.activation_given = given != nullptr;
    if (given) {
      if (given->is_null()) return;
      if (!given->is_text() || given->as_text().empty())
        wrong_value(at("activation"), "activation", "the name of an activation, or null", *given);
      layer_.activation = given->as_text();
    } else if (layer_.custom) {
      if (layer_.custom->takes_activation) layer_.activation = model_.activation;
    } else if (layer_.definition && layer_.definition->takes_default_activation) {
      layer_.activation = model_.activation_given || !model_.activation.empty() ? model_.activation
                                                                                   : layer_.definition->own_activation;
    }
    if (layer_.activation.empty()) return;
    // A type that is borrowed from another domain brings that one's activations; those of the model's own domain stay
    // known.
    if (said_domain_ != "core" && said_domain_ != layer_.domain &&
        !is_activation(state_, model_, layer_.domain, layer_.activation) &&
        is_activation(state_, model_, said_domain_, layer_.activation))
      layer_.activation = said_domain_ + "#" + layer_.activation;
    layer_.custom_activation =
        check_activation(state_, model_, layer_.domain, layer_.activation, given ? at("activation") : "/activation");
  }

  // Where sizes are whole shapes, no layer can take their first dimension for a batch.
  void explicit_batch() const {
    const std::string path = property("type") ? at("type") : layer_.path;
    if (layer_.custom) check_explicit_batch(*layer_.custom, model_.explicit_batch, path);
    if (layer_.custom_activation)
      check_explicit_batch(*layer_.custom_activation, model_.explicit_batch,
                           property("activation") ? at("activation") : layer_.path);
    if (!model_.explicit_batch || !layer_.definition || layer_.type == "input") return;
    fail(layer_, Code::unsupported, "EXPLICIT_BATCH", path,
         owner_of(layer_) + " works on samples of a batch; in the domain \"" + model_.domain +
             "\" sizes are whole shapes",
         "use an operation of that domain or an activation, or a domain without \"explicitBatch\"");
  }

  // Old words that are values, not keys.
  void old_values() {
    const Json* connections = property("connections");
    if (!layer_.custom && connections && connections->is_text() && connections->as_text() == "every-to-every") {
      state_.aliases.used("every-to-every", "all-to-all", at("connections"));
      layer_.properties = layer_.properties.with("connections", Json::text("all-to-all"));
    }
    for (const auto& operation : {layer_.custom, layer_.custom_activation})
      if (operation)
        for (const OperationParameter& parameter : operation->params)
          if (const Json* value = property(parameter.name); value && value->is_object())
            layer_.properties = layer_.properties.with(
                parameter.name, with_canonical_keys(*value, Scope::data, at(parameter.name), state_.aliases));
  }

  void check_size_given() const {
    const bool needed = layer_.definition && layer_.definition->size == SizeRule::required;
    if (!needed || layer_.size || property("pipeFrom")) return;
    const bool input = layer_.type == "input";
    fail(layer_, Code::invalid_model, "NO_SIZE", layer_.path, owner_of(layer_) + " needs a size",
         input ? "say how many values come in: \"size\": 4" : "say what comes out: \"size\": [28, 28, 1]",
         "a size", "none");
  }

  std::vector<Target> target_list(std::string_view key) const {
    const Json& value = *property(key);
    std::vector<Target> list;
    const auto one = [&](const Json& item, std::string path) {
      Target target{.path = std::move(path)};
      if (item.is_text() && !item.as_text().empty())
        target.name = item.as_text();
      else if (item.is_number() && item.as_integer() && *item.as_integer() >= 0)
        target.index = item.as_integer();
      else
        wrong_value(target.path, key, "a name or the index of a layer", item);
      list.push_back(std::move(target));
    };
    if (!value.is_array()) {
      one(value, at(key));
    } else {
      for (std::size_t i = 0; i < value.size(); ++i) one(value.at(i), pointer_to(at(key), i));
    }
    return list;
  }

  void targets() {
    if (property("to")) {
      layer_.routed = true;
      layer_.to = target_list("to");
    }
    if (const Json* history = property("history")) {
      const auto steps = history->is_number() ? history->as_integer() : std::nullopt;
      if (!steps || *steps < 1 || *steps > longest_history)
        wrong_value(at("history"), "history", "a whole number from 1 to " + std::to_string(longest_history), *history);
      layer_.history = *steps;
    }
    if (!property("historyTo")) return;
    if (layer_.history == 0)
      fail(layer_, Code::invalid_model, "HISTORY_TO", at("historyTo"), "\"historyTo\" needs \"history\"",
           "say how many earlier values to keep: \"history\": 1");
    layer_.history_routed = true;
    layer_.history_to = target_list("historyTo");
  }

  void net() {
    if (layer_.type == "iterator") parse_iterator(state_.context, layer_);
    const Json* inner = property("net");
    if (!inner) return;
    if (!inner->is_object()) wrong_value(at("net"), "net", "a model object", *inner);
    if (state_.depth + 1 > deepest_net)
      fail(layer_, Code::limit_exceeded, "NET_DEPTH", at("net"),
           "nets stand in nets more than " + std::to_string(deepest_net) + " deep",
           "put layers of inner nets beside each other");
    ParseState inner_state{.context = state_.context,
                           .registry = state_.registry,
                           .options = state_.options,
                           .aliases = state_.aliases,
                           .elements = state_.elements,
                           .depth = state_.depth + 1,
                           .path = at("net"),
                           .outer = &model_,
                           .iterator = layer_.type == "iterator" ? &layer_ : nullptr,
                           .definitions = state_.definitions};
    layer_.net = std::make_shared<const Model>(parse_model_object(inner_state, *inner));
  }

  void check_pipes_only() const {
    if (layer_.operates()) return;
    for (const std::string_view key : {"activation", "to", "history", "historyTo"})
      if (property(key))
        fail(layer_, Code::invalid_model, "PIPES_ONLY", at(key),
             "a layer of pipes only has nothing for \"" + std::string(key) + "\" to act on",
             "give it to the pipes, or give the layer a size");
  }

  ParseState& state_;
  Model& model_;
  Layer& layer_;
  std::string said_domain_;  // of the layer or the model, where the type names another one in front
};

}  // namespace

Layer parse_layer(ParseState& state, Model& model, const Json& json, int index) {
  Layer layer;
  layer.path = pointer_to(state.path + "/layers", static_cast<std::size_t>(index));
  layer.title = std::to_string(index);
  layer.layer_index = index;
  LayerParser(state, model, layer).run(json);
  const Json* pipes = layer.properties.find("pipes");
  if (!pipes) return layer;
  // Places are named as the author spelt them: what is exported finds its way back.
  const std::string path = pointer_to(layer.path, json.find("pipes") ? "pipes" : "pipe");
  if (!pipes->is_array()) wrong_value(path, "pipes", "an array of pipes", *pipes);
  if (pipes->size() > state.context.limits().nodes)
    fail(layer, Code::limit_exceeded, "NODES", path, "the layer has " + std::to_string(pipes->size()) + " pipes",
         "raise the limit \"nodes\" if this is meant");
  for (std::size_t i = 0; i < pipes->size(); ++i) {
    Layer pipe;
    pipe.path = pointer_to(path, i);
    pipe.title = layer.title + "/" + std::to_string(i);
    pipe.layer_index = index;
    pipe.is_pipe = true;
    LayerParser(state, model, pipe).run(pipes->at(i));
    layer.pipes.push_back(std::move(pipe));
  }
  return layer;
}

}  // namespace webai
