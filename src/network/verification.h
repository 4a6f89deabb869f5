// Measures a network on data, as often as wanted with one compilation. Private to src/network.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "host/background_thread.h"
#include "network/state.h"

namespace webai {

class NeuralNetwork::State::Verification {
 public:
  using Weights = std::function<Buffer*(std::string_view name)>;

  /// `weights` answers with parameters and states, which stay where they are. `confusion`: also count who was taken for
  /// whom.
  Verification(State& net, DataPlan plan, Weights weights, bool confusion);
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

  /// Goes through the data once, taking the network's turn for each block; nothing when `interrupted` said yes.
  std::optional<VerifyInfo> measure(const std::function<bool()>& interrupted);

 private:
  struct Step {
    std::int64_t batch;
    std::uint64_t moves;  // of the network when it was compiled
    std::unique_ptr<Executable> executable;
    std::vector<Binding> bindings;
  };
  Step& step_for(std::int64_t samples);
  void count(const Block& block, VerifyInfo& info) const;
  std::size_t largest(DType type, const void* values, std::size_t row) const;

  State& net_;
  DataPlan plan_;
  Weights weights_;
  BackgroundThreads background_;
  std::function<bool()> interrupted_;  // of the call under way
  std::optional<BatchIterator> iterator_;
  std::vector<std::unique_ptr<Step>> steps_;
  HostWindow input_, target_, judged_, kept_, present_;
  Buffers memory_;                     // of the sequences, apart from that of runs
  std::unique_ptr<Buffer> output_, error_, correct_;
  std::size_t classes_;                // 0: not counted
};

}  // namespace webai
