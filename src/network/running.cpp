// Programs that run the network, and what they carry from run to run.
#include <algorithm>
#include <mutex>
#include <numeric>
#include <set>

#include "compiler/passes.h"
#include "core/model/describe.h"
#include "core/op/registry.h"
#include "network/state.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t most_programs = 8;  // beside those that were compiled ahead
constexpr std::size_t most_precompiled = 32;
constexpr std::string_view next_prefix = "next ";
constexpr std::string_view activation_prefix = "activation ";
constexpr std::string_view before_prefix = "before ";

void describe(RunProgram& program, const BuiltModel& built) {
  for (const BuiltInput& input : built.inputs) program.inputs += input.shape.elements();
  program.output_shape = built.output_shape;
  program.outputs = built.output_shape.elements();
  program.output_shapes = built.output_shapes;
  for (const BuiltLayer& layer : built.layers) program.layer_shapes.push_back(layer.output);
  for (const BuiltState& state : built.states) program.state_shapes.push_back(state.type.shape.with(0, program.batch));
}

// Index after a prefix, when the name has it.
std::optional<std::size_t> index_behind(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix)) return {};
  return static_cast<std::size_t>(std::stoull(std::string(name.substr(prefix.size()))));
}

}  // namespace

const BuiltIteration* NeuralNetwork::State::output_iteration() const {
  const auto layer = std::ranges::find(built.layers, built.output, &BuiltLayer::value);
  if (built.outputs.size() != 1 || layer == built.layers.end()) return nullptr;
  const auto iteration = std::ranges::find(built.iterations, layer->id, &BuiltIteration::layer);
  return iteration == built.iterations.end() ? nullptr : &*iteration;
}

void NeuralNetwork::State::check_samples(std::int64_t samples) const {
  if (!built.explicit_batch || samples == 1) return;
  throw Error(Code::unsupported, {.message = "a model of whole shapes takes one tensor at a time",
                                  .reason = "EXPLICIT_BATCH",
                                  .path = "/domain",
                                  .expected = "1 sample",
                                  .actual = std::to_string(samples),
                                  .hint = "its domain has \"explicitBatch\": give one tensor after the other"});
}

SampleForm NeuralNetwork::State::form_of(const Shape& given, bool normalize) const {
  const InputShape dims = normalize ? &BuiltInput::shape : &BuiltInput::dims;
  if (is_open()) return form_of_open(built, given, dims);
  if (built.explicit_batch && built.inputs.size() == 1) return form_of_whole(built, 0, given, dims);
  const std::int64_t count = given.elements(), each = normalize ? inputs : normalized_inputs;
  if (count == 0 || each == 0 || count % each != 0 || (built.explicit_batch && count != each)) return {};
  // One sample under a leading 1 is a batch of one, and is answered as such.
  const std::size_t rank = built.inputs.size() == 1 ? built.inputs.front().shape.rank() : 1;
  return {.samples = count / each, .batched = count > each || (given.rank() == rank + 1 && given[0] == 1), .lengths = {}};
}

RunProgram& NeuralNetwork::State::program(const OpenLengths& lengths, std::int64_t batch, bool normalize, bool debug, bool steps) {
  for (const auto& known : programs)
    if (known->batch == batch && known->lengths == lengths && known->normalize == normalize && known->debug == debug && known->steps == steps) {
      known->last_use = ++uses;
      return *known;
    }
  check_samples(batch);
  auto made = std::make_unique<RunProgram>();
  made->batch = batch;
  made->lengths = lengths;
  made->normalize = normalize;
  made->debug = debug;
  made->steps = steps;
  made->last_use = ++uses;
  const Graph* source = &graph;
  Graph other;
  if (!normalize || debug || steps || is_open()) {
    const BuiltModel again = build(lengths, normalize);
    std::vector<NamedValue> layers;
    for (std::size_t i = 0; debug && i < again.layers.size(); ++i)
      layers.push_back({std::string(activation_prefix) + std::to_string(i), again.layers[i].value});
    made->activations.resize(layers.size());
    const auto iteration = std::ranges::find(again.iterations, steps ? output_iteration()->layer : 0, &BuiltIteration::layer);
    for (std::size_t i = 0; steps && i < iteration->before.size(); ++i)
      layers.push_back({std::string(before_prefix) + std::to_string(i), iteration->before[i]});
    made->before.resize(layers.size() - made->activations.size());
    other = flat_graph(context, *registry, again, {.also = layers});
    source = &other;
    describe(*made, again);
  } else {
    describe(*made, built);
  }
  Graph concrete = specialise(context, *registry, *source, {{0, batch}});
  // Recurrent states come out beside the old ones, which a run that fails leaves as they are.
  const auto index_of = [&](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(built.states, name, &BuiltState::name) - built.states.begin());
  };
  made->states.resize(built.states.size());
  made->next_states.resize(built.states.size());
  for (const Write& write : concrete.writes)
    if (const std::size_t index = index_of(concrete.value(write.state).name); index < built.states.size())
      concrete.outputs.push_back({std::string(next_prefix) + std::to_string(index), write.value});
  concrete.writes.clear();
  made->executable = compile(concrete, false);
  for (const Slot& slot : made->executable->slots()) {
    Buffer* bound = nullptr;
    if (slot.role == Slot::input) {
      bound = &made->input;
    } else if (slot.role == Slot::output) {
      const auto next = index_behind(next_prefix, slot.name), activation = index_behind(activation_prefix, slot.name),
                 before = index_behind(before_prefix, slot.name);
      bound = next         ? &made->next_states[*next]
              : activation ? &made->activations[*activation]
              : before     ? &made->before[*before]
                           : &made->output;
    } else if (const std::size_t index = index_of(slot.name); index < built.states.size()) {
      bound = &made->states[index];
    } else {
      bound = buffer(slot.name);
    }
    made->bindings.push_back({bound, 0, 0});
  }
  programs.push_back(std::move(made));
  // The one just made is the last used, so it stays whatever it holds.
  const auto held = [&] {
    return std::accumulate(programs.begin(), programs.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& one) { return sum + one->executable->held_bytes(); });
  };
  const std::size_t most = most_programs + precompiled;
  while (programs.size() > 1 && (programs.size() > most || held() > context.limits().program_bytes))
    programs.erase(std::min_element(programs.begin(), programs.end(),
                                    [](const auto& a, const auto& b) { return a->last_use < b->last_use; }));
  return *programs.back();
}

