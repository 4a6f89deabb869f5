// Root, layers by type, routes, setup, io, operations: one function for each part of the schema.
#include "core/model/schema.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "core/model/definitions.h"
#include "core/model/io.h"
#include "core/model/schema_words.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/shape.hpp"

namespace webai {
namespace {

using namespace schema;

constexpr std::string_view old_root_types[] = {"NN", "RNN", "LSTM", "GRU", "standard"};

Json fallback_of(const PropertyDef& definition) {
  const std::string_view text = definition.fallback;
  if (text == "true" || text == "false") return Json::boolean(text == "true");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return Json::number(number);
  return Json::text(std::string(text));
}

Json of_kind(const PropertyDef& definition) {
  switch (definition.kind) {
    case PropertyKind::boolean:
      return type("boolean");
    case PropertyKind::number:
      return type("number");
    case PropertyKind::positive:
      return Json::object({{"type", Json::text("number")}, {"exclusiveMinimum", Json::integer(0)}});
    case PropertyKind::share:
      return Json::object({{"type", Json::text("number")}, {"minimum", Json::integer(0)}, {"maximum", Json::integer(1)}});
    case PropertyKind::part:
      return Json::object({{"type", Json::text("number")}, {"minimum", Json::integer(0)}, {"exclusiveMaximum", Json::integer(1)}});
    case PropertyKind::integer:
      return refer("whole");
    case PropertyKind::count:
      return refer("count");
    case PropertyKind::counts:
      return any_of({refer("count"), list(refer("count"), 1)});
    case PropertyKind::padding:
      return any_of(
          {words({"valid", "same"}), refer("whole"), list(any_of({refer("whole"), list(refer("whole"), 2, 2)}), 1)});
    case PropertyKind::text:
      return definition.choices.empty() ? type("string") : words(split(definition.choices));
    case PropertyKind::any:
      break;
  }
  for (const std::string_view known : {"net", "steps", "state", "until", "collect", "connections"})
    if (definition.name == known) return refer(known == "net" ? "model" : known);
  return anything();
}

Json of_attribute(AttributeKind kind) {
  return type(kind == AttributeKind::boolean ? "boolean" : kind == AttributeKind::text ? "string" : "number");
}

class SchemaWriter {
 public:
  SchemaWriter(const Context& context, const Registry& registry)
      : registry_(registry), definitions_(definitions_of(context)) {}

  Json run() {
    words_of_core();
    simple_parts();
    io();
    operations();
    layers();
    define("model", model());
    define("openModel", open_model());
    return Json::object({{"$schema", word("https://json-schema.org/draft/2020-12/schema")},
                         {"title", word("A model of WebAI")},
                         {"description", word("Version 1 of the model language.")},
                         {"$ref", word("#/$defs/model")},
                         {"$defs", Json::object(std::move(parts_))}});
  }

 private:
  void define(std::string_view name, Json part) { parts_.emplace_back(std::string(name), std::move(part)); }

  void words_of_core() {
    const auto add = [&](std::string_view name, const OpDef& op) {
      activations_.push_back(name);
      if (std::ranges::count(op.inputs, InputSpec::required, &InputSpec::presence) == 1 && !find_layer_definition(name))
        activation_types_.push_back(name);
    };
    for (const auto& [alias, op] : registry_.aliases())
      if (op->activation) add(alias, *op);
    for (const OpDef* op : registry_.all("core")) {
      if (!op->activation) continue;
      add(op->name, *op);
      for (const AttributeSpec& entry : op->attributes)
        if (is_constant_of_activation(entry))
          constants_.set(entry.name, described(of_attribute(entry.kind), entry.doc));
    }
    for (const auto& operation : definitions_->operations) {
      if (operation->domain != "core") continue;
      defined_types_.push_back(operation->name);
      if (operation->activation && std::ranges::find(activations_, operation->name) == activations_.end())
        activations_.push_back(operation->name);
    }
  }

