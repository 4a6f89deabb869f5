// Replaces values at their JSON pointers; everything else stays as given, in its order.
#include "core/model/export.h"

#include <map>

#include "webai/error.hpp"

namespace webai {
namespace {

/// New values by place, as a tree like the document's, so that one walk replaces them all.
struct Change {
  std::map<std::string, Change, std::less<>> inside;
  Json value;
  bool replaces = false;
};

void put(Change& root, std::string_view pointer, Json value) {
  Change* at = &root;
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
    at = &at->inside[key];
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
  }
  at->value = std::move(value);
  at->replaces = true;
}

Json changed(const Json& json, const Change& change) {
  if (change.replaces) return change.value;
  if (change.inside.empty()) return json;
  if (json.is_array()) {
    std::vector<Json> items;
    items.reserve(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
      const auto at = change.inside.find(std::to_string(i));
      items.push_back(at == change.inside.end() ? json.at(i) : changed(json.at(i), at->second));
    }
    return Json::array(std::move(items));
  }
  std::vector<Json::Member> members;
  if (json.is_object()) members.assign(json.members().begin(), json.members().end());
  for (const auto& [key, inner] : change.inside) {
    bool found = false;
    for (Json::Member& member : members) {
      if (member.first != key) continue;
      member.second = changed(member.second, inner);
      found = true;
    }
    if (!found) members.emplace_back(key, changed(Json(), inner));
  }
  return Json::object(std::move(members));
}

Json standardize_step(const Tensor& mean, const Tensor& scale) {
  std::vector<double> deviation;
  for (std::size_t i = 0; i < scale.elements(); ++i) deviation.push_back(scale.at(i) == 0 ? 1 : 1 / scale.at(i));
  return Json::object({{"type", Json::text("standardize")},
                       {"mean", json_from_tensor(mean)},
                       {"std", Json::numbers(std::move(deviation))}});
}

}  // namespace

Json export_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                  std::span<const Tensor> learned, ExportOptions options) {
  if (current.size() != built.parameters.size())
    throw Error(Code::internal, "export needs one tensor for each of " + std::to_string(built.parameters.size()) +
                                    " parameters, got " + std::to_string(current.size()));
  Change changes;
  put(changes, "/webai", Json::integer(1));
  bool stores = false;
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    const BuiltParameter& parameter = built.parameters[i];
    if (parameter.stored)
      stores = true;
    else
      put(changes, parameter.path, json_from_tensor(current[i]));
  }
  if (stores) put(changes, model.setup_data_path, write_setup_data(built, current, options.setup_data_as));
  // The table describes the old bytes; what is written now stands in the order of the document.
  const Json* setup = model.json.find("setup");
  if (setup && setup->find("instructions")) put(changes, "/setup/instructions", Json::text(""));
  for (std::size_t i = 0; 2 * i + 1 < learned.size() && i < built.auto_normalize.size(); ++i)
    put(changes, built.auto_normalize[i].path, standardize_step(learned[2 * i], learned[2 * i + 1]));
  return changed(model.json, changes);
}

std::string export_json(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                        std::span<const Tensor> learned, ExportOptions options) {
  return write_json(export_model(model, built, current, learned, options), options.pretty);
}

}  // namespace webai
