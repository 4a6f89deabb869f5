// From layers and routes to nodes: joins arrivals, lets each layer write itself, sends its output on.
#include "core/model/build.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "core/base/names.h"
#include "core/model/build_outputs.h"
#include "core/model/counted_inputs.h"
#include "core/model/custom_layer.h"
#include "core/model/feedback.h"
#include "core/model/io_graph.h"
#include "core/model/layer_builder.h"
#include "core/model/open_dimensions.h"
#include "core/model/setup_data.h"
#include "core/model/vocabulary.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai {
namespace {

using SourceNames = std::map<std::string, Shape, std::less<>>;

struct Arrival {
  Ref value;
  std::string from;  // title of the source, for error texts
};

class Assembler {
 public:
  Assembler(const Context& context, const Registry& registry, const Model& model, BuildOptions options,
            const SourceSizes& learned)
      : model_(model),
        options_(options),
        builder_(context, registry, built_.graph),
        feedback_(builder_, model, built_, learned) {
    check_buildable();
    built_.batch = options_.batch;
    built_.type = model_.type;
    built_.computed = options_.computed.value_or(computed_in(model_.type));
    const auto elements = static_cast<std::size_t>(model_.element_count) + 1;
    incoming_.resize(elements);
    own_.resize(elements);
    joined_.resize(elements);
    for (int id = 1; id <= model_.element_count; ++id) names_.insert(model_.element(id).name);
    for (const Route& route : model_.routes) incoming_[static_cast<std::size_t>(route.target)].push_back(&route);
  }

  BuiltModel run() {
    built_.seed = choose_seed(builder_.context(), model_);
    for (const int step : model_.order) build_step(step);
    std::vector<NamedValue> outputs = this->outputs();
    feedback_.finish();
    keep_counts(outputs);
    // Pulls may ask for another order of building than that of the document.
    std::ranges::stable_sort(built_.layers, {}, &BuiltLayer::id);
    std::ranges::stable_sort(built_.parameters, {}, &BuiltParameter::owner);
    std::ranges::stable_sort(built_.states, {}, &BuiltState::owner);
    finish_outputs(builder_, model_, built_, std::move(outputs), options_.fill);
    if (options_.fill) fill_parameters(builder_.context(), model_, built_, options_.files);
    return std::move(built_);
  }

  /// Builds what can be built while some sizes are unknown, leaving out what flows from there, and returns the sizes of
  /// `wanted` so far. `complaint` is the first error that was not for want of something left out.
  SourceSizes learn(const std::vector<Source>& wanted, std::optional<Error>& complaint) {
    for (const int step : model_.order) {
      left_out_ = false;
      try {
        build_step(step);
      } catch (const Error& error) {
        if (!left_out_ && !complaint) complaint = error;
        if (step > 0 && model_.element(step).size && model_.element(step).size->is_concrete())
          own(step) = placeholder(model_.element(step));
      }
    }
    SourceSizes found;
    for (const Source& source : wanted)
      if (const Ref value = value_of(source)) found.emplace(source, builder_.shape(value).without(0));
    return found;
  }

 private:
  // Rows of a table, as those of a vocabulary, are no numbers between 0 and 1 either; which inputs say such shows when all
  // is built.
  void keep_counts(std::vector<NamedValue>& outputs) {
    for (const auto& [exact, rounded] : rounded_) {
      if (!is_counted(built_.graph, rounded)) continue;
      replace_reads(built_.graph, rounded, exact);
      for (NamedValue& output : outputs)
        if (output.value == rounded) output.value = exact;
      for (BuiltLayer& layer : built_.layers)
        if (layer.value == rounded) layer.value = exact;
    }
  }

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

  Ref& own(int id) { return own_[static_cast<std::size_t>(id)]; }
  Ref& joined(int id) { return joined_[static_cast<std::size_t>(id)]; }
  Ref value_of(Source source) { return source.hidden ? joined(source.id) : own(source.id); }

