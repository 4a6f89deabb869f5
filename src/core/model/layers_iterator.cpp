// A model that runs many times within one run of the model around it, with variables carried from step to step (A-41,
// one loop node. And the update step of diffusion models, which is made to stand in one.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/model/inner_model.h"
#include "core/model/open_dimensions.h"
#include "core/op/loop.h"
#include "core/op/term.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;
constexpr std::string_view step_name = "iterator:step", index_name = "iterator:index";

class Iteration {
 public:
  explicit Iteration(LayerBuilder& layer)
      : layer_(layer), builder_(layer.builder()), net_(*layer.layer().net), states_(layer.layer().states) {}

  Ref run() {
    for (const StateVariable& variable : states_) start_.push_back(start_of(variable));
    find_surroundings();
    inner_ = build_inner(layer_, {.batch = layer_.built().batch, .normalize = false, .fill = layer_.fills(), .outside = &dims_,
                                  .files = layer_.files(), .training = layer_.training(), .computed = layer_.type(),
                                  .lengths = layer_.lengths(), .builds_left = layer_.builds_left()});
    bind();
    builder_.set_path(layer_.layer().path);
    return results(emit_loop(builder_, body(), {starts_of(carried_), {}, starts_of(shared_)}, layer_.layer().steps.count));
  }

 private:
  // A value of the inner graph, the value around that it starts with, and what it becomes in a step.
  struct Slot {
    ValueId inner;
    Ref start;
    ValueId next = no_value;
  };

  // A size and where it is written.
  struct Size {
    Shape dims;
    std::string path;
    std::span<const ShapeHint> hints = {};
  };

