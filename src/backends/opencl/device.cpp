// The device itself: which nodes it takes, how a program becomes kernels, and the test of its bits at the first program.
#include <atomic>
#include <mutex>

#include "backends/opencl/executable.h"
#include "backends/opencl/opencl.h"
#include "backends/opencl/self_test.h"
#include "core/op/expression_printer.h"
#include "core/op/op_def.h"
#include "webai/error.hpp"

namespace webai::opencl {
namespace {

std::string key_of(const Node& node) { return node.op->domain + "#" + node.op->name; }

class OpenclDevice final : public Device {
 public:
  explicit OpenclDevice(std::shared_ptr<Session> session) : session_(std::move(session)) {
    std::string limits;
    if (!session_->divides_exactly()) limits += "; division and square root are repaired";
    if (!session_->keeps_denormals()) limits += "; takes denormals for zero";
    info_ = {"opencl", session_->is_processor() ? "cpu" : "gpu", session_->name() + limits,
             {DType::boolean, DType::fp32}, session_->memory_bytes(), false, std::nullopt};
  }

  const DeviceInfo& info() const noexcept override { return info_; }

  std::optional<bool> same_bits() const noexcept override {
    if (!tested_.load(std::memory_order_acquire)) return std::nullopt;
    return outcome_.same_bits;
  }

  std::optional<std::string> refuses(const Graph& graph, const Node& node) const override {
    if (definition(node).view) return std::nullopt;
    const auto at = node_kernels().find(key_of(node));
    if (at == node_kernels().end()) return "no kernel for this operator";
    return at->second.refuses(graph, node);
  }

  std::unique_ptr<Buffer> allocate(std::size_t bytes) override {
    return std::make_unique<DeviceBuffer>(session_, bytes);
  }

  std::unique_ptr<Executable> compile(Program program) override {
    ProgramText text({session_->fuses(), session_->is_processor(), division()});
    std::vector<std::string> report = {"self-test: " + test().text};
    for (const Node& node : program.graph.nodes) {
      if (definition(node).view) continue;
      if (const auto refusal = refuses(program.graph, node))
        throw Error(Code::unsupported, {.message = node.op->name + ": no kernel on opencl: " + *refusal,
                                        .reason = "NO_KERNEL", .path = node.path, .operation = node.op->name});
      const std::size_t before = text.launches().size();
      node_kernels().at(key_of(node)).emit(program.graph, node, text);
      text.end_node();
      const std::size_t launches = text.launches().size() - before;
      report.push_back(node.op->name + (node.chain && node.op->name != "fused" ? " + chain" : "") + " on opencl, " +
                       std::to_string(launches) + (launches == 1 ? " kernel" : " kernels"));
    }
    return std::make_unique<OpenclExecutable>(session_, std::move(program), text, std::move(report));
  }

  void wait() override { session_->check(session_->api().clFinish(session_->queue()), "finishing the work"); }

 private:
  OpenclDivision division() const { return {.repaired = !session_->divides_exactly()}; }

  // At the first program and not when the device is opened: building the test costs about as much as a small program.
  const SelfTest& test() {
    std::call_once(once_, [this] {
      outcome_ = self_test(session_, division());
      tested_.store(true, std::memory_order_release);
    });
    return outcome_;
  }

  std::shared_ptr<Session> session_;
  DeviceInfo info_;
  std::once_flag once_;
  std::atomic<bool> tested_{false};
  SelfTest outcome_;
};

}  // namespace

std::unique_ptr<Device> make_opencl_device(const Context& context, std::string& absent) {
  std::shared_ptr<Session> session = Session::open(context, absent);
  if (!session) return nullptr;
  return std::make_unique<OpenclDevice>(std::move(session));
}

}  // namespace webai::opencl
