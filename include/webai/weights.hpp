// Weights beside a model: how the files that `setup.data` names are found.
#pragma once

#include <functional>
#include <string>

#include "webai/tensor.hpp"

namespace webai {

/// Gives the bytes of a file as a tensor of u8, rank 1. `name` is relative, its parts are separated by "/", and none of
/// them is "." or "..". Throws NOT_FOUND, DENIED or HOST_ERROR. The memory is only read, and only while a network is made.
using WeightFiles = std::function<Tensor(const std::string& name)>;

}  // namespace webai
