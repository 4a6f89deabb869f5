// A file inside a folder, as memory.
#pragma once

#include <string>

#include "webai/tensor.hpp"

namespace webai {

/// The bytes of folder/name, u8 of rank 1, mapped and private: writes reach no file. Links are not followed below
/// `folder`, and only a regular file is taken. Throws NOT_FOUND, DENIED or HOST_ERROR. `name` has no "..".
Tensor map_file_within(const std::string& folder, const std::string& name);

}  // namespace webai
