// Exports: the model as JSON in its forms.
#include <algorithm>
#include <ranges>
#include <cstring>

#include "core/model/export.h"
#include "core/op/registry.h"
#include "network/export.h"
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Whether its weights, or those of a net in it, stand in a file. Such a text alone is not the whole model.
bool names_files(const Model& model) {
  if (model.setup_data.is_object()) return true;
  for (int id = 1; id <= model.element_count; ++id)
    if (const auto& net = model.element(id).net; net && names_files(*net)) return true;
  return false;
}

SetupDataAs setup_form(const std::string& name, const Model& model) {
  if (name == "given")
    return names_files(model)            ? SetupDataAs::base64
           : model.setup_data.is_null()  ? SetupDataAs::none
           : model.setup_data.is_array() ? SetupDataAs::array
                                         : SetupDataAs::base64;
  return name == "array" ? SetupDataAs::array : name == "file" ? SetupDataAs::file : SetupDataAs::base64;
}

bool same_parameters(const BuiltModel& a, const BuiltModel& b) {
  return std::ranges::equal(a.parameters, b.parameters,
                            [](const BuiltParameter& x, const BuiltParameter& y) { return x.type == y.type; });
}

// From the names before the first renaming to those after the second.
RenamedLayers renamed_twice(RenamedLayers first, const RenamedLayers& second) {
  for (const auto& [old, now] : second) {
    const auto known = std::ranges::find(first, old, &RenamedLayers::value_type::second);
    if (known == first.end()) first.emplace_back(old, now);
    else known->second = now;
  }
  return first;
}

constexpr int most_rounds = 64;  // of minifying what was minified: few are needed, and two forms that alternate would never end

// Whether a model without values of its own begins with these: what is left to chance depends on where it stands.
bool begins_with(const Context& context, const Json& model, std::span<const Tensor> values) {
  const auto starts = NeuralNetwork::from_json(write_json(model), context).parameters();
  return std::ranges::equal(starts, values, [](const auto& start, const Tensor& value) {
    const Tensor& tensor = start.second;
    return value.type() == tensor.type() && value.shape() == tensor.shape() &&
           std::memcmp(value.data(), tensor.data(), tensor.bytes()) == 0;
  });
}

std::vector<Tensor> chosen(std::span<const Tensor> values, const std::vector<std::size_t>& indices) {
  std::vector<Tensor> list;
  for (const std::size_t index : indices) list.push_back(values[index]);
  return list;
}

[[noreturn]] void no_place_for_file() {
  throw Error(Code::invalid_argument, {.message = "weights in a file of their own are given apart from the model",
                                       .reason = "OPTION",
                                       .path = "setupDataAs",
                                       .hint = "save the network, or give export_model a tensor for them"});
}

// Owned by itself: whoever takes it may keep it.
Tensor as_tensor(std::vector<std::byte>&& bytes) {
  const auto kept = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return Tensor::wrap(kept->data(), DType::u8, Shape{static_cast<std::int64_t>(kept->size())}, [kept] {});
}

}  // namespace

NeuralNetwork::State::Weights NeuralNetwork::State::weights() {
  Weights result;
  const std::lock_guard guard(turn);
  for (const BuiltParameter& parameter : built.parameters) {
    result.parameters.push_back(tensor_of(parameter));
    if (parameter.code || !result.scales.empty()) {
      result.scales.resize(result.parameters.size());
      result.scales.back() = scale_of(parameter);
    }
  }
  for (const AutoNormalize& entry : built.auto_normalize)
    for (const ValueId id : {entry.mean, entry.deviation}) {
      const Value& value = built.graph.value(id);
      Tensor tensor(context, value.type.type, value.type.shape);
      std::memcpy(tensor.data(), buffer(value.name)->host(), tensor.bytes());
      result.learned.push_back(std::move(tensor));
    }
  return result;
}

std::string NeuralNetwork::to_json(const SaveOptions& options) const {
  State& state = *state_;
  check_export({.setup_data_as = options.setup_data_as});
  if (options.setup_data_as == "file") no_place_for_file();
  if (options.setup_data_as == "given" && !names_files(state.model)) return write_json(state.model.json, options.pretty);
  const State::Weights weights = state.weights();
  const JsonExport form{setup_form(options.setup_data_as, state.model), options.pretty, nullptr, weights.scales};
  return export_json(state.model, state.built, weights.parameters, weights.learned, form);
}

