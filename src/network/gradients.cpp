// Gradients as data: computed here, applied here or somewhere else.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>

#include "core/base/names.h"
#include "core/base/number_text.h"
#include "core/model/describe.h"
#include "core/op/registry.h"
#include "dataset/iterator.h"
#include "network/state.h"
#include "network/training_plan.h"
#include "training/optimizer.h"
#include "training/storage_type.h"
#include "training/window_graph.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"

namespace webai {
namespace {

// The memory of the network becomes what it is behind the last sample: one after the other, as runs do.
void run_through(NeuralNetwork& net, const Dataset& data, BatchOptions batching) {
  batching.window = batching.lanes = batching.batch = 1;
  BatchIterator iterator(net.context(), data, batching);
  iterator.begin_epoch(0);
  std::vector<double> sample(iterator.input_elements());
  Block block;
  while (iterator.next(block, 1)) {
    if (load_double(batching.type, block.kept, 0) == 0) net.reset();
    for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = load_double(batching.type, block.inputs, i);
    net.run(sample, {.denormalize = false});
  }
}

}  // namespace

Gradients NeuralNetwork::compute_gradients(const Dataset& data, const VerifyOptions& options, std::stop_token stop) {
  State& net = *state_;
  const TokenScope scope(stop);
  TrainOptions chosen;
  chosen.to_train = options.to_train;
  chosen.to_skip = options.to_skip;
  const State::Chosen parameters = net.chosen_parameters(chosen);
  const std::vector<std::string>& names = parameters.to_train;
  const bool learns = options.training.value_or(net.own_training.load());
  const std::size_t batch = options.batch_size ? options.batch_size : 256;
  State::DataPlan plan = net.plan_data(data, options.error_measure_type, batch, false);
  const DType type = step_type(net.type);
  plan.batching.type = type;
  plan.batching.held = net.type;
  BatchIterator iterator(net.context, plan.data, plan.batching);
  iterator.begin_epoch(0);
  Gradients result;
  std::map<std::string, std::vector<double>> sums;
  HostWindow input, target, judged, kept, present;
  std::shared_ptr<GradientProgram> program;
  std::vector<Binding> bindings;
  Buffers memory;  // of the sequences, which starts anew: the network's own stays as it is
  double error_sum = 0;
  const Buffers weights = net.snapshot();
  Block block;
  while (iterator.next(block, plan.batching.batch)) {
    const std::lock_guard guard(net.turn);
    const std::int64_t samples = static_cast<std::int64_t>(block.samples);
    if (!program || samples != program->batch || program->moves != net.moves) {
      // The last one is kept: algorithms of programs ask for one batch after the other.
      program = net.gradient_program;
      if (!program || program->batch != samples || program->moves != net.moves || program->request.measure != plan.request.measure ||
          program->request.labels != plan.request.labels || program->window != plan.batching.window ||
          program->lanes != plan.batching.lanes || program->lengths != plan.lengths || program->names != names || program->learns != learns ||
          program->left_alone != parameters.left_alone) {
        Graph forward = net.batch_forward(plan, samples, learns, State::Parameters::wide);
        State::leave_alone(forward, parameters.left_alone);
        StepGraph step{gradient_step(net.context, *net.registry, forward, plan.request, names, learns), {}, 0};
        step.updates = step.graph.nodes.size();
        step = stored_as(net.context, *net.registry, std::move(step), forward, net.built);
        program = std::make_shared<GradientProgram>();
        program->batch = samples;
        program->moves = net.moves;
        program->request = plan.request;
        program->lengths = plan.lengths;
        program->window = plan.batching.window;
        program->lanes = plan.batching.lanes;
        program->names = names;
        program->learns = learns;
        program->left_alone = parameters.left_alone;
        for (const Write& write : step.graph.writes)
          if (const std::string& name = step.graph.value(write.state).name; net.buffer(name)) program->learned.push_back(name);
        program->executable = net.compile(step.graph, learns);
        for (const Slot& slot : program->executable->slots())
          if (slot.role == Slot::output) program->outputs[slot.name] = net.allocate(slot.bytes);
        net.gradient_program = program;
      }
      bindings.clear();
      for (const Slot& slot : program->executable->slots()) {
        Buffer* bound = find_buffer(weights, slot.name);
        if (slot.role == Slot::input)
          bound = slot.name == target_name ? &target : slot.name == judged_name ? &judged : slot.name == kept_name ? &kept
                  : slot.name == present_name ? &present : &input;
        if (!bound && slot.role == Slot::state) {
          const std::size_t rooms = memory.size();
          bound = net.room_for(slot, memory);
          if (memory.size() > rooms) net.begin_master(slot.name, *bound);
        }
        if (slot.role == Slot::output) bound = program->outputs.at(slot.name).get();
        bindings.push_back({bound, 0, 0});
      }
    }
    input.look_at(block.inputs, block.samples * static_cast<std::size_t>(plan.inputs) * size_of(type));
    const std::size_t target_bytes = plan.request.labels ? sizeof(std::int32_t) : static_cast<std::size_t>(plan.outputs) * size_of(type);
    target.look_at(block.outputs, block.samples * target_bytes);
    if (block.judged) {
      judged.look_at(block.judged, block.samples * size_of(type));
      present.look_at(block.present, block.samples * size_of(type));
      kept.look_at(block.kept, plan.batching.lanes * size_of(type));
    }
    program->executable->run(bindings, 1);
    error_sum += load_double(type, program->outputs.at(std::string(error_name))->host(), 0);
    for (const std::string& name : names) {
      Buffer& gradient = *program->outputs.at(name);
      std::vector<double>& sum = sums[name];
      sum.resize(gradient.size() / size_of(type));
      // A batch's gradient is the mean over its samples; batches are weighted by their size.
      for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i] += load_double(type, gradient.host(), i) * static_cast<double>(block.counted);
    }
    result.samples += block.counted;
  }
  if (result.samples == 0) throw Error(Code::invalid_argument, {.message = "the data holds no samples", .reason = "EMPTY_DATA",
                                                                .hint = "give one sample or more"});
  result.error = reported(plan.request.measure, error_sum / static_cast<double>(result.samples));
  for (const BuiltParameter& parameter : net.built.parameters) {
    const auto sum = sums.find(parameter.name);
    if (sum == sums.end()) continue;
    for (double& value : sum->second) value /= static_cast<double>(result.samples);
    result.gradients.emplace(parameter.name, Tensor::from(net.context, net.type, parameter.type.shape, sum->second));
  }
  result.model_hash = structure_hash(net.model, net.built);
  const StopScope whole{StopScope::Never()};  // what was learned is kept, and the memory goes on, or neither
  if (learns) {
    const std::lock_guard guard(net.turn);
    for (const std::string& name : program->learned) {
      Buffer& from = *weights.find(name)->second;
      net.buffer(name)->write(0, std::span(static_cast<const std::byte*>(from.host()), from.size()));
    }
    net.keep_masters(memory);
  }
  if (!options.commit_state || !is_stateful()) return result;
  const std::string before = get_internal_state();
  try {
    run_through(*this, plan.data, plan.batching);
  } catch (...) {
    set_internal_state(before);
    throw;
  }
  return result;
}

}  // namespace webai
