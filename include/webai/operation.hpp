// Operations of your own: a function of Variables, written once, is a layer type and an activation of its domain, has a
// gradient, is fused with its neighbours and runs on every device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "webai/context.hpp"
#include "webai/dtype.hpp"
#include "webai/export.hpp"
#include "webai/shape.hpp"

namespace webai {

/// A value that an operation is being composed of. Lives only while the operation's function runs.
class WEBAI_EXPORT Variable {
 public:
  Variable() = default;
  DType type() const;
  Shape shape() const;  ///< the first dimension is the batch, and may still be a symbol

 private:
  friend struct VariableAccess;
  void* builder_ = nullptr;
  std::int32_t id_ = -1;
};

/// The first result of a known operation: "softmax", "mine#swish". Attributes as JSON: R"({"axis": -1})".
/// Throws NOT_FOUND with the nearest name, SHAPE_MISMATCH, TYPE_MISMATCH, INVALID_ARGUMENT.
WEBAI_EXPORT Variable apply(std::string_view operation, std::span<const Variable> inputs, std::string_view attributes = {});
inline Variable apply(std::string_view operation, std::initializer_list<Variable> inputs, std::string_view attributes = {}) {
  return apply(operation, std::span<const Variable>(inputs.begin(), inputs.size()), attributes);
}
/// A number of `like`'s type that is broadcast to any shape.
WEBAI_EXPORT Variable constant(double value, Variable like);

inline Variable operator+(Variable a, Variable b) { return apply("add", {a, b}); }
inline Variable operator-(Variable a, Variable b) { return apply("sub", {a, b}); }
inline Variable operator*(Variable a, Variable b) { return apply("mul", {a, b}); }
inline Variable operator/(Variable a, Variable b) { return apply("div", {a, b}); }
inline Variable operator-(Variable a) { return apply("neg", {a}); }
inline Variable operator+(Variable a, double b) { return a + constant(b, a); }
inline Variable operator-(Variable a, double b) { return a - constant(b, a); }
inline Variable operator*(Variable a, double b) { return a * constant(b, a); }
inline Variable operator/(Variable a, double b) { return a / constant(b, a); }
inline Variable operator+(double a, Variable b) { return constant(a, b) + b; }
inline Variable operator-(double a, Variable b) { return constant(a, b) - b; }
inline Variable operator*(double a, Variable b) { return constant(a, b) * b; }
inline Variable operator/(double a, Variable b) { return constant(a, b) / b; }

// The most common functions by name; apply() knows all of `webai ops`.
inline Variable abs(Variable x) { return apply("abs", {x}); }
inline Variable exp(Variable x) { return apply("exp", {x}); }
inline Variable log(Variable x) { return apply("log", {x}); }
inline Variable sqrt(Variable x) { return apply("sqrt", {x}); }
inline Variable sin(Variable x) { return apply("sin", {x}); }
inline Variable cos(Variable x) { return apply("cos", {x}); }
inline Variable tanh(Variable x) { return apply("tanh", {x}); }
inline Variable relu(Variable x) { return apply("relu", {x}); }
inline Variable sigmoid(Variable x) { return apply("sigmoid", {x}); }
inline Variable softplus(Variable x) { return apply("softplus", {x}); }
inline Variable pow(Variable a, Variable b) { return apply("pow", {a, b}); }
inline Variable min(Variable a, Variable b) { return apply("min", {a, b}); }
inline Variable max(Variable a, Variable b) { return apply("max", {a, b}); }

struct OperationDefinition {
  std::string name;             ///< as models write it
  std::string domain;           ///< of the operation; not "core" or "internal"
  std::string doc = {};         ///< one sentence
  bool activation = true;       ///< may stand as `activation`, where it takes one input
};

/// Composes an operation of `inputs` values. Networks that are built from this context later know it. The function is
/// called for each place where the operation stands, on any thread; it must not keep Variables. Throws
/// INVALID_ARGUMENT for a name or domain that cannot be, ALREADY_EXISTS, NOT_FOUND for an operation that it calls.
WEBAI_EXPORT void define_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                                   std::function<Variable(std::span<const Variable>)> function);

/// The same for a function of one to four Variables:
///   define_operation(context, {.name = "swish", .domain = "mine"}, [](Variable x) { return x * sigmoid(x); });
template <class Function>
  requires std::is_invocable_r_v<Variable, Function, Variable> ||
           std::is_invocable_r_v<Variable, Function, Variable, Variable> ||
           std::is_invocable_r_v<Variable, Function, Variable, Variable, Variable> ||
           std::is_invocable_r_v<Variable, Function, Variable, Variable, Variable, Variable>
void define_operation(const Context& context, OperationDefinition definition, Function function) {
  const auto with = [&]<std::size_t... index>(std::index_sequence<index...>) {
    define_operation(context, std::move(definition), sizeof...(index),
                     [function](std::span<const Variable> x) -> Variable { return function(x[index]...); });
  };
  if constexpr (std::is_invocable_r_v<Variable, Function, Variable>) {
    with(std::make_index_sequence<1>());
  } else if constexpr (std::is_invocable_r_v<Variable, Function, Variable, Variable>) {
    with(std::make_index_sequence<2>());
  } else if constexpr (std::is_invocable_r_v<Variable, Function, Variable, Variable, Variable>) {
    with(std::make_index_sequence<3>());
  } else {
    with(std::make_index_sequence<4>());
  }
}

}  // namespace webai