  void simple_parts() {
    define("count", whole_from(1));
    define("whole", whole_from(0));
    define("size",
           described(any_of({refer("count"), list(any_of({refer("count"), type("null")}), 1, Shape::max_rank - 1)}),
                     "Without the batch. null: bound by each run."));
    define("text", Json::object({{"type", word("string")}, {"minLength", Json::integer(1)}}));
    define("name", Json::object({{"type", word("string")}, {"pattern", word("^[^.:/*!@~&$#^%][^.:/]*$")}}));
    define("target", any_of({refer("text"), refer("whole")}));
    define("targets",
           described(any_of({refer("target"), list(refer("target"))}),
                     "Layers by index or name, layer.parameter, the label of a parameter, a state variable."));
    define("activation", described(any_of({words(activations_), matching("#"), type("null")}), "null: none."));
    define("parameter", described(any_of({type("number"), type("boolean"), type("null"), type("array"), refer("text"),
                                          closed(Properties().set("pipeFrom", refer("text")), {"pipeFrom"}),
                                          closed(Properties().set("size", any_of({refer("count"), list(refer("count"), 1)})), {"size"})}),
                                  "Values, false or null for none, true or a size for those it would have anyway, a label to "
                                  "pipe to, or what to pull."));
    define(
        "steps",
        any_of(
            {refer("count"),
             closed(Properties().set("from", type("integer")).set("to", type("integer")).set("step", type("integer")),
                    {"to"})}));
    define("until",
           any_of({refer("text"),
                   closed(Properties().set("pipeFrom", refer("text")).set("above", type("number")), {"pipeFrom"}),
                   closed(Properties().set("pipeFrom", refer("text")).set("below", type("number")), {"pipeFrom"})}));
    define("connections",
           any_of({words({"all-to-all", "one-to-one", "every-to-every"}),
                   list(list(Json::object({{"enum", Json::numbers({0, 1})}})), 1)}));
    define("collect", any_of({type("boolean"), refer("text"), list(refer("text"), 1)}));
    define(
        "state",
        list(closed(Properties().set("name", refer("name")).set("pipeFrom", refer("text")).set("size", refer("size")),
                    {"name"}),
             1));
    const Json file =
        closed(Properties()
                   .set("file", described(matching("^[^/:\\\\]"), "Relative to the model, inside its folder."))
                   .set("offset", refer("whole"))
                   .set("bytes", refer("whole"))
                   .set("checksum", matching("^[0-9a-f]{16}$")),
               {"file"});
    define("setupData",
           described(any_of({type("null"), type("string"), type("array"), file}),
                     "Base64 of little-endian elements, numbers, or a file. Absent, null or \"\": random."));
    define("setup",
           any_of({type("null"),
                   closed(Properties()
                              .set("data", refer("setupData"))
                              .set("instructions", any_of({type("null"), type("string"), list(refer("whole"))})))}));
    define("output",
           closed(Properties().set("name", refer("text")).set("pipeFrom", refer("text")).set("label", refer("text")),
                  {"pipeFrom"}));
  }

  // What may stand in a step, by where it stands: numbers of an input, of a target, of an answer.
  static Json step_of(const std::string& place) {
    std::vector<std::string_view> names;
    std::vector<Json> kinds;
    for (const IoStepKind& kind : io_step_kinds()) {
      const bool input = place == "input";
      if (kind.name == "auto" || (kind.name == "image" && !input) || (kind.name == "one-hot-to-label" && input) ||
          (kind.name == "label-to-one-hot" && place == "answer"))
        continue;
      Properties properties;
      properties.set("type", constant(kind.name));
      const bool shared = kind.name == "lookup" && !input;  // it may have the vocabulary of the input
      if (kind.needed.empty() || shared) {
        names.push_back(kind.name);
        if (shared) kinds.push_back(closed(properties, {"type"}));
      }
      for (const std::string_view key : split(kind.words)) properties.set(key, io_word(key));
      std::vector<std::string_view> required = {"type"};
      if (!kind.needed.empty()) required.push_back(kind.needed);
      kinds.push_back(closed(properties, required));
    }
    kinds.insert(kinds.begin(), words(names));
    return any_of(std::move(kinds));
  }

  static Json chain_of(const Json& steps) {
    return closed(Properties().set("type", constant("chain")).set("steps", steps), {"type", "steps"});
  }

  void io() {
    for (const std::string place : {"input", "target", "answer"}) {
      define(place + "Step", any_of({step_of(place), chain_of(list(refer(place + "Step")))}));
      std::vector<Json> steps = {type("null"), refer(place + "Step"), list(refer(place + "Step"))};
      if (place == "input") steps.push_back(refer("auto"));
      define(place + "Steps", any_of(std::move(steps)));
    }
    const Json alone = list(refer("auto"), 1, 1);
    define("auto", described(any_of({constant("auto"), closed(Properties().set("type", constant("auto")), {"type"}), alone, chain_of(alone)}),
                             "Stands alone."));
    for (const bool input : {true, false}) {
      Properties rules, others;
      rules.set("normalize", refer(input ? "inputSteps" : "targetSteps"));
      if (!input) rules.set("denormalize", refer("answerSteps"));
      for (const std::string_view word : {"normalize", "denormalize"}) others.set(word, Json::boolean(false));
      const std::string side = input ? "inputRules" : "outputRules";
      define(side, closed(rules));
      define(input ? "inputs" : "outputs",
             described(any_of({refer(side), closed(others).with("additionalProperties", refer(side))}),
                       "Rules of the whole, or by name."));
    }
    define("io", closed(Properties().set("input", refer("inputs")).set("output", refer("outputs"))));
  }