void NeuralNetwork::State::precompile() {
  // All combinations of the lengths that are hinted; none unless each open dimension has some.
  std::vector<OpenLengths> all = {{}};
  for (const OpenDimension& dim : built.open) {
    std::set<std::int64_t> hinted(dim.hint.common.begin(), dim.hint.common.end());
    if (dim.hint.min) hinted.insert(*dim.hint.min);
    if (dim.hint.max) hinted.insert(*dim.hint.max);
    std::vector<OpenLengths> longer;
    for (const OpenLengths& lengths : all)
      for (const std::int64_t length : hinted) {
        if (longer.size() == most_precompiled) break;
        longer.push_back(lengths);
        longer.back().append(length);
      }
    all = std::move(longer);
  }
  if (!is_open()) return;
  // The longest first: what they hold bounds what the others need.
  for (auto lengths = all.rbegin(); lengths != all.rend(); ++lengths) {
    const std::size_t before = programs.size();
    try {
      program(*lengths, 1, true);
    } catch (const Error& error) {
      // Lengths of several dimensions need not go together; of a single one, the hint is wrong.
      if (built.open.size() == 1 || error.code() == Code::out_of_memory) throw;
      continue;
    }
    precompiled += programs.size() > before;
  }
}

void NeuralNetwork::State::execute(RunProgram& program) {
  if (!is_stateful()) return program.executable->run(program.bindings, 1);
  recurrent.begin(program.state_shapes, program.states, program.next_states);
  program.executable->run(program.bindings, 1);
  wait();
  recurrent.commit();
}

std::vector<std::pair<std::string, Tensor>> NeuralNetwork::State::room_for_activations(RunProgram& program) const {
  std::vector<std::pair<std::string, Tensor>> list;
  for (std::size_t i = 0; i < built.layers.size(); ++i) {
    const BuiltLayer& layer = built.layers[i];
    Tensor tensor = Tensor::uninitialised(context, type, program.layer_shapes[i].inserted(0, program.batch));
    program.activations[i].look_at(tensor.data(), tensor.bytes());
    list.emplace_back(model.element(layer.id).title, std::move(tensor));
  }
  return list;
}

void NeuralNetwork::reset() {
  auto initials = state_->recurrent.initials();
  const std::lock_guard guard(state_->turn);
  state_->recurrent.reset(std::move(initials));
}

std::string NeuralNetwork::get_internal_state() const {
  const std::string hash = structure_hash(state_->model, state_->built);
  const std::lock_guard guard(state_->turn);
  return write_json(state_->recurrent.to_json(hash));
}

void NeuralNetwork::set_internal_state(std::string_view text) {
  const Json json = text.empty() ? Json() : read_json(text, state_->context.limits());
  if (json.is_null()) return reset();
  const std::string hash = structure_hash(state_->model, state_->built);
  const std::lock_guard guard(state_->turn);
  state_->recurrent.from_json(json, hash);
}

void NeuralNetwork::check_internal_state(std::string_view text) const {
  const Json json = text.empty() ? Json() : read_json(text, state_->context.limits());
  state_->recurrent.check(json, structure_hash(state_->model, state_->built));
}

}  // namespace webai
