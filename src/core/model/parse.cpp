// The root of a model: its properties, then its layers, then what flows where.
#include "core/model/parse.h"

#include <algorithm>

#include "core/base/names.h"
#include "core/model/integer_code.h"
#include "core/model/operation_body.h"
#include "core/model/setup_file.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::int64_t newest_version = 1;

class RootParser {
 public:
  explicit RootParser(ParseState& state) : state_(state) {}

  Model run(const Json& json) {
    if (!json.is_object()) wrong_value(state_.path, "a model", "a JSON object", json);
    model_.json = json;
    root_ = with_setup(with_canonical_keys(json, Scope::root, state_.path, state_.aliases));
    check_words();
    version();
    domain();
    data_type();
    operations();
    if (const Json* mops = property("minMops")) {
      if (!mops->is_number() || mops->as_number() < 0)
        wrong_value(at("minMops"), "minMops", "a number of 0 or more", *mops);
      model_.min_mops = mops->as_number();
    }
    default_type();
    activation();
    seed();
    setup();
    if (const Json* io = property("io")) {
      IoBlock block = parse_io(*io, at("io"), computed_in(model_.type));
      if (!state_.outer) model_.io = std::move(block);
    }
    if (state_.outer)
      for (const std::string_view key : {"io", "minMops", "seed"})
        if (property(key)) state_.context.log(1, at(key) + ": ignored in an inner net");
    if (const Json* list = property("outputs")) model_.outputs = parse_outputs(state_, *list, at("outputs"));
    layers();
    return std::move(model_);
  }

 private:
  const Json* property(std::string_view key) const { return root_.find(key); }
  std::string at(std::string_view key) const { return pointer_to(state_.path, key); }

  const std::string* text(std::string_view key) const {
    const Json* value = property(key);
    if (!value) return nullptr;
    if (!value->is_text() || value->as_text().empty()) wrong_value(at(key), key, "a text that is not empty", *value);
    return &value->as_text();
  }

  // Moves the old `setupData` of the root to `setup.data`.
  Json with_setup(const Json& root) {
    const Json* moved = root.find("setupData");
    if (!moved) return root;
    state_.aliases.used("setupData", "setup.data", at("setupData"));
    const Json* setup = root.find("setup");
    const Json* data = setup ? setup->find("data") : nullptr;
    if (data && !(*data == *moved))
      throw Error(Code::invalid_model, {.message = "\"setupData\" and \"setup.data\" mean the same and differ",
                                        .reason = "ALIAS_CONFLICT",
                                        .path = at("setupData"),
                                        .expected = describe(*data),
                                        .actual = describe(*moved),
                                        .hint = "keep \"setup.data\" alone"});
    if (!data) model_.setup_data_path = at("setupData");
    std::vector<Json::Member> members;
    for (const auto& [key, value] : root.members())
      if (key != "setupData" && key != "setup") members.emplace_back(key, value);
    const bool merge = setup && setup->is_object();
    if (merge || !setup || setup->is_null())
      members.emplace_back("setup", merge ? setup->with("data", *moved) : Json::object({{"data", *moved}}));
    else
      members.emplace_back("setup", *setup);
    return Json::object(std::move(members));
  }

  void check_words() const {
    const std::vector<std::string_view> known(root_properties().begin(), root_properties().end());
    for (const auto& [key, value] : root_.members()) {
      if (is_kept_and_ignored(key)) continue;
      if (std::ranges::find(known, key) == known.end()) unknown_property(state_.path, key, "a model", known);
    }
    if (property("timeStep")) state_.context.log(1, at("timeStep") + ": an old property, ignored");
  }

  void version() const {
    const Json* value = property("webai");
    if (!value) return;
    const auto version = value->is_number() ? value->as_integer() : std::nullopt;
    if (!version || *version < 1) wrong_value(at("webai"), "webai", "the version of the language: 1", *value);
    if (*version > newest_version)
      throw Error(Code::unsupported,
                  {.message = "the model is written in version " + std::to_string(*version) +
                              " of the language, this library reads up to " + std::to_string(newest_version),
                   .reason = "VERSION",
                   .path = at("webai"),
                   .expected = std::to_string(newest_version),
                   .actual = std::to_string(*version),
                   .hint = "use a newer library"});
  }

  void domain() {
    if (state_.outer) model_.domain = state_.outer->domain;
    if (const std::string* name = text("domain")) {
      check_domain(state_, *name, at("domain"));
      check_like_outer("domain", model_.domain, *name);
      model_.domain = *name;
    }
    model_.explicit_batch = state_.definitions->explicit_batch(model_.domain);
  }

