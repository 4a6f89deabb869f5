// The two exports that keep the author's spelling: values go back to their places, or all of them into the layers.
#include "core/model/export.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "core/model/json.h"
#include "core/model/json_edit.h"
#include "core/model/setup_instructions.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"
#include "webai/operation.hpp"

namespace webai {
namespace {

Json standardize_step(const Tensor& mean, const Tensor& deviation) {
  return Json::object({{"type", Json::text("standardize")},
                       {"mean", json_from_tensor(mean)},
                       {"std", json_from_tensor(deviation)}});
}

// What no training has learned yet is left to the first one.
bool is_learned(const Tensor& mean, const Tensor& deviation) {
  for (std::size_t k = 0; k < mean.elements(); ++k)
    if (mean.at(k) != 0 || deviation.at(k) != 1) return true;
  return false;
}

// Names that mean something else where rules stand.
void check_name_of_rules(const std::string& name) {
  if (!is_kept_and_ignored(name) && name != "normalize" && name != "denormalize") return;
  throw Error(Code::unsupported, {.message = "what \"auto\" learns for the input \"" + name + "\" could not be written: \"io\" has no rules under this name",
                                  .reason = "IO_NAME",
                                  .path = "/io/input",
                                  .expected = "a name that \"io\" can have rules under",
                                  .actual = "\"" + name + "\"",
                                  .hint = "give the input another name"});
}

// Instead of one "auto" for several inputs, each of them has its own under its name.
void set_rules_by_name(JsonEdit& edit, const Model& model, const BuiltModel& built, const std::map<std::string, Json>& steps) {
  bool still_named = false;
  const auto input = std::ranges::find(built.inputs, steps.begin()->first, &BuiltInput::name);
  const std::string& before = model.io.input_rules(input->name, input->label).name;
  for (const auto& [name, step] : steps) {
    check_name_of_rules(name);
    edit.set(pointer_to(pointer_to("/io/input", name), "normalize"), step);
    still_named = still_named || name == before;
  }
  if (before.empty()) edit.remove("/io/input/normalize");
  else if (!still_named) edit.remove(pointer_to("/io/input", before));  // a label that they share
}

// What "auto" learned stands where "auto" stood.
void set_learned(JsonEdit& edit, const Model& model, const BuiltModel& built, std::span<const Tensor> learned) {
  std::map<std::string, std::map<std::string, Json>> places;  // by path, then by input
  std::set<std::string> changed;
  for (std::size_t i = 0; 2 * i + 1 < learned.size() && i < built.auto_normalize.size(); ++i) {
    const AutoNormalize& entry = built.auto_normalize[i];
    const Tensor &mean = learned[2 * i], &deviation = learned[2 * i + 1];
    const bool is_new = is_learned(mean, deviation);
    if (is_new) changed.insert(entry.path);
    places[entry.path].emplace(entry.input, is_new ? standardize_step(mean, deviation) : Json::text("auto"));
  }
  for (const std::string& path : changed) {
    const auto& steps = places[path];
    if (steps.size() == 1) edit.set(path, steps.begin()->second);
    else set_rules_by_name(edit, model, built, steps);
  }
}

void check_count(const BuiltModel& built, std::span<const Tensor> current) {
  if (current.size() != built.parameters.size())
    throw Error(Code::internal, "export needs one tensor for each of " + std::to_string(built.parameters.size()) +
                                    " parameters, got " + std::to_string(current.size()));
}

// The table describes the old bytes. What is written now stands in the order of the document, which needs no table unless
// parameters are tied.
void set_instructions(JsonEdit& edit, const Json& document, const std::string& setup, std::span<const BuiltParameter> stored,
                      const BuiltModel& built, const std::string& place) {
  const std::string path = setup + "/instructions";
  if (has_ties(built, place))
    edit.set(path, write_instructions(stored, table_entries(stored, built.ties, place)));
  else if (value_at(document, setup).find("instructions"))
    edit.set(path, Json::text(""));
}

std::vector<BuiltParameter> stored_of(const BuiltModel& built) {
  std::vector<BuiltParameter> list;
  for (const BuiltParameter& parameter : built.parameters)
    if (parameter.stored) list.push_back(parameter);
  return list;
}

bool same_numbers(const Tensor& a, const Tensor& b) {
  if (a.elements() != b.elements()) return false;
  for (std::size_t i = 0; i < a.elements(); ++i)
    if (a.at(i) != b.at(i)) return false;
  return true;
}

// A parameter's scale is what its layer's `quantization` says. Without one it is found from the numbers in the layer, and is
// 1 for what lies in setup.data. Layers that would be read with other scales than those of `parameters` say them from now
// on; once they say anything, none is found any more. `has_numbers`: whether the layer will hold this parameter's numbers.
// `all`: as if it might or might not.
void set_scales(JsonEdit& edit, const Json& document, const BuiltModel& built, std::span<const BuiltParameter> parameters,
                std::span<const Tensor> current, const std::function<bool(std::size_t)>& has_numbers, bool all = false) {
  std::map<std::string_view, std::vector<std::size_t>> by_layer;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i].code) by_layer[parameters[i].layer].push_back(i);
  for (const auto& [path, members] : by_layer) {
    const std::string layer(path);
    const bool says = !value_at(document, layer + "/quantization").is_null();
    std::vector<std::size_t> to_say;
    bool differ = false;
    for (const std::size_t i : members) {
      const ParameterCode& code = parameters[i].code;
      const double silent = has_numbers(i) ? found_scale(current[i], code) : 1;
      const bool same = says ? same_numbers(code.scale, built.parameters[i].code.scale) : code.scale.at(0) == silent;
      differ = differ || !same || (all && !says && code.scale.at(0) != 1);
      if (!same || (!says && code.scale.at(0) != 1)) to_say.push_back(i);
    }
    if (!differ) continue;
    edit.spell_out_layer(layer);
    for (const std::size_t i : to_say) {
      const Tensor& scale = parameters[i].code.scale;
      edit.set(pointer_to(parameters[i].code.path, "scale"),
               json_from_tensor(scale.shape().rank() == 0 ? scale : scale.reshaped(Shape{scale.shape().elements()})));
    }
  }
}

