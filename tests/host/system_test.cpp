#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "host/processors.h"
#include "host/system_host.h"
#include "webai/error.hpp"
#include "webai/tensor.hpp"

using namespace webai;

// Under a sanitizer a size that cannot be given is to be refused, as elsewhere, and not to end the tests.
extern "C" const char* __asan_default_options();
extern "C" const char* __tsan_default_options();
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

TEST_CASE("the system's context gives aligned memory, large blocks too, and counts it") {
  const Context context = Context::system();
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{1000}, std::size_t{9} << 20}) {
    void* memory = context.allocate(bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % 64 == 0);
    std::memset(memory, 1, bytes);
    CHECK(context.allocated_bytes() >= bytes);
    context.deallocate(memory, bytes);
  }
  CHECK(context.allocated_bytes() == 0);
}

TEST_CASE("a size the system cannot give is OUT_OF_MEMORY") {
  Context::Options options;
  options.limits.host_bytes = options.limits.tensor_bytes = ~std::uint64_t{0};
  const Context context = Context::system(options);
  try {
    const Tensor tensor(context, DType::i8, Shape{std::int64_t{1} << 60});
    FAIL("2^60 bytes were given");
  } catch (const Error& error) {
    CHECK(error.code() == Code::out_of_memory);
  }
  CHECK(context.allocated_bytes() == 0);
}

TEST_CASE("the system's clock goes forward in milliseconds, its entropy differs between calls") {
  const auto host = make_system_host();
  const double before = host->now();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double passed = host->now() - before;
  CHECK(passed >= 20.0);
  CHECK(passed < 5000.0);
  std::vector<unsigned char> first(1000, 0), second(1000, 0);
  CHECK(host->entropy(first.data(), first.size()));
  CHECK(host->entropy(second.data(), second.size()));
  CHECK(first != second);
  CHECK(std::count(first.begin() + 700, first.end(), 0) < 30);  // the end is filled too
}

TEST_CASE("threads are what was asked for, and as many as usable processors by default") {
  Context::Options options;
  options.threads = 1;
  CHECK(Context::system(options).executor().width() == 1);
  options.threads = 3;
  CHECK(Context::system(options).executor().width() == 3);
  CHECK(Context::system().executor().width() == usable_processors());
  options.threads = ~std::size_t{0};
  CHECK(Context::system(options).executor().width() <= 1024);
}

TEST_CASE("quotas of control groups are read in both versions and the smallest on the way up holds") {
  namespace fs = std::filesystem;
  std::string pattern = (fs::temp_directory_path() / "webai-groups-XXXXXX").string();
  const std::string root = ::mkdtemp(pattern.data());
  fs::create_directories(root + "/outer/inner");
  CHECK(quota_of_group(root, "/outer/inner") == 0);
  std::ofstream(root + "/outer/inner/cpu.max") << "max 100000\n";
  CHECK(quota_of_group(root, "/outer/inner") == 0);
  std::ofstream(root + "/outer/cpu.max") << "250000 100000\n";
  CHECK(quota_of_group(root, "/outer/inner") == 3);
  std::ofstream(root + "/outer/inner/cpu.max") << "50000 100000\n";
  CHECK(quota_of_group(root, "/outer/inner") == 1);
  CHECK(quota_of_group(root, "/outer") == 3);
  CHECK(quota_of_group(root, "/") == 0);
  std::ofstream(root + "/cpu.cfs_quota_us") << "-1\n";
  std::ofstream(root + "/cpu.cfs_period_us") << "100000\n";
  CHECK(quota_of_group(root, "/") == 0);
  std::ofstream(root + "/cpu.cfs_quota_us") << "200000\n";
  CHECK(quota_of_group(root, "/") == 2);
  CHECK(quota_of_group(root, "relative") == 2);
  fs::remove_all(root);
  CHECK(usable_processors() >= 1);
}
