// Learns the exclusive or, and says what it thinks of (1, 0).
#include <webai/webai.hpp>
#include <iostream>

int main() {
  auto net = webai::NeuralNetwork::from_json(R"({ "layers": [2, 3, 1], "activation": "tanh" })");
  auto data = webai::Dataset::from({{{0, 0}, {0}}, {{0, 1}, {1}}, {{1, 0}, {1}}, {{1, 1}, {0}}});
  auto info = net.train(data, {.max_iterations = 20000, .error_threshold = 0.5});
  std::cout << info.iterations << " iterations, error " << info.error << '\n' << net.run({1, 0}) << '\n';
  net.save("xor.json");
}
