// The reverse walk. Nodes stand in running order, so going through them backwards meets each one after all that read
// it; by then its output gradients are complete.
#include "autodiff/gradients.h"

#include <algorithm>

#include "autodiff/loop_gradients.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void refuse(const OpDef& op, const std::string& path) {
  throw Error(Code::not_differentiable,
              {.message = op.name + ": has no gradient, because " + op.not_differentiable, .reason = "NOT_DIFFERENTIABLE",
               .path = path, .operation = op.name,
               .expected = "operations with a gradient", .actual = "\"" + op.name + "\"",
               .hint = "train only what comes after it, or compose it of operators that have gradients"});
}

class Walk {
 public:
  /// Looks at nodes from `first` on only (a composite's body stands at the end of the graph).
  Walk(Builder& builder, std::span<const Ref> sources, std::size_t first)
      : builder_(builder), first_(first), end_(builder.graph().nodes.size()), mark_(builder.graph().values.size(), false), gradient_(mark_.size()) {
    for (const Ref source : sources) mark_[static_cast<std::size_t>(source.id)] = true;
    const Graph& graph = builder.graph();
    for (std::size_t n = first; n < graph.nodes.size(); ++n) {
      const Node& node = graph.nodes[n];
      if (std::none_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return wanted({id}); })) continue;
      for (const ValueId output : node.outputs)
        if (is_floating(graph.value(output).type.type)) mark_[static_cast<std::size_t>(output)] = true;
    }
  }

  void arrive(Ref value, Ref gradient) {
    Ref& sum = gradient_[static_cast<std::size_t>(value.id)];
    sum = sum ? builder_.emit("add", {sum, gradient}) : gradient;
  }

  void run() {
    for (std::size_t i = end_; i-- > first_;) step(static_cast<NodeId>(i));
  }

  Ref at(Ref value) const { return gradient_[static_cast<std::size_t>(value.id)]; }

 private:
  // Values that depend on a source: only along these do gradients travel.
  bool wanted(Ref value) const { return value && mark_[static_cast<std::size_t>(value.id)]; }

  void step(NodeId id) {
    const Node node = builder_.graph().node(id);  // a copy: emitting moves the nodes
    std::vector<Ref> inputs, outputs, arriving;
    for (const ValueId input : node.inputs) inputs.push_back({input});
    for (const ValueId output : node.outputs) {
      outputs.push_back({output});
      arriving.push_back(wanted({output}) ? at({output}) : Ref{});
    }
    if (std::none_of(arriving.begin(), arriving.end(), [](Ref r) { return static_cast<bool>(r); })) return;

    builder_.set_path(node.path);
    const std::vector<Ref> flowing = through(definition(node), node, inputs, outputs, arriving);
    for (std::size_t i = 0; i < flowing.size(); ++i)
      if (flowing[i] && wanted(inputs[i])) arrive(inputs[i], flowing[i]);
  }

  std::vector<Ref> through(const OpDef& op, const Node& node, std::span<const Ref> inputs, std::span<const Ref> outputs,
                           std::span<const Ref> arriving) {
    if (op.gradient) {
      GradientContext context{builder_, inputs, outputs, arriving, node.attributes};
      return op.gradient(context);
    }
    if (op.loop) {
      std::vector<bool> travelled;
      for (const Ref input : inputs) travelled.push_back(wanted(input));
      if (auto flowing = loop_gradients(builder_, node, outputs, arriving, travelled); !flowing.empty()) return flowing;
    }
    if (!op.body) refuse(op, node.path);
    // A composite without a rule of its own: write its body and walk through that.
    const std::size_t first = builder_.graph().nodes.size();
    const std::vector<Ref> inner = op.body(builder_, inputs, node.attributes);
    std::vector<Ref> sources;
    for (const Ref input : inputs)
      if (wanted(input)) sources.push_back(input);
    Walk walk(builder_, sources, first);
    for (std::size_t i = 0; i < inner.size(); ++i)
      if (arriving[i]) walk.arrive(inner[i], arriving[i]);
    walk.run();
    // Of a value that is given in several places the walk has one gradient, the whole: it goes with the first of them.
    std::vector<Ref> result;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const bool again = std::ranges::find(inputs.first(i), inputs[i]) != inputs.first(i).end();
      result.push_back(wanted(inputs[i]) && !again ? walk.at(inputs[i]) : Ref{});
    }
    return result;
  }

  Builder& builder_;
  std::size_t first_, end_;    // nodes behind it add up what arrives
  std::vector<bool> mark_;     // by value, of the graph as it was when the walk began
  std::vector<Ref> gradient_;  // likewise
};

Ref ones(Builder& builder, const ValueType type) {
  const Ref one = builder.scalar(1.0, type.type);
  if (type.shape.rank() == 0) return one;
  std::vector<std::int64_t> lengths;
  for (const Dimension dim : type.shape.dims()) lengths.push_back(dim.value());
  return builder.emit("broadcastTo", {one}, {{"shape", lengths}});
}

}  // namespace

std::vector<Ref> gradients(Builder& builder, std::span<const Seed> seeds, std::span<const Ref> sources) {
  const std::string path = builder.path();
  std::vector<Ref> arriving;
  for (const Seed& seed : seeds)
    arriving.push_back(seed.gradient ? seed.gradient : ones(builder, builder.type(seed.value)));
  Walk walk(builder, sources, 0);
  for (std::size_t i = 0; i < seeds.size(); ++i) walk.arrive(seeds[i].value, arriving[i]);
  walk.run();
  builder.set_path(path);
  std::vector<Ref> result;
  for (const Ref source : sources) result.push_back(walk.at(source));
  return result;
}

}  // namespace webai
