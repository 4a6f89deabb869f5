// From layers and routes to nodes: joins arrivals, lets each layer write itself, sends its output on.
#include "core/model/build.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/base/names.h"
#include "core/model/custom_layer.h"
#include "core/model/io_graph.h"
#include "core/model/layer_builder.h"
#include "core/model/setup_data.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

struct Arrival {
  Ref value;
  std::string from;  // title of the source, for error texts
  std::vector<int> sources;  // ids of layers and pipes
};

class Assembler {
 public:
  Assembler(const Context& context, const Registry& registry, const Model& model, BuildOptions options)
      : model_(model), options_(options), builder_(context, registry, built_.graph) {}

  BuiltModel run() {
    check_buildable();
    built_.batch = options_.batch;
    built_.seed = choose_seed(builder_.context(), model_);
    arrivals_.resize(static_cast<std::size_t>(model_.element_count) + 1);
    routes_.resize(arrivals_.size());
    for (int id = 1; id <= model_.element_count; ++id) names_.insert(model_.element(id).name);
    for (const Route& route : model_.routes) routes_[static_cast<std::size_t>(route.source)].push_back(&route);
    for (const Layer& layer : model_.layers) build_layer(layer);
    finish_outputs();
    if (options_.fill) fill_parameters(builder_.context(), model_, built_);
    return std::move(built_);
  }

 private:
  [[noreturn]] static void unsupported(const Layer& layer, const std::string& path, const std::string& what) {
    throw Error(Code::unsupported,
                {.message = what + " cannot be built yet", .reason = "NOT_YET", .path = path, .layer = layer.name});
  }

  void check_buildable() const {
    if (model_.layers.empty())
      throw Error(Code::invalid_model, {.message = "the model has no layers yet",
                                        .reason = "NOT_BUILT",
                                        .path = "/layers",
                                        .hint = "give \"layers\", or train first: they follow from the data"});
    if (!is_floating(model_.type))
      throw Error(Code::unsupported, {.message = "models of integer types cannot be built yet",
                                      .reason = "DATATYPE",
                                      .path = "/dataType",
                                      .actual = std::string(name_of(model_.type)),
                                      .hint = "use fp32"});
    for (const Route& route : model_.routes) {
      const Layer& source = model_.element(route.source);
      if (route.history) unsupported(source, source.path + "/history", "history");
      if (route.delayed) unsupported(source, route.path, "a pipe to the same or an earlier layer");
      if (!route.parameter.empty() && !model_.element(route.target).custom)
        unsupported(source, route.path, "a pipe into a parameter");
    }
    for (int id = 1; id <= model_.element_count; ++id) {
      const Layer& layer = model_.element(id);
      if (!layer.pipe_from.empty()) unsupported(layer, layer.path + "/pipeFrom", "pulling by \"pipeFrom\"");
      if (layer.properties.find("quantization")) unsupported(layer, layer.path + "/quantization", "quantization");
    }
  }

  std::vector<Arrival>& arrivals(const Layer& layer) { return arrivals_[static_cast<std::size_t>(layer.id)]; }

  void build_layer(const Layer& layer) {
    // What the layer gets is joined once; its own operator and its pipes share it.
    std::vector<Arrival> shared = std::move(arrivals(layer));
    if (!shared.empty()) {
      const Ref joined = join(layer, shared);
      shared.assign(1, {joined, title(layer), sources_of(shared)});
    }
    if (layer.operates()) deliver(layer, build_element(layer, shared));
    for (const Layer& pipe : layer.pipes) {
      const std::vector<Arrival> direct = std::move(arrivals(pipe));
      std::vector<Arrival> own;
      if (pipe.type != "input") own = shared;  // else what comes to the layer stays its own hidden inputs
      own.insert(own.end(), direct.begin(), direct.end());
      deliver(pipe, build_element(pipe, own));
      if (pipe.type == "input" && !direct.empty()) deliver(pipe, join(pipe, direct));
    }
    if (layer.type == "input" && !shared.empty()) deliver(layer, shared.front().value);
  }

