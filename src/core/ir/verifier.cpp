// The rules of verifier.h, one check each.
#include "core/ir/verifier.h"

#include <algorithm>

#include "webai/error.hpp"

namespace webai {
namespace {

class Verifier {
 public:
  Verifier(const Graph& graph, std::string_view stage) : graph_(graph), stage_(stage) {}

  void run(bool concrete) const {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) check_node(static_cast<NodeId>(n));
    for (const NamedValue& output : graph_.outputs) check(exists(output.value), "V1", "an output that does not exist");
    std::vector<bool> written(graph_.values.size(), false);
    for (const Write& write : graph_.writes) {
      check(exists(write.state) && exists(write.value), "V1", "a write of a value that does not exist");
      const Value& state = graph_.value(write.state);
      check(state.kind == ValueKind::parameter || state.kind == ValueKind::state, "V5",
            "a write to something that is neither parameter nor state");
      check(!written[static_cast<std::size_t>(write.state)], "V5", "\"" + state.name + "\" written twice");
      check(state.type == graph_.value(write.value).type, "V5", "\"" + state.name + "\" written with another type");
      written[static_cast<std::size_t>(write.state)] = true;
    }
    check_names();
    if (concrete)
      for (const Value& value : graph_.values)
        check(value.type.shape.is_concrete(), "V6", "a symbolic shape " + value.type.shape.text());
  }

 private:
  void check_names() const {
    std::vector<std::string_view> names;
    for (const std::vector<ValueId>* ids : {&graph_.inputs, &graph_.parameters, &graph_.states})
      for (const ValueId id : *ids) {
        check(exists(id), "V1", "an input, parameter or state that does not exist");
        names.push_back(graph_.value(id).name);
      }
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    check(twice == names.end(), "V7", twice == names.end() ? "" : "two values called \"" + std::string(*twice) + "\"");
  }

  bool exists(ValueId id) const { return id >= 0 && static_cast<std::size_t>(id) < graph_.values.size(); }

  void check(bool holds, const char* rule, const std::string& text) const {
    if (!holds)
      throw Error(Code::internal, {.message = "the graph after " + std::string(stage_) + " has " + text + " [" + rule +
                                              "]", .reason = "BAD_GRAPH"});
  }

  void check_node(NodeId id) const {
    const Node& node = graph_.node(id);
    const std::string name = "node " + std::to_string(id) + " (" + node.op->name + ")";
    for (const ValueId input : node.inputs) {
      if (input == no_value) continue;
      check(exists(input), "V1", name + " reading a value that does not exist");
      const Value& value = graph_.value(input);
      check(value.kind != ValueKind::node || value.producer < id, "V2", name + " reading a value that comes later");
    }
    for (const ValueId output : node.outputs) {
      check(exists(output), "V1", name + " writing a value that does not exist");
      const Value& value = graph_.value(output);
      check(value.kind == ValueKind::node && value.producer == id, "V3", name + " and its outputs disagreeing");
    }
    if (!node.chain) return;
    const Chain& chain = *node.chain;
    std::int32_t slots = chain.inputs;
    check(static_cast<std::size_t>(slots) <= node.inputs.size() + 1, "V4", name + " with too few inputs for its chain");
    for (const ChainStep& step : chain.steps) {
      for (const std::int32_t slot : step.operands)
        check(slot >= 0 && slot < slots, "V4", name + " with a chain step that reads a later slot");
      ++slots;
    }
    for (const std::int32_t slot : chain.results)
      check(slot >= 0 && slot < slots, "V4", name + " with a chain result that does not exist");
    check(chain.results.size() == node.outputs.size(), "V4", name + " with another number of results than outputs");
  }

  const Graph& graph_;
  std::string_view stage_;
};

}  // namespace

void verify(const Graph& graph, std::string_view stage, bool concrete) { Verifier(graph, stage).run(concrete); }

}  // namespace webai
