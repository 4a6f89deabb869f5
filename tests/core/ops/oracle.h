// One case of PyTorch's gradients on a tape, and the names that have a spelling in our operators.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/op/term.h"
#include "support/sample_run.h"
#include "types.h"

namespace webai::test {

using Json = nlohmann::json;

inline bool is_tensor(const Json& value) { return value.is_object() && value.contains("data"); }

inline Tensor tensor_of(const Json& value) {
  const std::string& name = value.at("dtype").get_ref<const std::string&>();
  const DType type = name == "float64" ? DType::fp64 : name == "int64" ? DType::i64 : DType::boolean;
  Tensor tensor(context(), type, Shape(std::span<const std::int64_t>(value.at("shape").get<Integers>())));
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    const Json& number = value.at("data").at(i);
    tensor.set(i, number.is_boolean() ? (number.get<bool>() ? 1.0 : 0.0) : number.get<double>());
  }
  return tensor;
}

/// One case: its tensors are variables of a tape, found again by the file's own paths ("args.0", "kwargs.weight").
class Case {
 public:
  explicit Case(const Json& json) : json_(json) {
    add("args", json.at("args"));
    add("kwargs", json.at("kwargs"));
  }

  Tape& tape() { return tape_; }
  /// The tensor at a path, or an invalid Term.
  Term at(const std::string& path) { return {tape_, variables_.contains(path) ? variables_.at(path) : Ref{}}; }
  Term arg(std::size_t i) { return at("args." + std::to_string(i)); }
  /// A positional argument or the keyword argument of that name; null when there is none.
  Json value(std::size_t position, const char* name) const {
    if (json_.at("args").size() > position) return json_.at("args").at(position);
    return json_.at("kwargs").value(name, Json());
  }
  Json keyword(const char* name) const { return json_.at("kwargs").value(name, Json()); }
  std::string text(const char* name, const char* fallback) const {
    const Json found = keyword(name);
    return found.is_string() ? found.get<std::string>() : fallback;
  }
  std::string variant() const { return json_.at("variant").get<std::string>(); }
  double number(std::size_t position, const char* name, double fallback) const {
    const Json found = value(position, name);
    return found.is_number() ? found.get<double>() : fallback;
  }
  /// An integer or a list of them as `count` integers.
  Integers integers(const char* name, std::size_t count, std::int64_t fallback) const {
    const Json found = keyword(name);
    if (found.is_null()) return Integers(count, fallback);
    if (found.is_number()) return Integers(count, found.get<std::int64_t>());
    Integers result = found.get<Integers>();
    return result.size() == 1 ? Integers(count, result[0]) : result;
  }

 private:
  void add(const std::string& path, const Json& value) {
    if (is_tensor(value)) {
      variables_[path] = tape_.variable(tensor_of(value));
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) add(path + "." + std::to_string(i), value[i]);
    } else if (value.is_object()) {
      for (const auto& [name, item] : value.items()) add(path + "." + name, item);
    }
  }

  const Json& json_;
  Tape tape_{context(), registry()};
  std::map<std::string, Ref> variables_;
};

/// The outputs of a case written with our operators; none when there is no such operator.
using Spelling = std::function<std::vector<Term>(Case&)>;
/// By PyTorch's name.
std::map<std::string, Spelling> spellings();

}  // namespace webai::test
