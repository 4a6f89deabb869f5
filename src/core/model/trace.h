// An operation's function while it runs: what its Variables stand for, and what its Arguments hold. Private to
// the library.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/op/builder.h"
#include "webai/json.hpp"
#include "webai/operation.hpp"

namespace webai {

/// One call of a composed function. Variables point to it, so it outlives them.
struct Trace {
  Builder& builder;
  std::string operation;
  DType type = DType::fp32;  ///< of the model
  bool explicit_batch = false;  ///< of the operation's domain: values have no batch in front
  std::int64_t units = 0;  ///< values that the layer gives: columns of weights whose dimensions nobody said
  /// Parameters whose dimensions the first use decides: invalid until then.
  std::vector<Ref> open = {};
  std::vector<std::string> open_names = {};
  std::function<Ref(std::size_t index, const Shape& dims)> declare = {};
};

/// Dimensions of one sample's value, of all of it where there is no batch.
inline Shape dims_of(const Shape& shape, bool explicit_batch) {
  return explicit_batch || shape.rank() == 0 ? shape : shape.without(0);
}

struct VariableAccess {
  static Variable make(Trace& trace, Ref ref) {
    Variable variable;
    variable.trace_ = &trace;
    variable.id_ = ref.id;
    return variable;
  }
  static Variable open(Trace& trace, std::size_t index) {
    Variable variable;
    variable.trace_ = &trace;
    variable.id_ = first_open - static_cast<std::int32_t>(index);
    return variable;
  }
  static Trace& trace(const Variable& variable);
  static DType type(const Variable& variable);  ///< the model's for an open one
  static bool is_empty(const Variable& variable) { return variable.trace_ == nullptr; }
  static bool is_open(const Variable& variable);  ///< and not declared yet
  static std::size_t open_index(const Variable& variable) {
    return static_cast<std::size_t>(first_open - variable.id_);
  }
  /// Throws ARRAY_SIZE for an open one.
  static Ref ref(const Variable& variable);

 private:
  static constexpr std::int32_t first_open = -2;
};

struct ArgumentAccess {
  static Argument number(std::span<double> value, Trace* trace = nullptr);
  /// As a Variable of the type that `beside` has, not of the model's.
  static Argument number(std::span<double> value, Variable beside);
  /// The value, or the one beside a number; empty where there is none.
  static Variable beside(const Argument& argument) { return argument.variable_; }
  /// The type that it has as a Variable.
  static DType type(const Argument& argument);
  static Argument numbers(std::span<double> values, Shape dims);
  static Argument text(std::string_view text);
  static Argument variable(Variable variable, Shape dims);
  static Argument output(std::span<double> room, Shape dims);
  static Argument activation(const std::function<Variable(Variable)>& function);
  /// In host functions what is written there, in composed ones what is set, is the state of the next run.
  static Argument state(std::span<double> values, Shape dims);
  static Argument state(Variable now, Shape dims, std::int32_t* next);
  static Argument states(const ForwardInputs& members);
  static Argument activation(double (*element)(double, const void*), const void* data);
};

/// A number, and numbers, of that type in the function that `beside` is a value of.
Variable constant(double value, DType type, Variable beside);
Variable constant(const Tensor& values, DType type, Variable beside);

/// An object of numbers, words, flags and lists as an operator's attributes. Throws INVALID_ARGUMENT.
Attributes attributes_from(const Json& json);

/// Samples of a batch stand side by side, each as if alone. Throws BATCH_AXIS for a node that takes values of one to
/// another.
void check_samples_apart(const Trace& trace, const Node& node);

/// Runs the function and checks what it gives.
Ref run_composed(Trace& trace, const ComposedFunction& function, std::span<const Argument> arguments);

}  // namespace webai
