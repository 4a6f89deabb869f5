// An iterator as it is built: one loop node, with what goes into it, a graph for its step, and what comes out. Private
// to core/model.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/inner_model.h"

namespace webai {

class Iteration {
 public:
  explicit Iteration(LayerBuilder& layer)
      : layer_(layer), builder_(layer.builder()), net_(*layer.layer().net), states_(layer.layer().states) {}
  Ref run();

 private:
  static constexpr std::string_view step_name = "iterator:step", index_name = "iterator:index";
  // A value of the inner graph, the value around that it starts with, and what it becomes in a step.
  struct Slot {
    ValueId inner;
    Ref start;
    ValueId next = no_value;
    bool per_sample = false;  ///< [batch, dims...]: stays as it is for samples that are at their end
    Ref kept = {};            ///< of what lives from run to run: the parameter or state that takes the last value
  };
  // A size and where it is written.
  struct Size {
    Shape dims;
    std::string path;
    std::span<const ShapeHint> hints = {};
  };
  // What the iterator pulls from the model around; on the first layer else an input of that name.
  Ref source(const std::string& name, const std::function<std::optional<Size>()>& find_size, const std::string& path);
  // The size of what the net pulls as `name`: of a layer that pulls it, else of the input of a net that it feeds, else,
  // of a state, of what writes it.
  std::optional<Size> inner_size(std::string_view name) const;
  // Of what a net, built by itself, takes from this layer; alone, or side by side with others of known sizes.
  std::optional<Shape> size_taken(const Layer& puller) const;
  std::optional<Shape> size_given(const Layer& layer) const;
  // Of what the net pulls by this name, as far as that is known by now.
  std::optional<Shape> size_pulled(const std::string& name) const;
  BuiltModel built_alone(const Layer& layer) const;
  Ref start_of(const StateVariable& variable);
  void check_bytes(const StateVariable& variable) const;
  // Some value that has one row for each sample.
  Ref any_sample() const;
  /// [batch, dims...] of one number.
  Ref filled(double value, const Shape& dims);
  // The dimensions of all that the net may pull.
  void find_surroundings();
  void check_update_steps() const;
  // What is written in a step is carried, the rest is shared by all steps.
  void bind();
  // What the net gives in each step beside the states: what is collected, then what ends a sample.
  std::size_t collected() const { return layer_.layer().collect.size(); }
  ValueId collected_value(std::size_t k) const { return inner_.outputs[states_.size() + k].value; }
  /// The state that is collected, or as many as there are.
  std::size_t state_of(std::size_t k) const;
  // With an end for each sample more is carried: the last of what is collected and is no state, then 1 for samples that
  // go on, 0 for those that have ended.
  void carry_ends();
  // Which of what is carried says that all samples have ended, and with them all steps; -1: steps go on regardless.
  std::int64_t end() const;
  // Samples that have ended stay as they are; one that passes the bound in this step has ended behind it.
  void end_samples(Builder& builder, std::span<const Ref> values, std::vector<Ref>& next, std::vector<Ref>& rows,
                   Ref seen) const;
  static std::vector<Ref> starts_of(const std::vector<Slot>& slots);
  void check_steps(const Graph& body) const;
  /// The graph of one step: the inner model without weights and memory of its own, its surroundings as inputs.
  Graph body();
  // Each step draws other numbers.
  Ref drawn_anew(Builder& builder, Ref step, Ref index) const;
  // The step, or its number from 0 on, as [batch, 1] of the model's type.
  Ref counted(Builder& builder, Ref index, Ref like, bool is_step) const;
  // What is collected, else the final states in order; several are joined as several outputs of a net are. Behind what
  // is carried stand the collected rows, then what was carried into each step.
  Ref results(const std::vector<Ref>& finals);
  /// [steps, batch, dims...] as [batch, steps, dims...].
  Ref for_each_sample(Ref rows);
  bool activate_each(BuiltIteration& iteration);
  /// All numbers of a step in one row: [batch, steps, numbers].
  Ref joined_steps(const std::vector<Ref>& parts);

  LayerBuilder& layer_;
  Builder& builder_;
  const Model& net_;
  const std::vector<StateVariable>& states_;
  std::vector<Ref> start_;
  std::map<std::string, Ref, std::less<>> inputs_;  // named inputs of the model
  std::map<std::string, Ref, std::less<>> around_;  // what the net pulls from around
  std::map<std::string, Shape, std::less<>> dims_;
  BuiltModel inner_;
  std::vector<Slot> carried_, shared_;
  std::size_t from_net_ = 0;  // how many of carried_ the net itself renews; behind them what carry_ends adds
};

}  // namespace webai
