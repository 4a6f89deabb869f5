// What stands behind a TrainingSession. Private to src/network.
#pragma once

#include <memory>

#include "host/background_thread.h"
#include "network/state.h"
#include "training/driver.h"

namespace webai {

struct TrainingSession::State {
  NeuralNetwork network;
  NeuralNetwork::State& net;
  BackgroundThreads background;
  std::unique_ptr<TrainingDriver> driver;
  TrainInfo final_info;

  State(NeuralNetwork given) : network(std::move(given)), net(*network.state_) {}
};

}  // namespace webai
