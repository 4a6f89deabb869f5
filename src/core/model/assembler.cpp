// The layers of a model one after the other, each as the operators that it writes itself in.
#include "core/model/assembler.h"

#include <algorithm>
#include <exception>
#include <span>

#include "core/model/build_outputs.h"
#include "core/model/counted_inputs.h"
#include "core/model/open_dimensions.h"
#include "core/model/setup_data.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {

Assembler::Assembler(const Context& context, const Registry& registry, const Model& model, BuildOptions options,
                     const SourceSizes& learned)
    : model_(model),
      options_(options),
      builder_(context, registry, built_.graph),
      inputs_(builder_, model, built_, options_.normalize),
      feedback_(builder_, model, built_, learned) {
  check_buildable();
  built_.explicit_batch = model_.explicit_batch;
  built_.batch = model_.explicit_batch ? Dimension(1) : options_.batch;
  built_.type = model_.type;
  built_.computed = options_.computed.value_or(computed_in(model_.type));
  const auto elements = static_cast<std::size_t>(model_.element_count) + 1;
  incoming_.resize(elements);
  own_.resize(elements);
  joined_.resize(elements);
  outputs_.resize(elements);
  for (int id = 1; id <= model_.element_count; ++id) names_.insert(model_.element(id).name);
  for (const Route& route : model_.routes) incoming_[static_cast<std::size_t>(route.target)].push_back(&route);
}

BuiltModel Assembler::run() {
  built_.seed = options_.seed ? *options_.seed : choose_seed(builder_.context(), model_);
  for (const int step : model_.order) build_step(step);
  std::vector<NamedValue> outputs = this->outputs();
  feedback_.finish();
  keep_counts(outputs);
  // Pulls may ask for another order of building than that of the document.
  std::ranges::stable_sort(built_.layers, {}, &BuiltLayer::id);
  std::ranges::stable_sort(built_.parameters, {}, &BuiltParameter::owner);
  std::ranges::stable_sort(built_.states, {}, &BuiltState::owner);
  finish_outputs(builder_, model_, built_, std::move(outputs), options_.fill);
  return std::move(built_);
}

SourceSizes Assembler::learn(const std::vector<FlowSource>& wanted, std::optional<Error>& complaint) {
  trial_ = true;
  for (const int step : model_.order) {
    left_out_ = false;
    try {
      build_step(step);
    } catch (const Error& error) {
      if (!left_out_ && !complaint) complaint = error;
      if (step < 0) continue;
      const Layer& layer = model_.element(step);
      if (const std::optional<Shape> dims = layer.size ? layer.size : size_of_net(layer); dims && dims->is_concrete())
        own(step) = placeholder(layer, *dims);
    }
  }
  SourceSizes found;
  for (const FlowSource& source : wanted)
    if (const Ref value = value_of(source)) found.emplace(source, dims_of(value));
  return found;
}

// What a net gives does not depend on what flows in.
std::optional<Shape> Assembler::size_of_net(const Layer& layer) {
  if (layer.type != "net" || !layer.net) return {};
  try {
    return LayerBuilder(builder_, model_, layer, {}, built_, options_.training, {}, &options_).inner_model().output_shape;
  } catch (const Error&) {
    return {};  // it will be said when the net is built
  }
}

void Assembler::keep_counts(std::vector<NamedValue>& outputs) {
  for (const auto& [exact, rounded] : inputs_.rounded()) {
    if (!is_counted(built_.graph, rounded, outputs)) continue;
    replace_reads(built_.graph, rounded, exact);
    for (NamedValue& output : outputs)
      if (output.value == rounded) output.value = exact;
    for (BuiltLayer& layer : built_.layers)
      if (layer.value == rounded) layer.value = exact;
  }
}

void Assembler::check_buildable() const {
  if (model_.layers.empty())
    throw Error(Code::invalid_model, {.message = "the model has no layers yet",
                                      .reason = "NOT_BUILT",
                                      .path = "/layers",
                                      .hint = "give \"layers\", or train first: they follow from the data"});
  for (int id = 1; id <= model_.element_count; ++id) {
    const Layer& layer = model_.element(id);
    if (layer.properties.find("quantization") && is_floating(model_.type))
      throw Error(Code::invalid_model,
                  {.message = "only integers have a \"quantization\"",
                   .reason = "QUANTIZATION",
                   .path = layer.path + "/quantization",
                   .layer = layer.name,
                   .expected = "a model of an integer type",
                   .actual = std::string(name_of(model_.type)),
                   .hint = "give the model a \"dataType\" such as \"u8\", or leave \"quantization\" out"});
  }
}

void Assembler::build_step(int step) {
  const Layer& layer = model_.element(step < 0 ? -step : step);
  if (step > 0) {
    if (layer.operates()) feedback_.computed({layer.id, false}, own(layer.id) = build_element(layer));
    return;
  }
  if (layer.is_pipe && layer.type != "input") return;  // joined with what the layer gets
  const std::vector<Arrival> all = arrivals(layer);
  if (!all.empty()) feedback_.computed({layer.id, true}, joined(layer.id) = join(layer, all));
}

