// Parameters of one layer: given as numbers, piped in, tied to others, or stored with the model.
#include <algorithm>
#include <cmath>

#include "core/model/layer_builder.h"
#include "core/model/vocabulary.h"

namespace webai {
namespace {

// Flattens nested numbers row-major and finds their dimensions; false when ragged or not numbers.
bool collect_numbers(const Json& value, std::size_t level, std::vector<std::int64_t>& dims, std::vector<double>& out) {
  if (value.is_number()) {
    out.push_back(value.as_number());
    return level == dims.size();
  }
  if (!value.is_array()) return false;
  const auto length = static_cast<std::int64_t>(value.size());
  if (level == dims.size()) {
    if (!out.empty() || level >= Shape::max_rank) return false;  // a deeper array after numbers
    dims.push_back(length);
  } else if (dims[level] != length) {
    return false;
  }
  if (value.is_packed()) {
    out.insert(out.end(), value.as_numbers().begin(), value.as_numbers().end());
    return level + 1 == dims.size() || value.size() == 0;
  }
  for (std::size_t i = 0; i < value.size(); ++i)
    if (!collect_numbers(value.at(i), level + 1, dims, out)) return false;
  return true;
}

bool only_numbers(const Json& value) {
  if (!value.is_array()) return value.is_number();
  for (std::size_t i = 0; !value.is_packed() && i < value.size(); ++i)
    if (!only_numbers(value.at(i))) return false;
  return true;
}

bool all_ones_but(const Shape& shape, const std::vector<std::int64_t>& dims) {
  if (dims.size() != shape.rank()) return false;
  for (std::size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] != shape[axis]) return false;
  return true;
}

}  // namespace

Ref LayerBuilder::declare(const Request& request, bool stored, const std::string& path, Tensor initial) {
  const Limits& limits = builder_.context().limits();
  const std::int64_t elements = request.shape.elements();
  const auto width = static_cast<std::int64_t>(size_of(type()));
  if (static_cast<std::uint64_t>(elements) > limits.tensor_bytes / static_cast<std::uint64_t>(width))
    throw Error(Code::limit_exceeded,
                {.message = std::string(request.name) + " of shape " + request.shape.text() + " would take " +
                            std::to_string(elements) + " elements",
                 .reason = "TENSOR_BYTES",
                 .path = layer_.path,
                 .layer = layer_.name,
                 .expected = "at most " + std::to_string(limits.tensor_bytes) + " bytes for one tensor",
                 .hint = "a smaller size, or a larger limit \"tensorBytes\""});
  BuiltParameter built;
  built.parameter = request.name;
  built.name = layer_.title + "." + std::string(request.scope) + built.parameter;
  built.type = {model_.type, request.shape};
  if (!is_floating(model_.type))
    built.code = read_parameter_code(builder_.context(), property("quantization"), request.name, request.shape,
                                     model_.type, layer_.path + "/quantization");
  built.stored = stored;
  built.path = path;
  built.layer = layer_.path;
  built.owner = layer_.id;
  built.index = built.table_index = request.index < 0 ? own_parameters_++ : request.index;
  built.table_owner = layer_.id;
  built.start = request.start;
  // Numbers in a layer are kept, not clipped, unless the layer says which scale it wants.
  if (initial.data() && built.code && !property("quantization"))
    built.code.scale = widened_scale(builder_.context(), initial, built.code, model_.type);
  built.initial = initial.data() && built.code
                      ? codes_of_parameter(builder_.context(), initial, built.code, model_.type)
                      : std::move(initial);
  built.trainable = request.trainable;
  if (const Ref other = tied(built)) return other;
  built.value = builder_.graph().add_parameter(built.name, {type(), request.shape}, request.trainable);
  built_.parameters.push_back(std::move(built));
  positions_.emplace_back(built_.parameters.back().value, request.position);
  return {built_.parameters.back().value};
}

