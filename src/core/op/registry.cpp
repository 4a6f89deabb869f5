// Taking operator definitions, refusing the ones with gaps, and finding them.
#include "core/op/registry.h"

#include "core/base/names.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void refuse(const OpDef& op, const char* gap) {
  throw Error(Code::invalid_argument, {.message = "the definition of operator \"" + op.name + "\" leaves a gap: " + gap,
                                       .reason = "OPERATOR_GAP", .operation = op.name});
}

void check_complete(const OpDef& op) {
  if (op.name.empty()) refuse(op, "no name");
  if (op.domain.empty()) refuse(op, "no domain");
  if (op.doc.empty() || op.formula.empty()) refuse(op, "no sentence or no formula");
  if (!op.shape) refuse(op, "no shape rule");
  if (!op.reference && !op.body && !op.view) refuse(op, "neither reference kernel nor body");
  if (!op.gradient && !op.body && op.not_differentiable.empty())
    refuse(op, "neither gradient nor body nor a reason why there is no gradient");
  for (const Constraint& constraint : op.constraints)
    if (constraint.label.empty() || constraint.text.empty()) refuse(op, "a constraint without label or text");
  for (std::size_t i = 0; i + 1 < op.inputs.size(); ++i)
    if (op.inputs[i].presence == InputSpec::variadic) refuse(op, "a variadic input that is not the last");
  if (op.samples.empty()) refuse(op, "no sample shapes for the tests");
}

}  // namespace

const OpDef& Registry::add(OpDef op) {
  check_complete(op);
  const std::string key = op.domain + "#" + op.name;
  if (definitions_.contains(key))
    throw Error(Code::already_exists, {.message = "operator \"" + op.name + "\" exists already in domain \"" + op.domain +
                                                  "\"", .reason = "OPERATION_EXISTS", .operation = op.name});
  return *(definitions_[key] = std::make_unique<OpDef>(std::move(op)));
}

void Registry::add_alias(std::string_view alias, std::string_view name) {
  aliases_.emplace("core#" + std::string(alias), &get(name));
}

std::vector<std::pair<std::string_view, const OpDef*>> Registry::aliases() const {
  std::vector<std::pair<std::string_view, const OpDef*>> result;
  for (const auto& [key, op] : aliases_) result.emplace_back(std::string_view(key).substr(key.find('#') + 1), op);
  return result;
}

const OpDef* Registry::find(std::string_view domain, std::string_view name) const {
  const bool complete = name.find('#') != std::string_view::npos;
  const std::string key = complete ? std::string(name) : std::string(domain) + "#" + std::string(name);
  if (const auto at = definitions_.find(key); at != definitions_.end()) return at->second.get();
  const auto other = aliases_.find(key);
  return other == aliases_.end() ? nullptr : other->second;
}

const OpDef& Registry::get(std::string_view name) const {
  if (const OpDef* const found = find("core", name)) return *found;
  const std::string key = name.find('#') == std::string_view::npos ? "core#" + std::string(name) : std::string(name);
  std::vector<std::string_view> names;
  const std::string domain = key.substr(0, key.find('#'));
  for (const auto& [other, op] : definitions_)
    if (op->domain == domain) names.push_back(op->name);
  throw Error(Code::not_found, {.message = "there is no operator \"" + std::string(name) + "\"",
                                .reason = "OPERATION", .operation = std::string(name),
                                .expected = one_of(names),
                                .actual = "\"" + std::string(name) + "\"",
                                .hint = did_you_mean(key.substr(key.find('#') + 1), names, "docs/operations.md tells the operators")});
}

std::vector<const OpDef*> Registry::all(std::string_view domain) const {
  std::vector<const OpDef*> result;
  for (const auto& [key, op] : definitions_)
    if (op->domain == domain) result.push_back(op.get());
  return result;
}

std::vector<std::string> Registry::domains() const {
  std::vector<std::string> result;
  for (const auto& [key, op] : definitions_)
    if (result.empty() || result.back() != op->domain) result.push_back(op->domain);
  return result;
}

}  // namespace webai
