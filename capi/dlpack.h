// The part of DLPack 1.x that crosses this interface, in its own names and layout: nothing is taken from dlpack.h, so
// that a program may include that beside us.
#pragma once

#include <cstdint>

#include "webai/webai.h"

extern "C" {

struct DLManagedTensorVersioned {
  struct {
    std::uint32_t major, minor;
  } version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  std::uint64_t flags;
  webai_tensor_view dl_tensor;  // equals DLTensor byte for byte
};

}  // extern "C"

namespace webai::capi {

inline constexpr std::uint32_t dlpack_major = 1, dlpack_minor = 0;
inline constexpr std::uint64_t dlpack_read_only = 1;  // bit of flags

}  // namespace webai::capi
