// What the tests of operations that a program defines have in common.
#pragma once

#include <span>
#include <utility>

#include "support/contexts.h"
#include "webai/webai.hpp"

namespace webai::test {

/// What host functions are given.
using Numbers = std::span<const double>;

/// A context of one thread with a domain of the program's own.
inline Context with_domain(DomainDefinition domain = {.name = "mine", .default_data_type = "fp32"}) {
  Context context = one_thread();
  define_domain(context, std::move(domain));
  return context;
}

/// Two inputs and one layer of that domain.
inline NeuralNetwork network_of(const Context& context, const std::string& layer, const std::string& rest = "") {
  return NeuralNetwork::from_json(R"({"domain": "mine", "layers": [2, )" + layer + "]" + rest + "}", context);
}

/// y = x * scale + shift
inline void define_affine(const Context& context, OperationParameter scale, OperationParameter shift) {
  define_operation(context, {.name = "affine", .domain = "mine", .params = {"*input", std::move(scale), std::move(shift),
                             OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [](Variable x, Variable scale, Variable shift) { return x * scale + shift; });
}

}  // namespace webai::test
