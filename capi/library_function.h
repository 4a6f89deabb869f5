// Operations of the library, and of the program, as functions that can be called.
#pragma once

#include <atomic>
#include <string>

#include "capi/function.h"
#include "capi/value.h"
#include "webai/functions.hpp"

namespace webai::capi {

/// What a function that remembers works on, behind the member "memory" of the map that new_state gives. One call at a
/// time uses it.
class Memory final : public HostReference {
 public:
  explicit Memory(FunctionState start, std::string function_name)
      : HostReference(nullptr), state(std::move(start)), function(std::move(function_name)) {}
  void destroy() noexcept override { delete this; }
  FunctionState state;
  const std::string function;
  std::atomic<bool> busy{false};

 private:
  ~Memory() = default;
};

class LibraryFunction final : public Function {
 public:
  LibraryFunction(OperationFunction function, std::string domain, bool any_thread)
      : function_(std::move(function)), domain_(std::move(domain)), any_thread_(any_thread) {}
  void destroy() noexcept override { delete this; }
  /// Arguments by position: tensors, numbers, booleans, texts, lists of numbers, null for one that is left out; behind them
  /// a map of others by name, and behind all the state. Among values that an operation is being composed of it is
  /// composed with them.
  Value call(std::span<webai_value* const> arguments, CallOutputs* outputs) override;
  Value new_state(std::span<webai_value* const> arguments) override;
  bool any_thread() const noexcept override { return any_thread_; }
  bool is_pure() const noexcept override { return true; }

 private:
  ~LibraryFunction() = default;
  OperationFunction function_;
  std::string domain_;
  bool any_thread_;  // it calls no function of the host that lives on the loop thread
};

/// Operations by name, as a map of functions.
Value functions_value(webai_context& context, const OperationsQuery& query);

}  // namespace webai::capi
