// Warm kernels take nothing from the heap: every operator's samples, on the devices of the host.
#include <catch2/catch.hpp>

#include "support/allocation_count.h"
#include "support/run_graph.h"
#include "support/sample_case.h"

using namespace webai;
using namespace webai::test;

namespace {

// What the third run of every sample takes.
void check_steady(Device& device, DType floating) {
  Device* const devices[] = {&device};
  for (const OpDef* op : all_operators())
    for (std::size_t s = 0; s < op->samples.size(); ++s) {
      const SampleCase data = case_of(*op, op->samples[s], floating);
      BoundGraph graph(context(), data.graph, devices, data.values, training_mode(op->samples[s]));
      graph.run();
      graph.run();
      const std::size_t before = allocations(), context_before = context().allocation_count();
      graph.run();
      const std::size_t taken = allocations() - before, taken_of_context = context().allocation_count() - context_before;
      INFO(title(*op, s) << " in " << name_of(floating) << " on " << device.info().name);
      CHECK(taken == 0);
      CHECK(taken_of_context == 0);
    }
}

}  // namespace

TEST_CASE("warm kernels of every operator allocate nothing") {
  for (const DType floating : {DType::fp32, DType::fp64, DType::bf16}) {
    check_steady(*reference_device(context()), floating);
    check_steady(*cpu_device(context()), floating);
  }
}
