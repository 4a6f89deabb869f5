#include "core/model/json_edit.h"

#include <algorithm>
#include <vector>

namespace webai {

JsonEdit::Change& JsonEdit::at(std::string_view pointer) {
  Change* change = &root_;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::size_t slash = pointer.find('/');
    std::string key;
    for (std::string_view escaped = pointer.substr(0, slash); !escaped.empty(); escaped.remove_prefix(1)) {
      if (escaped.size() > 1 && escaped[0] == '~') {
        key += escaped[1] == '1' ? '/' : '~';
        escaped.remove_prefix(1);
      } else {
        key += escaped[0];
      }
    }
    const auto [place, is_new] = change->inside.try_emplace(std::move(key));
    change = &place->second;
    if (is_new) change->number = ++changes_;
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  return *change;
}

void JsonEdit::set(std::string_view pointer, Json value) {
  Change& change = at(pointer);
  change.value = std::move(value);
  change.replaces = true;
}

void JsonEdit::remove(std::string_view pointer) { at(pointer).removes = true; }

void JsonEdit::spell_out_layer(std::string_view pointer) { at(pointer).spells_out = true; }

Json JsonEdit::changed(const Json& json, const Change& change) {
  if (change.replaces) return change.value;
  if (change.spells_out && !json.is_object()) return changed_object(Json::object({{"size", json}}), change);
  if (change.inside.empty()) return json;
  if (!json.is_array()) return changed_object(json, change);
  std::vector<Json> items;
  items.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto found = change.inside.find(std::to_string(i));
    if (found == change.inside.end())
      items.push_back(json.at(i));
    else if (!found->second.removes)
      items.push_back(changed(json.at(i), found->second));
  }
  return Json::array(std::move(items));
}

Json JsonEdit::changed_object(const Json& json, const Change& change) {
  std::vector<Json::Member> members;
  if (json.is_object()) members.assign(json.members().begin(), json.members().end());
  std::map<std::size_t, Json::Member> added;
  for (const auto& [key, inner] : change.inside) {
    const auto found = std::ranges::find(members, key, &Json::Member::first);
    if (inner.removes) {
      if (found != members.end()) members.erase(found);
    } else if (found != members.end()) {
      found->second = changed(found->second, inner);
    } else {
      added.emplace(inner.number, Json::Member(key, changed(Json(), inner)));
    }
  }
  for (auto& [number, member] : added) members.push_back(std::move(member));
  return Json::object(std::move(members));
}

}  // namespace webai
