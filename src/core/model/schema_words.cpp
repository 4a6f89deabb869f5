#include "core/model/schema_words.h"

#include <algorithm>

#include "webai/dtype.hpp"
#include "webai/error.hpp"
#include "webai/shape.hpp"

namespace webai::schema {

Properties& Properties::set(std::string_view name, Json part) {
  const auto at = std::ranges::find(members_, name, &Json::Member::first);
  if (at == members_.end())
    members_.emplace_back(std::string(name), std::move(part));
  else
    at->second = std::move(part);
  return *this;
}

void Properties::remove(std::string_view name) {
  std::erase_if(members_, [&](const Json::Member& member) { return member.first == name; });
}

const Json& Properties::at(std::string_view name) const {
  const auto at = std::ranges::find(members_, name, &Json::Member::first);
  if (at == members_.end()) throw Error(Code::internal, "the schema has no property " + std::string(name));
  return at->second;
}

Json anything() { return Json::object({}); }
Json word(std::string_view text) { return Json::text(std::string(text)); }
Json type(std::string_view name) { return Json::object({{"type", word(name)}}); }
Json refer(std::string_view part) { return Json::object({{"$ref", word("#/$defs/" + std::string(part))}}); }
Json constant(std::string_view text) { return Json::object({{"const", word(text)}}); }

Json words(Words list) {
  std::vector<Json> items;
  for (const std::string_view item : list) items.push_back(word(item));
  return Json::object({{"enum", Json::array(std::move(items))}});
}
Json words(std::initializer_list<std::string_view> list) { return words(Words(list.begin(), list.size())); }

Json matching(std::string_view pattern) { return Json::object({{"type", word("string")}, {"pattern", word(pattern)}}); }

Json whole_from(std::int64_t least) {
  return Json::object({{"type", word("integer")}, {"minimum", Json::integer(least)}});
}

Json any_of(std::vector<Json> parts) { return Json::object({{"anyOf", Json::array(std::move(parts))}}); }

Json list(Json items, std::int64_t least, std::int64_t most) {
  std::vector<Json::Member> members = {{"type", word("array")}, {"items", std::move(items)}};
  if (least > 0) members.emplace_back("minItems", Json::integer(least));
  if (most >= 0) members.emplace_back("maxItems", Json::integer(most));
  return Json::object(std::move(members));
}

Json closed(const Properties& properties, Words required) {
  std::vector<Json> needed;
  for (const std::string_view key : required) needed.push_back(word(key));
  std::vector<Json::Member> members = {{"type", word("object")},
                                       {"properties", properties.with("meta", anything()).json()}};
  if (!needed.empty()) members.emplace_back("required", Json::array(std::move(needed)));
  members.emplace_back("patternProperties", Json::object({{"^x-", anything()}}));
  members.emplace_back("additionalProperties", Json::boolean(false));
  return Json::object(std::move(members));
}
Json closed(const Properties& properties, std::initializer_list<std::string_view> required) {
  return closed(properties, Words(required.begin(), required.size()));
}

Json opened(const Properties& properties) {
  return Json::object({{"type", word("object")}, {"properties", properties.json()}});
}

Json requiring(std::string_view property, Json part) {
  return Json::object({{"type", word("object")},
                       {"properties", Json::object({{std::string(property), std::move(part)}})},
                       {"required", Json::array({word(property)})}});
}

Json described(Json part, std::string_view text) { return part.with("description", word(text)); }

Json deprecated(const Json& part, std::string_view canonical) {
  return part.with("description", word("An old name of " + std::string(canonical) + "."))
      .with("deprecated", Json::boolean(true));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> list;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    list.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  }
  return list;
}

Json root_word(std::string_view key) {
  if (key == "webai")
    return Json::object({{"const", Json::integer(1)}, {"description", word("Version of the language.")}});
  if (key == "domain" || key == "type") return refer("text");
  if (key == "dataType") {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < dtype_count; ++i)
      if (const auto one = static_cast<DType>(i); one != DType::boolean) names.push_back(name_of(one));
    return words(names);
  }
  if (key == "minMops") return Json::object({{"type", word("number")}, {"minimum", Json::integer(0)}});
  if (key == "seed") return described(any_of({type("integer"), type("null")}), "null: another one each time.");
  if (key == "setup" || key == "io") return refer(key);
  if (key == "outputs") return list(refer("output"), 1);
  if (key == "operations") return list(refer("operation"));
  if (key == "timeStep") return deprecated(anything(), "nothing");
  return anything();
}

namespace {

// By dimension; which of them are open, the size says.
Json shape_hints() {
  const Json hint = closed(Properties().set("min", refer("count")).set("max", refer("count")).set("common", list(refer("count"), 1)));
  Properties all;
  for (std::size_t axis = 0; axis < Shape::max_rank - 1; ++axis) all.set("dim_" + std::to_string(axis), hint);
  return closed(all);
}

}  // namespace

Properties code_words() {
  const Json above_zero = Json::object({{"type", word("number")}, {"exclusiveMinimum", Json::integer(0)}});
  return Properties()
      .set("scale", any_of({above_zero, list(above_zero, 1)}))
      .set("zeroPoint", type("integer"))
      .set("axis", type("integer"));
}

Json layer_word(std::string_view key) {
  if (key == "name") return refer("name");
  if (key == "label" || key == "domain" || key == "type" || key == "pipeFrom") return refer("text");
  if (key == "size") return refer("size");
  if (key == "to" || key == "historyTo") return refer("targets");
  if (key == "history")
    return Json::object({{"type", word("integer")}, {"minimum", Json::integer(1)}, {"maximum", Json::integer(65535)}});
  if (key == "shapeHints") return shape_hints();
  if (key == "quantization") return opened(code_words());
  return anything();
}

Json io_word(std::string_view key) {
  if (key == "from" || key == "to") return list(type("number"), 2, 2);
  if (key == "mean" || key == "std") return any_of({type("number"), list(type("number"), 1)});
  if (key == "offset" || key == "min" || key == "max") return type("number");
  if (key == "clamp") return type("boolean");
  if (key == "vocabulary") return any_of({refer("text"), list(refer("text"), 1)});
  if (key == "level") return words({"character", "word"});
  if (key == "unknown" || key == "padding") return any_of({refer("text"), type("null")});
  if (key == "oneHot") return type("boolean");
  if (key == "count")
    return Json::object({{"type", word("integer")}, {"minimum", Json::integer(1)}, {"maximum", Json::integer(53)}});
  if (key == "size") return list(refer("count"), 2, 3);
  if (key == "layout") return words({"hwc", "chw"});
  if (key == "crop") return any_of({constant("center"), list(refer("whole"), 4, 4)});
  if (key == "resize") return words({"linear", "nearest"});
  if (key == "labels") return list(any_of({type("string"), type("number")}), 1);
  return anything();
}

}  // namespace webai::schema
