// A model file as the command line opens it, and what it writes into a model that has no `io` of its own.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"
#include "webai/dataset.hpp"
#include "webai/network.hpp"

namespace webai::cli {

struct ModelFile {
  std::string path;
  std::string text;
  bool layers_follow = false;  ///< from the data: it need not have any
};

/// The text of a model. Throws UNSUPPORTED for what is plainly no JSON: foreign formats are told by their content.
ModelFile read_model(const Context& context, const std::string& path);

/// The network of a model; errors name the file. `read`: the files of weights that it names are added there.
NeuralNetwork build_network(const ModelFile& file, const Context& context, const NetworkOptions& options,
                            std::vector<NamedFile>* read = nullptr);

/// Puts an `io` block into a model that has neither `io` nor trained weights: `normalize: "auto"` when the data's
/// inputs are large, the data's labels when it names them. Answers what was written in, in words; empty: nothing.
std::string adapt_to_data(ModelFile& file, const NeuralNetwork& network, const Dataset& data);

}  // namespace webai::cli
