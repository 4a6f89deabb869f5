// What goes into a run and what comes out of it, as values.
#pragma once

#include "capi/network.h"
#include "capi/options.h"
#include "capi/tensor.h"
#include "webai/values.hpp"

namespace webai::capi {

/// The options of a run among others.
RunOptions read_run_options(Options& opts);

/// What a run gets: one tensor for all inputs, or one for each by name, as models with open dimensions need them.
struct RunInput {
  Tensor all;
  std::vector<std::pair<std::string, Tensor>> named = {};
};
/// What the caller gives as input: a tensor as it is, everything else as numbers in the network's type. Maps name inputs,
/// also inside lists; texts become numbers by the model's `io`. Without `normalize` inputs have the sizes behind it.
RunInput read_run_input(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network,
                        webai_value* in, bool normalize);
/// All of it in one tensor.
Tensor read_input(const webai_context& context, const NetworkValue& net, const NeuralNetwork& network, webai_value* in,
                  bool normalize);
Output run_input(NeuralNetwork& network, const RunInput& input, const RunOptions& options);
/// Throws SHAPE_MISMATCH where it is no whole number of samples: told before there is a future.
void check_input_size(const NeuralNetwork& network, const RunInput& input, const RunOptions& options);

/// Whether a value holds a map or a text, so that only a network understands it.
bool needs_network(webai_value* value);
void add_value(InputValues& values, webai_value* value);

/// What a run gives: a tensor, a map of them, or labels. `into` may be null, else it is written and given back.
Value output_value(const NetworkValue& net, const NeuralNetwork& network, const Output& output, TensorValue* into,
                   const RunOptions& options);

}  // namespace webai::capi