  /// One operator instance: input, own operator, activation. Errors get its place.
  Ref build_element(const Layer& layer, const std::vector<Arrival>& incoming) {
    builder_.set_path(layer.path);
    try {
      const bool fed = layer.type != "input" && !(layer.custom && incoming.empty());
      const Ref input = fed ? join(layer, incoming) : Ref{};
      LayerBuilder writer(builder_, model_, layer, input, built_, options_.training);
      Ref value = layer.custom ? write_custom(writer, incoming) : write_operator(writer);
      check_output(layer, value);
      built_.layers.push_back({.id = layer.id,
                               .input = input ? builder_.shape(input).without(0) : Shape{},
                               .output = builder_.shape(value).without(0),
                               .activation = layer.activation,
                               .value = value.id,
                               .input_name = layer.type == "input" ? built_.inputs.back().name : std::string()});
      return value;
    } catch (const Error& error) {
      if (error.path().empty()) throw error.with_path(layer.path);
      throw;
    }
  }

  Ref write_operator(LayerBuilder& writer) {
    const Layer& layer = writer.layer();
    const Ref input = writer.input();
    if (!layer.operation && layer.type != "input" && !layer.definition->build)
      unsupported(layer, layer.path, "a layer of type \"" + layer.type + "\"");
    const Ref value =
        layer.type == "input" ? declare_input(layer)
        : layer.operation
            ? builder_.emit_all(*layer.operation, std::span(&input, 1), attributes_for(*layer.operation, layer)).front()
            : layer.definition->build(writer);
    return activate(writer, value);
  }

  // Operations that a program or the model defined call their activation themselves where they take it.
  Ref write_custom(LayerBuilder& writer, const std::vector<Arrival>& incoming) {
    const Layer& layer = writer.layer();
    Feeds feeds;
    if (writer.input()) feeds["input"] = feed_of(writer.input(), incoming);
    for (const OperationParameter& parameter : layer.custom->params) {
      const auto arrived = parameter_arrivals_.find({layer.id, parameter.name});
      if (arrived != parameter_arrivals_.end())
        feeds[parameter.name] = feed_of(join(layer, arrived->second), arrived->second);
    }
    if (!layer.custom->takes_activation)
      return activate(writer, CustomOperation(writer, *layer.custom, std::move(feeds), {}).run());
    if (!layer.custom_activation)
      return CustomOperation(writer, *layer.custom, std::move(feeds), [&](Ref value) { return activate(writer, value); })
          .run();
    CustomOperation activation(writer, *layer.custom_activation, {}, {});
    return CustomOperation(writer, *layer.custom, std::move(feeds), [&](Ref value) { return activation.apply(value); })
        .run();
  }

  Feed feed_of(Ref joined, const std::vector<Arrival>& arrivals) const {
    Feed feed{.value = joined, .producers = sources_of(arrivals), .from_input = true};
    for (const int id : feed.producers) feed.from_input = feed.from_input && model_.element(id).type == "input";
    return feed;
  }

  static std::vector<int> sources_of(const std::vector<Arrival>& arrivals) {
    std::vector<int> sources;
    for (const Arrival& arrival : arrivals)
      sources.insert(sources.end(), arrival.sources.begin(), arrival.sources.end());
    return sources;
  }

  static Attributes attributes_for(const OpDef& operation, const Layer& layer) {
    Attributes attributes;
    for (const AttributeSpec& spec : operation.attributes)
      if (const Json* value = layer.properties.find(spec.name); value && is_constant_of_activation(spec))
        attributes.set(spec.name, attribute_from_json(spec, *value, pointer_to(layer.path, spec.name)));
    return attributes;
  }

