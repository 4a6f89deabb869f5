// The set of known operators. It refuses a definition that leaves a gap.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/op/op_def.h"

namespace webai {

class Registry {
 public:
  /// Takes a definition. Throws ALREADY_EXISTS, or INVALID_ARGUMENT naming the gap: no shape rule; neither kernel nor
  /// body (nor view); neither gradient, body nor reason; a constraint without text; no sample.
  const OpDef& add(OpDef definition);
  /// Another spelling of an operator of the core, for find and get; `all` names each operator once.
  void add_alias(std::string_view alias, std::string_view name);
  /// Those spellings, with the operator that each stands for.
  std::vector<std::pair<std::string_view, const OpDef*>> aliases() const;
  /// nullptr where there is none. A name with its domain, "mine#swish", is looked for there instead.
  const OpDef* find(std::string_view domain, std::string_view name) const;
  /// find in domain core, or "domain#name"; throws NOT_FOUND with the nearest name.
  const OpDef& get(std::string_view name) const;
  /// All of a domain in alphabetical order.
  std::vector<const OpDef*> all(std::string_view domain) const;
  std::vector<std::string> domains() const;

 private:
  std::map<std::string, std::unique_ptr<OpDef>, std::less<>> definitions_;  // key "domain#name"
  std::map<std::string, const OpDef*, std::less<>> aliases_;                 // key "core#alias"
};

/// Every built-in operator (core/ops/all_ops.cpp lists the families by name).
Registry make_registry();
/// And what a program has defined in this context.
Registry make_registry(const Context& context);

}  // namespace webai
