#include "core/model/export_cut_ends.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/model/vocabulary.h"

namespace webai {
namespace {

std::optional<Json> found_at(const Json& value, const std::string& path, const std::string& wanted) {
  if (path == wanted) return value;
  const auto leads_on = [&](const std::string& inner) { return inner == wanted || wanted.starts_with(inner + "/"); };
  if (value.is_object())
    for (const auto& [key, inner] : value.members())
      if (const std::string at = pointer_to(path, key); leads_on(at)) return found_at(inner, at, wanted);
  if (value.is_array() && !value.is_packed())
    for (std::size_t i = 0; i < value.size(); ++i)
      if (const std::string at = pointer_to(path, i); leads_on(at)) return found_at(value.at(i), at, wanted);
  return {};
}

// The input's lookup as an output has it. Labels that an input takes are tokens as well.
Json shared_lookup(const Json& io, const IoStep& step) {
  std::vector<Json::Member> members = {{"type", Json::text("lookup")}};
  const std::optional<Json> given = found_at(io, "/io", step.path);
  if (step.type == "lookup" && given && given->is_object()) {
    for (const std::string_view key : {"vocabulary", "level", "unknown", "padding"})
      if (const Json* value = given->find(key)) members.emplace_back(std::string(key), *value);
    return Json::object(std::move(members));
  }
  std::vector<Json> tokens;
  for (const std::string& token : step.lookup->tokens()) tokens.push_back(Json::text(token));
  members.emplace_back("vocabulary", Json::array(std::move(tokens)));
  members.emplace_back("level", Json::text("word"));
  return Json::object(std::move(members));
}

// A step, a list of them, or a chain.
Json steps_with(const Json& steps, const Json& lookup) {
  const Json word = Json::text("lookup");
  if (steps == word) return lookup;
  if (steps.is_array() && !steps.is_packed()) {
    std::vector<Json> list;
    for (std::size_t i = 0; i < steps.size(); ++i) list.push_back(steps_with(steps.at(i), lookup));
    return Json::array(std::move(list));
  }
  if (!steps.is_object()) return steps;
  if (const Json* chain = steps.find("steps")) return steps.with("steps", steps_with(*chain, lookup));
  const Json* type = steps.find("type");
  return type && *type == word && !steps.find("vocabulary") ? lookup : steps;
}

}  // namespace

bool gives_other_values(const Model& model, int last, const Shape& joined) {
  const auto layer_of = [&](int id) { return model.element(id).layer_index; };
  std::vector<int> crossing, leaving;
  for (const Route& route : model.routes) {
    if (route.hidden || layer_of(route.source) != last || route.target == 0 || layer_of(route.target) <= last) continue;
    if (!route.output.empty() && route.output != "0") return true;
    crossing.push_back(route.source);
  }
  const Layer& layer = model.layers[static_cast<std::size_t>(last)];
  const auto crosses = [&](const Layer& part) {  // by a target, which would be none any more
    return std::ranges::any_of(model.routes, [&](const Route& route) {
      return route.source == part.id && !route.pulled && route.target != 0 && layer_of(route.target) > last;
    });
  };
  bool remembers = false;  // a history that would be an output crosses no cut
  const auto see = [&](const Layer& part) {
    if (!part.operates() || (part.is_pipe && part.routed && !crosses(part))) return;
    leaving.push_back(part.id);
    remembers = remembers || (part.history > 0 && !part.history_routed);
  };
  see(layer);
  for (const Layer& pipe : layer.pipes) see(pipe);
  std::ranges::sort(crossing);
  // What is joined for the next layer would stand one behind the other, sample by sample, in flat outputs.
  return remembers || crossing != leaving || (leaving.size() > 1 && joined.rank() > 1);
}

Json with_own_vocabularies(const Json& rules, const Json& io, const IoBlock& block) {
  const IoStep* spoken = nullptr;
  for (const IoRules& input : block.input)
    if (const IoStep* step = text_step(input); step && !spoken) spoken = step;
  if (!spoken || !rules.is_object()) return rules;
  const Json lookup = shared_lookup(io, *spoken);
  std::vector<Json::Member> members;
  for (const auto& [key, value] : rules.members())
    if (key == "normalize" || key == "denormalize")
      members.emplace_back(key, steps_with(value, lookup));
    else  // of one output by its name
      members.emplace_back(key, is_kept_and_ignored(key) ? value : with_own_vocabularies(value, io, block));
  return Json::object(std::move(members));
}

}  // namespace webai
