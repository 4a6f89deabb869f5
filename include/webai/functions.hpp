// Operations as plain functions of tensors, and what this machine can do.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webai/context.hpp"
#include "webai/network.hpp"
#include "webai/operation.hpp"
#include "webai/tensor.hpp"

namespace webai {

/// What a stateful operation remembers between two calls; calls that share one go on from each other.
class WEBAI_EXPORT FunctionState {
 public:
  const std::string& text() const noexcept { return text_; }  ///< to keep it, as JSON

 private:
  friend class OperationFunction;
  std::string text_;
};

/// Numbers without a type of their own, as a single number is one: they take that of the arrays beside them.
struct UntypedNumbers {
  Tensor values;  ///< of a type that holds them all
};

/// One argument of such a call.
class WEBAI_EXPORT FunctionValue {
 public:
  FunctionValue() = default;  ///< left out
  FunctionValue(std::nullptr_t) {}
  FunctionValue(Tensor tensor) : value_(std::move(tensor)) {}
  FunctionValue(UntypedNumbers numbers) : value_(std::move(numbers)) {}
  FunctionValue(double number) : value_(number) {}
  FunctionValue(int number) : value_(static_cast<double>(number)) {}
  FunctionValue(bool flag) : value_(flag) {}
  FunctionValue(const char* text) : value_(std::string(text)) {}
  FunctionValue(std::string text) : value_(std::move(text)) {}
  FunctionValue(FunctionState& state) : value_(&state) {}
  FunctionValue(Variable variable) : value_(variable) {}

 private:
  friend class OperationFunction;
  /// Of a tensor and of numbers without a type; null for anything else.
  const Tensor* array() const noexcept {
    if (const auto* numbers = std::get_if<UntypedNumbers>(&value_)) return &numbers->values;
    return std::get_if<Tensor>(&value_);
  }
  std::variant<std::monostate, Tensor, double, bool, std::string, FunctionState*, Variable, UntypedNumbers> value_;
};
using NamedArgument = std::pair<std::string, FunctionValue>;

struct OperationsQuery {
  std::string domain = "core";
  std::string data_type = {};         ///< of numbers with no array beside them; empty: the domain's, else fp32
  std::string variant = "default";    ///< "default" and "standalone" are the same unless somebody defined the latter
  bool activations = false;           ///< only those
  std::string device = "auto";        ///< that the calls run on
};

/// A function: operators of the library take inputs and then attributes in the order of their page (fusedMatMul as the
/// proposal has it: a, b, transposeA, transposeB, bias, activation), operations of a program what they are called with.
/// Arrays are whole: there is no batch.
class WEBAI_EXPORT OperationFunction {
 public:
  const std::string& name() const noexcept { return name_; }
  /// Names of the arguments, in order.
  const std::vector<std::string>& parameters() const noexcept { return parameters_; }
  bool is_stateful() const noexcept { return stateful_; }

  DType type() const noexcept { return type_; }  ///< of numbers with no array beside them

  /// Behind the positions, arguments by their name. Throws INVALID_ARGUMENT, NOT_FOUND with the nearest name.
  Tensor call(std::span<const FunctionValue> arguments, std::span<const NamedArgument> named = {}) const;
  /// The same inside an operation that is being composed: at least one argument is a Variable. Numbers and tensors beside
  /// it become constants.
  Variable compose(std::span<const FunctionValue> arguments, std::span<const NamedArgument> named = {}) const;
  template <class... Values> Tensor operator()(Values&&... values) const {
    const FunctionValue list[] = {FunctionValue(std::forward<Values>(values))..., FunctionValue()};
    return call(std::span(list, sizeof...(values)));
  }
  /// The state that a first call starts from; pass it behind the other arguments. Throws UNSUPPORTED for an operation
  /// that remembers nothing.
  FunctionState get_new_state() const;

 private:
  friend WEBAI_EXPORT std::map<std::string, OperationFunction> get_operations(const Context&, const OperationsQuery&);
  struct Source;
  std::string name_;
  std::vector<std::string> parameters_;
  DType type_ = DType::fp32;
  bool stateful_ = false;
  std::shared_ptr<const Source> source_;
  std::vector<FunctionValue> placed(std::span<const FunctionValue> arguments, std::span<const NamedArgument> named) const;
};

/// All of them by name. Throws NOT_FOUND for a domain that is not there, and for a variant that nothing in it has.
WEBAI_EXPORT std::map<std::string, OperationFunction> get_operations(const Context& context,
                                                                     const OperationsQuery& query = {});

/// Another function of an operation, for a purpose of its own: {name, domain, variant, call_with}. It is what
/// get_operations gives for that variant. Throws NOT_FOUND for an operation that is not there, ALREADY_EXISTS
/// (VARIANT_EXISTS), INVALID_ARGUMENT for the variant "default" and for parameters that the operation does not have.
struct OperationVariant {
  std::string name, domain, variant;
  std::vector<std::string> call_with = {};  ///< none: as the operation is called
};
using VariantFunction = std::function<Tensor(std::span<const Tensor>)>;
WEBAI_EXPORT void define_operation_variant(const Context& context, OperationVariant variant, VariantFunction function);

struct CapabilitiesQuery {
  std::string domain = {};     ///< only this one
  std::string data_type = {};  ///< only domains and units that have it
  std::string operation = {};  ///< can_run: whether it is there, "domain#name" or in `domain`
  std::string model = {};      ///< can_run: whether this model, as JSON, can be built
};
struct Capabilities {
  std::map<std::string, std::vector<std::string>> domains;  ///< data types by domain
  std::vector<DeviceDescription> execution_units;
  bool can_run = true;
  std::string reason;  ///< why not
};
WEBAI_EXPORT Capabilities get_capabilities(const Context& context, const CapabilitiesQuery& query = {});

}  // namespace webai
