// Tables of words, and the checks that look into them.
#include "core/model/vocabulary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/base/names.h"
#include "webai/error.hpp"

namespace webai {
namespace {

struct Alias {
  Scope scope;
  std::string_view alias, canonical;
};

constexpr Alias aliases[] = {
    {Scope::layer, "count", "size"},
    {Scope::layer, "pipe", "pipes"},
    {Scope::layer, "toLayers", "to"},
    {Scope::data, "count", "size"},
    {Scope::operation, "operation", "callWith"},
    {Scope::operation, "params", "defineParams"},
    {Scope::parameter, "paramsForDefault", "callDefaultWith"},
};

constexpr std::string_view layer_words[] = {"name",      "label",      "domain",      "type", "activation",
                                            "size",      "shapeHints", "pipes",       "to",   "history",
                                            "historyTo", "pipeFrom",   "quantization"};
constexpr std::string_view root_words[] = {"webai",  "domain", "dataType", "minMops", "activation", "type",
                                           "layers", "setup",  "io",       "seed",    "outputs",    "timeStep",
                                           "operations"};

bool is_whole(const Json& value, std::int64_t least) {
  if (!value.is_number()) return false;
  const auto whole = value.as_integer();
  return whole && *whole >= least;
}

bool all_items(const Json& array, bool (*holds)(const Json&)) {
  for (std::size_t i = 0; i < array.size(); ++i)
    if (!holds(array.at(i))) return false;
  return true;
}

bool is_padding(const Json& value) {
  if (value.is_text()) return value.as_text() == "valid" || value.as_text() == "same";
  if (is_whole(value, 0)) return true;
  return value.is_array() && value.size() > 0 && all_items(value, [](const Json& item) {
           return is_whole(item, 0) ||
                  (item.is_array() && item.size() == 2 && is_whole(item.at(0), 0) && is_whole(item.at(1), 0));
         });
}

std::vector<std::string_view> choices_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const std::size_t space = list.find(' ');
    words.push_back(list.substr(0, space));
    list = space == std::string_view::npos ? std::string_view() : list.substr(space + 1);
  }
  return words;
}