Ref Assembler::build_element(const Layer& layer) {
  builder_.set_path(layer.path);
  try {
    const bool without = goes_without_flow(layer);
    const std::vector<Arrival> arrived = without ? std::vector<Arrival>() : incoming(layer);
    const bool fed = !without && !(layer.custom && arrived.empty());
    const Ref input = fed ? join(layer, arrived) : Ref{};
    const std::vector<PipedParameter> piped = piped_parameters(layer);
    LayerBuilder writer(builder_, model_, layer, input, built_, options_.training, piped, &options_, &inputs_);
    const std::size_t before = built_.parameters.size();
    const Ref value = layer.custom ? write_custom(writer, piped) : write_operator(writer);
    if (const Json* const quantization = layer.properties.find("quantization")) {
      std::vector<std::string_view> names;
      for (std::size_t i = before; i < built_.parameters.size(); ++i) names.push_back(built_.parameters[i].parameter);
      check_quantization(*quantization, names, layer.path + "/quantization");
    }
    check_output(layer, value);
    for (GivenOutput& output : writer.outputs()) output.value = writer.activated(output.value);
    outputs_[static_cast<std::size_t>(layer.id)] = std::move(writer.outputs());
    built_.layers.push_back({.id = layer.id,
                             .input = input ? dims_of(input) : Shape{},
                             .output = dims_of(value),
                             .activation = layer.activation,
                             .value = value.id,
                             .input_name = layer.type == "input" && !pulled_from_outside(layer)
                                               ? built_.inputs.back().name
                                               : std::string()});
    return value;
  } catch (const Error& error) {
    if (error.path().empty()) std::throw_with_nested(error.with_path(layer.path));
    throw;
  }
}

Ref Assembler::write_operator(LayerBuilder& writer) {
  const Layer& layer = writer.layer();
  const Ref input = writer.input();
  const Ref value =
      layer.type == "input" ? input_value(layer)
      : layer.operation
          ? builder_.emit_all(*layer.operation, std::span(&input, 1), attributes_for(*layer.operation, layer)).front()
          : layer.definition->build(writer);
  const bool activated = layer.definition && !layer.definition->own_activation.empty();
  return activated ? value : writer.activated(value);
}

Ref Assembler::write_custom(LayerBuilder& writer, const std::vector<PipedParameter>& piped) {
  const Layer& layer = writer.layer();
  Feeds feeds;
  if (writer.input()) feeds["input"] = feed_of(layer, writer.input(), {});
  for (const PipedParameter& one : piped) {
    Feed& feed = feeds[one.name] = feed_of(layer, one.value, one.name);
    if (feedback_.holds(one.value))
      feed.starting = [this, state = one.value](const auto& numbers) { return feedback_.starting_with(state, numbers); };
  }
  if (!layer.custom->takes_activation)
    return writer.activated(CustomOperation(writer, *layer.custom, std::move(feeds), {}).run());
  return CustomOperation(writer, *layer.custom, std::move(feeds), [&](Ref value) { return writer.activated(value); })
      .run();
}

Feed Assembler::feed_of(const Layer& layer, Ref joined, std::string_view parameter) const {
  Feed feed{.value = joined, .from_input = true};
  const auto collect = [&](int id) {
    for (const Route* route : incoming_[static_cast<std::size_t>(id)])
      if (route->parameter == parameter) feed.producers.push_back(route->source);
  };
  if (layer.is_pipe && parameter.empty()) collect(model_.layers[static_cast<std::size_t>(layer.layer_index)].id);
  collect(layer.id);
  for (const int id : feed.producers) feed.from_input = feed.from_input && model_.element(id).type == "input";
  return feed;
}

void Assembler::check_bytes(const Layer& layer, const Shape& dims) const {
  if (!dims.is_concrete()) return;
  const std::uint64_t most = builder_.context().limits().tensor_bytes;
  const auto elements = static_cast<std::uint64_t>(dims.elements());
  if (elements > most / size_of(built_.computed))
    throw Error(Code::limit_exceeded, {.message = "one sample of " + dims.text() + " values is too large",
                                       .reason = "TENSOR_BYTES",
                                       .path = layer.path,
                                       .layer = layer.name,
                                       .expected = "at most " + std::to_string(most) + " bytes for one tensor",
                                       .hint = "a smaller size, or a larger limit \"tensorBytes\""});
}

void Assembler::check_output(const Layer& layer, Ref value) const {
  const Shape dims = dims_of(value);
  check_bytes(layer, dims);
  if (dims.rank() == Shape::max_rank)  // without a batch there is room for one more, which the flat interface needs
    throw Error(Code::limit_exceeded, {.message = "a layer gives too many dimensions: " + dims.text(),
                                       .reason = "RANK",
                                       .path = layer.path,
                                       .layer = layer.name,
                                       .expected = "at most " + std::to_string(Shape::max_rank - 1),
                                       .actual = std::to_string(dims.rank()),
                                       .hint = "flatten it, or leave out dimensions of length 1"});
  if (!layer.size || layer.type == "input" || fits(*layer.size, dims)) return;
  throw Error(Code::shape_mismatch, {.message = "the size of this " + layer.type + " layer follows from its input",
                                     .reason = "OP_OUTPUT_SIZE",
                                     .path = layer.path + "/size",
                                     .layer = layer.name,
                                     .expected = dims.text(),
                                     .actual = layer.size->text(),
                                     .hint = "leave \"size\" out"});
}

std::vector<NamedValue> Assembler::outputs() {
  std::vector<NamedValue> list;
  for (const ModelOutput& output : model_.outputs) {
    const Ref value = output.output.empty() ? own(output.source)
                                            : output_of(model_.element(output.source), output.output, output.path);
    list.push_back({output.name, value.id});
  }
  if (!list.empty()) return list;
  for (const Route& route : model_.routes) {
    if (route.target != 0) continue;
    std::string name = model_.element(route.source).name;
    if (!name.empty()) name += route.history ? ".history" : route.hidden ? ".hidden" : "";
    list.push_back({std::move(name), arrival_by(route).id});
  }
  return list;
}

}  // namespace webai
