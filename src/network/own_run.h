// What a run of the program's own (define_run) is to the runs that it asks for. Private to src/network.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "webai/network.hpp"

namespace webai {

/// Shared by the handles that a runner was given. Their runs give what the layers give: the run that named the runner
/// applies `io` to the output, once, whatever the runner makes of it.
struct NeuralNetwork::OwnRun {
  OwnRun(bool normalizes, bool numbers) : normalize(normalizes), gives_numbers(numbers) {}

  RunOptions within(RunOptions options) const {
    if (over) return options;
    options.normalize = options.normalize && normalize;
    options.denormalize = false;
    return options;
  }
  /// The outputs as the last of those runs had them: with open dimensions nothing else tells their sizes.
  void heard_of(const std::vector<PortInfo>& outputs) {
    const std::lock_guard guard(mutex);
    ports = outputs;
  }
  std::vector<PortInfo> last_ports() {
    const std::lock_guard guard(mutex);
    return ports;
  }

  const bool normalize;      ///< as the outer run has it
  std::atomic<bool> over{false};  ///< the runner has returned: a handle that it kept is like any other
  const bool gives_numbers;  ///< of a model of an integer type: the outer run makes others of them

 private:
  std::mutex mutex;
  std::vector<PortInfo> ports;
};

}  // namespace webai
