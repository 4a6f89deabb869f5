// Where data come in: the inputs of a model, and what the net of an iterator pulls from around it.
#include "core/model/assembler.h"
#include "core/model/open_dimensions.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {

const OutsidePull* Assembler::pulled_from_outside(const Layer& layer) const {
  for (const OutsidePull& pull : model_.outside)
    if (pull.target == layer.id && pull.parameter.empty()) return &pull;
  return nullptr;
}

Ref Assembler::outside(const OutsidePull& pull) {
  if (const auto known = built_.outside.find(pull.name); known != built_.outside.end()) return {known->second};
  const auto dims = options_.outside ? options_.outside->find(pull.name)
                                     : std::map<std::string, Shape, std::less<>>::const_iterator();
  if (!options_.outside || dims == options_.outside->end())
    throw Error(Code::internal, {.message = "\"" + pull.name + "\" is not known around this net", .path = pull.path,
                                 .hint = "a net pulls by name what layers and inputs around it are called"});
  const Ref value{
      built_.graph.add_input("outside " + pull.name, {built_.computed, built_.in_graph(dims->second)})};
  built_.outside.emplace(pull.name, value.id);
  return value;
}

Ref Assembler::input_from_outside(const Layer& layer, const OutsidePull& pull) {
  const Ref value = outside(pull);
  const Shape dims = dims_of(value);
  if (!layer.size || fits(*layer.size, dims)) return value;
  if (!layer.size->is_concrete() || !dims.is_concrete() || layer.size->elements() != dims.elements())
    throw Error(Code::shape_mismatch, {.message = "what is pulled has another size",
                                       .reason = "PULL_SIZE",
                                       .path = layer.path + "/size",
                                       .layer = layer.name,
                                       .expected = dims.text(),
                                       .actual = layer.size->text(),
                                       .hint = "leave \"size\" out: it follows from what is pulled"});
  return LayerBuilder(builder_, model_, layer, {}, built_, options_.training).reshaped(value, *layer.size);
}

Ref Assembler::input_value(const Layer& layer) {
  const OutsidePull* pull = pulled_from_outside(layer);
  return pull ? input_from_outside(layer, *pull) : declare_input(layer);
}

Ref Assembler::declare_input(const Layer& layer) {
  if (!layer.size)
    throw Error(Code::invalid_model, {.message = "an input needs a size",
                                      .reason = "NO_SIZE",
                                      .path = layer.path,
                                      .layer = layer.name,
                                      .expected = "a size",
                                      .actual = "none",
                                      .hint = "say how many values come in: \"size\": 4"});
  const Shape size = bound_size(*layer.size, pointer_to(layer.path, "size"), layer.hints, options_.lengths,
                                built_.inputs.size(), built_.open);
  check_bytes(layer, size);
  return inputs_.declare(input_name(layer), layer.label, size, layer);
}

std::string Assembler::input_name(const Layer& layer) {
  std::string name = layer.name;
  if (name.empty()) name = layer.layer_index == 0 && !layer.is_pipe ? "input" : std::to_string(built_.inputs.size());
  while (layer.name.empty() && names_.contains(name)) name = "input/" + name;  // no name of the author contains a slash
  return name;
}

}  // namespace webai
