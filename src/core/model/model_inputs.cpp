#include "core/model/model_inputs.h"

#include <algorithm>

#include "core/model/io_graph.h"
#include "core/model/layer_builder.h"
#include "webai/error.hpp"

namespace webai {

Ref ModelInputs::declare(const std::string& name, const std::string& label, const Shape& size, const Layer& layer) {
  const IoRules& rules = model_.io.input_rules(name, label);
  const Shape dims = normalize_ ? raw_dims(rules, size) : size;
  const auto moved = std::ranges::find_if(built_.open, [&](const OpenDimension& dim) {
    return dim.input == built_.inputs.size() && (dim.axis >= dims.rank() || dims.dim(dim.axis) != size.dim(dim.axis));
  });
  if (moved != built_.open.end())
    throw Error(Code::unsupported,
                {.message = "io makes other dimensions of this input: its size cannot be open (null)",
                 .reason = "OPEN_SIZE",
                 .path = moved->path,
                 .layer = layer.name,
                 .hint = "give the size as numbers"});
  const Ref input{built_.graph.add_input(name, {built_.computed, built_.in_graph(dims)})};
  built_.inputs.push_back({.name = name, .label = label, .value = input.id, .shape = dims, .dims = size});
  if (!normalize_) return input;
  const Ref exact = normalized(rules, name, input, size);
  // Places in a vocabulary are no numbers between 0 and 1.
  const bool counts =
      std::ranges::any_of(rules.normalize, [](const IoStep& step) { return step.lookup && step.width == 0; });
  if (is_floating(model_.type) || counts) return exact;
  const Ref codes = rounded_value(builder_, exact, model_.type);
  rounded_.emplace_back(exact.id, codes.id);
  return codes;
}

// The steps of `io` work on samples; a whole tensor is one.
Ref ModelInputs::normalized(const IoRules& rules, const std::string& name, Ref input, const Shape& size) {
  if (!built_.explicit_batch || rules.normalize.empty())
    return emit_normalize(builder_, rules, name, input, size, built_.auto_normalize);
  const Ref sample = reshaped(builder_, input, builder_.shape(input).inserted(0, 1));
  return reshaped(builder_, emit_normalize(builder_, rules, name, sample, size, built_.auto_normalize), size);
}

}  // namespace webai