Ref LayerBuilder::tied(BuiltParameter& parameter) {
  if (!options_ || !options_->ties) return {};
  const auto group = options_->ties->find(parameter.name);
  if (group == options_->ties->end()) return {};
  for (BuiltParameter& other : built_.parameters) {
    const auto same = options_->ties->find(other.name);
    if (same == options_->ties->end() || same->second != group->second) continue;
    other.tied = true;
    built_.ties.push_back({parameter.name, other.name, parameter.table_owner, parameter.table_index});
    if (other.type.shape == parameter.type.shape) return {other.value};
    std::vector<std::int64_t> shape;
    for (const Dimension dim : parameter.type.shape.dims()) shape.push_back(dim.value());
    return builder_.emit("reshape", {{other.value}}, {{"shape", std::move(shape)}});
  }
  return {};
}

void LayerBuilder::sort_parameters(std::size_t first) {
  const auto position = [&](ValueId value) {
    return std::ranges::find(positions_, value, &std::pair<ValueId, int>::first)->second;
  };
  const auto begin = static_cast<std::ptrdiff_t>(first);
  std::stable_sort(
      built_.parameters.begin() + begin, built_.parameters.end(),
      [&](const BuiltParameter& a, const BuiltParameter& b) { return position(a.value) < position(b.value); });
  std::vector<ValueId>& order = builder_.graph().parameters;
  std::size_t at = order.size() - (built_.parameters.size() - first);
  for (std::size_t i = first; i < built_.parameters.size(); ++i) {
    order[at++] = built_.parameters[i].value;
    built_.parameters[i].index = static_cast<int>(i - first);
  }
}

std::int64_t LayerBuilder::stored_elements() const {
  std::int64_t sum = 0;
  for (const BuiltParameter& parameter : built_.parameters)
    if (parameter.stored) sum += parameter.type.shape.elements();
  return sum;
}

Ref LayerBuilder::given_array(const Request& request, const Json& values, const std::string& path) {
  std::vector<std::int64_t> dims;
  std::vector<double> numbers;
  if (!collect_numbers(values, 0, dims, numbers)) {
    if (!only_numbers(values))
      fail(Code::invalid_model, "PARAM_VALUE", std::string(request.name) + " holds something that is no number",
           "write numbers alone, or leave it out to start by chance", request.name);
    fail(Code::invalid_model, "RAGGED",
         std::string(request.name) + " is an array of numbers whose rows are equally long",
         "count the numbers of each row", request.name);
  }
  const auto wanted = static_cast<std::size_t>(request.shape.elements());
  const bool flat = dims.size() == 1 && numbers.size() == wanted;
  if (!flat && !all_ones_but(request.shape, dims) && sizes_only()) return declare(request, false, path, {});
  if (!flat && !all_ones_but(request.shape, dims))
    throw Error(Code::shape_mismatch, {.message = std::string(request.name) + " has the wrong shape",
                                       .reason = "PARAM_SIZE",
                                       .path = path,
                                       .layer = layer_.name,
                                       .expected = request.shape.text(),
                                       .actual = Shape(dims).text(),
                                       .hint = "leave it out to start by chance in the right shape"});
  return declare(request, false, path, Tensor::from(builder_.context(), type(), request.shape, numbers));
}

Ref LayerBuilder::piped(std::string_view name) const {
  const auto found = std::ranges::find(piped_, name, &PipedParameter::name);
  return found == piped_.end() ? Ref{} : found->value;
}

