// Whether a device computes the one text of the elementwise operators with the bits that the host has.
#pragma once

#include <memory>
#include <string>

#include "backends/opencl/session.h"

namespace webai::opencl {

struct SelfTest {
  bool same_bits = false;
  std::string text;  ///< one sentence: what was tested, or what differs
};

/// Runs chosen inputs through + - * / sqrt and the functions under the elementwise operators, on the device and, from
/// the same text, on the host. `prelude` opens the program as it opens all others. Builds one program with one kernel.
/// A driver that refuses the program fails the test; a device that is lost throws.
SelfTest self_test(const std::shared_ptr<Session>& session, const std::string& prelude);

}  // namespace webai::opencl
