// The steps of a body as they were read, and applying them. Private to core/model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model/operation_body.h"

namespace webai {

/// An operation as a step applies it.
struct Applied {
  std::string name;  ///< of the registry; empty where `inner` is set
  std::shared_ptr<const UserOperation> inner;
};

/// An operand of a step: an entry of the call list, an earlier step, a number, or for operations that take an
/// activation one by its name or none.
struct BodyInput {
  enum Kind : std::uint8_t { argument, step, number, activation, none } kind = none;
  std::size_t index = 0;
  double value = 0;
  Applied named = {};
};

struct BodyStep {
  Applied operation;
  bool is_activation = false;  ///< of the layer: the entry `activation` of the call list
  std::size_t activation = 0;
  std::vector<BodyInput> inputs;
  std::string attributes;
  std::string path;
};

/// What an internal state is to hold in the next run.
struct BodyWrite {
  std::size_t state = 0;  ///< entry of the call list
  BodyInput value;
  std::string path;
};

struct StepList {
  std::vector<BodyStep> steps;
  std::size_t result = 0;
  std::vector<BodyWrite> writes = {};
};

/// Variable by variable; what it composes is inlined. Errors name the step.
Variable run_body(const StepList& body, Arguments arguments);

struct ReadBody {
  std::vector<std::string> call_with;  ///< what the steps name, in the order of the definition
  int depth = 0;                       ///< of the operations that it applies
  StepList body;
};

/// Throws INVALID_MODEL, NOT_FOUND, INVALID_ARGUMENT, LIMIT_EXCEEDED with the place in the document.
ReadBody read_body(const Context& context, const Registry& registry, const OperationDefinition& definition,
                   const Json& body, const BodyOptions& options);

}  // namespace webai
