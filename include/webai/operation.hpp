// Domains and operations of your own. A function of Variables, written once, is a layer type and an activation of its
// domain, has a gradient, is fused with its neighbours and runs on every device. A function of plain numbers runs on the
// host, and can be trained through when it comes with its gradient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "webai/context.hpp"
#include "webai/dtype.hpp"
#include "webai/export.hpp"
#include "webai/json.hpp"
#include "webai/shape.hpp"

namespace webai {

class Tensor;

/// A value that an operation is being composed of. Lives only while the operation's function runs.
class WEBAI_EXPORT Variable {
 public:
  Variable() = default;
  DType type() const;
  /// The first dimension is the batch, and may still be a symbol; in a domain with explicit_batch there is none.
  Shape shape() const;

 private:
  friend struct VariableAccess;
  void* trace_ = nullptr;
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
/// A tensor as a constant of `like`'s type.
WEBAI_EXPORT Variable constant(const Tensor& values, Variable like);

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

inline Variable matmul(Variable a, Variable b) { return apply("matmul", {a, b}); }

class ForwardInputs;

/// One argument of an operation's function: what one entry of `callWith` stands for in the layer at hand. Converts to
/// the type that the function's parameter has; throws INVALID_ARGUMENT (reason ARGUMENT) where it stands for something
/// else.
class WEBAI_EXPORT Argument {
 public:
  enum class Kind : std::uint8_t {
    absent,      ///< not given, and without a default
    number,      ///< one number
    numbers,     ///< an array's values of one sample, a list of dimensions or ids
    text,        ///< names, words
    variable,    ///< a value of a composed function
    activation,  ///< the layer's activation: call it
    output,      ///< room for the result, of the layer's size
    state        ///< the internal state, by name
  };

  Kind kind() const noexcept { return kind_; }
  bool absent() const noexcept { return kind_ == Kind::absent; }
  explicit operator bool() const noexcept { return !absent(); }

  operator Variable() const;                 ///< in composed functions; numbers become constants
  operator double() const;                   ///< a number, or an array of one
  operator std::span<const double>() const;  ///< row-major
  operator std::span<double>() const;        ///< of the output, or of an internal state
  operator std::string_view() const;
  std::span<const double> numbers() const { return *this; }
  double number() const { return *this; }
  std::string_view text() const { return *this; }
  std::size_t size() const noexcept { return numbers_.size(); }
  double operator[](std::size_t index) const { return numbers()[index]; }
  double operator[](int index) const { return numbers()[static_cast<std::size_t>(index)]; }
  const Shape& dims() const noexcept { return dims_; }  ///< of one sample; rank 0 of a number
  std::span<const std::string> names() const;           ///< of the argument `state`: what it holds

  /// Of the argument `state`: the internal state of that name. Throws NOT_FOUND.
  const Argument& operator[](std::string_view name) const;
  const Argument& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
  /// In composed functions: what an internal state is to hold in the next run.
  void set(Variable next) const;

  /// The activation; where the layer has none it gives back what it gets.
  Variable operator()(Variable x) const;
  double operator()(double x) const;  ///< in host functions, for activations that work element by element

 private:
  friend struct ArgumentAccess;
  Kind kind_ = Kind::absent;
  Shape dims_;
  std::span<double> numbers_;
  std::string_view text_;
  Variable variable_;
  void* trace_ = nullptr;
  const std::function<Variable(Variable)>* composed_ = nullptr;
  double (*element_)(double x, const void* data) = nullptr;
  const void* element_data_ = nullptr;
  const ForwardInputs* members_ = nullptr;
  std::int32_t* next_ = nullptr;
};

/// A parameter of an operation, the seeds' paramObject. The name may begin with shorthands in any order: * array type,
/// ! no setup, @ subject of training, ~ internal state.
struct WEBAI_EXPORT OperationParameter {
  OperationParameter(std::string given);
  OperationParameter(const char* given) : OperationParameter(std::string(given)) {}

