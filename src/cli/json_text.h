// Writes the JSON objects that commands print with --json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webai/tensor.hpp"

namespace webai::cli {

std::string json_string(std::string_view text);  ///< with quotes; bytes that are no UTF-8 become U+FFFD
std::string json_number(double value);           ///< shortest that reads back the same; null when not finite
/// A tensor as nested arrays, each number in the fewest digits that read back as the same element.
std::string json_array(const Tensor& tensor);
std::string json_array(const std::vector<std::string>& texts);
std::string json_list(const std::vector<std::string>& items);  ///< items are JSON already

/// Members in the order they are added.
class JsonObject {
 public:
  JsonObject& raw(std::string_view key, std::string_view json);
  JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_string(value)); }
  JsonObject& number(std::string_view key, double value) { return raw(key, json_number(value)); }
  JsonObject& number(std::string_view key, std::optional<double> value) { return value ? number(key, *value) : *this; }
  JsonObject& count(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  JsonObject& boolean(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  std::string str() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace webai::cli