  // In a trial: what a layer gives that cannot be built yet, but says its size.
  Ref placeholder(const Layer& layer) {
    return {builder_.graph().add_state(layer.title, {built_.computed, layer.size->inserted(0, built_.batch)})};
  }

  // What a route brings; invalid when a trial does not know it yet.
  Ref arrival_by(const Route& route) {
    const Source source{route.source, route.hidden};
    const Ref value = route.delayed || route.history ? feedback_.arrival(route) : value_of(source);
    if (!value) left_out_ = true;
    return value;
  }

  // What is piped into the default input, or into `parameter`, in document order of the sources.
  std::vector<Arrival> arrivals(const Layer& layer, std::string_view parameter = {}) {
    std::vector<Arrival> list;
    if (layer.type != "input")
      for (const OutsidePull& pull : model_.outside)
        if (pull.target == layer.id && pull.parameter == parameter) list.push_back({outside(pull), pull.name});
    for (const Route* route : incoming_[static_cast<std::size_t>(layer.id)])
      if (route->parameter == parameter)
        if (const Ref value = arrival_by(*route)) list.push_back({value, title(model_.element(route->source))});
    return list;
  }

  // Positive: a layer or pipe; negative: the join of what is piped into it.
  void build_step(int step) {
    const Layer& layer = model_.element(step < 0 ? -step : step);
    if (step > 0) {
      if (layer.operates()) feedback_.computed({layer.id, false}, own(layer.id) = build_element(layer));
      return;
    }
    if (layer.is_pipe && layer.type != "input") return;  // joined with what the layer gets
    const std::vector<Arrival> all = arrivals(layer);
    if (!all.empty()) feedback_.computed({layer.id, true}, joined(layer.id) = join(layer, all));
  }

  // What a layer gets is joined once; its own operator and its pipes share it.
  std::vector<Arrival> incoming(const Layer& layer) {
    const Layer& owner = model_.layers[static_cast<std::size_t>(layer.layer_index)];
    std::vector<Arrival> list;
    if (const Ref shared = joined(owner.id))
      list.push_back({shared, title(owner)});
    else if (!incoming_[static_cast<std::size_t>(owner.id)].empty())
      left_out_ = true;
    if (layer.is_pipe) std::ranges::move(arrivals(layer), std::back_inserter(list));
    return list;
  }

  std::vector<PipedParameter> piped_parameters(const Layer& layer) {
    std::vector<PipedParameter> list;
    for (const Route* route : incoming_[static_cast<std::size_t>(layer.id)]) {
      if (route->parameter.empty()) continue;
      const bool known = std::ranges::any_of(list, [&](const auto& one) { return one.name == route->parameter; });
      if (known) continue;
      const std::vector<Arrival> all = arrivals(layer, route->parameter);
      if (!all.empty()) list.push_back({route->parameter, join(layer, all), route->path});
    }
    for (const OutsidePull& pull : model_.outside)
      if (pull.target == layer.id && !pull.parameter.empty() &&
          std::ranges::find(list, pull.parameter, &PipedParameter::name) == list.end())
        list.push_back({pull.parameter, outside(pull), pull.path});
    return list;
  }

  // Inputs, layers that take parameters only, and nets that nothing flows into: on the first layer their inputs are the
  // model's, behind it they get all by name.
  bool goes_without_flow(const Layer& layer) const {
    if (layer.type == "input" || (layer.definition && !layer.definition->has_default_input)) return true;
    if (!layer.net) return false;
    const Layer& owner = model_.layers[static_cast<std::size_t>(layer.layer_index)];
    const auto flows = [&](int id) {
      return std::ranges::any_of(incoming_[static_cast<std::size_t>(id)], [](const Route* route) { return route->parameter.empty(); }) ||
             std::ranges::any_of(model_.outside, [&](const OutsidePull& pull) { return pull.target == id && pull.parameter.empty(); });
    };
    return !flows(layer.id) && !flows(owner.id);
  }

