// What stands behind a TrainingSession. Private to src/network.
#pragma once

#include <memory>
#include <mutex>

#include "host/background_thread.h"
#include "network/state.h"
#include "network/verification.h"
#include "training/driver.h"

namespace webai {

struct TrainingSession::State {
  NeuralNetwork network;
  NeuralNetwork::State& net;
  BackgroundThreads background;
  std::unique_ptr<NeuralNetwork::State::Verification> verification;  // of the held-out samples
  std::unique_ptr<TrainingDriver> driver;
  std::string checkpoint;  // file to write to

  /// Before others may train the network.
  void forget_driver() {
    {
      const std::lock_guard guard(net.turn);
      net.recompile_training = nullptr;
    }
    driver.reset();
  }

  State(NeuralNetwork given) : network(std::move(given)), net(*network.state_) {}
};

}  // namespace webai
