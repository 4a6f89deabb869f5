// The one place that opens the OpenCL loader.
#include "backends/opencl/loader.h"

#include <dlfcn.h>

namespace webai::opencl {

bool load(Api& api, std::string& absent) {
  void* library = nullptr;
  for (const char* const name : {"libOpenCL.so.1", "libOpenCL.so"}) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library) break;
  }
  if (!library) {
    absent = "no OpenCL loader (libOpenCL.so.1) is installed";
    return false;
  }
  bool complete = true;
  const auto find = [&]<class Function>(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    if (function || !complete) return;
    absent = std::string("the OpenCL loader has no ") + name + ": it is older than OpenCL 1.2";
    complete = false;
  };
#define WEBAI_FIND(name) find(api.name, #name);
  WEBAI_OPENCL_FUNCTIONS(WEBAI_FIND)
#undef WEBAI_FIND
  return complete;
}

}  // namespace webai::opencl
