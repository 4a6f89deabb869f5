// Descriptions of operations as older versions of the language wrote them.
#include "core/model/operation_body.h"

namespace webai {
namespace {

template <class Change> Json each(const Json& list, const std::string& path, const Change& change) {
  if (!list.is_array() || list.is_packed()) return list;
  std::vector<Json> items;
  for (std::size_t i = 0; i < list.size(); ++i) items.push_back(change(list.at(i), pointer_to(path, i)));
  return Json::array(std::move(items));
}

// "count" is "size", whatever stands in front of it.
Json size_word(const Json& entry, const std::string& path, AliasLog& aliases) {
  if (!entry.is_text()) return entry;
  const std::string& text = entry.as_text();
  const std::size_t name = text.find_first_not_of("*!@~:&$#^%");
  if (name == std::string::npos || text.substr(name) != "count") return entry;
  aliases.used("count", "size", path);
  return Json::text(text.substr(0, name) + "size");
}

Json with_size_words(Json object, std::string_view key, const std::string& path, AliasLog& aliases) {
  const Json* list = object.find(key);
  if (!list) return object;
  return object.with(key, each(*list, pointer_to(path, key), [&](const Json& entry, const std::string& place) {
                       return size_word(entry, place, aliases);
                     }));
}

Json canonical_parameter(const Json& given, const std::string& path, AliasLog& aliases) {
  if (!given.is_object()) return size_word(given, path, aliases);
  const Json words = with_canonical_keys(given, Scope::parameter, path, aliases);
  const Json json = with_size_words(words, "callDefaultWith", path, aliases);
  const Json* name = json.find("name");
  return name ? json.with("name", size_word(*name, pointer_to(path, "name"), aliases)) : json;
}

}  // namespace

Json canonical_operation(const Json& given, const std::string& path, AliasLog& aliases) {
  const Json* model = given.find("model");
  if (!model || !model->is_object()) return given;
  const std::string inside = pointer_to(path, "model");
  Json canonical = with_canonical_keys(*model, Scope::operation, inside, aliases);
  for (const std::string_view key : {"callWith", "initState"})
    canonical = with_size_words(canonical, key, inside, aliases);
  if (const Json* params = canonical.find("defineParams")) {
    const std::string place = pointer_to(inside, "defineParams");
    const auto parameter = [&](const Json& one, const std::string& at) { return canonical_parameter(one, at, aliases); };
    if (params->is_object()) {
      std::vector<Json::Member> members;  // by name
      for (const auto& [name, value] : params->members())
        members.emplace_back(size_word(Json::text(name), pointer_to(place, name), aliases).as_text(),
                             value.is_object() ? parameter(value, pointer_to(place, name)) : value);
      canonical = canonical.with("defineParams", Json::object(std::move(members)));
    } else {
      canonical = canonical.with("defineParams", each(*params, place, parameter));
    }
  }
  return given.with("model", canonical);
}

}  // namespace webai
