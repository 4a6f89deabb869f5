#include "training/step_graph.h"

#include <map>

#include "autodiff/gradients.h"
#include "training/gradient_steps.h"
#include "training/optimizer.h"
#include "training/window_graph.h"
#include "webai/error.hpp"

namespace webai {
namespace {

MeasureRefs add_measure(Builder& builder, const MeasureRequest& request) {
  Graph& graph = builder.graph();
  const Ref output{graph.outputs.front().value};
  const Shape shape = builder.shape(output);
  const ValueType target = request.labels ? ValueType{DType::i32, Shape{shape[0]}} : ValueType{builder.dtype(output), shape};
  const Ref targets{graph.add_input(std::string(target_name), target)};
  const MeasureRefs refs = append_measure(builder, output, targets, request.measure, request.accuracy, request.class_weights,
                                          {graph.find(judged_name)});
  graph.outputs.push_back({std::string(error_name), refs.error.id});
  if (refs.correct) graph.outputs.push_back({std::string(correct_name), refs.correct.id});
  return refs;
}

// Nothing is learned, but what a memory holds goes on.
void keep_memory_only(Graph& graph) {
  std::erase_if(graph.writes, [&](const Write& write) { return graph.value(write.state).kind == ValueKind::parameter; });
}

std::vector<Ref> parameter_gradients(Builder& builder, Ref loss, const std::vector<std::string>& names,
                                     std::vector<Ref>& parameters) {
  if (names.empty())
    throw Error(Code::invalid_argument, {.message = "there is nothing to train: the model has no parameters left",
                                         .reason = "NOTHING_TO_TRAIN", .hint = "see toTrain and toSkip"});
  if (!loss)
    throw Error(Code::invalid_argument, {.message = "this error measure counts wrong answers: it has no slope to train along",
                                         .reason = "ERROR_MEASURE", .path = "errorMeasureType",
                                         .hint = "train with \"cross-entropy\" or \"mean-square\", and verify with it"});
  const Graph& graph = builder.graph();
  std::map<std::string_view, ValueId> by_name;
  for (const ValueId id : graph.parameters) by_name.emplace(graph.value(id).name, id);
  for (const std::string& name : names) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) throw Error(Code::internal, "no parameter \"" + name + "\" in the graph");
    parameters.push_back({found->second});
  }
  const Seed seed{loss, {}};
  return gradients(builder, {&seed, 1}, parameters);
}

// Makes the optimizer's states on demand and collects what becomes of them.
class States final : public UpdateStates {
 public:
  States(Builder& builder, std::vector<StepState>& list) : builder_(builder), list_(list) {}

  void begin(const std::string& parameter, ValueType type) {
    parameter_ = parameter;
    type_ = type;
  }
  Term like_parameter(std::string_view name, double initial) override {
    return add("$" + std::string(name) + " of " + parameter_, type_, initial);
  }
  Term shared(std::string_view name, double initial) override {
    return add("$" + std::string(name), {type_.type, Shape{}}, initial);
  }
  void write(Term state, Term value) override {
    // A shared state is written once, though every parameter asks for it.
    writes_.try_emplace(state.ref().id, value.ref().id);
  }
  /// Between updates the optimizer's states stay as they are; the accumulation's own change in every step.
  void finish(Graph& graph, const Accumulation& accumulation) {
    for (const auto& [state, value] : writes_)
      graph.writes.push_back({state, accumulation.owns(state) ? value : accumulation.when_due({builder_, Ref{value}}, {builder_, Ref{state}}).ref().id});
  }

 private:
  Term add(const std::string& name, ValueType type, double initial) {
    const auto [entry, is_new] = by_name_.try_emplace(name, no_value);
    if (is_new) {
      entry->second = builder_.graph().add_state(name, type);
      list_.push_back({name, type, {initial}});
    }
    return {builder_, Ref{entry->second}};
  }
  Builder& builder_;
  std::vector<StepState>& list_;
  std::string parameter_;
  ValueType type_;
  std::map<ValueId, ValueId> writes_;
  std::map<std::string, ValueId> by_name_;  // asking the graph would walk all parameters for each
};