  void data_type() {
    if (state_.outer) model_.type = state_.outer->type;
    const std::string* name = text("dataType");
    const DomainDefinition* own = state_.definitions->domain(model_.domain);
    if (!name && own && !state_.outer) {
      if (own->default_data_type.empty())
        throw Error(Code::invalid_model,
                    {.message = "the domain \"" + model_.domain + "\" has no data type of its own",
                     .reason = "NO_DATATYPE",
                     .path = at("dataType"),
                     .expected = "a data type",
                     .actual = "none",
                     .hint = "give the model a \"dataType\""});
      model_.type = *dtype_from_name(own->default_data_type);
    }
    if (!name) return;
    const auto type = dtype_from_name(*name);
    if (!type || *type == DType::boolean) {
      std::vector<std::string_view> known;
      for (std::size_t i = 1; i < dtype_count; ++i) known.push_back(name_of(static_cast<DType>(i)));
      const std::string near = nearest_name(*name, known);
      throw Error(Code::unsupported, {.message = "\"" + *name + "\" is no data type of models",
                                      .reason = "DATATYPE",
                                      .path = at("dataType"),
                                      .expected = "one of fp16, bf16, fp32, fp64, i8 to i64, u8 to u64",
                                      .actual = *name,
                                      .hint = near.empty() ? "leave it out for fp32"
                                                           : "did you mean \"" + near + "\"?"});
    }
    if (state_.outer) check_like_outer("dataType", std::string(name_of(state_.outer->type)), *name);
    model_.type = *type;
  }

  void check_like_outer(std::string_view key, const std::string& outer, const std::string& inner) const {
    if (!state_.outer || outer == inner) return;
    throw Error(Code::invalid_model, {.message = "an inner net has the " + std::string(key) + " of the net around it",
                                      .reason = "NET_MISMATCH",
                                      .path = at(key),
                                      .expected = outer,
                                      .actual = inner,
                                      .hint = "leave it out of the inner net, or give both the same"});
  }

  void activation() {
    const Json* value = property("activation");
    const DomainDefinition* own = state_.definitions->domain(model_.domain);
    if (!value && own && !own->default_activation_type.empty()) {
      check_activation(state_, model_, model_.domain, own->default_activation_type, at("activation"));
      model_.activation = own->default_activation_type;
    }
    if (!value) return;
    model_.activation_given = true;
    if (value->is_null()) return;
    if (!value->is_text()) wrong_value(at("activation"), "activation", "the name of an activation, or null", *value);
    // Layers whose type comes from another domain take that one's activations as well.
    const std::size_t hash = model_.default_type.find('#');
    if (hash == std::string::npos ||
        !is_activation(state_, model_, model_.default_type.substr(0, hash), value->as_text()))
      check_activation(state_, model_, model_.domain, value->as_text(), at("activation"));
    model_.activation = value->as_text();
  }

