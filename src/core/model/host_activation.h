// The activation that a function of plain numbers calls. Private to core/model.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/model/host_operation.h"
#include "core/op/elementwise.h"

namespace webai {

// A function of the program, called with arrays of one number.
class OwnActivation {
 public:
  OwnActivation(std::shared_ptr<const UserOperation> operation, std::vector<HostArgument> specs, DType type);
  double operator()(double x);

 private:
  std::shared_ptr<const UserOperation> operation_;
  std::vector<HostArgument> specs_;
  DType type_;
  std::vector<std::vector<double>> values_;
  std::array<double, 1> output_ = {};
  std::vector<Argument> arguments_;
};

// An elementwise operator, or a function of the program, as a function of one number.
struct ElementFunction {
  const Elementwise* op = nullptr;
  std::vector<double> attributes;
  std::unique_ptr<OwnActivation> own;
  static double call(double x, const void* data);
};

/// `caller`: the operation whose function calls it, in a model of that type.
ElementFunction element_function(const HostArgument& argument, const UserOperation& caller, DType type);

}  // namespace webai
