#include "core/model/host_activation.h"

#include "core/model/trace.h"
#include "webai/error.hpp"

namespace webai {

OwnActivation::OwnActivation(std::shared_ptr<const UserOperation> operation, std::vector<HostArgument> specs, DType type)
    : operation_(std::move(operation)), specs_(std::move(specs)), type_(type), values_(specs_.size()) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    values_[i] = specs_[i].numbers;
    switch (specs_[i].kind) {
      case HostArgument::number: arguments_.push_back(ArgumentAccess::number(values_[i])); break;
      case HostArgument::list: arguments_.push_back(ArgumentAccess::numbers(values_[i], Shape{static_cast<std::int64_t>(values_[i].size())})); break;
      case HostArgument::text: arguments_.push_back(ArgumentAccess::text(specs_[i].words)); break;
      case HostArgument::output: arguments_.push_back(ArgumentAccess::output(output_, Shape{1})); break;
      case HostArgument::input:
        values_[i].resize(1);
        arguments_.push_back(ArgumentAccess::numbers(values_[i], Shape{1}));
        break;
      default: arguments_.emplace_back();
    }
  }
}

double OwnActivation::operator()(double x) {
  for (std::size_t i = 0; i < specs_.size(); ++i)
    if (specs_[i].kind == HostArgument::input) values_[i][0] = x;
  output_[0] = 0;
  const std::vector<double> result = operation_->host(arguments_, {type_, Shape{1}});
  if (result.size() > 1)
    throw Error(Code::shape_mismatch, {.message = "activation \"" + operation_->name + "\" gave several values for one",
                                       .reason = "OP_OUTPUT_SIZE",
                                       .operation = operation_->name,
                                       .expected = "1",
                                       .actual = std::to_string(result.size()),
                                       .hint = "an activation gives as many values as it is called with"});
  return result.empty() ? output_[0] : result[0];
}

double ElementFunction::call(double x, const void* data) {
  const auto& self = *static_cast<const ElementFunction*>(data);
  return self.own ? (*self.own)(x) : self.op->evaluate(&x, self.attributes.data());
}

ElementFunction element_function(const HostArgument& argument, const UserOperation& caller, DType type) {
  ElementFunction function;
  if (const std::size_t end = argument.words.find('\n'); end != std::string::npos) {
    auto own = caller.host_activations->find(std::string_view(argument.words).substr(0, end));
    if (!own) throw Error(Code::internal, "activation " + argument.words.substr(0, end) + " is gone");
    function.own = std::make_unique<OwnActivation>(std::move(own), host_arguments(std::string_view(argument.words).substr(end + 1), 1), type);
    return function;
  }
  for (const Elementwise& op : elementwise_operators())
    if (op.name == argument.words) function.op = &op;
  if (!function.op) throw Error(Code::internal, "activation " + argument.words + " is not elementwise");
  function.attributes = argument.numbers;
  return function;
}

}  // namespace webai