  // What the iterator pulls from the model around; on the first layer else an input of that name.
  Ref source(const std::string& name, const std::optional<Size>& size, const std::string& path) {
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

  // The size under which a layer of the net pulls `name`, if one says.
  std::optional<Size> inner_size(std::string_view name) const {
    for (const OutsidePull& pull : net_.outside)
      if (pull.name == name && pull.parameter.empty())
        if (const Layer& puller = net_.element(pull.target); puller.type == "input" && puller.size)
          return Size{*puller.size, pointer_to(puller.path, "size"), puller.hints};
    return {};
  }

  Ref start_of(const StateVariable& variable) {
    if (variable.pipe_from.empty()) {
      if (!variable.size)
        throw Error(Code::invalid_model, {.message = "the state \"" + variable.name + "\" starts at zeros and needs a size",
                                          .reason = "NO_SIZE",
                                          .path = variable.path,
                                          .layer = layer_.layer().name,
                                          .hint = "give \"size\", or \"pipeFrom\" for its first value"});
      if (!variable.size->is_concrete())
        throw Error(Code::invalid_model, {.message = "the state \"" + variable.name + "\" starts at zeros: its size cannot be open (null)",
                                          .reason = "OPEN_SIZE",
                                          .path = variable.path + "/size",
                                          .layer = layer_.layer().name,
                                          .hint = "give the size as numbers, or \"pipeFrom\" for its first value"});
      check_bytes(variable);
      Integers shape = {-1};
      for (const Dimension dim : variable.size->dims()) shape.push_back(dim.value());
      const Ref zero = builder_.emit("reshape", {builder_.scalar(0, layer_.type())}, {{"shape", Integers(shape.size() - 1, 1)}});
      return builder_.emit("broadcastTo", {per_sample(builder_, zero, any_sample())}, {{"shape", std::move(shape)}});
    }
    const bool whole = variable.size && variable.size->is_concrete();
    if (whole) check_bytes(variable);
    const Ref value = source(variable.pipe_from,
                             variable.size ? Size{*variable.size, pointer_to(variable.path, "size")} : inner_size(variable.name),
                             variable.path);
    const Shape dims = layer_.dims(value);
    if (!variable.size || fits(*variable.size, dims)) return value;
    if (!whole || dims.elements() != variable.size->elements())
      throw Error(Code::shape_mismatch, {.message = "the state \"" + variable.name + "\" starts with something of another size",
                                         .reason = "STATE_SIZE",
                                         .path = variable.path + "/size",
                                         .layer = layer_.layer().name,
                                         .expected = dims.text(),
                                         .actual = variable.size->text()});
    return layer_.reshaped(value, *variable.size);
  }

  void check_bytes(const StateVariable& variable) const {
    std::uint64_t left = builder_.context().limits().tensor_bytes / size_of(layer_.type());
    for (const Dimension dim : variable.size->dims()) left /= static_cast<std::uint64_t>(dim.value());
    if (left == 0)
      throw Error(Code::limit_exceeded, {.message = "a state of " + variable.size->text() + " values is too large",
                                         .reason = "TENSOR_BYTES",
                                         .path = variable.path + "/size",
                                         .layer = layer_.layer().name,
                                         .hint = "a smaller size, or a larger limit \"tensorBytes\""});
  }

  // Some value that has one row for each sample.
  Ref any_sample() const {
    if (layer_.input()) return layer_.input();
    for (const ValueId input : builder_.graph().inputs)
      if (const Shape& shape = builder_.graph().value(input).type.shape; shape.rank() >= 2) return {input};
    throw Error(Code::invalid_model, {.message = "nothing flows into the model: how many samples there are is open",
                                      .reason = "NO_INPUT",
                                      .path = layer_.layer().path,
                                      .layer = layer_.layer().name,
                                      .hint = "put an input layer in front, or start a state with \"pipeFrom\""});
  }

  /// `value` for each sample that `like` has a row of: [batch, dims...]. Nothing of `like` but its length counts.
  static Ref per_sample(Builder& builder, Ref value, Ref like) {
    const std::size_t rank = builder.shape(like).rank();
    Integers sizes(rank, 1);
    sizes[0] = -1;
    Term row(builder, builder.emit("slice", {like}, {{"starts", Integers(rank, 0)}, {"sizes", sizes}}));
    Integers shape(builder.shape(value).rank() + 1, 1);
    shape[0] = -1;
    row = row.apply("reshape", {{"shape", shape}});
    return builder.emit("where", {row.apply("equal", row), value, value});
  }

  // The dimensions of all that the net may pull.
  void find_surroundings() {
    for (const std::string_view name : {step_name, index_name}) dims_.emplace(name, Shape{1});
    for (std::size_t i = 0; i < states_.size(); ++i) dims_.insert_or_assign(states_[i].name, layer_.dims(start_[i]));
    for (const OutsidePull& pull : net_.outside) {
      if (dims_.contains(pull.name)) continue;
      const Ref value = source(pull.name, inner_size(pull.name), pull.path);
      around_.emplace(pull.name, value);
      dims_.emplace(pull.name, layer_.dims(value));
    }
  }

  // What is written in a step is carried, the rest is shared by all steps.
  void bind() {
    const auto inner = [&](std::string_view name) {
      const auto found = inner_.outside.find(name);
      return found == inner_.outside.end() ? no_value : found->second;
    };
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const Shape is = builder_.shape(start_[i]).without(0), becomes = inner_.graph.value(inner_.outputs[i].value).type.shape.without(0);
      if (is != becomes)
        throw Error(Code::shape_mismatch, {.message = "the state \"" + states_[i].name + "\" keeps its size from step to step",
                                           .reason = "STATE_SIZE",
                                           .path = net_.outputs[i].path,
                                           .layer = layer_.layer().name,
                                           .expected = is.text(),
                                           .actual = becomes.text()});
      carried_.push_back({inner(states_[i].name), start_[i], inner_.outputs[i].value});
    }
    const auto keep = [&](const auto& list, const std::vector<Ref>& values) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const auto write = std::ranges::find(inner_.graph.writes, list[i].value, &Write::state);
        const bool written = write != inner_.graph.writes.end();
        (written ? carried_ : shared_).push_back({list[i].value, values[i], written ? write->value : no_value});
      }
    };
    keep(inner_.inputs, adopt_inputs(layer_, inner_));
    keep(inner_.parameters, adopt_parameters(layer_, inner_));
    keep(inner_.states, adopt_states(layer_, inner_));
    for (const auto& [name, value] : around_)
      if (const ValueId id = inner(name); id != no_value) shared_.push_back({id, value});
    if (inner_.random_step != no_value) shared_.push_back({inner_.random_step, layer_.random_step()});
  }

  static std::vector<Ref> starts_of(const std::vector<Slot>& slots) {
    std::vector<Ref> list;
    for (const Slot& slot : slots) list.push_back(slot.start);
    return list;
  }

  /// The graph of one step: the inner model without weights and memory of its own, its surroundings as inputs.
  Graph body() {
    Graph step, inner = std::move(inner_.graph);
    GraphBuilder builder(builder_.context(), builder_.registry(), step);
    builder.set_path(layer_.layer().path);
    inner.inputs.clear();
    inner.outputs.clear();
    std::vector<Ref> given;
    const auto give = [&](ValueId id, Ref value) {
      if (id == no_value) return;
      inner.value(id).kind = ValueKind::input;
      inner.inputs.push_back(id);
      given.push_back(value);
    };
    std::vector<Ref> values;
    for (const std::vector<Slot>* slots : {&carried_, &shared_})
      for (const Slot& slot : *slots)
        values.push_back({step.add_input("in " + std::to_string(values.size()), builder_.type(slot.start))});
    const Ref index{step.add_input("index", {DType::i64, Shape{}})};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Slot& slot = i < carried_.size() ? carried_[i] : shared_[i - carried_.size()];
      const bool random = slot.inner != no_value && slot.inner == inner_.random_step;
      give(slot.inner, random ? drawn_anew(builder, values[i], index) : values[i]);
    }
    for (const auto& [name, id] : inner_.outside)
      if (name == step_name || name == index_name) give(id, counted(builder, index, values.front(), name == step_name));
    for (const Slot& slot : carried_) inner.outputs.push_back({"next", slot.next});
    inner.parameters.clear();
    inner.states.clear();
    inner.writes.clear();
    for (const Ref next : inline_graph(builder, inner, given)) step.outputs.push_back({"out " + std::to_string(step.outputs.size()), next.id});
    return step;
  }

  // Each step draws other numbers.
  Ref drawn_anew(Builder& builder, Ref step, Ref index) const {
    return Term(builder, step) * static_cast<double>(layer_.layer().steps.count) + Term(builder, index);
  }

  // The step, or its number from 0 on, as [batch, 1] of the model's type.
  Ref counted(Builder& builder, Ref index, Ref like, bool is_step) const {
    const IteratorSteps& steps = layer_.layer().steps;
    const auto number = [&](std::int64_t value) {
      return Term(builder, builder.constant(Tensor::from(builder.context(), DType::i64, Shape{}, std::vector<double>{static_cast<double>(value)})));
    };
    Term count(builder, index);
    if (is_step) count = count * number(steps.step) + number(steps.from);
    const Term value = count.apply("cast", {{"type", std::string(name_of(layer_.type()))}}).apply("reshape", {{"shape", Integers{1}}});
    return per_sample(builder, value, like);
  }

  // The final states in order; several are joined as what several outputs of a net are. Behind what is carried stand the
  // states before each step.
  Ref results(const std::vector<Ref>& finals) {
    BuiltIteration iteration{layer_.layer().id, {}};
    for (std::size_t i = 0; i < states_.size(); ++i) iteration.before.push_back(finals[carried_.size() + i].id);
    layer_.built().iterations.push_back(std::move(iteration));
    for (std::size_t i = states_.size(); i < carried_.size(); ++i) layer_.write(carried_[i].start, finals[i]);
    if (states_.size() == 1) return finals.front();
    std::vector<Ref> flat;
    for (std::size_t i = 0; i < states_.size(); ++i) flat.push_back(layer_.flattened(finals[i]));
    return builder_.emit("concat", flat, {{"axis", std::int64_t{-1}}});
  }

  LayerBuilder& layer_;
  Builder& builder_;
  const Model& net_;
  const std::vector<StateVariable>& states_;
  std::vector<Ref> start_;
  std::map<std::string, Ref, std::less<>> inputs_, around_;  // named inputs of the model; what the net pulls from around
  std::map<std::string, Shape, std::less<>> dims_;
  BuiltModel inner_;
  std::vector<Slot> carried_, shared_;
};

