// The words of the model language: known properties, aliases, and how a wrong word is answered. Private to core/model.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"
#include "core/model/layer_def.h"
#include "core/model/model.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai {

/// Where an alias may stand.
enum class Scope : std::uint8_t { root, layer, data, operation, parameter };

/// Properties that every layer may have, and those of the root.
std::span<const std::string_view> core_layer_properties();
std::span<const std::string_view> root_properties();

/// Old names of the scope with what they are called now.
std::vector<std::pair<std::string_view, std::string_view>> aliases_of(Scope scope);

/// Keys of the author's tools, kept and ignored: `meta` and names starting with "x-".
bool is_kept_and_ignored(std::string_view key);
/// The old name of the layer type "neurons".
inline constexpr std::string_view old_neurons = "standard";

/// In a handler: throws the error on, with its path in the words of the text ("/layers/1/count").
[[noreturn]] void rethrow_as_written(const Error& error, const std::vector<OldWord>& words);

/// Warns once for each alias of one model; refuses them when told to.
class AliasLog {
 public:
  AliasLog() = default;  ///< says nothing: for what has been read before
  AliasLog(const Context& context, bool strict) : context_(&context), strict_(strict) {}
  void used(std::string_view alias, std::string_view canonical, const std::string& path);
  void renamed(std::string path, std::string alias) { words_.push_back({std::move(path), std::move(alias)}); }
  const std::vector<OldWord>& words() const noexcept { return words_; }  ///< outer ones before those in them

 private:
  const Context* context_ = nullptr;
  bool strict_ = false;
  std::set<std::string, std::less<>> warned_;
  std::vector<OldWord> words_;
};

/// The object with canonical keys in its order. Throws ALIAS_CONFLICT when both are present and differ.
Json with_canonical_keys(const Json& object, Scope scope, const std::string& path, AliasLog& log);
/// Canonical spelling of a layer type ("standard" is "neurons").
std::string canonical_type(const std::string& type, const std::string& path, AliasLog& log);

/// Throws `/path/key: no such property of <owner>; did you mean "near"?`, or with what to try `otherwise`.
[[noreturn]] void unknown_property(const std::string& path, std::string_view key, std::string_view owner,
                                   const std::vector<std::string_view>& known,
                                   std::string_view otherwise = "take one of those, or leave it out");
/// Throws INVALID_MODEL "`what` is <expected>, got <value>" at `path`.
[[noreturn]] void wrong_value(const std::string& path, std::string_view what, std::string_view expected,
                              const Json& value);

/// The number as the type holds it: rounded, perhaps to infinity.
double rounded_to(DType type, double value) noexcept;
/// Checks a layer's own property against its definition; numbers are to be such in `type`, which the model computes in.
void check_property(const PropertyDef& definition, const Json& value, const std::string& path, DType type = DType::fp64);
/// Numbers and switches of an activation are properties of its layer; axes are not: they would count the batch.
bool is_constant_of_activation(const AttributeSpec& spec);
/// Checks and converts an attribute of an operator that stands as a layer.
AttributeValue attribute_from_json(const AttributeSpec& spec, const Json& value, const std::string& path);
/// The same of a constant of an activation, in a model that computes in `type`.
void check_constant(const AttributeSpec& spec, const Json& value, const std::string& path, DType type);

}  // namespace webai
