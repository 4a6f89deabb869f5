// docs/model-format.md says what the library does: its tables are those of the registry, its examples are models.
#include <catch2/catch.hpp>

#include <algorithm>
#include <iostream>
#include <set>

#include "../support/schema_validator.h"
#include "core/model/io.h"
#include "core/model/layer_def.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/webai.hpp"

using namespace webai;

namespace {

const std::string& page() {
  static const std::string text = read_file(WEBAI_TEST_DATA "/../docs/model-format.md");
  return text;
}

// A bar would end the cell.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string_view kind_words(const PropertyDef& property) {
  switch (property.kind) {
    case PropertyKind::boolean:
      return "true or false";
    case PropertyKind::number:
      return "number";
    case PropertyKind::positive:
      return "number above 0";
    case PropertyKind::share:
      return "number from 0 to 1";
    case PropertyKind::part:
      return "number from 0 to below 1";
    case PropertyKind::integer:
      return "whole number";
    case PropertyKind::count:
      return "whole number from 1 on";
    case PropertyKind::counts:
      return "whole number from 1 on, or one for each axis";
    case PropertyKind::padding:
      return "text, whole number, or array";
    case PropertyKind::text:
      return "text";
    case PropertyKind::any:
      break;
  }
  return "see there";
}

std::string size_words(SizeRule rule) {
  return rule == SizeRule::required   ? "Needs `size`."
         : rule == SizeRule::optional ? "Takes `size`."
                                      : "Its size follows.";
}

// What the page has to hold of a layer type.
std::string chunk_of(const LayerDef& layer) {
  std::string text = "### " + code(layer.name) + "\n\n" + std::string(layer.doc) + " " + size_words(layer.size);
  if (layer.takes_default_activation) text += " Takes the root's activation.";
  if (layer.on_first_layer) text += " May stand first.";
  if (!layer.has_default_input) text += " Has no input of its own: its parameters are piped to.";
  text += "\n";
  if (!layer.properties.empty()) {
    text += "\n| property | value | absent | |\n|---|---|---|---|\n";
    for (const PropertyDef& entry : layer.properties)
      text += "| " + code(entry.name) + " | " + std::string(kind_words(entry)) + " | " +
              (entry.required           ? "an error"
               : entry.fallback.empty() ? ""
                                        : code(entry.fallback)) +
              " | " + cell(entry.doc) + " |\n";
  }
  if (!layer.parameters.empty()) {
    text += "\n| parameter | |\n|---|---|\n";
    for (const ParameterDef& entry : layer.parameters)
      text += "| " + code(entry.name) + " | " + cell(entry.doc) + " |\n";
  }
  return text;
}

std::string value_text(const AttributeValue& value) {
  if (const double* number = std::get_if<double>(&value)) return write_json(Json::number(*number));
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  const std::string* text = std::get_if<std::string>(&value);
  return text ? *text : std::string();
}

std::string activation_table() {
  const Registry registry = make_registry();
  std::string text = "| activation | | constants |\n|---|---|---|\n";
  for (const OpDef* op : registry.all("core")) {
    if (!op->activation) continue;
    std::string constants;
    for (const AttributeSpec& entry : op->attributes)
      if (is_constant_of_activation(entry))
        constants += (constants.empty() ? "" : ", ") + code(entry.name) + " " +
                     (entry.fallback ? value_text(*entry.fallback) : "");
    std::string names = code(op->name);
    for (const auto& [alias, other] : registry.aliases())
      if (other == op) names += ", " + code(alias);
    text += "| " + names + " | `" + cell(op->formula) + "` | " + constants + " |\n";
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> chunks() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const LayerDef* layer : layer_definitions()) all.emplace_back(layer->name, chunk_of(*layer));
  all.emplace_back("activations", activation_table());
  return all;
}

void check_holds(const std::string& name, const std::string& chunk) {
  if (page().find(chunk) == std::string::npos)
    FAIL_CHECK("docs/model-format.md lacks this of " << name << " (test_network \"[page]\" prints all):\n" << chunk);
}

std::vector<std::string> blocks(std::string_view language) {
  std::vector<std::string> found;
  const std::string fence = "```" + std::string(language) + "\n";
  for (std::size_t at = page().find(fence); at != std::string::npos; at = page().find(fence, at)) {
    at += fence.size();
    found.push_back(page().substr(at, page().find("\n```", at) - at));
  }
  return found;
}

// Names in backquotes in the first column of the table under a heading.
std::set<std::string> first_column(const std::string& heading) {
  std::set<std::string> names;
  const std::size_t start = page().find(heading);
  REQUIRE(start != std::string::npos);
  const std::size_t end = page().find("\n\n", page().find("\n|---", start));
  for (std::size_t at = page().find("\n| `", start); at < end; at = page().find("\n| `", at)) {
    at += 4;
    names.insert(page().substr(at, page().find('`', at) - at));
  }
  return names;
}

template <class Range> std::set<std::string> set_of(const Range& words) { return {words.begin(), words.end()}; }

}  // namespace

TEST_CASE("G-10 the page of the model language has the tables of the registry") {
  for (const auto& [name, chunk] : chunks()) check_holds(name, chunk);
}

TEST_CASE("what the page of the model language has to hold, as text", "[.][page]") {
  for (const auto& [name, chunk] : chunks()) std::cout << "@@" << name << "@@\n" << chunk << "\n";
}

TEST_CASE("G-10 the page of the model language knows each property of root and layers, each step and each old name") {
  CHECK(first_column("## Root\n") == set_of(root_properties()));
  CHECK(first_column("Properties of every layer and pipe") == set_of(core_layer_properties()));
  std::set<std::string> steps;
  for (const IoStepKind& kind : io_step_kinds()) steps.insert(std::string(kind.name));
  CHECK(first_column("type, or an object.\n") == steps);
  for (const auto& [old, now] : aliases_of(Scope::layer))
    CHECK(page().find("| layer, pipe | `" + std::string(old) + "` | `" + std::string(now) + "` |") !=
          std::string::npos);
}

TEST_CASE("G-10 the examples of the page are models, and those of the proposal are among them") {
  const Context context = Context::system({.threads = 1, .log_level = 0});
  const test::SchemaValidator validator(read_json(model_schema(context), context.limits()));
  std::size_t built = 0;
  for (const std::string& text : blocks("json")) {
    CAPTURE(text);
    const Json model = read_json(text, context.limits());
    CHECK(validator.accepts(model));
    if (model.find("domain") && model.find("domain")->as_text() != "core") continue;
    NeuralNetwork network = NeuralNetwork::from_json(text, context);
    CHECK(network.output_size() > 0);
    ++built;
  }
  CHECK(built >= 9);
  // The spellings of one layer build one graph.
  std::set<std::string> graphs;
  const std::string spellings = blocks("json5").front();
  for (std::size_t at = 0; at < spellings.size();) {
    const std::size_t end = std::min(spellings.find('\n', at), spellings.size());
    const std::string layer = spellings.substr(at, end - at);
    graphs.insert(
        NeuralNetwork::from_json(R"({"activation": "tanh", "layers": [2, )" + layer + "]}", context).inspect());
    at = end + 1;
  }
  CHECK(graphs.size() == 1);
  for (int i = 1; i <= 26; ++i) {
    const std::string id = std::string("EX-") + (i < 10 ? "0" : "") + std::to_string(i);
    CAPTURE(id);
    const bool in_a_span = (i > 10 && i < 13) || (i > 16 && i < 22);
    CHECK((in_a_span || page().find(id) != std::string::npos));
  }
}
