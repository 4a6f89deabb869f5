// Where the time goes: steps whose nodes are timed, until the time is over.
#include <algorithm>
#include <functional>
#include <mutex>

#include "network/state.h"
#include "network/training_state.h"

namespace webai {
namespace {

constexpr std::size_t most_steps = 1000;

// Medians: what the system does between two looks at the clock lands in single steps. `step` answers whether there may
// be another one, and leaves no rows where it ran none.
std::vector<NodeProfile> medians(const Context& context, double milliseconds,
                                 const std::function<bool(std::vector<NodeProfile>&)>& step) {
  std::vector<NodeProfile> result, rows;
  std::vector<std::vector<double>> times;
  const double end = context.host().now() + milliseconds;
  for (bool more = true; more;) {
    more = step(rows);
    // A smaller last batch of an epoch is another program: only the first one met is counted.
    const bool same = std::equal(rows.begin(), rows.end(), result.begin(), result.end(), [](const auto& a, const auto& b) {
      return a.operation == b.operation && a.operations == b.operations && a.bytes == b.bytes;
    });
    if (!rows.empty() && (result.empty() || same)) {
      if (result.empty()) result = rows;
      times.resize(rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) times[i].push_back(rows[i].nanoseconds);
    }
    if (!times.empty() && (times.front().size() >= most_steps || context.host().now() >= end)) break;
  }
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto middle = times[i].begin() + static_cast<std::ptrdiff_t>(times[i].size() / 2);
    std::nth_element(times[i].begin(), middle, times[i].end());
    result[i].nanoseconds = *middle;
  }
  return result;
}

}  // namespace

std::vector<NodeProfile> NeuralNetwork::profile(std::size_t batch, double milliseconds) {
  State& state = *state_;
  const std::size_t samples = std::max<std::size_t>(batch, 1);
  // Open dimensions are as long as in the descriptions.
  std::int64_t inputs = 0;
  const OpenLengths lengths = example_lengths(state.built);
  for (std::size_t i = 0; i < state.built.inputs.size(); ++i) inputs += bound_shape(state.built, i, lengths).elements();
  const Shape shape{static_cast<std::int64_t>(samples), inputs};
  Tensor input(state.context, state.type, shape);
  // Between -1 and 1: zeros are a special case on some processors.
  for (std::size_t i = 0; i < input.elements(); ++i) input.set(i, static_cast<double>(i * 37 % 201) / 100 - 1);
  Tensor output;
  return medians(state.context, milliseconds, [&](std::vector<NodeProfile>& rows) {
    const std::lock_guard guard(state.turn);
    RunProgram& program = state.program(lengths, static_cast<std::int64_t>(samples), true);
    if (output.empty()) output = Tensor(state.context, state.type, Shape{program.batch, program.outputs});
    program.input.look_at(input.data(), input.bytes());
    program.output.look_at(output.data(), output.bytes());
    if (state.is_stateful())  // measured, but not committed
      state.recurrent.begin(program.state_shapes, program.states, program.next_states);
    rows = program.executable->time_step(program.bindings);
    return !rows.empty();
  });
}

std::vector<NodeProfile> TrainingSession::profile(double milliseconds) {
  return medians(state_->net.context, milliseconds, [&](std::vector<NodeProfile>& rows) {
    state_->driver->validate();
    state_->driver->fetch();
    const std::lock_guard guard(state_->net.turn);
    return state_->driver->advance_timed(rows);
  });
}

}  // namespace webai
