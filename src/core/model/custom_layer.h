// A layer whose operation a program or the model defined: finds what each parameter is, then lets the operation write
// itself. Private to core/model.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/definitions.h"
#include "core/model/host_operation.h"
#include "core/model/layer_builder.h"
#include "core/model/trace.h"

namespace webai {

/// What flows into one parameter, joined.
struct Feed {
  Ref value;
  std::vector<int> producers = {};  ///< ids of the layers and pipes it comes from
  bool from_input = false;     ///< all of them are inputs of the model
  /// Of what arrives in the next run: the same, but with these numbers in the first one. Else empty.
  std::function<Ref(const std::vector<double>&)> starting = {};
};
using Feeds = std::map<std::string, Feed, std::less<>>;  ///< by parameter; "input" is the default one

/// All numbers of nested arrays, row by row.
std::vector<double> numbers_in(const Json& json);

/// A number or an array of numbers as dimensions; nothing where they are none.
std::optional<Shape> shape_of(const Json& json);
/// What a function of the program gives; what it throws is told with the place of the layer.
Json asked(const std::function<Json(std::span<const Json>)>& function, std::span<const Json> arguments,
           const std::string& name, const std::string& operation, const std::string& path);

class CustomOperation {
 public:
  /// `activation`: what the layer's activation does to a value; empty where there is none.
  CustomOperation(LayerBuilder& layer, const UserOperation& operation, Feeds feeds,
                  std::function<Ref(Ref)> activation);

  /// Writes the operation; parameters are declared in the order of its definition.
  Ref run();
  /// As an activation: the same parameters each time.
  Ref apply(Ref value);

 private:
  struct Value {
    enum Kind : std::uint8_t { absent, number, text, array, open } kind = absent;
    enum Source : std::uint8_t { internal, setup, io, model, fallback } source = internal;
    bool declares = false;  ///< a parameter of the network, else a constant
    bool stored = false;
    bool trainable = false;
    bool batched = false;
    int index = 0;                  ///< among those that are declared
    bool state = false;             ///< internal: lives from run to run
    std::int32_t next = no_value;   ///< what it is to hold then
    Shape dims;  ///< of arrays, without batch
    Json given;  ///< the number, text or array
    Ref ref;     ///< once declared, or what flows in
    std::vector<int> producers;
    std::int64_t offset = 0;
  };

  const Value& resolve(std::string_view name);
  Value find(const OperationParameter& parameter);
  Value state_of(const std::string& name, bool array, const std::optional<Json>& start);
  void check_start(const std::string& what, std::span<const double> numbers) const;
  Ref started(const OperationParameter& parameter, const Feed& feed);
  void lower_init_state();
  Json called(const std::string& name, const std::vector<std::string>& with,
              const std::function<Json(std::span<const Json>)>& function);
  Value array_of(const OperationParameter& parameter, const Json& json, Value::Source source);
  Value plain_of(const OperationParameter& parameter, const Json& json, Value::Source source);
  std::optional<Json> default_of(const OperationParameter& parameter);
  Json evaluate(const Json& json);
  Json evaluated_entry(const std::string& entry);
  /// What an entry with a prefix stands for.
  Json property_of(char prefix, std::string_view name);
  const Shape& size();
  bool has_size();
  Ref declare(std::size_t index, Value& value);
  void declare_all();
  Ref call_function();
  Ref run_host();
  /// An entry of the call list with a prefix, or `size` or `id`.
  Json handed_entry(const std::string& entry);
  std::vector<HostArgument> host_list(std::vector<Ref>& inputs, std::vector<Ref>& states);
  HostArgument host_input(const Value& value, std::string_view name, std::vector<Ref>& inputs, std::vector<Ref>& states) const;
  HostArgument activation_handle();
  std::vector<HostArgument> as_handle();
  Ref run_composed_function();
  Ref fitted(Ref value);
  Ref counted_by();
  bool takes_data() const;
  std::int64_t data_id(std::string_view name) const;
  [[noreturn]] void fail(Code code, std::string reason, std::string message, std::string hint,
                         std::string_view property = {}) const;
  [[noreturn]] void no_size_of_array(const std::string& name) const;

  LayerBuilder& layer_;
  const UserOperation& operation_;
  Feeds feeds_;
  std::function<Ref(Ref)> activation_;
  bool as_activation_ = false;
  bool declared_ = false;
  int first_ = 0;  // the number of the first parameter in the layer
  std::map<std::string, Value, std::less<>> values_;
  std::vector<std::string> under_way_;  // names being resolved: a default that leads back to itself is an error
  std::optional<Shape> size_;
};

}  // namespace webai
