// A device over kernel tables.
#include "backends/host/device.h"

#include "backends/host/executable.h"
#include "backends/host/loop.h"
#include "core/op/loop.h"
#include "webai/error.hpp"

namespace webai {
namespace {

class HostDevice final : public Device {
 public:
  HostDevice(const Context& context, DeviceInfo info, std::vector<KernelTable> tables)
      : context_(context), info_(std::move(info)), tables_(std::move(tables)) {}

  const DeviceInfo& info() const noexcept override { return info_; }

  std::optional<std::string> refuses(const Graph& graph, const Node& node) const override {
    if (definition(node).view) return std::nullopt;
    if (is_loop(node)) return refuses_body(node.attributes.graph("body"));
    std::string table, reason;
    if (make(graph, node, table, reason)) return std::nullopt;
    return reason;
  }

  std::unique_ptr<Buffer> allocate(std::size_t bytes) override { return make_host_buffer(context_, bytes); }

  std::unique_ptr<Executable> compile(Program program) override {
    std::vector<HostExecutable::Entry> entries;
    for (std::size_t n = 0; n < program.graph.nodes.size(); ++n) {
      Node& node = program.graph.nodes[n];
      if (definition(node).view) continue;
      const NodeId id = static_cast<NodeId>(n);
      if (is_loop(node)) {
        entries.push_back({id, make_loop(node, compile(*program.bodies.at(id))), tables_.front().name});
        continue;
      }
      std::string table, reason;
      std::unique_ptr<HostKernel> kernel = make(program.graph, node, table, reason);
      if (!kernel)
        throw Error(Code::unsupported, {.message = node.op->name + ": no kernel on " + info_.name + ": " + reason,
                                        .reason = "NO_KERNEL", .path = node.path, .operation = node.op->name});
      if (node.reason.empty()) node.reason = reason;
      entries.push_back({id, std::move(kernel), std::move(table)});
    }
    auto ready = std::make_unique<HostExecutable>(context_, std::move(program), std::move(entries));
    const ProgramMaker whole = tables_.front().whole;
    return whole ? whole(context_, std::move(ready)) : std::move(ready);
  }

  void wait() override {}

 private:
  // Composites in a body will be written out, if nobody takes them.
  std::optional<std::string> refuses_body(const Graph& body) const {
    for (const Node& node : body.nodes) {
      if (definition(node).body && !is_loop(node)) continue;
      if (auto reason = refuses(body, node)) return node.op->name + " in its body: " + *reason;
    }
    return std::nullopt;
  }

  // The first maker that takes the node; `reason` keeps what the refusing ones said.
  std::unique_ptr<HostKernel> make(const Graph& graph, const Node& node, std::string& table, std::string& reason) const {
    const KernelRequest request{context_, graph, node};
    const std::string key = node.op->domain + "#" + node.op->name;
    for (const KernelTable& candidate : tables_) {
      std::string refusal;
      const auto at = candidate.makers.find(key);
      if (at != candidate.makers.end()) {
        for (const KernelMaker maker : at->second)
          if (auto kernel = maker(request, refusal)) return table = candidate.name, std::move(kernel);
      } else if (candidate.any) {
        if (auto kernel = candidate.any(request, refusal)) return table = candidate.name, std::move(kernel);
      } else {
        refusal = "no kernel for this operator";
      }
      reason += (reason.empty() ? "" : "; ") + candidate.name + ": " + refusal;
    }
    return nullptr;
  }

  Context context_;
  DeviceInfo info_;
  std::vector<KernelTable> tables_;
};

}  // namespace

std::unique_ptr<Device> make_host_device(const Context& context, DeviceInfo info, std::vector<KernelTable> tables) {
  return std::make_unique<HostDevice>(context, std::move(info), std::move(tables));
}

}  // namespace webai