  void operations() {
    Properties flags;
    for (const std::string_view key :
         {"internalState", "arrayType", "noSetup", "subjectOfTraining", "trainOnlyIfNotInModel", "allowedOnFirstLayer"})
      flags.set(key, type("boolean"));
    flags.set("callDefaultWith", list(type("string")))
        .set("paramsForDefault", list(type("string")))
        .set("default", anything());
    define("operationParameter", any_of({refer("text"), closed(flags.with("name", refer("text")), {"name"})}));
    const Json params =
        any_of({list(refer("operationParameter")),
                Json::object({{"type", word("object")},
                              {"additionalProperties",
                               any_of({type("null"), type("boolean"), type("string"), closed(flags)})}})});
    const Json description = closed(Properties()
                                        .set("isActivation", type("boolean"))
                                        .set("allowedOnFirstLayer", type("boolean"))
                                        .set("fitOutput", type("boolean"))
                                        .set("defineParams", params)
                                        .set("params", params));
    const Json step = closed(Properties()
                                 .set("op", refer("text"))
                                 .set("inputs", list(any_of({refer("text"), type("number")}), 1))
                                 .set("attributes", type("object"))
                                 .set("name", refer("text")),
                             {"op", "inputs"});
    const Json states = Json::object({{"type", word("object")}, {"additionalProperties", refer("text")}});
    const Json body =
        closed(Properties().set("steps", list(step, 1)).set("output", refer("text")).set("state", states), {"steps"});
    define("operation", closed(Properties()
                                   .set("name", refer("text"))
                                   .set("domain", refer("text"))
                                   .set("dataType", refer("text"))
                                   .set("doc", refer("text"))
                                   .set("model", description)
                                   .set("body", body),
                               {"name", "body"}));
  }

  // What every layer and pipe may have, without its type.
  Properties common(std::string_view layer, const Json& activation) const {
    Properties all;
    for (const std::string_view key : core_layer_properties()) all.set(key, layer_word(key));
    all.set("activation", activation);
    all.set("pipes", list(pipe_of(layer)));
    for (const auto& [alias, canonical] : aliases_of(Scope::layer))
      all.set(alias, deprecated(all.at(canonical), canonical));
    return all;
  }

  static Json pipe_of(std::string_view layer) {
    return Json::object({{"$ref", word("#/$defs/" + std::string(layer))},
                         {"not", any_of({requiring("pipes", anything()), requiring("pipe", anything())})}});
  }

  Json typed(const LayerDef& definition) const {
    Properties all = common("layer", refer("activation"));
    std::vector<std::string_view> required = {"type"};
    add_own(all, definition);
    for (const PropertyDef& entry : definition.properties)
      if (entry.required) required.push_back(entry.name);
    all.set("type", definition.name == "neurons" ? words({"neurons", "standard"}) : constant(definition.name));
    return described(closed(all, required), definition.doc);
  }

  void add_own(Properties& all, const LayerDef& definition) const {
    for (const auto& [name, part] : constants_.members()) all.set(name, part);
    for (const ParameterDef& entry : definition.parameters)
      all.set(entry.name, described(refer("parameter"), entry.doc));
    for (const PropertyDef& entry : definition.properties) {
      Json part = described(of_kind(entry), entry.doc);
      if (!entry.fallback.empty()) part = part.with("default", fallback_of(entry));
      all.set(entry.name, std::move(part));
    }
    all.set("quantization", quantization(definition));
  }

  // How its parameters are kept as codes: for all of them, or by name.
  static Json quantization(const LayerDef& definition) {
    const Properties of_all = code_words();
    Properties all = of_all;
    for (const ParameterDef& entry : definition.parameters) {
      const Json own = closed(of_all);
      const bool is_word = std::ranges::any_of(of_all.members(), [&](const Json::Member& word) { return word.first == entry.name; });
      all.set(entry.name, is_word ? any_of({of_all.at(entry.name), own}) : own);
    }
    return closed(all);
  }