bool is_choice(std::string_view choices, std::string_view word) {
  const auto words = choices_of(choices);
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::span<const std::string_view> core_layer_properties() { return layer_words; }
std::span<const std::string_view> root_properties() { return root_words; }

std::vector<std::pair<std::string_view, std::string_view>> aliases_of(Scope scope) {
  std::vector<std::pair<std::string_view, std::string_view>> list;
  for (const Alias& entry : aliases)
    if (entry.scope == scope) list.emplace_back(entry.alias, entry.canonical);
  return list;
}

bool is_kept_and_ignored(std::string_view key) { return key == "meta" || key.substr(0, 2) == "x-"; }

void rethrow_as_written(const Error& error, const std::vector<OldWord>& words) {
  ErrorDetails details = error.details();
  for (std::size_t i = words.size(); i-- > 0;) {  // inner ones first: the paths of outer ones still fit
    const std::string& path = words[i].path;
    const bool within = details.path.starts_with(path) && (details.path.size() == path.size() || details.path[path.size()] == '/');
    if (!within) continue;
    const std::string outer = path.substr(0, path.rfind('/'));
    details.path = pointer_to(outer, words[i].alias) + details.path.substr(path.size());
  }
  if (details.path == error.path()) throw;  // as what it is: it may have a cause
  throw Error(error.code(), std::move(details));
}

void AliasLog::used(std::string_view alias, std::string_view canonical, const std::string& path) {
  if (!context_) return;
  if (strict_)
    throw Error(Code::invalid_model, {.message = "\"" + std::string(alias) + "\" is an old name",
                                      .reason = "ALIAS",
                                      .path = path,
                                      .expected = "\"" + std::string(canonical) + "\"",
                                      .actual = "\"" + std::string(alias) + "\"",
                                      .hint = "write \"" + std::string(canonical) + "\""});
  if (!warned_.emplace(alias).second) return;
  context_->log(1, path + ": \"" + std::string(alias) + "\" is an old name for \"" + std::string(canonical) + "\"");
}

Json with_canonical_keys(const Json& object, Scope scope, const std::string& path, AliasLog& log) {
  const auto find_alias = [&](std::string_view key) {
    return std::ranges::find_if(aliases,
                                [&](const Alias& entry) { return entry.scope == scope && entry.alias == key; });
  };
  if (std::ranges::none_of(object.members(),
                           [&](const auto& member) { return find_alias(member.first) != std::end(aliases); }))
    return object;
  std::vector<Json::Member> members;
  for (const auto& [key, value] : object.members()) {
    const Alias* entry = find_alias(key);
    if (entry == std::end(aliases)) {
      members.emplace_back(key, value);
      continue;
    }
    const Json* canonical = object.find(entry->canonical);
    if (canonical && !(*canonical == value))
      throw Error(Code::invalid_model,
                  {.message = "\"" + key + "\" and \"" + std::string(entry->canonical) + "\" mean the same and differ",
                   .reason = "ALIAS_CONFLICT",
                   .path = pointer_to(path, key),
                   .expected = describe(*canonical),
                   .actual = describe(value),
                   .hint = "keep \"" + std::string(entry->canonical) + "\" alone"});
    log.used(key, entry->canonical, pointer_to(path, key));
    if (canonical) continue;
    log.renamed(pointer_to(path, entry->canonical), key);
    members.emplace_back(std::string(entry->canonical), value);
  }
  return Json::object(std::move(members));
}

std::string canonical_type(const std::string& type, const std::string& path, AliasLog& log) {
  if (type != old_neurons) return type;
  log.used(old_neurons, "neurons", path);
  return "neurons";
}

void unknown_property(const std::string& path, std::string_view key, std::string_view owner,
                      const std::vector<std::string_view>& known, std::string_view otherwise) {
  throw Error(Code::invalid_model, {.message = "no such property of " + std::string(owner),
                                    .reason = "UNKNOWN_PROPERTY",
                                    .path = pointer_to(path, key),
                                    .expected = one_of(known),
                                    .actual = "\"" + std::string(key) + "\"",
                                    .hint = did_you_mean(key, known, std::string(otherwise))});
}

namespace {

// What a value is that begins with these words, by an example where there is one. Longer words before their beginnings.
constexpr std::pair<std::string_view, std::string_view> hints_by_words[] = {
    {"true or false", "write true or false, without quotes"},
    {"a whole number", "such as 1"},
    {"a number", "such as 0.5"},
    {"an array of two numbers", "such as [0, 1]"},
    {"an array of whole numbers", "such as [1, 2]"},
    {"an array of numbers", "such as [0.5, 1]"},
    {"an array of texts", "such as [\"a\", \"b\"]"},
    {"an array of at least one layer", "such as \"layers\": [2, 3, 1]"},
    {"an array of at least one output", "such as \"outputs\": [{\"pipeFrom\": \"1\"}]"},
    {"an array of pipes", "such as \"pipes\": [{\"size\": 2}]"},
    {"an array", "arrays stand in brackets: [...]"},
    {"a shorter array", "take some of them out"},
    {"a model object", "such as \"net\": {\"layers\": [2, 1]}"},
    {"an object", "objects stand in braces: {\"name\": value}"},
    {"a JSON object", "objects stand in braces: {\"layers\": [2, 3, 1]}"},
    {"one of the tokens", "take one that \"vocabulary\" has"},
    {"the name of an activation", "such as \"tanh\""},
    {"the name", "names stand in double quotes"},
    {"a name", "names stand in double quotes"},
    {"a text", "texts stand in double quotes: \"a\""},
    {"base64 text", "leave it out where the parameters start at random"},
    {"the version", "leave it out, or write 1"},
};

std::string hint_for(std::string_view expected, const Json& value) {
  const auto expects = [&](std::string_view words) { return expected.find(words) != std::string_view::npos; };
  if (value.is_number() && (expects("name") || expects("text")))
    return expects("index") || expects("indices") ? "indices are whole numbers from 0" : "texts stand in double quotes";
  const std::string text = value.is_text() ? value.as_text() : std::string();
  const bool number = !text.empty() && text.find_first_not_of("0123456789.-+eE") == std::string::npos;
  if (number && expects("number")) return "numbers stand without quotes";
  if ((text == "true" || text == "false") && expects("true")) return "true and false stand without quotes";
  if (constexpr std::string_view choices = "one of: "; expected.starts_with(choices)) {
    const auto words = choices_of(expected.substr(choices.size()));
    return did_you_mean(text, words, "such as \"" + std::string(words.front()) + "\"");
  }
  if (expected.starts_with('"')) return "such as " + std::string(expected.substr(0, expected.find('"', 1) + 1));
  for (const auto& [words, hint] : hints_by_words)
    if (expected.starts_with(words)) return std::string(hint);
  return "docs/model-format.md tells what may stand here";
}

}  // namespace

namespace {

// Beyond the whole numbers that a double holds: nothing of that size can be meant.
bool is_beyond_count(const Json& value) {
  if (value.is_number()) return value.as_number() > largest_exact;
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i)
    if (value.at(i).is_number() && value.at(i).as_number() > largest_exact) return true;
  return false;
}

}  // namespace

void wrong_value(const std::string& path, std::string_view what, std::string_view expected, const Json& value) {
  if (expected.find("whole number") != std::string_view::npos && is_beyond_count(value))
    throw Error(Code::limit_exceeded, {.message = std::string(what) + " is too large: " + describe(value),
                                       .reason = "SIZE",
                                       .path = path,
                                       .expected = "at most 9007199254740992",
                                       .actual = describe(value),
                                       .hint = "whole numbers go up to 2^53"});
  throw Error(Code::invalid_model,
              {.message = std::string(what) + " is " + std::string(expected) + ", got " + describe(value),
               .reason = "PROPERTY_VALUE",
               .path = path,
               .expected = std::string(expected),
               .actual = describe(value),
               .hint = hint_for(expected, value)});
}