  // Operations without code that come with the model. Each may use those before it.
  void operations() {
    if (state_.outer) model_.operations = state_.outer->operations;
    const std::size_t outer = model_.operations.size();
    const Json* list = property("operations");
    if (!list) return;
    const std::string path = at("operations");
    if (!list->is_array()) wrong_value(path, "operations", "an array of operations", *list);
    if (list->size() > state_.context.limits().nodes)
      throw Error(Code::limit_exceeded, {.message = "the model defines " + std::to_string(list->size()) + " operations",
                                         .reason = "NODES",
                                         .path = path,
                                         .hint = "raise the limit \"nodes\" if this is meant"});
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto operation = operation_from_json(state_.context, state_.registry, list->at(i),
                                           {.domain = model_.domain, .path = pointer_to(path, i),
                                            .local = model_.operations, .outer = outer},
                                           state_.aliases);
      model_.operations.push_back(std::move(operation));
    }
  }

  // The old words for whole nets name the type of their layers.
  void default_type() {
    const std::string* name = text("type");
    if (const DomainDefinition* own = state_.definitions->domain(model_.domain))
      model_.default_type = own->default_operation_type;
    if (!name) return;
    static constexpr std::pair<std::string_view, std::string_view> old[] = {
        {"NN", "neurons"}, {"RNN", "rnn"}, {"LSTM", "lstm"}, {"GRU", "gru"}};
    for (const auto& [alias, canonical] : old) {
      if (*name != alias) continue;
      state_.aliases.used(alias, canonical, at("type"));
      model_.default_type = canonical;
      return;
    }
    model_.default_type = canonical_type(*name, at("type"), state_.aliases);
    const std::size_t hash = model_.default_type.find('#');  // "domain#type"
    const std::string domain = hash == std::string::npos ? model_.domain : model_.default_type.substr(0, hash);
    const std::string type = model_.default_type.substr(hash + 1);  // npos + 1 is 0
    check_domain(state_, domain, at("type"));
    if ((domain == "core" && find_layer_definition(type)) || state_.registry.find(domain, type) ||
        find_custom(state_, model_, domain, type))
      return;
    std::vector<std::string_view> known;
    for (const LayerDef* definition : layer_definitions()) known.push_back(definition->name);
    throw Error(Code::not_found, {.message = "there is no layer type \"" + model_.default_type + "\"",
                                  .reason = "OPERATION",
                                  .path = at("type"),
                                  .expected = one_of(known),
                                  .actual = "\"" + model_.default_type + "\"",
                                  .hint = did_you_mean(model_.default_type, known, "leave it out for neurons")});
  }

  void seed() {
    const Json* value = property("seed");
    if (!value) return;
    if (value->is_null()) {
      model_.seed_kind = Model::Seed::entropy;
      return;
    }
    const auto seed = value->is_number() ? value->as_integer() : std::nullopt;
    if (!seed) wrong_value(at("seed"), "seed", "a whole number, or null for a new one each time", *value);
    model_.seed_kind = Model::Seed::given;
    model_.seed = static_cast<std::uint64_t>(*seed);
  }

  void setup() {
    if (model_.setup_data_path.empty()) model_.setup_data_path = at("setup") + "/data";
    const Json* given = property("setup");
    if (!given || given->is_null()) return;
    if (!given->is_object()) wrong_value(at("setup"), "setup", "an object", *given);
    const std::vector<std::string_view> known = {"data", "instructions"};
    for (const auto& [key, value] : given->members()) {
      if (is_kept_and_ignored(key)) continue;
      if (std::ranges::find(known, key) == known.end()) unknown_property(at("setup"), key, "\"setup\"", known);
    }
    if (const Json* data = given->find("data")) {
      if (data->is_object())
        parse_setup_file(*data, model_.setup_data_path);
      else if (!data->is_null() && !data->is_text() && !data->is_array())
        wrong_value(model_.setup_data_path, "setup.data", "base64 text, an array of numbers or {\"file\": ...}", *data);
      if (!data->is_text() || !data->as_text().empty()) model_.setup_data = *data;
    }
    if (const Json* instructions = given->find("instructions")) model_.setup_instructions = *instructions;
  }

  void layers() {
    const Json* list = property("layers");
    if (!list) {
      if (state_.outer)
        throw Error(Code::invalid_model,
                    {.message = "an inner net needs layers", .reason = "LAYERS", .path = state_.path,
                     .hint = "\"layers\": [...], as at the root of a model"});
      return;  // inferred from the data by the first training
    }
    const std::string path = at("layers");
    if (!list->is_array() || list->size() == 0) wrong_value(path, "layers", "an array of at least one layer", *list);
    if (list->size() > state_.context.limits().nodes)
      throw Error(Code::limit_exceeded, {.message = "the model has " + std::to_string(list->size()) + " layers",
                                         .reason = "NODES",
                                         .path = path,
                                         .expected = "at most " + std::to_string(state_.context.limits().nodes),
                                         .actual = std::to_string(list->size()),
                                         .hint = "raise the limit \"nodes\" if this is meant"});
    if (state_.iterator) model_.heads = count_heads(*list);
    model_.layers.reserve(list->size());
    for (std::size_t i = 0; i < list->size(); ++i)
      model_.layers.push_back(parse_layer(state_, model_, list->at(i), static_cast<int>(i)));
    resolve_routes(state_, model_);
  }

  ParseState& state_;
  Model model_;
  Json root_;
};

}  // namespace

Model parse_model_object(ParseState& state, const Json& json) { return RootParser(state).run(json); }

Model parse_model(const Context& context, const Registry& registry, const Json& json, ModelOptions options) {
  check_part_counts(json, context.limits().nodes);
  AliasLog aliases(context, options.strict);
  std::uint64_t elements = 0;
  ParseState state{
      .context = context, .registry = registry, .options = options, .aliases = aliases, .elements = elements};
  state.definitions = definitions_of(context);
  try {
    Model model = parse_model_object(state, json);
    model.old_words = aliases.words();
    return model;
  } catch (const Error& error) {
    rethrow_as_written(error, aliases.words());
  }
}

Model infer_layers(const Context& context, const Registry& registry, const Model& model, std::int64_t inputs,
                   std::int64_t outputs) {
  const auto hidden = static_cast<double>(std::max<std::int64_t>(3, inputs / 2));
  Json json =
      model.json.with("layers", Json::numbers({static_cast<double>(inputs), hidden, static_cast<double>(outputs)}));
  if (!model.activation_given) json = json.with("activation", Json::text("sigmoid"));
  return parse_model(context, registry, json);
}

Model parse_model(const Context& context, const Registry& registry, std::string_view text, ModelOptions options) {
  return parse_model(context, registry, read_json(text, context.limits(), {.json5 = options.json5}), options);
}

}  // namespace webai
