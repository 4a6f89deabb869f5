// Reading properties of one layer, its activation and its states, and the nodes that many kinds of layers write.
#include "core/model/layer_builder.h"

#include <charconv>

#include "core/model/custom_layer.h"
#include "core/model/inner_model.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "core/op/term.h"

namespace webai {

Ref reshaped(Builder& builder, Ref value, const Shape& shape) {
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : shape.dims()) lengths.push_back(dim.is_symbol() ? -1 : dim.value());
  return builder.emit("reshape", {value}, {{"shape", std::move(lengths)}});
}

void LayerBuilder::fail(Code code, std::string reason, std::string message, std::string hint,
                        std::string_view property, std::string expected, std::string actual) const {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = property.empty() ? layer_.path : pointer_to(layer_.path, property),
                     .layer = layer_.name,
                     .expected = std::move(expected),
                     .actual = std::move(actual),
                     .hint = std::move(hint)});
}

Shape LayerBuilder::dims(Ref value) const { return built_.dims_of(builder_.shape(value)); }

std::int64_t LayerBuilder::vocabulary() const {
  const std::int64_t own = vocabulary_size(model_.io);
  return own > 0 || !options_ ? own : options_->vocabulary;
}

const BuiltModel& LayerBuilder::inner_model() {
  BuildOptions options = *options_;
  options.normalize = false;
  options.seed = built_.seed;
  options.vocabulary = vocabulary();
  auto& known = (*options.inner)[{layer_.net.get(), options.fill}];
  if (!known || !known->open.empty()) known = std::make_shared<const BuiltModel>(build_inner(*this, options));
  return *known;
}

std::int64_t LayerBuilder::input_count() const {
  const Shape dims = input_dims();
  if (!dims.is_concrete())
    fail(Code::invalid_model, "OPEN_SIZE",
         "the number of parameters depends on a dimension that is open (null): the input is " + dims.text(),
         "give the size as numbers, or put a layer in between that removes the open dimension");
  return dims.elements();
}

std::string_view LayerBuilder::fallback(std::string_view name) const {
  for (const PropertyDef& definition : layer_.definition->properties)
    if (definition.name == name) return definition.fallback;
  throw Error(Code::internal,
              "layer " + layer_.type + " asks for property " + std::string(name) + ", which it does not define");
}

bool LayerBuilder::boolean(std::string_view name) const {
  const Json* given = property(name);
  return given ? given->as_boolean() : fallback(name) == "true";
}