double rounded_to(DType type, double value) noexcept {
  alignas(double) std::byte bytes[sizeof(double)] = {};
  store_double(type, bytes, 0, value);
  return load_double(type, bytes, 0);
}

namespace {

// What becomes infinite makes all that it meets infinite, or not a number.
void check_held(std::string_view name, const Json& value, const std::string& path, DType type) {
  if (!value.is_number() || std::isfinite(rounded_to(type, value.as_number()))) return;
  throw Error(Code::invalid_model, {.message = std::string(name) + " is too large a number",
                                    .reason = "PROPERTY_VALUE",
                                    .path = path,
                                    .expected = "a number that " + std::string(name_of(type)) + " can hold",
                                    .actual = describe(value),
                                    .hint = "give a smaller one, or the model a \"dataType\" with a wider range"});
}

}  // namespace

// Inside a node numbers are at least of fp32.
void check_constant(const AttributeSpec& spec, const Json& value, const std::string& path, DType type) {
  attribute_from_json(spec, value, path);
  check_held(spec.name, value, path, type == DType::fp64 ? type : DType::fp32);
}

void check_property(const PropertyDef& definition, const Json& value, const std::string& path, DType type) {
  if (definition.kind == PropertyKind::number || definition.kind == PropertyKind::positive)
    check_held(definition.name, value, path, type);
  const auto need = [&](bool holds, std::string_view expected) {
    if (!holds) wrong_value(path, definition.name, expected, value);
  };
  switch (definition.kind) {
    case PropertyKind::boolean:
      return need(value.is_boolean(), "true or false");
    case PropertyKind::number:
      return need(value.is_number(), "a number");
    case PropertyKind::positive:
      return need(value.is_number() && value.as_number() > 0, "a number above 0");
    case PropertyKind::share:
      return need(value.is_number() && value.as_number() >= 0 && value.as_number() <= 1, "a number from 0 to 1");
    case PropertyKind::part:
      return need(value.is_number() && value.as_number() >= 0 && value.as_number() < 1, "a number from 0 to below 1");
    case PropertyKind::integer:
      return need(is_whole(value, 0), "a whole number of 0 or more");
    case PropertyKind::count:
      return need(is_whole(value, 1), "a whole number of 1 or more");
    case PropertyKind::counts:
      return need(is_whole(value, 1) || (value.is_array() && value.size() > 0 &&
                                         all_items(value, [](const Json& item) { return is_whole(item, 1); })),
                  "a whole number of 1 or more, or an array of such");
    case PropertyKind::padding:
      return need(is_padding(value), "\"valid\", \"same\", a whole number of 0 or more, or an array of such");
    case PropertyKind::text:
      need(value.is_text(), "a text");
      if (!definition.choices.empty() && !is_choice(definition.choices, value.as_text()))
        wrong_value(path, definition.name, "one of: " + std::string(definition.choices), value);
      return;
    case PropertyKind::any:
      return;
  }
}

bool is_constant_of_activation(const AttributeSpec& spec) {
  return spec.kind == AttributeKind::number || spec.kind == AttributeKind::boolean || spec.kind == AttributeKind::text;
}

AttributeValue attribute_from_json(const AttributeSpec& spec, const Json& value, const std::string& path) {
  switch (spec.kind) {
    case AttributeKind::boolean:
      if (value.is_boolean()) return value.as_boolean();
      wrong_value(path, spec.name, "true or false", value);
    case AttributeKind::integer:
      if (value.is_number() && value.as_integer()) return *value.as_integer();
      wrong_value(path, spec.name, "a whole number", value);
    case AttributeKind::number:
      if (value.is_number()) return value.as_number();
      wrong_value(path, spec.name, "a number", value);
    case AttributeKind::text:
      if (value.is_text()) return value.as_text();
      wrong_value(path, spec.name, "a text", value);
    case AttributeKind::integers: {
      std::vector<std::int64_t> items;
      if (!value.is_array() || !value.is_packed()) wrong_value(path, spec.name, "an array of whole numbers", value);
      for (std::size_t i = 0; i < value.size(); ++i) {
        const auto whole = value.at(i).as_integer();
        if (!whole) wrong_value(path, spec.name, "an array of whole numbers", value);
        items.push_back(*whole);
      }
      return items;
    }
    case AttributeKind::numbers:
      if (!value.is_array() || !value.is_packed()) wrong_value(path, spec.name, "an array of numbers", value);
      return std::vector<double>(value.as_numbers().begin(), value.as_numbers().end());
    case AttributeKind::graph:
      wrong_value(path, spec.name, "nothing: graphs are not written in models", value);
  }
  return false;
}

}  // namespace webai
