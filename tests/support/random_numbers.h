// Numbers and words drawn from a seed, for what makes random models: the same everywhere.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "webai/json.hpp"

namespace webai::test {

class RandomNumbers {
 public:
  explicit RandomNumbers(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x5eed) {
    for (int i = 0; i < 4; ++i) next();
  }
  double real() { return static_cast<double>(next() >> 11) * 0x1p-52 - 1.0; }  ///< -1 .. 1

 protected:
  int below(std::size_t count) { return static_cast<int>((next() >> 33) % count); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  int between(int low, int high) { return low + below(static_cast<std::size_t>(high - low + 1)); }
  std::string pick(std::initializer_list<const char*> words) { return *(words.begin() + below(words.size())); }
  std::string activation() {
    return pick(
        {"tanh", "sigmoid", "relu", "elu", "gelu", "softplus", "sin", "identity", "leakyRelu", "softmax", "isrlu"});
  }
  Json number() { return Json::number(chance(4) ? static_cast<double>(between(-2, 2)) : real()); }
  Json row(int count) {
    std::vector<double> numbers;
    for (int i = 0; i < count; ++i) numbers.push_back(chance(12) ? -0.0 : real());
    return Json::numbers(std::move(numbers));
  }

 private:
  std::uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1du;
  }
  std::uint64_t state_;
};

}  // namespace webai::test
