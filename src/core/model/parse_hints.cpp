// The size of a layer or pipe, with null where a dimension is open, and `shapeHints` of an input:
// {"dim_0": {"max": 16}, "dim_1": {"common": [128, 256]}}.
#include <algorithm>
#include <string>

#include "core/model/json.h"
#include "core/model/layer_error.h"
#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t most_common = 256;

[[noreturn]] void refuse(const Layer& layer, std::string path, std::string message, std::string hint) {
  throw Error(Code::invalid_model, {.message = std::move(message),
                                    .reason = "SHAPE_HINTS",
                                    .path = std::move(path),
                                    .layer = layer.name,
                                    .hint = std::move(hint)});
}

std::int64_t length_of(const Json& value, std::string_view what, const std::string& path) {
  const auto length = value.is_number() ? value.as_integer() : std::nullopt;
  if (!length || *length < 1 || value.as_number() > largest_exact)
    wrong_value(path, what, "a whole number of 1 or more", value);
  return *length;
}

ShapeHint hint_of(const Layer& layer, const Json& json, const std::string& path) {
  if (!json.is_object()) wrong_value(path, "a hint", "an object {min, max, common}", json);
  ShapeHint hint;
  for (const auto& [key, value] : json.members()) {
    if (is_kept_and_ignored(key)) continue;
    const std::string place = pointer_to(path, key);
    if (key == "min") {
      hint.min = length_of(value, key, place);
    } else if (key == "max") {
      hint.max = length_of(value, key, place);
    } else if (key == "common") {
      if (!value.is_array() || value.size() == 0 || value.size() > most_common)
        wrong_value(place, key, "an array of 1 to " + std::to_string(most_common) + " lengths", value);
      for (std::size_t i = 0; i < value.size(); ++i)
        hint.common.push_back(length_of(value.at(i), key, pointer_to(place, i)));
    } else {
      unknown_property(path, key, "a hint", {"min", "max", "common"});
    }
  }
  if (!hint.max) return hint;
  const auto above = std::ranges::find_if(hint.common, [&](std::int64_t length) { return length > *hint.max; });
  if (hint.min.value_or(1) > *hint.max || above != hint.common.end())
    refuse(layer, pointer_to(path, "max"),
           "the largest length is " + std::to_string(*hint.max) + ", but " +
               std::to_string(hint.min.value_or(1) > *hint.max ? *hint.min : *above) + " is hinted too",
           "raise \"max\"");
  return hint;
}

Dimension dimension(Model& model, const Layer& layer, const Json& value, const std::string& path) {
  if (value.is_null()) return Dimension::symbol(model.symbol_count++);
  if (value.is_number() && value.as_number() > largest_exact)
    fail(layer, Code::limit_exceeded, "SIZE", path, "size is too large: " + describe(value),
         "a size is at most 2^53");
  const auto length = value.is_number() ? value.as_integer() : std::nullopt;
  if (!length || *length < 1) wrong_value(path, "size", "a whole number of 1 or more", value);
  return *length;
}

}  // namespace

Shape parse_size(const Context& context, Model& model, const Layer& layer, const Json& value) {
  const std::string place = pointer_to(layer.path, "size");
  const Json dims = value.is_array() ? value : Json::array({value});
  if (dims.size() == 0 || !(value.is_array() || value.is_number()))
    wrong_value(place, "size", "a whole number of 1 or more, or an array of such", value);
  const std::size_t most = std::min<std::size_t>(context.limits().rank, Shape::max_rank) - 1;
  if (dims.size() > most)
    fail(layer, Code::limit_exceeded, "RANK", place,
         "a size has at most " + std::to_string(most) + " dimensions, got " + std::to_string(dims.size()),
         "put dimensions of one kind together");
  Shape shape;
  for (std::size_t i = 0; i < dims.size(); ++i)
    shape.append(dimension(model, layer, dims.at(i), value.is_array() ? pointer_to(place, i) : place));
  return shape;
}

std::vector<ShapeHint> parse_shape_hints(const Layer& layer, const Json& hints) {
  const std::string path = pointer_to(layer.path, "shapeHints");
  if (!hints.is_object()) wrong_value(path, "shapeHints", "an object {dim_0: {max}, ...}", hints);
  if (layer.type != "input" || !layer.size)
    refuse(layer, path, "\"shapeHints\" stands at inputs: the lengths of other layers follow from them",
           "give it to the input whose dimension is open (null)");
  std::vector<std::string> names;
  for (std::size_t axis = 0; axis < layer.size->rank(); ++axis) names.push_back("dim_" + std::to_string(axis));
  std::vector<ShapeHint> result(names.size());
  for (const auto& [key, value] : hints.members()) {
    if (is_kept_and_ignored(key)) continue;
    const auto at = std::ranges::find(names, key);
    if (at == names.end())
      unknown_property(path, key, "\"shapeHints\" of a size with " + std::to_string(names.size()) + " dimensions",
                       std::vector<std::string_view>(names.begin(), names.end()));
    const std::size_t axis = static_cast<std::size_t>(at - names.begin());
    if (!layer.size->dim(axis).is_symbol())
      refuse(layer, pointer_to(path, key),
             "dimension " + std::to_string(axis) + " is " + std::to_string((*layer.size)[axis]) + " and takes no hint",
             "hints are for dimensions that are open (null)");
    result[axis] = hint_of(layer, value, pointer_to(path, key));
  }
  return result;
}

}  // namespace webai