Ref build_iterator(LayerBuilder& layer) { return Iteration(layer).run(); }

/// Column `values[t]` for each sample, to multiply what has `rank` dimensions.
Term looked_up(LayerBuilder& layer, const std::vector<double>& values, Ref t, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(values.size());
  const Ref table = layer.builder().constant(Tensor::from(layer.builder().context(), layer.type(), Shape{count}, values));
  Integers shape(rank, 1);
  shape[0] = -1;
  return Term(layer.builder(), layer.emit("gather", {table, t})).apply("reshape", {{"shape", std::move(shape)}});
}

// x' = (x - beta / sqrt(1 - alphabar) * noise) / sqrt(alpha) + sigma * z, each at t, with beta rising from betaStart to
// betaEnd over trainSteps, alpha = 1 - beta, alphabar the product of all alphas up to t, sigma^2 = beta, and 0 at t = 0.
Ref build_ddpm_update(LayerBuilder& layer) {
  const auto need = [&](std::string_view name, const std::string& hint) {
    if (const Ref value = layer.piped(name)) return value;
    layer.fail(Code::invalid_model, "NO_INPUT", "nothing is piped to the " + std::string(name) + " of this update step", hint);
  };
  const Ref noise = need("noise", "name the end of a pipe: \"noise\": \"predicted_noise\", and let a layer go \"to\" it");
  const Ref x = need("x", "let it write a state: \"to\": \"x\"");
  const Ref t = need("t", "pull it: \"t\": {\"pipeFrom\": \"iterator:step\"}");
  if (layer.dims(x) != layer.dims(noise))
    layer.fail(Code::shape_mismatch, "DDPM_SIZE", "x is " + layer.dims(x).text() + ", the noise " + layer.dims(noise).text());
  if (layer.dims(t) != Shape{1}) layer.fail(Code::shape_mismatch, "DDPM_SIZE", "t is one number, got " + layer.dims(t).text());
  const std::int64_t steps = layer.integer("trainSteps");
  const double first = layer.number("betaStart"), last = layer.number("betaEnd");
  if (!(first > 0 && first < 1) || !(last > 0 && last < 1))
    layer.fail(Code::invalid_model, "PROPERTY_VALUE", "betaStart and betaEnd are between 0 and 1", {}, first > 0 && first < 1 ? "betaEnd" : "betaStart");
  if (static_cast<std::uint64_t>(steps) > layer.builder().context().limits().run_steps)
    layer.fail(Code::limit_exceeded, "RUN_STEPS", "there are too many trainSteps", "raise the limit \"runSteps\" if this is meant", "trainSteps");
  std::vector<double> scale, share, deviation;
  double product = 1;
  for (std::int64_t i = 0; i < steps; ++i) {
    const double beta = steps == 1 ? first : first + (last - first) * static_cast<double>(i) / static_cast<double>(steps - 1);
    product *= 1 - beta;
    scale.push_back(1 / std::sqrt(1 - beta));
    share.push_back(beta / std::sqrt(1 - product));
    deviation.push_back(i == 0 ? 0 : std::sqrt(beta));
  }
  const std::size_t rank = layer.builder().shape(x).rank();
  const Ref at = Term(layer.builder(), t).apply("reshape", {{"shape", Integers{-1}}}).apply("cast", {{"type", std::string("i64")}});
  const Term z(layer.builder(), layer.emit("normalLike", {x, layer.random_step()},
                                           {{"seed", static_cast<std::int64_t>(layer.seed())}, {"id", std::int64_t{layer.layer().id}}}));
  const Term now(layer.builder(), x), predicted(layer.builder(), noise);
  return (now - looked_up(layer, share, at, rank) * predicted) * looked_up(layer, scale, at, rank) + looked_up(layer, deviation, at, rank) * z;
}

