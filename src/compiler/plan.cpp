// Memory planning by lifetime: nodes in running order, first fit into the gaps of one arena.
#include "compiler/plan.h"

#include <algorithm>
#include <map>

#include "core/op/loop.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t alignment = 64;

std::size_t rounded(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Gaps of the arena by offset; grows at the end when nothing fits.
class Arena {
 public:
  std::size_t take(std::size_t bytes) {
    for (auto gap = gaps_.begin(); gap != gaps_.end(); ++gap) {
      if (gap->second < bytes) continue;
      const std::size_t offset = gap->first, rest = gap->second - bytes;
      gaps_.erase(gap);
      if (rest) gaps_[offset + bytes] = rest;
      return offset;
    }
    // A gap that ends at the end of the arena grows instead of staying behind.
    std::size_t offset = size_;
    if (!gaps_.empty() && gaps_.rbegin()->first + gaps_.rbegin()->second == size_) {
      offset = gaps_.rbegin()->first;
      gaps_.erase(std::prev(gaps_.end()));
    }
    size_ = offset + bytes;
    return offset;
  }
  void give_back(std::size_t offset, std::size_t bytes) {
    auto at = gaps_.emplace(offset, bytes).first;
    if (auto next = std::next(at); next != gaps_.end() && at->first + at->second == next->first) {
      at->second += next->second;
      gaps_.erase(next);
    }
    if (at == gaps_.begin()) return;
    if (auto before = std::prev(at); before->first + before->second == at->first) {
      before->second += at->second;
      gaps_.erase(at);
    }
  }
  std::size_t size() const { return size_; }

 private:
  std::map<std::size_t, std::size_t> gaps_;
  std::size_t size_ = 0;
};

class Planner {
 public:
  explicit Planner(Graph graph) : program_{std::move(graph), {}, {}, 0, {}}, graph_(program_.graph) {
    program_.locations.resize(graph_.values.size());
    placed_.resize(graph_.values.size(), false);
    origin_.resize(graph_.values.size());
    last_use_.resize(graph_.values.size(), -1);
  }

  Program run() {
    place_interface();
    find_lifetimes();
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) place_node(static_cast<NodeId>(n));
    program_.scratch_bytes = arena_.size();
    return std::move(program_);
  }

 private:
  std::size_t at(ValueId id) const { return static_cast<std::size_t>(id); }
  std::size_t bytes(ValueId id) const {
    const ValueType& type = graph_.value(id).type;
    return static_cast<std::size_t>(type.shape.elements()) * size_of(type.type);
  }

  std::size_t add_slot(ValueId id, std::string name, Slot::Role role) {
    program_.slots.push_back({std::move(name), id, role, bytes(id)});
    place(id, {Location::slot, program_.slots.size() - 1, 0});
    return program_.slots.size() - 1;
  }
  void place(ValueId id, Location location) {
    program_.locations[at(id)] = location;
    placed_[at(id)] = true;
  }

  void place_interface() {
    std::map<ValueId, std::size_t> slot_of;
    for (const ValueId id : graph_.inputs) add_slot(id, graph_.value(id).name, Slot::input);
    for (const ValueId id : graph_.parameters) slot_of[id] = add_slot(id, graph_.value(id).name, Slot::parameter);
    for (const ValueId id : graph_.states) slot_of[id] = add_slot(id, graph_.value(id).name, Slot::state);
    for (const NamedValue& output : graph_.outputs) add_slot(output.value, output.name, Slot::output);
    for (const Write& write : graph_.writes) place(write.value, {Location::slot, slot_of.at(write.state), 0});
    for (std::size_t i = 0; i < graph_.values.size(); ++i)
      if (graph_.values[i].kind == ValueKind::constant) place(static_cast<ValueId>(i), {Location::constant, i, 0});
  }

  // A view lives as long as what it looks at, and the other way round: uses count for the origin.
  void find_lifetimes() {
    for (std::size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      const bool view = value.producer >= 0 && definition(graph_.node(value.producer)).view;
      origin_[i] = view ? origin_[at(graph_.node(value.producer).inputs[0])] : static_cast<ValueId>(i);
    }
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n)
      for (const ValueId input : graph_.nodes[n].inputs)
        if (input != no_value) last_use_[at(origin_[at(input)])] = static_cast<NodeId>(n);
  }

  void place_node(NodeId id) {
    const Node& node = graph_.node(id);
    if (definition(node).view) {
      const ValueId input = node.inputs[0];
      place(node.outputs[0], program_.locations[at(input)]);
      return;
    }
    std::vector<ValueId> dying;
    for (const ValueId input : node.inputs) {
      if (input == no_value) continue;
      const ValueId own = origin_[at(input)];
      const bool scratch = program_.locations[at(own)].kind == Location::scratch;
      if (scratch && last_use_[at(own)] == id && std::find(dying.begin(), dying.end(), own) == dying.end())
        dying.push_back(own);
    }
    for (const ValueId output : node.outputs) {
      if (placed_[at(output)]) continue;
      const auto reuse = std::find_if(dying.begin(), dying.end(), [&](ValueId d) { return may_replace(node, d, output); });
      if (reuse != dying.end()) {
        place(output, program_.locations[at(*reuse)]);
        dying.erase(reuse);
      } else {
        place(output, {Location::scratch, 0, arena_.take(rounded(bytes(output)))});
      }
    }
    for (const ValueId value : dying) free(value);
    for (const ValueId output : node.outputs)
      if (last_use_[at(output)] < 0 && program_.locations[at(output)].kind == Location::scratch) free(output);
  }

  void free(ValueId id) {
    if (const std::size_t size = rounded(bytes(id))) arena_.give_back(program_.locations[at(id)].offset, size);
  }

  // Elementwise nodes and chains read an element before they write it, unless they broadcast the operand.
  bool may_replace(const Node& node, ValueId dying, ValueId output) const {
    if (!node.chain && !definition(node).elementwise) return false;
    const std::size_t own = node.chain && node.op->name != "fused" ? node.own_inputs() : 0;
    if (bytes(dying) != bytes(output)) return false;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == no_value || origin_[at(node.inputs[i])] != dying) continue;
      if (i < own || graph_.value(node.inputs[i]).type != graph_.value(output).type) return false;
    }
    return true;
  }

  Program program_;
  const Graph& graph_;
  Arena arena_;
  std::vector<bool> placed_;
  std::vector<ValueId> origin_;
  std::vector<NodeId> last_use_;
};

}  // namespace

Program plan(const Context& context, Graph graph) {
  Program program = Planner(std::move(graph)).run();
  for (std::size_t n = 0; n < program.graph.nodes.size(); ++n)
    if (const Node& node = program.graph.nodes[n]; is_loop(node))
      program.bodies[static_cast<NodeId>(n)] = std::make_shared<const Program>(plan(context, node.attributes.graph("body")));
  if (program.scratch_bytes > context.limits().host_bytes)
    throw Error(Code::limit_exceeded,
                {.message = "the model needs " + std::to_string(program.scratch_bytes) + " bytes to run",
                 .reason = "HOST_BYTES", .expected = "at most " + std::to_string(context.limits().host_bytes),
                 .hint = "use a smaller batch or raise the limit"});
  return program;
}

}  // namespace webai