  std::string name;
  bool internal_state = false;      ///< lives from run to run; models cannot give it
  bool array_type = false;          ///< an array, or the end of a pipe
  bool no_setup = false;            ///< never stored in setup.data
  bool subject_of_training = false;
  bool train_only_if_not_in_model = false;
  std::vector<std::string> call_default_with;  ///< what default_function is called with
  std::optional<Json> default_value;           ///< a text such as ":input" stands for what it would be as an argument
  std::function<Json(std::span<const Json>)> default_function;

  OperationParameter&& defaults_to(Json value) &&;
  /// A number: so many elements, stored; an array: these values; {"size": [..]}: dimensions, stored. For `size`: dims.
  OperationParameter&& defaults_to(std::vector<std::string> call_with, std::function<Json(std::span<const Json>)> function) &&;
  OperationParameter&& trained() && { return subject_of_training = true, std::move(*this); }
};

/// Declares a domain: models name it, operations belong to it.
struct DomainDefinition {
  std::string name;
  std::string default_data_type = {};        ///< without it models of the domain have to say theirs
  std::string default_operation_type = {};   ///< of layers that name none: "dense", or another domain's, "core#neurons"
  std::string default_activation_type = {};  ///< of layers for which neither they nor the root name one
  bool explicit_batch = false;  ///< sizes are whole shapes: its models have no batch, its operations see whole tensors
};

/// Throws ALREADY_EXISTS (reason DOMAIN_EXISTS), INVALID_ARGUMENT for a name that cannot be.
WEBAI_EXPORT void define_domain(const Context& context, DomainDefinition definition);
/// {"domainName": "mine", "defaultDataType": "fp32", "defaultOperationType": "neurons", "explicitBatch": false}
WEBAI_EXPORT void define_domain(const Context& context, std::string_view json);

struct WEBAI_EXPORT OperationDefinition {
  std::string name;               ///< as models write it
  std::string domain;             ///< of the operation: one that is defined
  std::string doc = {};           ///< one sentence
  std::optional<bool> activation = {};  ///< may stand as `activation`; empty: where it has no params and takes one array
  std::string data_type = {};     ///< of the models it works in; empty: of any
  bool allowed_on_first_layer = false;
  bool fit_output = false;        ///< a result of another count than the size is cut or filled with zeros
  std::vector<OperationParameter> params = {};  ///< none: one array for each of the function's parameters
  std::vector<std::string> call_with = {};      ///< what the function is called with; none: all params in order, but
                                                ///< for `size` and internal states
  /// The old form of internal state: gives an object whose properties become states, reached through `state`.
  std::function<Json(std::span<const Json>)> init_state = {};
  std::vector<std::string> init_state_with = {};

  /// The seeds' description: {"name", "domain", "dataType", "model": {"isActivation", "allowedOnFirstLayer",
  /// "defineParams", "callWith"}}. Old names (paramsForDefault, operation, count) are understood.
  static OperationDefinition from_json(const Context& context, std::string_view json);
  /// A parameter by name, to give it a default function. Throws NOT_FOUND.
  OperationParameter& parameter(std::string_view wanted);
};

/// What one call of a host function was given, by name or by position.
class WEBAI_EXPORT ForwardInputs {
 public:
  ForwardInputs(std::span<const std::string> names, std::span<const Argument> arguments)
      : names_(names), arguments_(arguments) {}
  const Argument& operator[](std::string_view name) const;  ///< throws NOT_FOUND
  const Argument& operator[](const char* name) const { return (*this)[std::string_view(name)]; }
  const Argument& operator[](std::size_t index) const { return arguments_[index]; }
  std::size_t size() const noexcept { return arguments_.size(); }
  std::span<const std::string> names() const noexcept { return names_; }

