// The gradients of a whole network against differences of its error.
#pragma once

#include <catch2/catch.hpp>

#include <string>

#include "webai/webai.hpp"

namespace webai::test {

/// Checks each gradient of an fp64 network. `slope`: how much of the reported error the loss is (half of a mean square
/// over one output). Returns how many parameters were looked at; the network ends as it was.
inline std::size_t check_gradients(NeuralNetwork& net, const Dataset& data, const VerifyOptions& options = {}, double slope = 0.5) {
  const Gradients gradients = net.compute_gradients(data, options);
  for (const auto& [name, gradient] : gradients.gradients) {
    Tensor value;
    for (const auto& [known, tensor] : net.parameters())
      if (known == name) value = tensor;
    for (std::size_t i = 0; i < value.elements(); ++i) {
      const double here = value.at(i), h = 1e-5;
      const auto error_at = [&](double there) {
        value.set(i, there);
        net.set_parameter(name, value);
        return net.verify(data, options).error;
      };
      const double expected = (error_at(here + h) - error_at(here - h)) / (2 * h) * slope;
      error_at(here);
      INFO(name << "[" << i << "]");
      CHECK(gradient.at(i) == Approx(expected).epsilon(1e-5).margin(1e-8));
    }
  }
  return gradients.gradients.size();
}

}  // namespace webai::test