  const OutsidePull* pulled_from_outside(const Layer& layer) const {
    for (const OutsidePull& pull : model_.outside)
      if (pull.target == layer.id && pull.parameter.empty()) return &pull;
    return nullptr;
  }

  // An input of the graph for each thing that the net of an iterator pulls from around it.
  Ref outside(const OutsidePull& pull) {
    if (const auto known = built_.outside.find(pull.name); known != built_.outside.end()) return {known->second};
    const auto dims = options_.outside ? options_.outside->find(pull.name) : SourceNames::const_iterator();
    if (!options_.outside || dims == options_.outside->end())
      throw Error(Code::internal, {.message = "\"" + pull.name + "\" is not known around this net", .path = pull.path});
    const Ref value{built_.graph.add_input("outside " + pull.name, {built_.computed, dims->second.inserted(0, options_.batch)})};
    built_.outside.emplace(pull.name, value.id);
    return value;
  }

  // An input of an iterator's net, perhaps under a size of its own.
  Ref input_from_outside(const Layer& layer, const OutsidePull& pull) {
    const Ref value = outside(pull);
    const Shape dims = builder_.shape(value).without(0);
    if (!layer.size || fits(*layer.size, dims)) return value;
    if (!layer.size->is_concrete() || !dims.is_concrete() || layer.size->elements() != dims.elements())
      throw Error(Code::shape_mismatch, {.message = "what is pulled has another size",
                                         .reason = "PULL_SIZE",
                                         .path = layer.path + "/size",
                                         .layer = layer.name,
                                         .expected = dims.text(),
                                         .actual = layer.size->text()});
    return LayerBuilder(builder_, model_, layer, {}, built_, options_.training).reshaped(value, *layer.size);
  }

  /// One operator instance: input, own operator, activation. Errors get its place.
  Ref build_element(const Layer& layer) {
    builder_.set_path(layer.path);
    try {
      const bool without = goes_without_flow(layer);
      const std::vector<Arrival> arrived = without ? std::vector<Arrival>() : incoming(layer);
      const bool fed = !without && !(layer.custom && arrived.empty());
      const Ref input = fed ? join(layer, arrived) : Ref{};
      const std::vector<PipedParameter> piped = piped_parameters(layer);
      LayerBuilder writer(builder_, model_, layer, input, built_, options_.training, piped, &options_);
      const std::size_t before = built_.parameters.size();
      const Ref value = layer.custom ? write_custom(writer, piped) : write_operator(writer, piped);
      if (const Json* const quantization = layer.properties.find("quantization")) {
        std::vector<std::string_view> names;
        for (std::size_t i = before; i < built_.parameters.size(); ++i) names.push_back(built_.parameters[i].parameter);
        check_quantization(*quantization, names, layer.path + "/quantization");
      }
      check_output(layer, value);
      built_.layers.push_back({.id = layer.id,
                               .input = input ? builder_.shape(input).without(0) : Shape{},
                               .output = builder_.shape(value).without(0),
                               .activation = layer.activation,
                               .value = value.id,
                               .input_name = layer.type == "input" && !pulled_from_outside(layer) ? built_.inputs.back().name : std::string()});
      return value;
    } catch (const Error& error) {
      if (error.path().empty()) std::throw_with_nested(error.with_path(layer.path));
      throw;
    }
  }

  Ref input_value(const Layer& layer) {
    const OutsidePull* pull = pulled_from_outside(layer);
    return pull ? input_from_outside(layer, *pull) : declare_input(layer);
  }

