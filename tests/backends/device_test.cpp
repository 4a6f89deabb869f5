// Every operator's samples on every device against the reference: one table, the registry itself.
#include <catch2/catch.hpp>

#include <cstring>

#include "support/run_graph.h"
#include "support/sample_case.h"

using namespace webai;
using namespace webai::test;

namespace {

// How far an fp32 device may be from the judge: relative to the larger of the value and the inputs' scale, since sums
// cancel.
bool close(double found, double expected, double scale, DType type) {
  if (std::isnan(found) || std::isnan(expected)) return std::isnan(found) && std::isnan(expected);
  if (std::isinf(found) || std::isinf(expected)) return found == expected;
  const double relative = type == DType::fp32 ? 2e-6 : type == DType::fp64 ? 1e-12 : type == DType::fp16 ? 2e-3 : 1.6e-2;
  return std::abs(found - expected) <= relative * std::max({std::abs(expected), scale, 1e-30});
}

void compare(const OpDef& op, DType floating) {
  const auto judge = reference_device(context()), device = cpu_device(context());
  for (std::size_t s = 0; s < op.samples.size(); ++s) {
    INFO(title(op, s));
    const SampleCase data = case_of(op, op.samples[s], floating);
    const auto expected = run_graph(data.graph, *judge, data.values, training_mode(op.samples[s]));
    const auto found = run_graph(data.graph, *device, data.values, training_mode(op.samples[s]));
    double scale = 0;
    for (const auto& [name, tensor] : data.values)
      for (std::size_t i = 0; i < tensor.elements(); ++i)
        if (std::isfinite(tensor.at(i))) scale = std::max(scale, std::abs(tensor.at(i)));
    for (const auto& [name, tensor] : expected)
      for (std::size_t i = 0; i < tensor.elements(); ++i) {
        INFO(title(op, s) << " " << name << "[" << i << "] expected " << tensor.at(i) << " found " << found.at(name).at(i));
        if (is_floating(tensor.type()))
          REQUIRE(close(found.at(name).at(i), tensor.at(i), scale, tensor.type()));
        else
          REQUIRE(found.at(name).at(i) == tensor.at(i));
      }
  }
}

}  // namespace

TEST_CASE("every operator gives on the cpu what the reference gives, fp32") {
  for (const OpDef* op : all_operators()) compare(*op, DType::fp32);
}

TEST_CASE("every operator gives on the cpu what the reference gives, fp64") {
  for (const OpDef* op : all_operators()) compare(*op, DType::fp64);
}

TEST_CASE("every operator gives on the cpu what the reference gives, fp16 and bf16") {
  for (const OpDef* op : all_operators())
    if (!op->random) {
      compare(*op, DType::fp16);
      compare(*op, DType::bf16);
    }
}

TEST_CASE("the cpu gives the same bits with 1, 2 and 4 threads") {
  for (const OpDef* op : all_operators())
    for (std::size_t s = 0; s < op->samples.size(); ++s) {
      const SampleCase data = case_of(*op, op->samples[s], DType::fp32);
      std::map<std::string, Tensor> first;
      for (const std::size_t threads : {1, 2, 4}) {
        const Context on = Context::system({.threads = threads});
        const auto device = cpu_device(on);
        Device* const devices[] = {device.get()};
        const auto found = run_graph(on, data.graph, devices, data.values, training_mode(op->samples[s]));
        if (first.empty()) first = found;
        for (const auto& [name, tensor] : first) {
          INFO(title(*op, s) << " " << name << " with " << threads << " threads");
          REQUIRE(std::memcmp(tensor.data(), found.at(name).data(), tensor.bytes()) == 0);
        }
      }
    }
}

TEST_CASE("an executable counts the memory it keeps, also what lies between two devices") {
  Graph graph;
  GraphBuilder builder(context(), registry(), graph);
  const Ref x{graph.add_input("x", {DType::fp32, Shape{1000}})};
  graph.outputs.push_back({"y", builder.emit("cumulativeSum", {builder.emit("tanh", {x})}, {{"axis", 0}}).id});
  const auto first = cpu_device_alone(context()), second = reference_device(context());
  Device* const both[] = {first.get(), second.get()};
  const std::uint64_t before = context().allocated_bytes();
  for (const std::span<Device* const> devices : {std::span<Device* const>(both), std::span<Device* const>(both).last(1)}) {
    const auto executable = compile(context(), registry(), graph, devices);
    CHECK(executable->held_bytes() >= 1000 * sizeof(float));
    CHECK(executable->held_bytes() <= context().allocated_bytes() - before);
    CHECK((executable->report().find("on cpu:") != std::string::npos) == (devices.size() == 2));
  }
}
