// What an iterator starts from: pulled from the model around it, inputs of that model, or zeros.
#include <algorithm>

#include "core/model/iteration.h"
#include "core/model/open_dimensions.h"
#include "core/op/term.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

}  // namespace

Ref Iteration::source(const std::string& name, const std::function<std::optional<Size>()>& find_size, const std::string& path) {
  if (const Ref value = layer_.piped(pulled_parameter(name))) return value;
  Ref& input = inputs_[name];
  if (input) return input;
  const std::optional<Size> size = find_size();  // which may build what is inside: only where nothing is piped
  if (!size)
    throw Error(Code::invalid_model, {.message = "the input \"" + name + "\" needs a size",
                                      .reason = "NO_SIZE",
                                      .path = path,
                                      .layer = layer_.layer().name,
                                      .expected = "a size",
                                      .actual = "none",
                                      .hint = "give \"size\" beside this \"pipeFrom\""});
  BuiltModel& outer = layer_.built();
  const Shape dims = bound_size(size->dims, size->path, size->hints, layer_.lengths(), outer.inputs.size(), outer.open);
  return input = declare_input(layer_, name, {}, dims);
}

std::optional<Iteration::Size> Iteration::inner_size(std::string_view name) const {
  std::optional<Shape> found;
  for (const OutsidePull& pull : net_.outside) {
    const Layer& puller = net_.element(pull.target);
    if (pull.name != name || !pull.parameter.empty() || puller.type != "input") continue;
    if (puller.size) return Size{*puller.size, pointer_to(puller.path, "size"), puller.hints};
    if (!found) found = size_taken(puller);
  }
  const auto is_state = [&](const ModelOutput& output) { return output.name == name; };
  if (const auto written = std::ranges::find_if(net_.outputs, is_state); !found && written != net_.outputs.end() && written->output.empty())
    found = size_given(net_.element(written->source));
  if (!found || !found->is_concrete()) return {};
  return Size{*found, layer_.layer().path};
}

BuiltModel Iteration::built_alone(const Layer& layer) const {
  return build_model(builder_.context(), builder_.registry(), *layer.net,
                     {.normalize = false, .fill = false, .vocabulary = layer_.vocabulary(), .builds_left = layer_.builds_left()});
}

std::optional<Shape> Iteration::size_taken(const Layer& puller) const {
  for (const Route& route : net_.routes) {
    if (route.source != puller.id || route.target == 0 || route.history || route.hidden) continue;
    const Layer& target = net_.element(route.target);
    if (target.type != "net" || !target.net) continue;
    std::int64_t left = 0;
    std::vector<Shape> inputs;
    for (const BuiltInput& input : built_alone(target).inputs) {
      if (route.parameter == input.name) return input.dims;
      if (!input.dims.is_concrete()) return {};
      left += input.dims.elements();
      inputs.push_back(input.dims);
    }
    if (!route.parameter.empty()) return {};
    std::size_t sources = 0, place = 0;
    bool all_known = true, one_each = true;  // one source for each input, as far as their sizes are known
    for (const Route& other : net_.routes) {
      if (other.target != target.id) continue;
      if (other.source == puller.id) {
        place = sources++;
        continue;
      }
      if (!other.parameter.empty() || other.history) return {};
      const std::optional<Shape> size = size_given(net_.element(other.source));
      const bool known = size && size->is_concrete();
      all_known = all_known && known;
      if (known) left -= size->elements();
      one_each = one_each && sources < inputs.size() && (!known || size->elements() == inputs[sources].elements());
      ++sources;
    }
    if (sources == 1 && inputs.size() == 1) return inputs.front();
    if (one_each && sources == inputs.size()) return Shape{inputs[place].elements()};
    if (all_known && left > 0) return Shape{left};
  }
  return {};
}

std::optional<Shape> Iteration::size_given(const Layer& layer) const {
  if (layer.size) return layer.size;
  if (layer.type == "net" && layer.net) return built_alone(layer).output_shape;
  for (const OutsidePull& pull : net_.outside) {
    if (pull.target != layer.id || layer.type != "input") continue;
    return size_pulled(pull.name);
  }
  if (layer.type == "ddpmUpdateStep")  // as much as the noise
    for (const Route& route : net_.routes)
      if (route.target == layer.id && route.parameter == "noise" && !route.delayed) return size_given(net_.element(route.source));
  return {};
}