  Ref activate(LayerBuilder& writer, Ref value) {
    const Layer& layer = writer.layer();
    if (layer.activation.empty() || layer.activation == "identity") return value;
    if (layer.custom_activation) return CustomOperation(writer, *layer.custom_activation, {}, {}).apply(value);
    const OpDef* operation = builder_.registry().find(layer.domain, layer.activation);
    return builder_.emit_all(*operation, std::span(&value, 1), attributes_for(*operation, layer)).front();
  }

  Ref declare_input(const Layer& layer) {
    if (!layer.size)
      throw Error(Code::invalid_model, {.message = "an input needs a size",
                                        .reason = "NO_SIZE",
                                        .path = layer.path,
                                        .layer = layer.name,
                                        .hint = "say how many values come in: \"size\": 4"});
    const Shape shape = layer.size->inserted(0, options_.batch);
    check_bytes(layer, *layer.size);
    const std::string name = input_name(layer);
    const Ref input{built_.graph.add_input(name, {model_.type, shape})};
    built_.inputs.push_back({.name = name, .label = layer.label, .value = input.id, .shape = *layer.size});
    if (!options_.normalize) return input;
    return emit_normalize(builder_, model_.io.input_rules(layer.name.empty() ? name : layer.name), name, input,
                          built_.auto_normalize);
  }

  // Named inputs by name, the first layer "input", others by their number.
  std::string input_name(const Layer& layer) {
    std::string name = layer.name;
    if (name.empty()) name = layer.layer_index == 0 && !layer.is_pipe ? "input" : std::to_string(built_.inputs.size());
    while (layer.name.empty() && names_.contains(name))
      name = "input/" + name;  // no name of the author contains a slash
    return name;
  }

  void check_bytes(const Layer& layer, const Shape& dims) const {
    if (!dims.is_concrete()) return;
    const std::uint64_t most = builder_.context().limits().tensor_bytes;
    const auto elements = static_cast<std::uint64_t>(dims.elements());
    if (elements > most / size_of(model_.type))
      throw Error(Code::limit_exceeded, {.message = "one sample of " + dims.text() + " values is too large",
                                         .reason = "TENSOR_BYTES",
                                         .path = layer.path,
                                         .layer = layer.name,
                                         .expected = "at most " + std::to_string(most) + " bytes for one tensor",
                                         .hint = "a smaller size, or a larger limit \"tensorBytes\""});
  }

  void check_output(const Layer& layer, Ref value) const {
    const Shape dims = builder_.shape(value).without(0);
    check_bytes(layer, dims);
    if (!layer.size || layer.type == "input" || *layer.size == dims) return;
    throw Error(Code::shape_mismatch, {.message = "the size of this " + layer.type + " layer follows from its input",
                                       .reason = "OP_OUTPUT_SIZE",
                                       .path = layer.path + "/size",
                                       .layer = layer.name,
                                       .expected = dims.text(),
                                       .actual = layer.size->text(),
                                       .hint = "leave \"size\" out"});
  }

  Ref join(const Layer& layer, const std::vector<Arrival>& incoming) {
    builder_.set_path(layer.path);
    if (incoming.empty())
      throw Error(
          Code::invalid_model,
          {.message = "nothing flows into this layer", .reason = "NO_INPUT", .path = layer.path, .layer = layer.name});
    if (incoming.size() == 1) return incoming.front().value;
    const Shape& first = builder_.shape(incoming.front().value);
    std::vector<Ref> values;
    for (const Arrival& arrival : incoming) {
      const Shape& shape = builder_.shape(arrival.value);
      if (shape.rank() != first.rank() ||
          !std::ranges::equal(shape.dims().first(shape.rank() - 1), first.dims().first(shape.rank() - 1)))
        throw Error(
            Code::shape_mismatch,
            {.message = "joins " + first.without(0).text() + " (" + incoming.front().from + ") and " +
                        shape.without(0).text() + " (" + arrival.from + "): all dimensions but the last must be equal",
             .reason = "JOIN_DIMS",
             .path = layer.path,
             .layer = layer.name,
             .expected = first.without(0).text(),
             .actual = shape.without(0).text()});
      values.push_back(arrival.value);
    }
    return builder_.emit("concat", values, {{"axis", std::int64_t{-1}}});
  }