// JSON cannot write other numbers; they stay in setup.data, where base64 can.
bool can_be_written(const BuiltParameter& parameter, const Tensor& tensor) {
  if (parameter.code) return survives_as_numbers(tensor, parameter.code);
  for (std::size_t i = 0; i < tensor.elements(); ++i)
    if (!std::isfinite(tensor.at(i))) return false;
  return true;
}

// What shares its elements with others stays where a table can say so; so does all that the table of an inner net names.
bool stays_in_table(const Model& model, const BuiltParameter& parameter) {
  const auto& net = model.element(parameter.owner).net;
  return parameter.tied || (net && has_instructions_inside(*net));
}

}  // namespace

void check_auto_can_be_written(const BuiltModel& built) {
  for (const AutoNormalize& one : built.auto_normalize)
    if (std::ranges::count(built.auto_normalize, one.path, &AutoNormalize::path) > 1) check_name_of_rules(one.input);
}

Json value_at(const Json& document, std::string_view pointer) {
  Json value = document;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view key = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(key.size());
    if (value.is_array()) {
      std::size_t index = value.size();
      std::from_chars(key.data(), key.data() + key.size(), index);
      value = index < value.size() ? value.at(index) : Json();
    } else {
      const Json* member = value.find(key);
      value = member ? *member : Json();
    }
  }
  return value;
}

void set_inner_setups(JsonEdit& edit, const Json& document, const BuiltModel& built, std::span<const Tensor> current,
                      SetupDataAs as, WeightsFile* file) {
  std::map<std::string, std::pair<BuiltModel, std::vector<Tensor>>> by_setup;
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    if (built.parameters[i].setup.empty()) continue;
    auto& [part, values] = by_setup[built.parameters[i].setup];
    part.parameters.push_back(built.parameters[i]);
    part.parameters.back().stored = true;
    values.push_back(current[i]);
  }
  for (const auto& [path, part] : by_setup) {
    // Where the model itself has none, as they were given.
    const SetupDataAs form = as != SetupDataAs::none ? as : value_at(document, path).is_array() ? SetupDataAs::array : SetupDataAs::base64;
    edit.set(path, write_setup_data(part.first, part.second, form, file));
    const bool old = path.ends_with("/setupData");  // the old spelling, beside "setup"
    set_instructions(edit, document, path.substr(0, path.rfind('/')) + (old ? "/setup" : ""), part.first.parameters, built, path);
  }
}

