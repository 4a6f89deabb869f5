// A model that runs many times within one run of the model around it, with variables carried from step to step (A-41,
// one loop node.
#include <algorithm>
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
    carry_ends();
    return results(emit_loop(builder_, body(), {starts_of(carried_), {}, starts_of(shared_)}, layer_.layer().steps.count));
  }

 private:
  // A value of the inner graph, the value around that it starts with, and what it becomes in a step.
  struct Slot {
    ValueId inner;
    Ref start;
    ValueId next = no_value;
    bool per_sample = false;  ///< [batch, dims...]: stays as it is for samples that are at their end
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
      return filled(0, *variable.size);
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

  /// [batch, dims...] of one number.
  Ref filled(double value, const Shape& dims) {
    Integers shape = {-1};
    for (const Dimension dim : dims.dims()) shape.push_back(dim.value());
    const Ref one = builder_.emit("reshape", {builder_.scalar(value, layer_.type())}, {{"shape", Integers(shape.size() - 1, 1)}});
    return builder_.emit("broadcastTo", {per_sample(builder_, one, any_sample())}, {{"shape", std::move(shape)}});
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
      carried_.push_back({inner(states_[i].name), start_[i], inner_.outputs[i].value, true});
    }
    const auto keep = [&](const auto& list, const std::vector<Ref>& values, bool per_sample) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const auto write = std::ranges::find(inner_.graph.writes, list[i].value, &Write::state);
        const bool written = write != inner_.graph.writes.end();
        (written ? carried_ : shared_).push_back({list[i].value, values[i], written ? write->value : no_value, per_sample});
      }
    };
    keep(inner_.inputs, adopt_inputs(layer_, inner_), true);
    keep(inner_.parameters, adopt_parameters(layer_, inner_), false);
    keep(inner_.states, adopt_states(layer_, inner_), true);
    for (const auto& [name, value] : around_)
      if (const ValueId id = inner(name); id != no_value) shared_.push_back({id, value});
    if (inner_.random_step != no_value) shared_.push_back({inner_.random_step, layer_.random_step()});
  }

  // What the net gives in each step beside the states: what is collected, then what ends a sample.
  std::size_t collected() const { return layer_.layer().collect.size(); }
  ValueId collected_value(std::size_t k) const { return inner_.outputs[states_.size() + k].value; }
  /// The state that is collected, or as many as there are.
  std::size_t state_of(std::size_t k) const {
    std::size_t i = 0;
    while (i < states_.size() && inner_.outputs[i].value != collected_value(k)) ++i;
    return i;
  }

  // With an end for each sample more is carried: the last of what is collected and is no state, then 1 for samples that
  // go on, 0 for those that have ended.
  void carry_ends() {
    from_net_ = carried_.size();
    const auto& until = layer_.layer().until;
    if (!until) return;
    const auto dims = [&](ValueId value) { return inner_.graph.value(value).type.shape.without(0); };
    if (const Shape size = dims(inner_.outputs.back().value); !size.is_concrete() || size.elements() != 1)
      throw Error(Code::shape_mismatch, {.message = "what ends an iterator is one number for each sample",
                                         .reason = "UNTIL_SIZE",
                                         .path = until->path,
                                         .layer = layer_.layer().name,
                                         .expected = "1",
                                         .actual = size.text(),
                                         .hint = "let one neuron say when it is done: {\"name\": \"done\", \"size\": 1}"});
    for (std::size_t k = 0; k < collected(); ++k)
      if (state_of(k) == states_.size()) carried_.push_back({no_value, filled(0, dims(collected_value(k)))});
    carried_.push_back({no_value, filled(1, Shape{1})});
  }

  // Samples that have ended stay as they are; one that passes the bound in this step has ended behind it.
  void end_samples(Builder& builder, std::span<const Ref> values, std::vector<Ref>& next, std::vector<Ref>& rows, Ref seen) const {
    const Term goes_on(builder, values[carried_.size() - 1]);
    const Ref runs = goes_on.apply("greater", goes_on.number(0.5));
    const auto unless_ended = [&](Ref now, Ref before) {
      Integers shape(builder.shape(now).rank(), 1);
      shape[0] = -1;
      const Ref row = shape.size() == 2 ? runs : builder.emit("reshape", {runs}, {{"shape", std::move(shape)}});
      return builder.emit("where", {row, now, before});
    };
    for (std::size_t i = 0; i < from_net_; ++i)
      if (carried_[i].per_sample) next[i] = unless_ended(next[i], values[i]);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::size_t state = state_of(k);
      rows[k] = state < states_.size() ? next[state] : unless_ended(rows[k], values[next.size()]);
      if (state == states_.size()) next.push_back(rows[k]);
    }
    const IteratorEnd& until = *layer_.layer().until;
    const Term value = Term(builder, seen).apply("reshape", {{"shape", Integers{-1, 1}}});
    const Ref ends = value.apply(until.below ? "less" : "greater", value.number(until.bound));
    next.push_back(builder.emit("where", {ends, goes_on.number(0), goes_on}));
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
    for (std::size_t i = 0; i < from_net_; ++i) inner.outputs.push_back({"next", carried_[i].next});
    for (std::size_t k = 0; k < collected(); ++k) inner.outputs.push_back({"collected", collected_value(k)});
    const bool ends = layer_.layer().until.has_value();
    if (ends) inner.outputs.push_back({"until", inner_.outputs.back().value});
    inner.parameters.clear();
    inner.states.clear();
    inner.writes.clear();
    std::vector<Ref> next = inline_graph(builder, inner, given);
    const Ref seen = next.back();
    const auto behind = next.begin() + static_cast<std::ptrdiff_t>(from_net_);
    std::vector<Ref> rows(behind, behind + static_cast<std::ptrdiff_t>(collected()));
    next.resize(from_net_);
    if (ends) end_samples(builder, values, next, rows, seen);
    next.insert(next.end(), rows.begin(), rows.end());
    for (const Ref value : next) step.outputs.push_back({"out " + std::to_string(step.outputs.size()), value.id});
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

  // What is collected, else the final states in order; several are joined as several outputs of a net are. Behind what
  // is carried stand the collected rows, then what was carried into each step.
  Ref results(const std::vector<Ref>& finals) {
    const std::size_t before = carried_.size() + collected();
    BuiltIteration iteration{layer_.layer().id, {}};
    for (std::size_t i = 0; i < states_.size(); ++i) iteration.before.push_back(finals[before + i].id);
    for (std::size_t i = states_.size(); i < from_net_; ++i) layer_.write(carried_[i].start, finals[i]);
    const auto& until = layer_.layer().until;
    const Ref goes_on = until ? finals[before + carried_.size() - 1] : Ref{};  // into each step
    if (until) iteration.before.push_back(goes_on.id);
    iteration.ends = until.has_value();
    std::vector<Ref> collection;
    for (std::size_t k = 0; k < collected(); ++k) {
      collection.push_back(for_each_sample(finals[carried_.size() + k]));
      layer_.gives(state_of(k) < states_.size() ? std::string() : layer_.layer().collect[k].name, collection.back());
    }
    for (std::size_t i = 0; i < states_.size(); ++i) layer_.gives(states_[i].name, finals[i]);
    if (until) layer_.gives("steps", layer_.emit("reduceSum", {goes_on}, {{"axes", Integers{0}}}));
    if (collection.size() == 1) return collection.front();
    if (!collection.empty()) return joined_steps(collection);
    layer_.built().iterations.push_back(std::move(iteration));
    if (states_.size() == 1) return finals.front();
    std::vector<Ref> flat;
    for (std::size_t i = 0; i < states_.size(); ++i) flat.push_back(layer_.flattened(finals[i]));
    return builder_.emit("concat", flat, {{"axis", std::int64_t{-1}}});
  }

  /// [steps, batch, dims...] as [batch, steps, dims...].
  Ref for_each_sample(Ref rows) {
    Integers axes;
    for (std::size_t axis = 0; axis < builder_.shape(rows).rank(); ++axis) axes.push_back(static_cast<std::int64_t>(axis));
    std::swap(axes[0], axes[1]);
    return layer_.emit("transpose", {rows}, {{"permutation", std::move(axes)}});
  }

  /// All numbers of a step in one row: [batch, steps, numbers].
  Ref joined_steps(const std::vector<Ref>& parts) {
    std::vector<Ref> flat;
    for (const Ref part : parts) {
      const Shape dims = layer_.dims(part);
      flat.push_back(layer_.reshaped(part, Shape{dims[0], dims.without(0).elements()}));
    }
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
  std::size_t from_net_ = 0;  // how many of carried_ the net itself renews; behind them what carry_ends adds
};

Ref build_iterator(LayerBuilder& layer) { return Iteration(layer).run(); }

constexpr PropertyDef iterator_properties[] = {
    {.name = "net", .kind = PropertyKind::any, .doc = "the model that each step runs", .required = true},
    {.name = "steps", .kind = PropertyKind::any, .doc = "a number, or {from, to, step}", .required = true},
    {.name = "state", .kind = PropertyKind::any, .doc = "what is carried from step to step", .required = true},
    {.name = "checkpoint", .kind = PropertyKind::boolean, .doc = "recompute steps while training: always so", .fallback = "false"},
    {.name = "until", .kind = PropertyKind::any, .doc = "ends a sample behind the step in which this layer or state passes 0.5, or {pipeFrom, above} or {pipeFrom, below}"},
    {.name = "collect", .kind = PropertyKind::any, .doc = "states and layers that it gives of all steps, instead of the final states; true: all states"},
};

constexpr LayerDef definitions[] = {
    {.name = "iterator",
     .doc = "Runs a model step by step within one run.",
     .properties = iterator_properties,
     .on_first_layer = true,
     .build = build_iterator},
};

}  // namespace

std::span<const LayerDef> iterator_layers() { return definitions; }

}  // namespace webai
