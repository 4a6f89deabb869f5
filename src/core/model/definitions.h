// What a program has defined in a context: domains, operations. Definitions are only ever added; of two that carry one
// name, which threads may add at one moment, the first one counts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "webai/operation.hpp"

namespace webai {

class Registry;

/// An operation as defined, checked and completed: parameters known, call list given.
struct UserOperation;

/// Activations of the program that a function of plain numbers calls, by "domain#name": a node has words alone to name
/// them with. The context and the models that use them own them.
class HostActivations {
 public:
  void add(const std::shared_ptr<const UserOperation>& activation);
  std::shared_ptr<const UserOperation> find(std::string_view name) const;  ///< null where there is none

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const UserOperation>, std::less<>> known_;
};

struct UserOperation {
  std::string name, domain;
  std::string doc;
  std::optional<DType> type;  ///< of the models it works in; empty: any
  bool activation = false;
  bool allowed_on_first_layer = false;
  bool fit_output = false;
  bool explicit_batch = false;       ///< of its domain: it sees whole tensors
  bool takes_activation = false;     ///< the layer's activation is its own affair
  bool takes_default_input = false;  ///< flows that name no parameter may come here
  std::vector<OperationParameter> params;  ///< without `size` and the other reserved names ...
  std::optional<OperationParameter> size;  ///< ... which may have defaults
  std::vector<std::string> call_with;
  std::function<Json(std::span<const Json>)> init_state;  ///< the old form of internal state
  std::vector<std::string> init_state_with;
  ComposedFunction composed;  ///< either this
  HostCallFunction host;      ///< or this; with both it is tried whether it composes
  HostCallGradient gradient;
  int depth = 1;  ///< of bodies in bodies
  std::shared_ptr<HostActivations> host_activations = std::make_shared<HostActivations>();

  const OperationParameter* find(std::string_view parameter) const noexcept;
};

/// A function of the program by what it does; its type is known to src/network.
struct Algorithm {
  enum Kind : std::uint8_t { train, run, verify, exporter } kind = train;
  std::string domain, name;
  std::shared_ptr<const void> function;
};

/// Another function of an operation; its type is known to src/network.
struct Variant {
  std::string domain, name, variant;
  std::vector<std::string> call_with;
  std::shared_ptr<const void> function;
};

struct Definitions {
  std::vector<std::shared_ptr<const DomainDefinition>> domains;
  std::vector<std::shared_ptr<const UserOperation>> operations;
  std::vector<std::shared_ptr<const Algorithm>> algorithms;
  std::vector<std::shared_ptr<const Variant>> variants;

  const DomainDefinition* domain(std::string_view name) const noexcept;
  std::shared_ptr<const UserOperation> operation(std::string_view domain, std::string_view name) const noexcept;
  /// In the domain, else in "core".
  std::shared_ptr<const void> algorithm(Algorithm::Kind kind, std::string_view domain, std::string_view name) const;
  std::shared_ptr<const Variant> variant(std::string_view domain, std::string_view name, std::string_view variant) const;
  std::vector<std::string_view> domain_names() const;
  /// Whether sizes in that domain are whole shapes, without a batch in front that goes without saying.
  bool explicit_batch(std::string_view domain) const noexcept;
};

/// Those of this moment; never null.
std::shared_ptr<const Definitions> definitions_of(const Context& context);
/// Adds one; false where its name is taken.
bool keep_definition(const Context& context, std::shared_ptr<const DomainDefinition> domain);
bool keep_definition(const Context& context, std::shared_ptr<const UserOperation> operation);
bool keep_definition(const Context& context, std::shared_ptr<const Algorithm> algorithm);
bool keep_definition(const Context& context, std::shared_ptr<const Variant> variant);

/// Checks and completes; `context` knows the domain. Throws INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS.
std::shared_ptr<UserOperation> complete_operation(const Context& context, const Registry& registry,
                                                  OperationDefinition definition, std::size_t inputs);

[[noreturn]] void operation_exists(const UserOperation& operation);
/// Operations that see whole tensors and those that see samples of a batch do not meet: throws EXPLICIT_BATCH where the
/// operation is not as what it would stand in.
void check_explicit_batch(const UserOperation& operation, bool around, std::string path);

/// What an entry of a call list may have in front of a parameter's name: one of : & $ # ^ %, or 0.
char call_prefix(std::string_view entry) noexcept;
inline std::string_view without_prefix(std::string_view entry) {
  return call_prefix(entry) ? entry.substr(1) : entry;
}
/// Names that every layer has: input, output, state, activation, activationStr, id, size.
bool is_reserved_parameter(std::string_view name) noexcept;

}  // namespace webai
