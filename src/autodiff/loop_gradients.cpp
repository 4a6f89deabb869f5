#include "autodiff/loop_gradients.h"

#include "autodiff/gradients.h"
#include "core/op/loop.h"
#include "core/ops/support.h"

namespace webai {
namespace {

// Writes the loop of one loop node's reverse.
class Reverse {
 public:
  Reverse(Builder& builder, const Node& node, std::span<const Ref> outputs, std::span<const Ref> arriving,
          const std::vector<bool>& wanted)
      : builder_(builder), node_(node), loop_(node.attributes), outputs_(outputs), arriving_(arriving), wanted_(wanted),
        step_(builder.context(), builder.registry(), step_graph_) {}

  std::vector<Ref> run() {
    if (!find_collected()) return {};
    declare_inputs();
    write_step();
    const std::vector<Ref> results =
        emit_loop(builder_, std::move(step_graph_), {carried_, stacked_, shared_}, loop_.steps, !loop_.reverse, loop_.recompute);
    std::vector<Ref> flowing(node_.inputs.size());
    for (const Flow& flow : flows_) flowing[flow.input] = results[flow.result];
    return flowing;
  }

 private:
  bool floating(std::size_t input) const { return is_floating(builder_.dtype({node_.inputs[input]})); }
  bool trained(std::size_t input) const { return wanted_[input] && floating(input); }
  const ValueType& inner(std::size_t input) const { return loop_.body->value(loop_.body->inputs[input]).type; }

  // Where among the outputs each carried value stands as it was before the step.
  bool find_collected() {
    for (std::size_t i = 0; i < loop_.carried; ++i) {
      std::size_t at = loop_.carried;
      while (at < loop_.body->outputs.size() && loop_.body->outputs[at].value != loop_.body->inputs[i]) ++at;
      if (at == loop_.body->outputs.size()) return false;
      collected_.push_back(at);
    }
    return true;
  }

  Ref zeros(Builder& builder, const ValueType& type) const { return ops::filled(builder, 0, type.type, type.shape); }
  Ref declare(std::string name, const ValueType& type) { return {step_graph_.add_input(std::move(name), type)}; }

  // Carried: gradients of what was carried, and sums for what is shared. Stacked: what was carried into each step, the
  // loop's own rows, the gradients of its stacked outputs. Shared: what was shared.
  void declare_inputs() {
    for (std::size_t i = 0; i < loop_.carried; ++i) {
      if (!floating(i)) continue;
      carried_.push_back(arriving_[i] ? arriving_[i] : zeros(builder_, inner(i)));
      carried_gradient_.push_back({i, declare("gradient " + std::to_string(i), inner(i))});
    }
    for (std::size_t i = loop_.carried + loop_.stacked; i < node_.inputs.size(); ++i) {
      if (!trained(i)) continue;
      carried_.push_back(zeros(builder_, inner(i)));
      sums_.push_back({i, declare("sum " + std::to_string(i), inner(i))});
    }
    for (std::size_t i = 0; i < loop_.carried; ++i) {
      stacked_.push_back(outputs_[collected_[i]]);
      given_.push_back(declare("before " + std::to_string(i), inner(i)));
    }
    for (std::size_t i = loop_.carried; i < loop_.carried + loop_.stacked; ++i) {
      stacked_.push_back({node_.inputs[i]});
      given_.push_back(declare("row " + std::to_string(i), inner(i)));
    }
    for (std::size_t i = loop_.carried; i < arriving_.size(); ++i) {
      if (!arriving_[i]) continue;
      stacked_.push_back(arriving_[i]);
      row_gradient_.push_back({i, declare("row gradient " + std::to_string(i), loop_.body->value(loop_.body->outputs[i].value).type)});
    }
    for (std::size_t i = loop_.carried + loop_.stacked; i < node_.inputs.size(); ++i) {
      shared_.push_back({node_.inputs[i]});
      given_.push_back(declare("shared " + std::to_string(i), inner(i)));
    }
    if (loop_.takes_index(node_.inputs.size())) given_.push_back(declare(std::string(loop_index_name), {DType::i64, Shape{}}));
  }

  void write_step() {
    const std::vector<Ref> results = inline_graph(step_, *loop_.body, given_);
    std::vector<Seed> seeds;
    for (const auto& [output, gradient] : carried_gradient_) seeds.push_back({results[output], gradient});
    for (const auto& [output, gradient] : row_gradient_) seeds.push_back({results[output], gradient});
    std::vector<Ref> sources;
    for (std::size_t i = 0; i < node_.inputs.size(); ++i)
      if (i < loop_.carried ? floating(i) : trained(i)) sources.push_back(given_[i]);
    const std::vector<Ref> flowing = gradients(step_, seeds, sources);
    std::size_t next = 0, result = 0;
    const auto finish = [&](std::size_t input, Ref value) {
      step_graph_.outputs.push_back({"gradient " + std::to_string(input), value.id});
      flows_.push_back({input, result++});
    };
    for (const auto& [input, before] : carried_gradient_) {
      const Ref gradient = flowing[next++];
      finish(input, gradient ? gradient : zeros(step_, inner(input)));
    }
    // Sources come in the order of the inputs: rows first, then what is shared; sums are carried, rows are not.
    std::vector<std::pair<std::size_t, Ref>> rows;
    for (std::size_t i = loop_.carried; i < loop_.carried + loop_.stacked; ++i)
      if (trained(i)) rows.emplace_back(i, flowing[next++]);
    for (const auto& [input, sum] : sums_) {
      const Ref gradient = flowing[next++];
      finish(input, gradient ? step_.emit("add", {sum, gradient}) : sum);
    }
    for (const auto& [input, gradient] : rows) finish(input, gradient ? gradient : zeros(step_, inner(input)));
  }

  struct Place {
    std::size_t index;  ///< of the loop's input or output
    Ref ref;            ///< in the step
  };
  struct Flow {
    std::size_t input, result;
  };

  Builder& builder_;
  const Node& node_;
  LoopView loop_;
  std::span<const Ref> outputs_, arriving_;
  const std::vector<bool>& wanted_;
  std::vector<std::size_t> collected_;
  Graph step_graph_;
  GraphBuilder step_;
  std::vector<Ref> carried_, stacked_, shared_;  // what the reverse loop is given
  std::vector<Ref> given_;                       // inside: the inputs of the body
  std::vector<Place> carried_gradient_, row_gradient_, sums_;
  std::vector<Flow> flows_;
};

}  // namespace

std::vector<Ref> loop_gradients(Builder& builder, const Node& node, std::span<const Ref> outputs, std::span<const Ref> arriving,
                                const std::vector<bool>& wanted) {
  return Reverse(builder, node, outputs, arriving, wanted).run();
}

}  // namespace webai
