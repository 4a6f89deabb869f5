// The test of a device's bits when it is first used: what passes, what fails, and where that is said.
#include "backends/opencl/self_test.h"

#include "backends/opencl/session.h"
#include "backends/opencl/support.h"

using namespace webai;
using namespace webai::test;

TEST_CASE("a device is tested when it first compiles, and the program's report says what came of it") {
  std::string absent;
  const auto device = opencl::make_opencl_device(context(), absent);
  if (!device) return;
  CHECK(device->same_bits() == std::nullopt);
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  const Ref x{graph.add_input("x", {DType::fp32, Shape{3}})};
  graph.outputs.push_back({"y", builder.emit("mul", {x, x}).id});
  Device* const devices[] = {device.get()};
  const std::string report = compile(context(), registry(), graph, devices)->report();
  INFO(report);
  CHECK(report.find("self-test: the CPU's bits in") != std::string::npos);
  CHECK(device->same_bits() == true);
}

TEST_CASE("a device whose square root is one bit off fails the self-test by name") {
  const auto connection = opencl_session();
  if (!connection) return;
  const opencl::SelfTest outcome =
      opencl::self_test(connection, {},
                        "float near_root(const float x) { return as_float(as_uint(sqrt(x)) + 1u); }\n"
                        "#undef sqrt\n#define sqrt near_root\n");
  INFO(outcome.text);
  CHECK(!outcome.same_bits);
  CHECK(outcome.text.starts_with("other bits than the CPU's in sqrt (of"));
}

TEST_CASE("a device that converts a whole number wrongly fails in the functions that need it") {
  const auto connection = opencl_session();
  if (!connection) return;
  const opencl::SelfTest outcome =
      opencl::self_test(connection, {},
                        "float odd_number(const int x) { return x == 1 ? 0.0f : (float)x; }\n"
                        "#undef convert_float\n#define convert_float odd_number\n");
  INFO(outcome.text);
  CHECK(!outcome.same_bits);
  CHECK(outcome.text.find("log") != std::string::npos);
  CHECK(outcome.text.find("add") == std::string::npos);
}

TEST_CASE("a driver that refuses the self-test leaves a device that promises no bits") {
  const auto connection = opencl_session();
  if (!connection) return;
  const opencl::SelfTest outcome = opencl::self_test(connection, {}, "#error this driver knows no OpenCL C\n");
  CHECK(!outcome.same_bits);
  CHECK(outcome.text.find("building the kernels failed") != std::string::npos);
}
