// Back to JSON: the model as it was given, with current values where the old ones came from.
#pragma once

#include <span>
#include <string>

#include "core/model/build.h"
#include "core/model/setup_data.h"

namespace webai {

struct ExportOptions {
  SetupDataAs setup_data_as = SetupDataAs::base64;
  bool pretty = false;  ///< line breaks and indentation
};

/// `current` holds one tensor per parameter of `built`, in its order. What "auto" normalisation learned is written as
/// the step it stands for; `learned` holds mean and scale of each of built.auto_normalize, and may be empty.
Json export_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                  std::span<const Tensor> learned = {}, ExportOptions options = {});
std::string export_json(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                        std::span<const Tensor> learned = {}, ExportOptions options = {});

}  // namespace webai
