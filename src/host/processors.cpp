// Affinity masks and control group quotas (Linux); elsewhere the C++ library's count.
#include "host/processors.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace webai {
namespace {

std::size_t round_up(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return 0;
  const double processors = std::min(quota / period, 1e6);
  const auto whole = static_cast<std::size_t>(processors);
  return std::max<std::size_t>(1, whole + (processors > static_cast<double>(whole) ? 1 : 0));
}

// Version 2 keeps "quota period" or "max period" in one file, version 1 two files with one number each, quota -1 for
// none.
std::size_t quota_of_folder(const std::string& folder) {
  double quota = 0, period = 0;
  if (std::ifstream both(folder + "/cpu.max"); both >> quota >> period) return round_up(quota, period);
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
  if (quota_file >> quota && period_file >> period) return round_up(quota, period);
  return 0;
}

// Lines read "number:controllers:path"; version 2 has an empty list of controllers.
std::size_t quota_of_process() {
  std::size_t smallest = 0;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string number, controllers, group;
    if (!std::getline(fields, number, ':') || !std::getline(fields, controllers, ':')) continue;
    std::getline(fields, group);
    const bool has_processors = ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (!controllers.empty() && !has_processors) continue;
    const std::string mount = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    const std::size_t quota = quota_of_group(mount, group);
    if (quota != 0 && (smallest == 0 || quota < smallest)) smallest = quota;
  }
  return smallest;
}

}  // namespace

std::size_t quota_of_group(const std::string& mount, const std::string& group) {
  std::size_t smallest = 0;
  for (std::string path = group;;) {
    const std::size_t quota = quota_of_folder(mount + path);
    if (quota != 0 && (smallest == 0 || quota < smallest)) smallest = quota;
    if (path.empty()) return smallest;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

std::vector<int> allowed_processors() {
  std::vector<int> result;
#if defined(__linux__)
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (CPU_ISSET(processor, &mask)) result.push_back(processor);
    }
  }
#endif
  return result;
}

std::size_t usable_processors() {
  std::size_t count = allowed_processors().size();
  if (count == 0) count = std::thread::hardware_concurrency();
  const std::size_t quota = quota_of_process();
  if (quota != 0) count = std::min(count, quota);
  return std::max<std::size_t>(count, 1);
}

int current_processor() noexcept {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

bool avoid_processor(const std::vector<int>& processors, int avoided) noexcept {
#if defined(__linux__)
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int left = 0;
  for (const int processor : processors) {
    if (processor == avoided) continue;
    CPU_SET(processor, &mask);
    ++left;
  }
  return left != 0 && sched_setaffinity(0, sizeof mask, &mask) == 0;
#else
  (void)processors;
  (void)avoided;
  return false;
#endif
}

}  // namespace webai
