// What a run gives, as people and programs read it.
#include <algorithm>
#include <numeric>
#include <ostream>

#include "webai/network.hpp"

namespace webai {
namespace {

// Outputs of the first sample: labels speak of the last dimension.
std::size_t first_sample(const Tensor& tensor, std::size_t labels) {
  return labels ? std::min(tensor.elements(), static_cast<std::size_t>(tensor.shape()[tensor.shape().rank() - 1]))
                : tensor.elements();
}

}  // namespace

std::vector<double> Output::values() const {
  std::vector<double> result(tensor_.elements());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = (*this)[i];
  return result;
}

std::size_t Output::index() const {
  std::size_t best = 0;
  const std::size_t count = first_sample(tensor_, labels_.size());
  for (std::size_t i = 1; i < count; ++i)
    if (tensor_.at(i) > tensor_.at(best)) best = i;
  return best;
}

std::vector<std::pair<std::string, double>> Output::ranked() const {
  std::vector<std::size_t> order(first_sample(tensor_, labels_.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return tensor_.at(a) > tensor_.at(b); });
  std::vector<std::pair<std::string, double>> result;
  for (const std::size_t i : order)
    result.emplace_back(i < labels_.size() ? labels_[i] : std::to_string(i), (*this)[i]);
  return result;
}

std::ostream& operator<<(std::ostream& stream, const Output& output) {
  if (!output.label().empty()) return stream << output.label() << " (" << output[output.index()] << ')';
  stream << '[';
  for (std::size_t i = 0; i < output.size(); ++i) stream << (i ? ", " : "") << output[i];
  return stream << ']';
}

}  // namespace webai