// What a pipe brings replaces the stored values. Each sample brings its own.
Ref LayerBuilder::piped_parameter(const Request& request, const PipedParameter& piped) {
  const Shape arrived = dims(piped.value);
  if (const Json* given = property(request.name); given && !given->is_text() && !given->is_object())
    fail(Code::invalid_model, "PARAM_VALUE", std::string(request.name) + " has a value and a pipe that ends in it",
         "keep one of the two", request.name);
  if (!request.takes_pipe)
    throw Error(Code::unsupported,
                {.message = "a pipe brings new values with each sample, which a " + layer_.type +
                            " layer cannot take as its " + std::string(request.name),
                 .reason = "PARAM_PIPE",
                 .path = piped.path,
                 .layer = layer_.name,
                 .hint = "leave " + std::string(request.name) + " to training, or give it as an array"});
  const bool flat = arrived.rank() == 1 && arrived.is_concrete() && arrived.elements() == request.shape.elements();
  if (!flat && arrived != request.shape)
    throw Error(Code::shape_mismatch, {.message = std::string(request.name) + " takes " + request.shape.text() +
                                                  " values from a pipe, got " + arrived.text(),
                                       .reason = "PIPE_SIZE",
                                       .path = piped.path,
                                       .layer = layer_.name,
                                       .expected = request.shape.text(),
                                       .actual = arrived.text(),
                                       .hint = "a piping layer has the size of the end of its pipe"});
  return reshaped(piped.value, request.shape);
}

Ref LayerBuilder::parameter(const Request& request) {
  const std::string path = pointer_to(layer_.path, request.name);
  for (const PipedParameter& piped : piped_)
    if (piped.name == request.name) return piped_parameter(request, piped);
  const Json* given = property(request.name);
  if (!given || (given->is_boolean() && given->as_boolean())) return declare(request, true, {}, {});
  if (given->is_null() || given->is_boolean()) {
    if (request.optional) return {};
    fail(Code::invalid_model, "PARAM_VALUE",
         "a " + layer_.type + " layer cannot go without " + std::string(request.name),
         "null and false are for what the layer can go without, such as bias", request.name);
  }
  if (given->is_number()) {
    if (request.takes_number) {
      const Ref constant = builder_.scalar(given->as_number(), type());
      if (std::isfinite(builder_.graph().value(constant.id).constant.at(0))) return constant;
      throw Error(Code::invalid_model, {.message = std::string(request.name) + " is too large a number",
                                        .reason = "PARAM_VALUE",
                                        .path = path,
                                        .layer = layer_.name,
                                        .expected = "a number that " + std::string(name_of(type())) + " can hold",
                                        .actual = describe(*given),
                                        .hint = "give a smaller one, or a data type with a wider range"});
    }
    fail(Code::invalid_model, "PARAM_VALUE", std::string(request.name) + " is an array of numbers, got one number",
         "leave it out for random starts",
         request.name);
  }
  if (given->is_array()) return given_array(request, *given, path);
  if (given->is_object() && (given->find("size") || given->find("count"))) {
    const Json* size = given->find("size") ? given->find("size") : given->find("count");
    for (const auto& [key, value] : given->members())
      if (key != "size" && key != "count" && !is_kept_and_ignored(key))
        unknown_property(path, key, request.name, std::vector<std::string_view>{"size"});
    std::vector<std::int64_t> dims;
    for (std::size_t i = 0; i < (size->is_array() ? size->size() : 1); ++i) {
      const Json item = size->is_array() ? size->at(i) : *size;
      dims.push_back(item.is_number() ? item.as_integer().value_or(-1) : -1);
    }
    if (!all_ones_but(request.shape, dims) && !sizes_only())
      throw Error(Code::shape_mismatch, {.message = std::string(request.name) + " has the wrong shape",
                                         .reason = "PARAM_SIZE",
                                         .path = path,
                                         .layer = layer_.name,
                                         .expected = request.shape.text(),
                                         .actual = describe(*size),
                                         .hint = "leave it out for random starts, or give it the size that is expected"});
    return declare(request, true, {}, {});
  }
  if (given->is_text())
    fail(Code::invalid_model, "NO_INPUT", "nothing is piped to \"" + given->as_text() + "\"",
         "name it in some layer's \"to\"", request.name);
  fail(Code::invalid_model, "PARAM_VALUE",
       std::string(request.name) +
           " is an array of numbers, {\"size\": ...}, {\"pipeFrom\": ...} or the name of the end of a pipe, got " +
           describe(*given),
       "leave it out for random starts", request.name);
}

}  // namespace webai
