#include "network/sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong_option(const char* name, std::string expected) {
  throw Error(Code::invalid_argument, {.message = std::string("generate: \"") + name + "\" is out of range",
                                       .reason = "OPTION",
                                       .path = std::string("generate/") + name,
                                       .expected = std::move(expected),
                                       .hint = "{\"temperature\": 1} draws as the model has learned"});
}

}  // namespace

void check_generate_options(const GenerateOptions& options) {
  if (!(options.temperature >= 0 && options.temperature <= 1e6)) wrong_option("temperature", "0 to 1000000");
  if (!(options.top_p > 0 && options.top_p <= 1)) wrong_option("topP", "above 0, at most 1");
  for (const std::string& text : options.until)
    if (text.empty()) wrong_option("until", "a text that is not empty");
}

std::size_t draw(std::vector<double> outputs, bool logarithmic, const GenerateOptions& options, double drawn) {
  std::vector<std::size_t> order(outputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (double& output : outputs) {
    if (std::isnan(output) || (logarithmic && output == INFINITY))
      throw Error(Code::invalid_argument, {.message = "generate: the network's outputs are no numbers", .reason = "NOT_FINITE",
                                           .hint = "was it trained with too large a rate?"});
    if (!logarithmic) output = std::max(output, 0.0);
  }
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return outputs[a] != outputs[b] ? outputs[a] > outputs[b] : a < b; });
  if (options.top_k > 0) order.resize(std::min(order.size(), options.top_k));
  if (options.temperature == 0) order.resize(std::min<std::size_t>(order.size(), 1));
  const double largest = order.empty() ? 0 : outputs[order.front()];
  if (order.empty() || (logarithmic ? largest == -INFINITY : !(largest > 0)))
    throw Error(Code::invalid_argument, {.message = "generate: no output has a probability above 0", .reason = "NOT_FINITE",
                                         .hint = "the outputs are no probabilities: end with softmax, and train until the error falls"});
  if (order.size() == 1) return order.front();
  // Relative to the likeliest, so that nothing overflows.
  std::vector<double> weights;
  double total = 0;
  for (const std::size_t i : order) {
    double weight = logarithmic ? std::exp((outputs[i] - largest) / options.temperature) : outputs[i] / largest;
    if (!logarithmic && options.temperature != 1) weight = std::pow(weight, 1 / options.temperature);
    weights.push_back(weight);
    total += weight;
  }
  if (options.top_p < 1) {
    double kept = 0;
    std::size_t count = 0;
    while (count < weights.size() && kept < options.top_p * total) kept += weights[count++];
    weights.resize(std::max<std::size_t>(count, 1));
    total = kept;
  }
  double left = drawn * total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (left < weights[i]) return order[i];
    left -= weights[i];
  }
  return order[weights.size() - 1];
}

}  // namespace webai
