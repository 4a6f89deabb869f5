// setup.data: what parameters start with, read exactly and written back.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/model/build.h"
#include "core/model/setup_file.h"
#include "core/model/setup_instructions.h"

namespace webai {

/// The numbers of setup.data (base64 of little-endian elements, or nested arrays) as one tensor of rank 1.
Tensor read_setup_data(const Context& context, const Json& data, DType type, const std::string& path);

/// The seed of the model: its own, a default plus the context's, or entropy of the host.
std::uint64_t choose_seed(const Context& context, const Model& model);

/// Gives every parameter of `built` its initial value: its own, its part of setup.data, or random numbers. Throws
/// SETUP_SIZE when setup.data has any other number of elements than the stored parameters need. What stands in a file
/// stays in the file's memory, where the types are the same.
void fill_parameters(const Context& context, const Model& model, BuiltModel& built,
                     std::span<const PlacedParameter> places, const WeightFiles* files = nullptr);

enum class SetupDataAs : std::uint8_t {
  base64,
  array,
  file,  ///< in a file of its own, which is written at the same time
  none,  ///< exports leave to chance what the model leaves to chance
};

/// The stored parameters in order, as setup.data. `current` holds one tensor per parameter of `built`. `file` takes what
/// is written as `file`.
Json write_setup_data(const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                      WeightsFile* file = nullptr);
/// A tensor as (nested) arrays of numbers, each in the fewest digits that read back as the same element.
Json json_from_tensor(const Tensor& tensor);
/// The same for a parameter as it stands in a layer: numbers, also where it is kept as codes.
Json json_from_parameter(const BuiltParameter& parameter, const Tensor& current);

}  // namespace webai