 private:
  std::span<const std::string> names_;
  std::span<const Argument> arguments_;
};

using Arguments = std::span<const Argument>;
using ComposedFunction = std::function<Variable(Arguments)>;
/// The values of the result, row-major; none where it was written into the argument `output`. Called once a sample, in
/// a domain with explicit_batch once a run.
using HostFunction = std::function<std::vector<double>(Arguments)>;
using ParameterGradients = std::map<std::string, std::vector<double>, std::less<>>;
/// The gradient of the loss by each array or number of the call, by its name; one that is left out gets none.
using HostGradient = std::function<ParameterGradients(const ForwardInputs& inputs, std::span<const double> output,
                                                      std::span<const double> output_gradient)>;

/// What a host function works in: the data type of its layer, and the dimensions of one sample's result.
struct HostCall {
  DType type = DType::fp32;
  Shape output = {};
};
using HostCallFunction = std::function<std::vector<double>(Arguments, const HostCall& call)>;
using HostCallGradient =
    std::function<ParameterGradients(const ForwardInputs& inputs, std::span<const double> output,
                                     std::span<const double> output_gradient, const HostCall& call)>;
/// Both ways of saying what an operation does. `composed` may find that it needs numbers, and throw an Error with
/// Code::symbolic: then `host` is called on every run instead. Either may be left out, `gradient` belongs to `host`.
struct OperationFunctions {
  ComposedFunction composed = {};
  HostCallFunction host = {};
  HostCallGradient gradient = {};
};

/// Composes an operation. Networks that are built from this context later know it. The function is called for each place
/// where the operation stands, on any thread; it must not keep Variables or Arguments. Throws INVALID_ARGUMENT for a
/// definition that cannot be, ALREADY_EXISTS (OPERATION_EXISTS), NOT_FOUND (DOMAIN, or an operation that it calls).
WEBAI_EXPORT void define_composed_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                                            ComposedFunction function);
/// The same of a function of plain numbers, which is called for each sample of each run, on the thread that runs the
/// network. What it throws ends the run.
WEBAI_EXPORT void define_host_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                                        HostFunction function, HostGradient gradient = {});
/// The same of a function that can be either; `inputs` 0: as many as the call list says.
WEBAI_EXPORT void define_operation(const Context& context, OperationDefinition definition, std::size_t inputs,
                                   OperationFunctions functions);
/// An operation without code, safe to take from strangers: {"name", "domain", "model": {...}, "body": {...}}, as
/// docs/operations.md describes.
WEBAI_EXPORT void define_operation(const Context& context, std::string_view json);

namespace detail {
template <class Function, class... Given>
constexpr std::size_t arity() {
  if constexpr (std::is_invocable_v<Function, Given...>)
    return sizeof...(Given);
  else if constexpr (sizeof...(Given) < 12)
    return arity<Function, Given..., const Argument&>();
  else
    return 0;
}
template <class Function, std::size_t... index>
decltype(auto) call(const Function& function, Arguments arguments, std::index_sequence<index...>) {
  return function(arguments[index]...);
}
}  // namespace detail

/// The same of any function whose parameters Arguments convert to: Variable, double, std::span<const double>,
/// std::string_view, Argument. What it returns says which it is: a Variable, or numbers (or nothing).
///   define_operation(context, {.name = "swish", .domain = "mine"}, [](Variable x) { return x * sigmoid(x); });
template <class Function>
  requires(!std::is_convertible_v<Function, std::string_view>)
void define_operation(const Context& context, OperationDefinition definition, Function function,
                      HostGradient gradient = {}) {
  constexpr std::size_t count = detail::arity<Function, const Argument&>();
  static_assert(count > 0, "the function takes one to twelve parameters, each of a type that an Argument converts to");
  using Indices = std::make_index_sequence<count>;
  using Result = decltype(detail::call(function, Arguments(), Indices()));
  if constexpr (std::is_same_v<Result, Variable>) {
    define_composed_operation(context, std::move(definition), count,
                              [function](Arguments given) { return detail::call(function, given, Indices()); });
  } else if constexpr (std::is_void_v<Result>) {
    define_host_operation(
        context, std::move(definition), count,
        [function](Arguments given) -> std::vector<double> { return detail::call(function, given, Indices()), std::vector<double>(); },
        std::move(gradient));
  } else {
    define_host_operation(
        context, std::move(definition), count,
        [function](Arguments given) -> std::vector<double> { return detail::call(function, given, Indices()); },
        std::move(gradient));
  }
}

}  // namespace webai