constexpr PropertyDef iterator_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the model that each step runs", .required = true},
    {.name = "steps", .kind = PropertyKind::any, .doc = "a number, or {from, to, step}", .required = true},
    {.name = "state", .kind = PropertyKind::any, .doc = "what is carried from step to step", .required = true},
    {.name = "checkpoint", .kind = PropertyKind::boolean, .doc = "recompute steps while training: always so", .fallback = "false"},
    {.name = "until", .kind = PropertyKind::any, .doc = "when to stop before the last step; not yet"},
    {.name = "collect", .kind = PropertyKind::any, .doc = "what to keep of each step; not yet"},
};

constexpr PropertyDef ddpm_properties[] = {
    {.name = "betaStart", .kind = PropertyKind::number, .doc = "variance of the noise of the first training step", .fallback = "0.0001"},
    {.name = "betaEnd", .kind = PropertyKind::number, .doc = "variance of the noise of the last one", .fallback = "0.02"},
    {.name = "trainSteps", .kind = PropertyKind::count, .doc = "how many steps of noise the model learned from", .fallback = "1000"},
};

constexpr ParameterDef ddpm_parameters[] = {
    {"x", "what is still noisy; the state that the layer writes", "state"},
    {"noise", "the noise that the model sees in x"},
    {"t", "the number of the step, from trainSteps - 1 down to 0", "iterator:step"},
};

constexpr LayerDef definitions[] = {
    {.name = "iterator",
     .doc = "Runs a model step by step within one run.",
     .properties = iterator_properties,
     .on_first_layer = true,
     .build = build_iterator},
    {.name = "ddpmUpdateStep",
     .doc = "One step back of a denoising diffusion model: a little less noise.",
     .properties = ddpm_properties,
     .parameters = ddpm_parameters,
     .has_default_input = false,
     .build = build_ddpm_update},
};

}  // namespace

std::span<const LayerDef> iterator_layers() { return definitions; }

}  // namespace webai
