// Entry points that need no context: versions and names.
#include <string_view>

#include "webai/error.hpp"
#include "webai/webai.h"

namespace {

constexpr std::uint32_t abi_major = 1, abi_minor = 0;

}  // namespace

extern "C" {

uint32_t webai_abi_version(void) { return abi_major << 16 | abi_minor; }

const char* webai_version(void) { return WEBAI_VERSION; }

const char* webai_status_name(webai_status status) {
  switch (status) {
    case WEBAI_OK:
      return "OK";
    case WEBAI_PENDING:
      return "PENDING";
    case WEBAI_END:
      return "END";
    default:
      return webai::code_name(static_cast<webai::Code>(status)).data();  // of literals, so a NUL follows
  }
}

webai_proc webai_get_proc(const char*) { return nullptr; }  // there are no experiments at present

}  // extern "C"
