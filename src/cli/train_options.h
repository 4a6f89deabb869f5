// Training options from --options FILE and --option k=v.
#pragma once

#include <string>
#include <vector>

#include "webai/context.hpp"
#include "webai/training.hpp"

namespace webai::cli {

struct ChosenOptions {
  TrainOptions options;
  bool stops = true;  ///< some stop condition was given
};

/// The file's options with `pairs` put over them; a value that is no JSON is taken as text.
ChosenOptions read_train_options(const Context& context, const std::string& file, const std::vector<std::string>& pairs);

}  // namespace webai::cli
