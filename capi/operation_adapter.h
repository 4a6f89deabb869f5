// The function of an operation between the library, which calls it with Arguments, and the host, which is called with
// values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capi/registered.h"
#include "webai/operation.hpp"

namespace webai::capi {

class OperationAdapter {
 public:
  /// Of the functions in `registered` the first is the operation, the second (or null) its gradient. The definition has
  /// its call list.
  OperationAdapter(webai_context& context, std::shared_ptr<Registered> registered, const OperationDefinition& definition);

  Variable compose(Arguments arguments) const;
  std::vector<double> run(Arguments arguments, const HostCall& call) const;
  ParameterGradients gradient(const ForwardInputs& inputs, std::span<const double> output,
                              std::span<const double> output_gradient, const HostCall& call) const;

 private:
  Value called(Function& function, const std::vector<Value>& arguments, CallOutputs* outputs) const;
  void set_states(Arguments arguments, const std::vector<Variable>& next) const;
  [[noreturn]] void fail(Code code, const char* reason, const std::string& message, std::string hint = {}) const;

  webai_context& context_;  // outlives the definitions
  const std::shared_ptr<Registered> registered_;
  const std::vector<std::string> call_with_;
  std::vector<std::string> states_;  // in the order of their definition
};

/// A function of plain values that a definition calls: the default of a parameter, initState. `index` among those of
/// `registered`.
std::function<Json(std::span<const Json>)> json_function(webai_context& context, std::shared_ptr<Registered> registered,
                                                         std::size_t index);

/// The numbers of a value, row-major. Throws TYPE_MISMATCH for anything without numbers.
std::vector<double> numbers_from_value(const Context& context, webai_value* value, std::string_view what);

}  // namespace webai::capi
