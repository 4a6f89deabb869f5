// An activation of your own: composed of known operations, it has a gradient, is fused and runs on every device.
#include <webai/webai.hpp>
#include <iostream>

int main() {
  auto context = webai::Context::system();
  webai::define_domain(context, {.name = "mine"});
  webai::define_operation(context, {.name = "swish", .domain = "mine"}, [](webai::Variable x) { return x * sigmoid(x); });
  auto net = webai::NeuralNetwork::from_json(R"({ "layers": [2, { "size": 4, "activation": "mine#swish" }, 1] })", context);
  auto info = net.train(webai::Dataset::sample("xor"), {.max_iterations = 20000, .error_threshold = 0.5});
  std::cout << info.iterations << " iterations, error " << info.error << '\n' << net.run({1, 0}) << '\n';
}