  static std::string title(const Layer& layer) {
    return layer.name.empty() ? (layer.is_pipe ? "pipe " : "layer ") + layer.title : layer.name;
  }

  void deliver(const Layer& source, Ref value) {
    const std::string from = title(source);
    for (const Route* route : routes_[static_cast<std::size_t>(source.id)]) {
      if (route->target == 0)
        outputs_.push_back({source.name, value.id});
      else if (!route->parameter.empty())
        parameter_arrivals_[{route->target, route->parameter}].push_back({value, from, {source.id}});
      else
        arrivals_[static_cast<std::size_t>(route->target)].push_back({value, from, {source.id}});
    }
  }

  void finish_outputs() {
    std::set<std::string> taken;
    for (const NamedValue& output : outputs_) taken.insert(output.name);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      std::string& name = outputs_[i].name;
      if (!name.empty()) continue;
      name = outputs_.size() == 1 ? "output" : std::to_string(i);
      while (!taken.insert(name).second) name = "output/" + name;
    }
    built_.graph.outputs = outputs_;
    built_.outputs = outputs_;
    built_.output = outputs_.front().value;
    check_io();
    if (outputs_.size() == 1) return;
    const Layer& last = model_.layers.back();
    builder_.set_path(last.path);
    LayerBuilder writer(builder_, model_, last, {}, built_, options_.training);
    std::vector<Ref> flat;
    for (const NamedValue& output : outputs_) flat.push_back(writer.flattened({output.value}));
    built_.output = builder_.emit("concat", flat, {{"axis", std::int64_t{-1}}}).id;
  }

  // Names in the io block exist, and there are not more labels than outputs.
  void check_io() const {
    std::vector<std::string_view> inputs, outputs;
    for (const BuiltInput& input : built_.inputs) inputs.push_back(input.name);
    for (const NamedValue& output : outputs_) outputs.push_back(output.name);
    for (const IoRules& rules : model_.io.input) check_io_name(rules.name, inputs, "/io/input");
    for (const IoRules& rules : model_.io.output) check_io_name(rules.name, outputs, "/io/output");
    if (!options_.fill) return;
    for (const NamedValue& output : outputs_) {
      const Shape dims = built_.graph.value(output.value).type.shape.without(0);
      if (dims.is_concrete())
        check_labels(builder_.context(), model_.io.output_rules(output.name),
                     static_cast<std::size_t>(dims.elements()));
    }
  }

  static void check_io_name(const std::string& name, const std::vector<std::string_view>& known,
                            std::string_view path) {
    if (name.empty() || std::ranges::find(known, name) != known.end()) return;
    const std::string near = nearest_name(name, known);
    throw Error(Code::invalid_model, {.message = "no input or output is called \"" + name + "\"",
                                      .reason = "IO_NAME",
                                      .path = pointer_to(path, name),
                                      .hint = near.empty() ? "" : "did you mean \"" + near + "\"?"});
  }

  const Model& model_;
  BuildOptions options_;
  BuiltModel built_;
  GraphBuilder builder_;
  std::vector<std::vector<Arrival>> arrivals_;     // by id
  std::map<std::pair<int, std::string>, std::vector<Arrival>> parameter_arrivals_;  // by id and parameter
  std::vector<std::vector<const Route*>> routes_;  // by id of the source
  std::vector<NamedValue> outputs_;
  std::set<std::string, std::less<>> names_;  // that the author gave
};

}  // namespace

BuiltModel build_model(const Context& context, const Registry& registry, const Model& model, BuildOptions options) {
  return Assembler(context, registry, model, options).run();
}

}  // namespace webai
