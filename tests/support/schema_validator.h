// As much of JSON Schema (draft 2020-12) as the schema of the model language uses. A word it does not know fails the
// test.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "webai/json.hpp"

namespace webai::test {

class SchemaValidator {
 public:
  explicit SchemaValidator(Json schema) : schema_(std::move(schema)) {}

  bool accepts(const Json& value) const { return fits(schema_, value); }
  /// Looks for words it does not know in the whole schema, used or not, and for references to nothing.
  void check_schema() const { check(schema_); }

 private:
  static const Json* find(const Json& schema, std::string_view key) { return schema.find(key); }

  const Json& part(const std::string& reference) const {
    constexpr std::string_view head = "#/$defs/";
    if (!reference.starts_with(head)) throw std::runtime_error("reference " + reference);
    const Json* found = schema_.find("$defs")->find(reference.substr(head.size()));
    if (!found) throw std::runtime_error("there is no part " + reference);
    return *found;
  }

  static bool is_type(const Json& value, const std::string& name) {
    if (name == "integer") return value.is_number() && std::floor(value.as_number()) == value.as_number();
    static const std::map<std::string, Json::Kind, std::less<>> kinds = {
        {"null", Json::Kind::null},   {"boolean", Json::Kind::boolean}, {"number", Json::Kind::number},
        {"string", Json::Kind::text}, {"array", Json::Kind::array},     {"object", Json::Kind::object}};
    return value.kind() == kinds.at(name);
  }

  bool matches(const std::string& pattern, const std::string& text) const {
    auto known = patterns_.find(pattern);
    if (known == patterns_.end()) known = patterns_.emplace(pattern, std::regex(pattern)).first;
    return std::regex_search(text, known->second);
  }

  bool fits(const Json& schema, const Json& value) const {
    if (schema.is_boolean()) return schema.as_boolean();
    for (const auto& [key, word] : schema.members())
      if (!holds(schema, key, word, value)) return false;
    return true;
  }

  bool holds(const Json& schema, const std::string& key, const Json& word, const Json& value) const {
    if (key == "$ref") return fits(part(word.as_text()), value);
    if (key == "type") return is_type(value, word.as_text());
    if (key == "const") return word == value;
    if (key == "enum") return any(word, [&](const Json& one) { return one == value; });
    if (key == "anyOf") return any(word, [&](const Json& one) { return fits(one, value); });
    if (key == "not") return !fits(word, value);
    if (key == "if") {
      const Json* branch = find(schema, fits(word, value) ? "then" : "else");
      return !branch || fits(*branch, value);
    }
    if (value.is_text() && key == "pattern") return matches(word.as_text(), value.as_text());
    if (value.is_text() && key == "minLength")
      return value.as_text().size() >= static_cast<std::size_t>(word.as_number());
    if (value.is_number() && key == "exclusiveMinimum") return value.as_number() > word.as_number();
    if (value.is_number() && key == "exclusiveMaximum") return value.as_number() < word.as_number();
    if (value.is_number() && key == "minimum") return value.as_number() >= word.as_number();
    if (value.is_number() && key == "maximum") return value.as_number() <= word.as_number();
    if (value.is_array()) return holds_of_array(schema, key, word, value);
    if (value.is_object()) return holds_of_object(schema, key, word, value);
    return true;
  }

  bool holds_of_array(const Json& schema, const std::string& key, const Json& word, const Json& value) const {
    const auto count = static_cast<double>(value.size());
    if (key == "minItems") return count >= word.as_number();
    if (key == "maxItems") return count <= word.as_number();
    const Json* prefix = find(schema, "prefixItems");
    if (key == "prefixItems" || key == "items") {
      const std::size_t fixed = prefix ? std::min(prefix->size(), value.size()) : 0;
      const std::size_t begin = key == "items" ? fixed : 0, end = key == "items" ? value.size() : fixed;
      for (std::size_t i = begin; i < end; ++i)
        if (!fits(key == "items" ? word : word.at(i), value.at(i))) return false;
    }
    return true;
  }

  bool holds_of_object(const Json& schema, const std::string& key, const Json& word, const Json& value) const {
    if (key == "required") {
      for (std::size_t i = 0; i < word.size(); ++i)
        if (!value.find(word.at(i).as_text())) return false;
    } else if (key == "properties") {
      for (const auto& [name, part] : word.members())
        if (const Json* member = value.find(name); member && !fits(part, *member)) return false;
    } else if (key == "patternProperties" || key == "additionalProperties") {
      for (const auto& [name, member] : value.members()) {
        bool named = find(schema, "properties") && find(schema, "properties")->find(name);
        if (const Json* patterns = find(schema, "patternProperties"))
          for (const auto& [pattern, part] : patterns->members()) {
            if (!matches(pattern, name)) continue;
            named = true;
            if (key == "patternProperties" && !fits(part, member)) return false;
          }
        if (key == "additionalProperties" && !named && !fits(word, member)) return false;
      }
    }
    return true;
  }

  template <class Test> static bool any(const Json& list, Test test) {
    for (std::size_t i = 0; i < list.size(); ++i)
      if (test(list.at(i))) return true;
    return false;
  }

  void check(const Json& schema) const {
    if (schema.is_boolean()) return;
    if (!schema.is_object()) throw std::runtime_error("no schema");
    for (const auto& [key, word] : schema.members()) {
      if (key == "$ref") part(word.as_text());
      if (key == "properties" || key == "patternProperties" || key == "$defs")
        for (const auto& [name, part] : word.members()) check(part);
      if (key == "anyOf" || key == "prefixItems")
        for (std::size_t i = 0; i < word.size(); ++i) check(word.at(i));
      if (key == "not" || key == "if" || key == "then" || key == "else" || key == "items" ||
          key == "additionalProperties")
        check(word);
      static const std::vector<std::string_view> known = {"$schema",
                                                          "$ref",
                                                          "$defs",
                                                          "title",
                                                          "description",
                                                          "default",
                                                          "deprecated",
                                                          "type",
                                                          "const",
                                                          "enum",
                                                          "anyOf",
                                                          "not",
                                                          "if",
                                                          "then",
                                                          "else",
                                                          "pattern",
                                                          "minLength",
                                                          "exclusiveMinimum",
                                                          "exclusiveMaximum",
                                                          "minimum",
                                                          "maximum",
                                                          "minItems",
                                                          "maxItems",
                                                          "prefixItems",
                                                          "items",
                                                          "required",
                                                          "properties",
                                                          "patternProperties",
                                                          "additionalProperties"};
      if (std::find(known.begin(), known.end(), key) == known.end()) throw std::runtime_error("unknown word " + key);
    }
  }

  Json schema_;
  mutable std::map<std::string, std::regex, std::less<>> patterns_;
};

}  // namespace webai::test
