// Export options as JSON.
#include <algorithm>

#include "core/base/names.h"
#include "core/model/json.h"
#include "core/model/setup_file.h"
#include "network/export.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// "object" is the same JSON, which bindings hand over as a tree.
constexpr std::pair<std::string_view, std::string_view> other_names[] = {
    {"object", "json"}, {"to-python-numpy", "python-numpy"}, {"python", "python-numpy"}, {"js", "javascript"}};

[[noreturn]] void refuse_option(const std::string& name, const char* expected, const Json& value) {
  throw Error(Code::invalid_argument, {.message = "option \"" + name + "\"",
                                       .reason = "OPTION",
                                       .path = name,
                                       .expected = expected,
                                       .actual = describe(value),
                                       .hint = "docs/exports.md has a table of the options"});
}

std::string text(const std::string& name, const Json& value) {
  if (!value.is_text()) refuse_option(name, "a text", value);
  return value.as_text();
}

bool boolean(const std::string& name, const Json& value) {
  if (!value.is_boolean()) refuse_option(name, "true or false", value);
  return value.as_boolean();
}

std::string layer(const std::string& name, const Json& value) {
  const auto index = value.is_number() ? value.as_integer() : std::nullopt;
  if (index && *index >= 0) return std::to_string(*index);
  if (!value.is_text() || value.as_text().empty()) refuse_option(name, "a layer's name or index", value);
  return value.as_text();
}

[[noreturn]] void unknown_word(const std::string& name, const std::vector<std::string_view>& known) {
  throw Error(Code::invalid_argument, {.message = "there is no export option \"" + name + "\"",
                                       .reason = "OPTION_UNKNOWN",
                                       .path = name,
                                       .expected = one_of(known),
                                       .actual = "\"" + name + "\"",
                                       .hint = did_you_mean(name, known, "take one of those, or leave it out")});
}

void take_layers(ExportOptions& options, const Json& value) {
  if (!value.is_object()) refuse_option("layers", "an object {from, to}", value);
  for (const auto& [key, end] : value.members()) {
    if (key == "from")
      options.from = layer("layers.from", end);
    else if (key == "to")
      options.upto = layer("layers.to", end);
    else
      unknown_word("layers." + key, {"layers.from", "layers.to"});
  }
}

void check_one_of(const char* key, const std::string& value, std::initializer_list<std::string_view> known, Code code,
                  const char* reason, const std::string& message) {
  if (std::ranges::find(known, value) != known.end()) return;
  throw Error(code, {.message = message + " \"" + value + "\"",
                     .reason = reason,
                     .path = key,
                     .expected = one_of(known),
                     .actual = "\"" + value + "\"",
                     .hint = did_you_mean(value, known, "take one of those, or leave it out")});
}

}  // namespace

void check_export(const ExportOptions& options) {
  check_one_of("to", options.to, {"json", "python-numpy", "c", "javascript"}, Code::not_found, "EXPORTER",
               "there is no exporter");
  check_one_of("setupDataAs", options.setup_data_as, {"base64", "array", "given", "file"}, Code::invalid_argument,
               "OPTION",
               "setupDataAs is");
  check_one_of("weights", options.weights, {"", "u8"}, Code::invalid_argument, "OPTION", "weights is");
  check_one_of("optimize", options.optimize, {"", "minify", "pretty"}, Code::invalid_argument, "OPTION", "optimize is");
  if (options.setup_data_as != "file") return;
  if (options.to != "json")
    throw Error(Code::invalid_argument, {.message = "a program has its weights in itself",
                                         .reason = "OPTION",
                                         .path = "setupDataAs",
                                         .expected = "\"base64\" or \"array\"",
                                         .hint = "export the model as json to keep weights in a file"});
  check_setup_file_name(options.setup_file, "setupFile");
}

ExportOptions export_options_from_json(const Context& context, std::string_view json) {
  return export_options_from_json(read_json(json, context.limits()));
}

ExportOptions export_options_from_json(const Json& object, std::vector<std::string>* unknown) {
  ExportOptions options;
  if (object.is_null()) return options;
  if (!object.is_object()) refuse_option("options", "an object", object);
  for (const auto& [key, value] : object.members()) {
    if (value.is_null()) continue;
    if (key == "to") {
      options.to = text(key, value);
      for (const auto& [alias, name] : other_names)
        if (options.to == alias) options.to = name;
    } else if (key == "setupDataAs" || key == "dataTypeAs") {  // the latter in the proposal's first versions
      const Json* const other = object.find(key == "setupDataAs" ? "dataTypeAs" : "setupDataAs");
      if (other && !(*other == value))
        throw Error(Code::invalid_argument,
                    {.message = "\"setupDataAs\" and its old name \"dataTypeAs\" say different things",
                     .reason = "ALIAS_CONFLICT", .path = key, .hint = "leave \"dataTypeAs\" out"});
      options.setup_data_as = text(key, value);
    } else if (key == "setupFile") {
      options.setup_file = text(key, value);
    } else if (key == "optimize") {
      options.optimize = text(key, value);
    } else if (key == "layers") {
      take_layers(options, value);
    } else if (key == "name") {
      options.name = text(key, value);
    } else if (key == "weights") {
      options.weights = text(key, value);
    } else if (key == "keepNames") {
      options.keep_names = boolean(key, value);
    } else if (key == "indent") {
      options.indent = boolean(key, value);
    } else if (unknown) {
      unknown->push_back(key);
    } else {
      unknown_word(key,
                   {"to", "setupDataAs", "setupFile", "optimize", "layers", "keepNames", "indent", "name", "weights"});
    }
  }
  check_export(options);
  return options;
}

}  // namespace webai
