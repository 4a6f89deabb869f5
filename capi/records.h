// Prepared records as training data, and the marks of samples that a network with a memory looks at.
#pragma once

#include <vector>

#include "capi/stream.h"
#include "webai/dataset.hpp"
#include "webai/network.hpp"

namespace webai::capi {

/// What is said of a sample to a network with a memory.
struct Mark {
  bool reset = false, ignored = false;
};
/// Tables of which some rows are marked; outputs of ignored rows are not looked at.
Dataset marked(const Tensor& inputs, const Tensor& outputs, const std::vector<Mark>& marks);
/// Records of prepare_data: a code, then what it announces (0 reset, 1 input, 3 input and output).
Dataset from_records(const Context& context, const NeuralNetwork& network, const Tensor& records);
/// The tensors of a stream in one. It is gone through once, training many times.
Tensor all_records(const Context& context, StreamValue& stream);

}  // namespace webai::capi
