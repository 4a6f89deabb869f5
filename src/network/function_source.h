// What stands behind an operation that is called as a function. Private to src/network.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/model/definitions.h"
#include "core/op/registry.h"
#include "webai/functions.hpp"
#include "webai/json.hpp"

namespace webai {

/// One call of an operator, sorted out. Points into the arguments.
struct OperatorCall {
  std::vector<const FunctionValue*> inputs;  ///< in the operator's order; null: left out
  std::vector<std::pair<const AttributeSpec*, const FunctionValue*>> attributes;
};

struct OperationFunction::Source {
  Context context;
  DType type = DType::fp32;
  std::string device;
  std::shared_ptr<const Registry> registry;
  const OpDef* op = nullptr;                       ///< either this
  std::shared_ptr<const UserOperation> operation;  ///< or this
  VariantFunction variant;                         ///< instead of either

  bool takes_any_number() const { return op && !op->inputs.empty() && op->inputs.back().presence == InputSpec::variadic; }
  OperatorCall sorted(std::span<const FunctionValue> arguments, std::span<const NamedArgument> named,
                      const std::vector<std::string>& names) const;
  Tensor run_operator(const OperatorCall& call) const;
  Tensor run_operation(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
                       FunctionState* state) const;
  Variable compose_operator(const OperatorCall& call) const;
  Variable compose_operation(std::span<const FunctionValue> arguments, const std::vector<std::string>& names) const;
  /// A model whose one layer is the operation, with what the arguments say; their arrays in the order of its inputs.
  Json model(std::span<const FunctionValue> arguments, const std::vector<std::string>& names,
             std::vector<double>& inputs) const;
  /// Throws where a number is none of the type.
  Tensor tensor_of(const FunctionValue& value, DType type) const;
  /// Throws where there is no Variable among them.
  Variable like(std::span<const FunctionValue* const> values, const std::string& name) const;
  /// `type` is that of numbers.
  Variable variable_of(const FunctionValue& value, DType type, const Variable& beside, const std::string& name) const;
  /// Of each input of a call that says one.
  std::vector<std::optional<DType>> types_of(std::span<const FunctionValue* const> values) const;
};

/// Throws INVALID_ARGUMENT: "function: message".
[[noreturn]] void wrong_call(const std::string& function, const std::string& message, std::string reason = "ARGUMENT");

/// Names of the arguments of such a call, in order.
std::vector<std::string> call_order(const OpDef& op);
std::vector<std::string> call_order(const UserOperation& operation);

}  // namespace webai
