// What tests read from tensors and networks to compare it.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "webai/webai.hpp"

namespace webai::test {

using Row = std::vector<double>;

inline Row as_numbers(const Tensor& tensor) {
  Row list;
  for (std::size_t i = 0; i < tensor.elements(); ++i) list.push_back(tensor.at(i));
  return list;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

inline Json parsed(std::string_view text) { return read_json(text, Limits{}); }

/// Of all parameters, one after the other.
inline std::vector<std::byte> bytes_of(const NeuralNetwork& net) {
  std::vector<std::byte> bytes;
  for (const auto& [name, tensor] : net.parameters()) {
    const auto* data = static_cast<const std::byte*>(tensor.data());
    bytes.insert(bytes.end(), data, data + tensor.bytes());
  }
  return bytes;
}

inline std::vector<std::string> names_of(const NeuralNetwork& net) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : net.parameters()) names.push_back(name);
  return names;
}

}  // namespace webai::test