Json export_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                  std::span<const Tensor> learned, JsonExport options) {
  check_count(built, current);
  JsonEdit edit;
  edit.set("/webai", Json::integer(1));
  bool stores = false;
  std::vector<BuiltParameter> parameters = built.parameters;
  for (std::size_t i = 0; i < options.scales.size(); ++i)  // training widens them
    if (parameters[i].code && !(parameters[i].stored && options.setup_data_as == SetupDataAs::none))
      parameters[i].code.scale = options.scales[i];
  const auto in_layer = [&](std::size_t i) { return !parameters[i].stored && parameters[i].setup.empty(); };
  set_scales(edit, model.json, built, parameters, current, in_layer, options.all_scales);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const BuiltParameter& parameter = parameters[i];
    if (parameter.stored)
      stores = true;
    else if (parameter.setup.empty())
      edit.set(parameter.path, json_from_parameter(parameter, current[i]));
  }
  set_inner_setups(edit, model.json, built, current, options.setup_data_as, options.file);
  if (stores && options.setup_data_as != SetupDataAs::none)
    edit.set(model.setup_data_path, write_setup_data(built, current, options.setup_data_as, options.file));
  if (stores && options.setup_data_as != SetupDataAs::none)
    set_instructions(edit, model.json, "/setup", stored_of(built), built, {});
  set_learned(edit, model, built, learned);
  return edit.apply(model.json);
}

std::string export_json(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                        std::span<const Tensor> learned, JsonExport options) {
  return write_json(export_model(model, built, current, learned, options), options.pretty);
}

Json pretty_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                  WeightsFile* file) {
  check_count(built, current);
  if (as == SetupDataAs::none) return model.json;
  JsonEdit edit;
  edit.set("/webai", Json::integer(1));
  set_inner_setups(edit, model.json, built, current, as, file);
  std::set<std::string, std::less<>> outside;
  add_places_of_operations(model, outside, is_trained_outside);
  // A number in the layer of one net is none of the parameters that several nets share, nor one that has a scale.
  std::set<std::string, std::less<>> untrained;
  add_places_of_operations(model, untrained, [](const OperationParameter& parameter) { return !parameter.subject_of_training; });
  const auto is_shared = [&](const BuiltParameter& parameter) {
    return std::ranges::any_of(built.shared_nets, [&](const auto& net) { return std::ranges::find(net.second, parameter.value) != net.second.end(); });
  };
  BuiltModel left;  // whose parameters stay in setup.data
  std::vector<Tensor> values;
  std::vector<bool> stays;
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    const BuiltParameter& parameter = built.parameters[i];
    const std::string place = pointer_to(parameter.layer, parameter.parameter);
    stays.push_back(parameter.stored && (outside.contains(place) || (untrained.contains(place) && (is_shared(parameter) || parameter.code)) ||
                                         !can_be_written(parameter, current[i]) || stays_in_table(model, parameter)));
  }
  set_scales(edit, model.json, built, built.parameters, current,
             [&](std::size_t i) { return built.parameters[i].setup.empty() && !stays[i]; });
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    const BuiltParameter& parameter = built.parameters[i];
    if (!parameter.setup.empty()) continue;
    const std::string place = pointer_to(parameter.layer, parameter.parameter);
    if (stays[i]) {
      left.parameters.push_back(parameter);
      values.push_back(current[i]);
      continue;
    }
    if (parameter.stored) edit.spell_out_layer(parameter.layer);
    edit.set(parameter.stored ? place : parameter.path, json_from_parameter(parameter, current[i]));
  }
  if (!left.parameters.empty()) {
    edit.set(model.setup_data_path, write_setup_data(left, values, as, file));
    set_instructions(edit, model.json, "/setup", left.parameters, built, {});
    return edit.apply(model.json);
  }
  edit.remove("/setupData");  // the old spelling
  if (const Json* setup = model.json.find("setup")) {
    const auto is_old = [](const Json::Member& member) {
      return member.first == "data" || member.first == "instructions";
    };
    if (setup->is_object() && !std::ranges::all_of(setup->members(), is_old)) {
      edit.remove("/setup/data");
      edit.remove("/setup/instructions");
    } else {
      edit.remove("/setup");
    }
  }
  return edit.apply(model.json);
}

}  // namespace webai