std::optional<Shape> Iteration::size_pulled(const std::string& name) const {
  if (name == step_name || name == index_name) return Shape{1};
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (states_[i].name == name) return i < start_.size() ? layer_.dims(start_[i]) : states_[i].size;
  if (const Ref value = layer_.piped(pulled_parameter(name))) return layer_.dims(value);
  const auto input = inputs_.find(name);
  return input != inputs_.end() && input->second ? std::optional(layer_.dims(input->second)) : std::nullopt;
}

Ref Iteration::start_of(const StateVariable& variable) {
  if (variable.pipe_from.empty() && !layer_.piped(variable.name)) {
    if (!variable.size)
      throw Error(Code::invalid_model,
                  {.message = "the state \"" + variable.name + "\" starts at zeros and needs a size",
                   .reason = "NO_SIZE",
                   .path = variable.path,
                   .layer = layer_.layer().name,
                   .expected = "a size",
                   .actual = "none",
                   .hint = "give \"size\", or \"pipeFrom\" for its first value"});
    if (!variable.size->is_concrete())
      throw Error(Code::invalid_model,
                  {.message = "the state \"" + variable.name + "\" starts at zeros: its size cannot be open (null)",
                   .reason = "OPEN_SIZE",
                   .path = variable.path + "/size",
                   .layer = layer_.layer().name,
                   .hint = "give the size as numbers, or \"pipeFrom\" for its first value"});
    check_bytes(variable);
    return filled(0, *variable.size);
  }
  const bool whole = variable.size && variable.size->is_concrete();
  if (whole) check_bytes(variable);
  const Ref value =
      variable.pipe_from.empty()
          ? layer_.piped(variable.name)
          : source(variable.pipe_from,
                   [&] { return variable.size ? Size{*variable.size, pointer_to(variable.path, "size")} : inner_size(variable.name); },
                   variable.path);
  const Shape dims = layer_.dims(value);
  if (!variable.size || fits(*variable.size, dims)) return value;
  if (!whole || dims.elements() != variable.size->elements())
    throw Error(Code::shape_mismatch,
                {.message = "the state \"" + variable.name + "\" starts with something of another size",
                 .reason = "STATE_SIZE",
                 .path = variable.path + "/size",
                 .layer = layer_.layer().name,
                 .expected = dims.text(),
                 .actual = variable.size->text(),
                 .hint = "leave \"size\" out: it follows from where the state starts"});
  return layer_.reshaped(value, *variable.size);
}

void Iteration::check_bytes(const StateVariable& variable) const {
  std::uint64_t left = builder_.context().limits().tensor_bytes / size_of(layer_.type());
  for (const Dimension dim : variable.size->dims()) left /= static_cast<std::uint64_t>(dim.value());
  if (left == 0)
    throw Error(Code::limit_exceeded, {.message = "a state of " + variable.size->text() + " values is too large",
                                       .reason = "TENSOR_BYTES",
                                       .path = variable.path + "/size",
                                       .layer = layer_.layer().name,
                                       .hint = "a smaller size, or a larger limit \"tensorBytes\""});
}

Ref Iteration::any_sample() const {
  if (layer_.input()) return layer_.input();
  for (const ValueId input : builder_.graph().inputs)
    if (const Shape& shape = builder_.graph().value(input).type.shape; shape.rank() >= 2) return {input};
  throw Error(Code::invalid_model, {.message = "nothing flows into the model: how many samples there are is open",
                                    .reason = "NO_INPUT",
                                    .path = layer_.layer().path,
                                    .layer = layer_.layer().name,
                                    .hint = "put an input layer in front, or start a state with \"pipeFrom\""});
}

Ref Iteration::filled(double value, const Shape& dims) { return layer_.filled(value, dims, any_sample()); }

}  // namespace webai