  // Types whose layers may be a number alone: a layer without a type is of one of them, by the root's `type`.
  static bool is_plain(const LayerDef& definition) { return definition.size == SizeRule::optional; }

  void layers() {
    std::vector<Json> first, later;
    const std::vector<Json> short_forms = {refer("count"),
                                           list(any_of({refer("count"), type("null")}), 1, Shape::max_rank - 1)};
    for (std::vector<Json>* list : {&first, &later}) *list = short_forms;
    Properties inputs = common("layer", refer("activation")), untyped = inputs;
    for (const auto& [name, part] : constants_.members()) inputs.set(name, part);
    for (const LayerDef* definition : layer_definitions()) {
      const std::string name = "layer-" + std::string(definition->name);
      define(name, typed(*definition));
      if (definition->on_first_layer) first.push_back(refer(name));
      later.push_back(refer(name));
      if (is_plain(*definition)) add_own(untyped, *definition);
    }
    inputs.remove("type");
    untyped.remove("type");
    define("layer-of-inputs", closed(inputs));
    define("layer-without-type", described(closed(untyped), "Of the type that the root says, else neurons."));
    first.push_back(refer("layer-of-inputs"));
    later.push_back(refer("layer-without-type"));
    Properties activations = common("layer", refer("activation"));
    for (const auto& [name, part] : constants_.members()) activations.set(name, part);
    define("layer-activation",
           described(closed(activations.set("type", words(activation_types_)), {"type"}), "An activation by itself."));
    later.push_back(refer("layer-activation"));

    // Of other domains, or defined by the program: what they take is theirs to say.
    Properties open = common("openLayer", any_of({refer("text"), type("null")}));
    open.set("net", refer("openModel"));
    define("layer-open", opened(open));
    std::vector<Json> signs = {requiring("type", matching("#")),
                               requiring("domain", Json::object({{"not", constant("core")}}))};
    if (!defined_types_.empty()) signs.push_back(requiring("type", words(defined_types_)));
    define("layer-elsewhere",
           Json::object({{"$ref", word("#/$defs/layer-open")}, {"anyOf", Json::array(std::move(signs))}}));
    for (std::vector<Json>* list : {&first, &later}) list->push_back(refer("layer-elsewhere"));
    define("firstLayer", any_of(first));
    define("layer", any_of(later));
    std::vector<Json> any(short_forms);
    any.push_back(refer("layer-open"));
    define("openLayer", any_of(any));
    define("layers", Json::object({{"type", word("array")},
                                   {"minItems", Json::integer(1)},
                                   {"prefixItems", Json::array({refer("firstLayer")})},
                                   {"items", refer("layer")}}));
    define("openLayers", list(refer("openLayer"), 1));
  }

  // The whole model. Its layers are checked by their types where all of these are of the core domain.
  Json model() const {
    Properties all = root();
    all.set("layers", anything());
    std::vector<std::string_view> plain(std::begin(old_root_types), std::end(old_root_types));
    for (const LayerDef* definition : layer_definitions())
      if (is_plain(*definition)) plain.push_back(definition->name);
    const Json ours =
        Json::object({{"properties", Json::object({{"domain", constant("core")}, {"type", words(plain)}})},
                      {"not", Json::object({{"required", Json::array({word("operations")})}})}});
    const auto having = [](const Properties& part) { return Json::object({{"properties", part.json()}}); };
    return closed(all)
        .with("if", ours)
        .with("then", having(Properties().set("layers", refer("layers")).set("activation", refer("activation"))))
        .with("else", having(Properties().set("layers", refer("openLayers"))));
  }

  Json open_model() const { return closed(root().set("layers", refer("openLayers"))); }

  Properties root() const {
    Properties all;
    for (const std::string_view key : root_properties()) all.set(key, root_word(key));
    all.set("setupData", deprecated(refer("setupData"), "setup.data"));
    all.set("activation", any_of({refer("text"), type("null")}));
    std::vector<std::string> names = registry_.domains();
    for (const std::string_view name : definitions_->domain_names()) names.emplace_back(name);
    std::erase(names, "internal");  // operators that no model names
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    all.set("domain", described(refer("text"), "Known here: " + known + "."));
    return all;
  }

  const Registry& registry_;
  std::shared_ptr<const Definitions> definitions_;
  std::vector<std::string_view> activations_, activation_types_, defined_types_;
  Properties constants_;
  std::vector<Json::Member> parts_;
};

}  // namespace

Json model_schema(const Context& context, const Registry& registry) { return SchemaWriter(context, registry).run(); }

}  // namespace webai
