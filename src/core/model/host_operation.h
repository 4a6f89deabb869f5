// Operations that are functions of plain numbers, as operators with a reference kernel. Private to core/model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model/definitions.h"
#include "core/op/op_def.h"

namespace webai {

/// What one argument of a call is made of.
struct HostArgument {
  enum Kind : std::uint8_t { absent, number, list, text, input, activation, output, states } kind = absent;
  std::vector<double> numbers = {};  ///< of number and list; the constants of an activation
  std::string words = {};            ///< the text; the activation's name
  std::size_t index = 0;             ///< of the operator's input
  bool batched = false;              ///< one for each sample; else the same for all
  bool scalar = false;               ///< handed over as a number
  bool state = false;                ///< lives from run to run: what the function leaves there is a further output
};

/// As the operator's attribute "arguments" holds them, and back.
std::string text_of(const std::vector<HostArgument>& arguments);
std::vector<HostArgument> host_arguments(std::string_view text, std::size_t inputs);

/// The operator, and where there is a gradient the operator that computes it.
std::vector<OpDef> host_operators(const std::shared_ptr<const UserOperation>& operation);

}  // namespace webai
