// The OpenCL device for tests, or a message where there is none, and comparison by bits.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "backends/opencl/opencl.h"
#include "backends/opencl/session.h"
#include "support/run_graph.h"

namespace webai::test {

/// Null, after a message, on a machine without OpenCL: the test then ends. One connection serves all tests.
inline Device* opencl_device() {
  static std::string absent;
  static const std::unique_ptr<Device> device = opencl::make_opencl_device(context(), absent);
  if (!device) WARN("not tested: " << absent);
  return device.get();
}

/// A connection of the test's own, on the same terms.
inline std::shared_ptr<opencl::Session> opencl_session() {
  std::string absent;
  std::shared_ptr<opencl::Session> result = opencl::Session::open(context(), absent);
  if (!result) WARN("not tested: " << absent);
  return result;
}

/// Index of the first element whose bits differ (not-a-number counts as one value), or the count.
inline std::size_t first_difference(const Tensor& a, const Tensor& b) {
  const std::size_t size = size_of(a.type());
  for (std::size_t i = 0; i < a.elements(); ++i) {
    const bool same = std::memcmp(static_cast<const char*>(a.data()) + i * size,
                                  static_cast<const char*>(b.data()) + i * size, size) == 0;
    if (!same && !(std::isnan(a.at(i)) && std::isnan(b.at(i)))) return i;
  }
  return a.elements();
}

}  // namespace webai::test
