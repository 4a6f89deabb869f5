#include "training/window_graph.h"

#include <algorithm>

#include "core/op/loop.h"
#include "core/op/term.h"
#include "training/present_statistics.h"

namespace webai {
namespace {

using Integers = std::vector<std::int64_t>;

Integers lengths(const Shape& shape) {
  Integers result;
  for (const Dimension dim : shape.dims()) result.push_back(dim.value());
  return result;
}

class Window {
 public:
  Window(const Context& context, const Registry& registry, const Graph& forward, std::span<const SequenceState> states,
         std::int64_t window)
      : context_(context), forward_(forward), states_(states), window_(window), inside_(context, registry, body_), builder_(context, registry, result_) {}

  Graph run() {
    find_last_activation();
    declare();
    write_body();
    finish();
    return std::move(result_);
  }

 private:
  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }
  const ValueType& type(ValueId id) const { return forward_.value(id).type; }

  void find_last_activation() {
    last_ = forward_.outputs.front().value;
    const NodeId producer = forward_.value(last_).producer;
    if (producer < 0) return;
    const Node& node = forward_.node(producer);
    if (node.op->name != "softmax" && node.op->name != "sigmoid") return;
    activation_ = &node;
    last_ = node.inputs[0];
    const ValueId answer = node.outputs[0];
    const auto reads = [&](const Node& other) { return std::ranges::find(other.inputs, answer) != other.inputs.end(); };
    remembered_ = std::ranges::any_of(forward_.nodes, reads) || std::ranges::find(forward_.writes, answer, &Write::value) != forward_.writes.end();
  }

  // The window's interface, and the loop's inputs: what is carried, the rows, what all steps share.
  void declare() {
    const ValueId input = forward_.inputs.front();
    const std::int64_t lanes = type(input).shape[0];
    const DType floating = type(input).type;
    const Ref rows{result_.add_input(forward_.value(input).name, {floating, type(input).shape.inserted(0, window_)})};
    result_.add_input(std::string(judged_name), {floating, Shape{window_ * lanes}});
    const Ref kept{result_.add_input(std::string(kept_name), {floating, Shape{lanes}})};
    std::vector<ValueId> shared;
    std::vector<Ref> outside(forward_.values.size());
    for (const std::vector<ValueId>* ids : {&forward_.parameters, &forward_.states})
      for (const ValueId id : *ids) {
        const Value& value = forward_.value(id);
        outside[index(id)] = {value.kind == ValueKind::parameter ? result_.add_parameter(value.name, value.type, value.trainable)
                                                                 : result_.add_state(value.name, value.type)};
        const bool written = std::ranges::find(forward_.writes, id, &Write::state) != forward_.writes.end();
        if (!written) shared.push_back(id);
      }
    now_.resize(forward_.values.size());
    for (const Write& write : forward_.writes) {
      now_[index(write.state)] = {body_.add_input("carried", type(write.state))};
      states_of_loop_.push_back(outside[index(write.state)]);
      carried_.push_back(started_anew(write.state, outside[index(write.state)], kept));
    }
    now_[index(input)] = {body_.add_input("row", type(input))};
    stacked_.push_back(rows);
    if (takes_statistics(forward_)) {
      present_ = {body_.add_input("present", {floating, Shape{lanes}})};
      stacked_.push_back({result_.add_input(std::string(present_name), {floating, Shape{window_, lanes}})});
    }
    for (const ValueId id : shared) {
      now_[index(id)] = {body_.add_input("shared", type(id))};
      shared_.push_back(outside[index(id)]);
    }
  }

  Ref started_anew(ValueId id, Ref state, Ref kept) {
    const auto known = std::ranges::find(states_, forward_.value(id).name, &SequenceState::name);
    if (known == states_.end()) return state;
    Integers ones(type(id).shape.rank(), 1);
    ones[0] = type(id).shape[0];
    const Term keep(builder_, builder_.emit("reshape", {kept}, {{"shape", ones}}));
    const Term value = Term(builder_, state) * keep;
    if (std::ranges::all_of(known->initial, [](double one) { return one == 0; })) return value;
    const Shape lane = known->initial.size() == 1 ? Shape(ones).with(0, 1) : type(id).shape.with(0, 1);
    return value + (1.0 - keep) * Term(builder_, builder_.constant(Tensor::from(context_, type(id).type, lane, known->initial)));
  }

  void write_body() {
    for (const Node& node : forward_.nodes) {
      if (&node == activation_ && !remembered_) continue;
      inside_.set_path(node.path);
      std::vector<Ref> inputs;
      for (const ValueId id : node.inputs) inputs.push_back(inside(id));
      const std::vector<Ref> outputs = present_ ? emit_over_present(inside_, node, inputs, present_)
                                                : inside_.emit_all(definition(node), inputs, node.attributes);
      for (std::size_t i = 0; i < outputs.size(); ++i) now_[index(node.outputs[i])] = outputs[i];
    }
    Ref any;  // sample is there
    if (present_) any = inside_.emit("greater", {Term(inside_, present_).apply("reduceSum"), inside_.scalar(0.5, inside_.dtype(present_))});
    for (const Write& write : forward_.writes) {
      Ref value = inside(write.value);
      if (any && forward_.value(write.state).kind == ValueKind::parameter)  // an average
        value = inside_.emit("where", {any, value, now_[index(write.state)]});
      body_.outputs.push_back({"carried", value.id});
    }
    body_.outputs.push_back({"answer", inside(last_).id});
  }

  Ref inside(ValueId id) {
    if (id == no_value) return {};
    Ref& ref = now_[index(id)];
    if (!ref && forward_.value(id).kind == ValueKind::constant) ref = inside_.constant(forward_.value(id).constant);
    return ref;
  }

  void finish() {
    const std::vector<Ref> results = emit_loop(builder_, std::move(body_), {carried_, stacked_, shared_}, window_);
    for (std::size_t i = 0; i < states_of_loop_.size(); ++i) result_.writes.push_back({states_of_loop_[i].id, results[i].id});
    const Ref answers = results[carried_.size()];
    Integers merged = lengths(builder_.shape(answers).without(0));
    merged[0] *= window_;
    Ref output = builder_.emit("reshape", {answers}, {{"shape", merged}});
    if (activation_) {
      builder_.set_path(activation_->path);
      output = builder_.emit_all(definition(*activation_), std::span(&output, 1), activation_->attributes).front();
    }
    result_.outputs.push_back({forward_.outputs.front().name, output.id});
  }

  const Context& context_;
  const Graph& forward_;
  std::span<const SequenceState> states_;
  std::int64_t window_;
  Graph body_, result_;
  GraphBuilder inside_, builder_;
  ValueId last_ = no_value;
  const Node* activation_ = nullptr;  // the last one, which goes behind the loop, where the measure looks for it
  bool remembered_ = false;           // the model feeds on what it gives: it stays in the loop as well
  std::vector<Ref> now_;              // by value of `forward`: inside the body
  Ref present_;                       // the row of it, inside the body
  std::vector<Ref> carried_, stacked_, shared_, states_of_loop_;
};

}  // namespace

Graph over_window(const Context& context, const Registry& registry, const Graph& forward, std::span<const SequenceState> states,
                  std::int64_t window) {
  return Window(context, registry, forward, states, window).run();
}

}  // namespace webai
