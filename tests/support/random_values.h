// The values of a sample as people may write them: named inputs in objects, others in order of appearance, arrays in
// arrays.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "support/random_numbers.h"
#include "webai/webai.hpp"

namespace webai::test {

class RandomValues : public RandomNumbers {
 public:
  using RandomNumbers::RandomNumbers;

  /// `numbers`: of all inputs, sample by sample.
  Json spelled(const std::vector<PortInfo>& ports, std::span<const double> numbers, std::size_t samples) {
    const std::size_t width = numbers.size() / samples;
    std::vector<Json::Member> named;
    std::vector<double> others(0);
    std::vector<std::vector<double>> left(samples);
    std::size_t first = 0;
    for (const PortInfo& port : ports) {
      const auto count = static_cast<std::size_t>(port.shape.elements());
      const bool by_name = chance(2);
      std::vector<double> own;
      for (std::size_t i = 0; i < samples; ++i) {
        std::vector<double>& place = by_name ? own : left[i];
        const std::span<const double> part = numbers.subspan(i * width + first, count);
        place.insert(place.end(), part.begin(), part.end());
      }
      if (by_name) named.emplace_back(port.name, nested(own));
      first += count;
    }
    for (const std::vector<double>& sample : left) others.insert(others.end(), sample.begin(), sample.end());
    return mixed(std::move(named), others);
  }

  /// The numbers in order, some of them in arrays of their own.
  Json nested(std::span<const double> numbers) {
    std::vector<Json> items;
    for (std::size_t i = 0; i < numbers.size();) {
      const std::size_t count =
          chance(3) ? static_cast<std::size_t>(between(1, static_cast<int>(numbers.size() - i))) : 1;
      const std::span<const double> part = numbers.subspan(i, count);
      items.push_back(count == numbers.size() ? Json::numbers({part.begin(), part.end()})
                      : count > 1             ? nested(part)
                                              : Json::number(part[0]));
      i += count;
    }
    return Json::array(std::move(items));
  }

 private:
  // Objects stand anywhere among the numbers.
  Json mixed(std::vector<Json::Member> named, const std::vector<double>& others) {
    if (others.empty() && chance(2)) return Json::object(std::move(named));
    std::vector<Json> items;
    if (!others.empty()) items.push_back(nested(others));
    while (!named.empty()) {
      std::vector<Json::Member> one;
      for (int count = between(1, static_cast<int>(named.size())); count > 0; --count) {
        one.push_back(std::move(named.back()));
        named.pop_back();
      }
      Json object = Json::object(std::move(one));
      if (chance(3)) object = Json::array({std::move(object)});
      items.insert(items.begin() + between(0, static_cast<int>(items.size())), std::move(object));
    }
    return Json::array(std::move(items));
  }
};

}  // namespace webai::test