double LayerBuilder::number(std::string_view name) const {
  if (const Json* given = property(name)) return given->as_number();
  const std::string_view text = fallback(name);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::int64_t LayerBuilder::integer(std::string_view name) const {
  if (const Json* given = property(name)) return given->as_integer().value_or(0);
  const std::string_view text = fallback(name);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string LayerBuilder::text(std::string_view name) const {
  const Json* given = property(name);
  return given ? given->as_text() : std::string(fallback(name));
}

std::vector<std::int64_t> LayerBuilder::counts(std::string_view name, std::size_t axes) const {
  const Json* given = property(name);
  if (!given || given->is_number()) return std::vector<std::int64_t>(axes, integer(name));
  if (given->size() != axes)
    fail(Code::invalid_model, "PROPERTY_VALUE",
         std::string(name) + " has " + std::to_string(given->size()) + " numbers, expected one or " +
             std::to_string(axes),
         "one number stands for all of them", name);
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < axes; ++i) list.push_back(given->at(i).as_integer().value_or(0));
  return list;
}

Ref LayerBuilder::state(std::string_view name, const Shape& dims, std::vector<double> initial) {
  BuiltState state;
  state.initial = std::move(initial);
  state.name = layer_.title + "." + std::string(name);
  state.type = {type(), dims.inserted(0, built_.batch)};
  state.path = layer_.path;
  state.owner = layer_.id;
  state.value = builder_.graph().add_state(state.name, {type(), built_.in_graph(dims)});
  built_.states.push_back(std::move(state));
  return {built_.states.back().value};
}

Attributes attributes_for(const OpDef& operation, const Layer& layer) {
  Attributes attributes;
  for (const AttributeSpec& spec : operation.attributes)
    if (const Json* value = layer.properties.find(spec.name); value && is_constant_of_activation(spec))
      attributes.set(spec.name, attribute_from_json(spec, *value, pointer_to(layer.path, spec.name)));
  return attributes;
}

Ref LayerBuilder::activated(Ref value) {
  if (!layer_.custom_activation) return activate(builder_, layer_, value);
  if (!activation_)
    activation_ =
        std::make_shared<CustomOperation>(*this, *layer_.custom_activation, Feeds(), std::function<Ref(Ref)>());
  return activation_->apply(value);
}

Ref LayerBuilder::activate(Builder& builder, const Layer& layer, Ref value) {
  if (layer.activation.empty() || layer.activation == "identity") return value;
  const OpDef* operation = builder.registry().find(layer.domain, layer.activation);
  return builder.emit_all(*operation, std::span(&value, 1), attributes_for(*operation, layer)).front();
}

void LayerBuilder::write(Ref parameter, Ref value) {
  std::vector<Write>& writes = builder_.graph().writes;
  const auto known = std::ranges::find(writes, parameter.id, &Write::state);
  if (known == writes.end()) writes.push_back({parameter.id, value.id});
  else known->value = value.id;
}

Ref LayerBuilder::latest(Ref parameter) const {
  const std::vector<Write>& writes = builder_.graph().writes;
  const auto known = std::ranges::find(writes, parameter.id, &Write::state);
  return known == writes.end() ? parameter : Ref{known->value};
}

Ref LayerBuilder::random_step() {
  if (built_.random_step == no_value)
    built_.random_step = builder_.graph().add_state("random.step", {DType::i64, Shape{}});
  return {built_.random_step};
}

Ref LayerBuilder::flattened(Ref value) {
  if (built_.explicit_batch) return reshaped(value, Shape{dims(value).elements()});
  if (builder_.shape(value).rank() == 2) return value;
  return builder_.emit("flatten", {value}, {{"axis", std::int64_t{1}}});
}

// Nothing of `like` but its length counts.
Ref LayerBuilder::per_sample(Builder& builder, Ref value, Ref like) {
  const std::size_t rank = builder.shape(like).rank();
  std::vector<std::int64_t> sizes(rank, 1);
  sizes[0] = -1;
  Term row(builder, builder.emit("slice", {like}, {{"starts", std::vector<std::int64_t>(rank, 0)}, {"sizes", sizes}}));
  std::vector<std::int64_t> shape(builder.shape(value).rank() + 1, 1);
  shape[0] = -1;
  row = row.apply("reshape", {{"shape", shape}});
  return builder.emit("where", {row.apply("equal", row), value, value});
}

Ref LayerBuilder::filled(double value, const Shape& dims, Ref like) {
  std::vector<std::int64_t> shape = {-1};
  for (const Dimension dim : dims.dims()) shape.push_back(dim.value());
  const Ref one = builder_.emit("reshape", {builder_.scalar(value, type())},
                                {{"shape", std::vector<std::int64_t>(shape.size() - 1, 1)}});
  return builder_.emit("broadcastTo", {per_sample(builder_, one, like)}, {{"shape", std::move(shape)}});
}

Ref LayerBuilder::spread_over(Ref channels, Ref value) {
  std::vector<std::int64_t> shape(builder_.shape(value).rank(), 1);
  shape.front() = -1;
  shape.back() = dims(channels).elements();
  return builder_.emit("reshape", {channels}, {{"shape", std::move(shape)}});
}

Ref LayerBuilder::reshaped(Ref value, const Shape& wanted) {
  return dims(value) == wanted ? value : webai::reshaped(builder_, value, built_.in_graph(wanted));
}

}  // namespace webai
