// Profiles for people and programs: nodes by time, beside what this machine can do at most.
#pragma once

#include <string>
#include <vector>

#include "webai/context.hpp"
#include "webai/profile.hpp"

namespace webai::cli {

/// What the machine does at this moment with the threads of the context.
struct MachineLimits {
  double flops = 0;  ///< per second: fp32 multiply-adds of a large product, best of many
  double bytes = 0;  ///< per second, read and written: a copy between memories larger than the caches
};
MachineLimits measure_limits(const Context& context);

/// Rows by time, slowest first, under a line with the limits. `whole_ms` is what a run or step takes undisturbed.
std::string profile_text(std::vector<NodeProfile> rows, const MachineLimits& limits, double whole_ms);
/// The same as one JSON object.
std::string profile_json(std::vector<NodeProfile> rows, const MachineLimits& limits);

}  // namespace webai::cli