void add_updates(Builder& builder, StepGraph& step, const TrainOptions& options, double batch,
                 std::span<const Ref> parameters, std::vector<Ref> gradient) {
  const Optimizer& optimizer = find_optimizer(options.optimizer);
  Graph& graph = builder.graph();
  const DType type = builder.dtype(parameters.front());
  const StepInputs inputs{Term(builder, Ref{graph.add_input(std::string(learning_rate_name), {type, Shape{}})})};
  States states(builder, step.states);
  Accumulation accumulation(builder, options, batch);
  if (accumulation) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!gradient[i]) continue;
      states.begin(graph.value(parameters[i].id).name, builder.type(parameters[i]));
      gradient[i] = accumulation.add(Term(builder, gradient[i]), states);
    }
  }
  clip_gradients(builder, options, gradient);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!gradient[i]) continue;  // nothing flows there: it stays as it is
    const Ref weights = parameters[i];
    states.begin(graph.value(weights.id).name, builder.type(weights));
    const Term before(builder, weights);
    const Term updated = optimizer.update(options, inputs, before, Term(builder, gradient[i]), states);
    graph.writes.push_back({weights.id, accumulation.when_due(updated, before).ref().id});
  }
  states.finish(graph, accumulation);
}

}  // namespace

StepGraph training_step(const Context& context, const Registry& registry, const Graph& forward,
                        const MeasureRequest& request, const TrainOptions& options,
                        const std::vector<std::string>& train) {
  StepGraph step{forward, {}, 0};
  GraphBuilder builder(context, registry, step.graph);
  const MeasureRefs refs = add_measure(builder, request);
  std::vector<Ref> parameters;
  const std::vector<Ref> gradient = parameter_gradients(builder, refs.loss, train, parameters);
  step.updates = step.graph.nodes.size();
  add_updates(builder, step, options, static_cast<double>(forward.value(forward.outputs.front().value).type.shape[0]), parameters, gradient);
  // The model's own outputs are not asked for while training.
  std::erase_if(step.graph.outputs, [](const NamedValue& output) { return !output.name.starts_with('$'); });
  return step;
}

StepGraph idle_step(const Context& context, const Registry& registry, const Graph& forward, const MeasureRequest& request) {
  StepGraph step{forward, {}, 0};
  GraphBuilder builder(context, registry, step.graph);
  add_measure(builder, request);
  step.updates = step.graph.nodes.size();
  std::erase_if(step.graph.outputs, [](const NamedValue& output) { return !output.name.starts_with('$'); });
  return step;
}

Graph verification_step(const Context& context, const Registry& registry, const Graph& forward,
                        const MeasureRequest& request) {
  Graph graph = forward;
  keep_memory_only(graph);
  GraphBuilder builder(context, registry, graph);
  add_measure(builder, request);
  return graph;
}

Graph gradient_step(const Context& context, const Registry& registry, const Graph& forward,
                    const MeasureRequest& request, const std::vector<std::string>& names, bool learns) {
  Graph graph = forward;
  if (!learns) keep_memory_only(graph);
  GraphBuilder builder(context, registry, graph);
  const MeasureRefs refs = add_measure(builder, request);
  std::vector<Ref> parameters;
  const std::vector<Ref> gradient = parameter_gradients(builder, refs.loss, names, parameters);
  std::erase_if(graph.outputs, [](const NamedValue& output) { return output.name != error_name; });
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Ref result = gradient[i] ? gradient[i] : (Term(builder, parameters[i]) * 0.0).ref();
    graph.outputs.push_back({names[i], result.id});
  }
  return graph;
}

StepGraph update_step(const Context& context, const Registry& registry, const std::vector<StepState>& list,
                      const TrainOptions& options) {
  StepGraph step;
  GraphBuilder builder(context, registry, step.graph);
  std::vector<Ref> parameters, gradient;
  for (const StepState& parameter : list) {
    parameters.push_back({step.graph.add_parameter(parameter.name, parameter.type, true)});
    gradient.push_back({step.graph.add_input("gradient of " + parameter.name, parameter.type)});
  }
  TrainOptions at_once = options;
  at_once.accumulate = 1;
  add_updates(builder, step, at_once, 1, parameters, gradient);
  return step;
}

}  // namespace webai
