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

Ref Iteration::source(const std::string& name, const std::optional<Size>& size, const std::string& path) {
  if (const Ref value = layer_.piped(pulled_parameter(name))) return value;
  Ref& input = inputs_[name];
  if (input) return input;
  if (!size)
    throw Error(Code::invalid_model, {.message = "the input \"" + name + "\" needs a size",
                                      .reason = "NO_SIZE",
                                      .path = path,
                                      .layer = layer_.layer().name,
                                      .hint = "give \"size\" beside this \"pipeFrom\""});
  BuiltModel& outer = layer_.built();
  const Shape dims = bound_size(size->dims, size->path, size->hints, layer_.lengths(), outer.inputs.size(), outer.open);
  return input = declare_input(layer_, name, {}, dims);
}

std::optional<Iteration::Size> Iteration::inner_size(std::string_view name) const {
  for (const OutsidePull& pull : net_.outside)
    if (pull.name == name && pull.parameter.empty())
      if (const Layer& puller = net_.element(pull.target); puller.type == "input" && puller.size)
        return Size{*puller.size, pointer_to(puller.path, "size"), puller.hints};
  return {};
}

Ref Iteration::start_of(const StateVariable& variable) {
  if (variable.pipe_from.empty() && !layer_.piped(variable.name)) {
    if (!variable.size)
      throw Error(Code::invalid_model,
                  {.message = "the state \"" + variable.name + "\" starts at zeros and needs a size",
                   .reason = "NO_SIZE",
                   .path = variable.path,
                   .layer = layer_.layer().name,
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
                   variable.size ? Size{*variable.size, pointer_to(variable.path, "size")} : inner_size(variable.name),
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