std::string NeuralNetwork::export_model(const ExportOptions& options,
                                        std::vector<std::pair<std::string, std::string>>* renamed, Tensor* file) const {
  return state_->exported(options, renamed, file, 0);
}

std::string NeuralNetwork::State::exported(const ExportOptions& options, std::vector<std::pair<std::string, std::string>>* renamed,
                                           Tensor* file, int round) {
  check_export(options);
  const SetupDataAs as = setup_form(options.setup_data_as, this->model);
  if (as == SetupDataAs::file && !file) no_place_for_file();
  if (renamed) renamed->clear();
  if (file) *file = {};
  WeightsFile written{.name = options.setup_file};
  const auto finished = [&](std::string text) {
    if (file && !written.bytes.empty()) *file = as_tensor(std::move(written.bytes));
    return text;
  };
  Weights weights = this->weights();
  const bool cuts = !options.from.empty() || !options.upto.empty();
  if (!cuts && options.optimize.empty() && options.to == "json")
    return finished(export_json(this->model, this->built, weights.parameters, weights.learned, {as, options.indent, &written, weights.scales}));

  // What was learned beside the weights and what is left of the layers make a model to start from.
  const auto read = [&](const Json& json) { return parse_model(context, *registry, json); };
  const auto build = [&](const Model& model) {
    return build_model(context, *registry, model, {.fill = false});
  };
  const auto with_values = [&] {
    ExportOptions all = options;
    all.setup_data_as = "base64";
    return exported(all, renamed, file, round);
  };
  Model model = this->model;
  const bool keeps_inline = as == SetupDataAs::none && !std::ranges::all_of(this->built.parameters, &BuiltParameter::stored);
  if (!weights.learned.empty() || !weights.scales.empty() || keeps_inline)
    model = read(webai::export_model(this->model, this->built, weights.parameters, weights.learned,
                                     {.setup_data_as = as == SetupDataAs::none ? as : SetupDataAs::base64,
                                      .scales = weights.scales,
                                      .all_scales = true}));
  BuiltModel built = build(model);
  if (cuts) {
    std::vector<std::size_t> kept;
    model = read(cut_model(model, built, {options.from, options.upto}, kept));
    built = build(model);
    weights.parameters = chosen(weights.parameters, kept);
  }
  if (options.to != "json")
    return export_program(context, *registry, model, weights.parameters, options);
  // Weights that are left to chance depend on where they stand.
  for (bool merged = options.optimize == "minify" && as != SetupDataAs::none; merged;) {
    merged = false;
    for (const Json& choice : merge_nets(model, built)) {
      Model next = read(choice);
      BuiltModel flat = build(next);
      if (!same_parameters(built, flat)) continue;
      model = std::move(next);
      built = std::move(flat);
      merged = true;
      break;
    }
  }
  if (options.optimize == "minify") {
    RenamedLayers names;
    const Json result = minify_model(model, built, weights.parameters, as, options.keep_names, &names, &written);
    const auto kept = [&] { return chosen(weights.parameters, kept_by_minify(model, built)); };
    if (as == SetupDataAs::none && !begins_with(context, result, kept())) return with_values();
    // With what nobody needed gone, more may follow: a net without label and pipes may be merged, names that an iterator kept
    // may go. So once more, until nothing changes.
    const auto has_net = [&](int id) { return static_cast<bool>(this->model.element(id).net); };
    const auto ids = std::views::iota(1, this->model.element_count + 1);
    if (round < most_rounds && std::ranges::any_of(ids, has_net)) {
      const Json whole = as == SetupDataAs::file ? minify_model(model, built, weights.parameters, SetupDataAs::base64, options.keep_names) : result;
      if (!(whole == this->model.json)) {
        ExportOptions again = options;
        again.from = again.upto = {};
        RenamedLayers later;
        std::string text = NeuralNetwork::from_json(write_json(whole), context).state_->exported(again, &later, file, round + 1);
        if (renamed) *renamed = renamed_twice(std::move(names), later);
        return text;
      }
    }
    if (renamed) *renamed = std::move(names);
    return finished(write_json(result, options.indent));
  }
  if (cuts && as == SetupDataAs::none && !begins_with(context, model.json, weights.parameters)) return with_values();
  if (options.optimize == "pretty") return finished(write_json(pretty_model(model, built, weights.parameters, as, &written), true));
  return finished(export_json(model, built, weights.parameters, {}, {as, options.indent, &written}));
}

}  // namespace webai