  Ref write_operator(LayerBuilder& writer, const std::vector<PipedParameter>& piped) {
    const Layer& layer = writer.layer();
    const Ref input = writer.input();
    if (layer.operation && !piped.empty())
      unsupported(layer, piped.front().path, "a pipe into a parameter of an operator");
    if (!layer.operation && layer.type != "input" && !layer.definition->build)
      unsupported(layer, layer.path, "a layer of type \"" + layer.type + "\"");
    const Ref value =
        layer.type == "input" ? input_value(layer)
        : layer.operation
            ? builder_
                  .emit_all(*layer.operation, std::span(&input, 1), attributes_for(*layer.operation, layer))
                  .front()
            : layer.definition->build(writer);
    const bool activated = layer.definition && !layer.definition->own_activation.empty();
    return activated ? value : writer.activated(value);
  }

  // Operations that a program or the model defined call their activation themselves where they take it.
  Ref write_custom(LayerBuilder& writer, const std::vector<PipedParameter>& piped) {
    const Layer& layer = writer.layer();
    Feeds feeds;
    if (writer.input()) feeds["input"] = feed_of(layer, writer.input(), {});
    for (const PipedParameter& one : piped) feeds[one.name] = feed_of(layer, one.value, one.name);
    if (!layer.custom->takes_activation)
      return writer.activated(CustomOperation(writer, *layer.custom, std::move(feeds), {}).run());
    return CustomOperation(writer, *layer.custom, std::move(feeds), [&](Ref value) { return writer.activated(value); })
        .run();
  }

