// Whether a device computes the one text of the elementwise operators with the bits that the host has.
#pragma once

#include <memory>
#include <string>

#include "backends/opencl/session.h"
#include "core/op/expression_printer.h"

namespace webai::opencl {

struct SelfTest {
  bool same_bits = false;
  std::string text;  ///< one sentence: what was tested, or what differs
};

/// Runs chosen inputs through + - * / sqrt and the functions under the elementwise operators, on the device and, from
/// the same text, on the host. Division is printed as in all programs of the device; `before` goes between the prelude
/// and the kernel, for tests. Builds one program with one kernel. A driver that refuses it fails the test; a device
/// that is lost throws.
SelfTest self_test(const std::shared_ptr<Session>& session, const OpenclDivision& division,
                   const std::string& before = {});

}  // namespace webai::opencl
