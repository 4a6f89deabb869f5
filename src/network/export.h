// Private to src/network.
#pragma once

#include <span>
#include <string>

#include "core/model/model.h"
#include "core/op/registry.h"
#include "webai/network.hpp"

namespace webai {

/// Throws NOT_FOUND for an exporter, INVALID_ARGUMENT for a form that there is not.
void check_export(const ExportOptions& options);

/// The model as a program; `weights` holds one tensor per parameter, in the order of build_model.
std::string export_program(const Context& context, const Registry& registry, const Model& model,
                           std::span<const Tensor> weights, const ExportOptions& options);

}  // namespace webai