  Feed feed_of(const Layer& layer, Ref joined, std::string_view parameter) const {
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

  Ref declare_input(const Layer& layer) {
    if (!layer.size)
      throw Error(Code::invalid_model, {.message = "an input needs a size",
                                        .reason = "NO_SIZE",
                                        .path = layer.path,
                                        .layer = layer.name,
                                        .hint = "say how many values come in: \"size\": 4"});
    const std::size_t first_open = built_.open.size();
    const Shape size = bound_size(*layer.size, pointer_to(layer.path, "size"), layer.hints, options_.lengths,
                                  built_.inputs.size(), built_.open);
    check_bytes(layer, size);
    const std::string name = input_name(layer);
    const IoRules& rules = model_.io.input_rules(layer.name.empty() ? name : layer.name, layer.label);
    const Shape dims = options_.normalize ? raw_dims(rules, size) : size;
    const auto moved = [&](const OpenDimension& dim) { return dim.axis >= dims.rank() || dims.dim(dim.axis) != size.dim(dim.axis); };
    if (std::any_of(built_.open.begin() + static_cast<std::ptrdiff_t>(first_open), built_.open.end(), moved))
      throw Error(Code::unsupported, {.message = "io makes other dimensions of this input: its size cannot be open (null)",
                                      .reason = "OPEN_SIZE",
                                      .path = built_.open[first_open].path,
                                      .layer = layer.name,
                                      .hint = "give the size as numbers"});
    const Ref input{built_.graph.add_input(name, {built_.computed, dims.inserted(0, options_.batch)})};
    built_.inputs.push_back({.name = name, .label = layer.label, .value = input.id, .shape = dims, .dims = size});
    if (!options_.normalize) return input;
    const Ref normalized = emit_normalize(builder_, rules, name, input, size, built_.auto_normalize);
    // Places in a vocabulary are no numbers between 0 and 1.
    const bool counts = std::ranges::any_of(rules.normalize, [](const IoStep& step) { return step.lookup && step.width == 0; });
    if (is_floating(model_.type) || counts) return normalized;
    const Ref rounded = rounded_value(builder_, normalized, model_.type);
    rounded_.emplace_back(normalized.id, rounded.id);
    return rounded;
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
    if (elements > most / size_of(built_.computed))
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
    if (!layer.size || layer.type == "input" || fits(*layer.size, dims)) return;
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

  // What flows out of the last layer, or what the root's `outputs` pull.
  std::vector<NamedValue> outputs() {
    std::vector<NamedValue> list;
    for (const ModelOutput& output : model_.outputs) list.push_back({output.name, own(output.source).id});
    if (!list.empty()) return list;
    for (const Route& route : model_.routes) {
      if (route.target != 0) continue;
      std::string name = model_.element(route.source).name;
      if (!name.empty()) name += route.history ? ".history" : route.hidden ? ".hidden" : "";
      list.push_back({std::move(name), arrival_by(route).id});
    }
    return list;
  }

  const Model& model_;
  BuildOptions options_;
  BuiltModel built_;
  GraphBuilder builder_;
  Feedback feedback_;
  std::vector<std::vector<const Route*>> incoming_;  // by id of the target
  std::vector<std::pair<ValueId, ValueId>> rounded_;  // inputs of an integer model: as they are, rounded to codes
  std::vector<Ref> own_, joined_;                    // by id: its output; the join of what is piped into it
  bool left_out_ = false;                            // in a trial: something that flows in is not known yet
  std::set<std::string, std::less<>> names_;         // that the author gave
};

constexpr std::size_t most_trials = 16;

// Sizes of what flows back from layers that do not say theirs: by trial builds, until one finds what it assumed.
SourceSizes learn_sizes(const Context& context, const Registry& registry, const Model& model, BuildOptions options) {
  const std::vector<Source> wanted = unsized_sources(model);
  SourceSizes sizes;
  if (wanted.empty()) return sizes;
  options.fill = false;
  const Source* culprit = nullptr;
  for (std::size_t trial = 0; trial < std::min(wanted.size(), most_trials) + 2; ++trial) {
    std::optional<Error> complaint;
    SourceSizes found = Assembler(context, registry, model, options, sizes).learn(wanted, complaint);
    const bool settled = found == sizes;
    if (settled && found.size() == wanted.size()) return sizes;
    if (settled && complaint) throw *complaint;
    culprit = &*std::ranges::find_if(wanted, [&](const Source& source) {
      const auto before = sizes.find(source), now = found.find(source);
      return before == sizes.end() || now == found.end() || before->second != now->second;
    });
    if (settled) break;
    sizes = std::move(found);
  }
  const Layer& layer = model.element(culprit->id);
  throw Error(Code::invalid_model, {.message = "the size of \"" + layer.title + "\" depends on itself",
                                    .reason = "SIZE_LOOP",
                                    .path = layer.path,
                                    .layer = layer.name,
                                    .hint = "its values flow back to where they come from: give size"});
}

}  // namespace

namespace {

std::uint64_t models_in(const Model& model) {
  std::uint64_t count = 1;
  for (int id = 1; id <= model.element_count; ++id)
    if (const auto& net = model.element(id).net) count += models_in(*net);
  return count;
}

// Sizes that are found by trial build what is inside again: of iterators in iterators the builds multiply.
void count_build(const Model& model, BuildOptions& options) {
  constexpr std::uint64_t most_builds = 1024, most_builds_of_each = 8;
  if (!options.builds_left) options.builds_left = std::make_shared<std::uint64_t>(most_builds + most_builds_of_each * models_in(model));
  if (*options.builds_left == 0)
    throw Error(Code::limit_exceeded, {.message = "finding the sizes in these models by trial takes too many trials",
                                       .reason = "BUILDS",
                                       .path = model.layers.empty() ? "/layers" : model.layers.front().path,
                                       .hint = "give \"size\" to the layers of inner models whose values flow back"});
  --*options.builds_left;
}

}  // namespace

BuiltModel build_model(const Context& context, const Registry& registry, const Model& model, BuildOptions options) {
  count_build(model, options);
  if (!options.lengths && has_open_sizes(model))
    return build_by_example(model, options,
                            [&](BuildOptions own) { return build_model(context, registry, model, std::move(own)); });
  if (!options.inner) options.inner = std::make_shared<InnerModels>();
  const SourceSizes sizes = learn_sizes(context, registry, model, options);
  return Assembler(context, registry, model, options, sizes).run();
}

}  // namespace webai
