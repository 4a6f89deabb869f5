// What the operating system says about the processors this process may use, and where a thread runs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace webai {

/// Processors in the calling thread's affinity mask; empty when the system does not tell.
std::vector<int> allowed_processors();

/// How many threads can compute at once: the affinity mask's processors, or fewer where a control group has a quota
/// (rounded up). At least 1.
std::size_t usable_processors();

/// The smallest quota, in processors rounded up, on the way from control group `group` up to the root of the hierarchy
/// mounted at `mount`; 0 when there is none. `group` is what /proc/self/cgroup names.
std::size_t quota_of_group(const std::string& mount, const std::string& group);

/// The processor that the calling thread runs on at this moment, -1 when the system does not tell. Some nanoseconds.
int current_processor() noexcept;

/// Lets the calling thread run on all of `processors` but one. False when that leaves none, or the system refuses.
bool avoid_processor(const std::vector<int>& processors, int avoided) noexcept;

}  // namespace webai
