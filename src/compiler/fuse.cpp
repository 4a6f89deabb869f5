// Elementwise nodes of one shape are joined into chains that run tile by tile in the first-level cache, so that a chain
// reads and writes memory once; a chain behind a product or convolution becomes its epilogue and runs on blocks that
// are still in cache. A joined group runs as one node, so no path may leave it and come back.
#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "compiler/passes.h"
#include "compiler/rewrite.h"
#include "core/op/elementwise.h"

namespace webai {
namespace {

constexpr std::size_t most_steps = 48, most_operands = 20, most_results = 12;
constexpr std::size_t search_limit = 2000;  // units looked at before a merge is given up: keeps the pass linear

using Unit = std::int32_t;

// fp32 arithmetic with booleans as masks: what chain kernels take.
bool joinable(const Graph& graph, const Node& node) {
  if (!definition(node).elementwise || node.chain) return false;
  const auto fits = [&](ValueId id) {
    const DType type = graph.value(id).type.type;
    return type == DType::fp32 || type == DType::boolean;
  };
  return std::all_of(node.inputs.begin(), node.inputs.end(), fits) && fits(node.outputs[0]);
}

class Groups {
 public:
  explicit Groups(const Graph& graph)
      : graph_(graph), unit_(graph.nodes.size()), readers_(graph.values.size()), seen_(graph.nodes.size(), 0) {
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      open_.push_back(static_cast<NodeId>(n));
      unit_[n] = static_cast<Unit>(n);
      members_.push_back({static_cast<NodeId>(n)});
      for (const ValueId input : graph.nodes[n].inputs)
        if (input != no_value) readers_[static_cast<std::size_t>(input)].push_back(static_cast<NodeId>(n));
    }
  }

  void join_elementwise() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      if (!joinable(graph_, node)) continue;
      for (const ValueId input : node.inputs) {
        const NodeId producer = graph_.value(input).producer;
        if (producer < 0 || !joinable(graph_, graph_.node(producer))) continue;
        if (graph_.value(input).type.shape != graph_.value(node.outputs[0]).type.shape) continue;
        const Unit from = unit(producer), to = unit(static_cast<NodeId>(n));
        if (from != to && small_enough(from, to) && !path_outside(from, to)) merge(from, to);
      }
    }
  }

  // Puts a product in front of the chain that alone reads it. A product with several chains behind it stays alone.
  void attach_products(const std::vector<std::int32_t>& uses) {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      if (!definition(node).takes_epilogue || node.chain || node.outputs.size() != 1) continue;
      const ValueId result = node.outputs[0];
      const auto& readers = readers_[static_cast<std::size_t>(result)];
      if (readers.empty() || static_cast<std::size_t>(uses[static_cast<std::size_t>(result)]) != readers.size()) continue;
      const Unit to = unit(readers.front());
      const Node& first = graph_.node(members_[static_cast<std::size_t>(to)].front());
      if (!joinable(graph_, graph_.node(readers.front())) || heads_.contains(to)) continue;
      if (graph_.value(first.outputs[0]).type.shape != graph_.value(result).type.shape) continue;
      if (graph_.value(result).type.type != DType::fp32) continue;
      if (std::any_of(readers.begin(), readers.end(), [&](NodeId reader) { return unit(reader) != to; })) continue;
      merge(static_cast<Unit>(n), to);
      heads_.insert(unit(readers.front()));
    }
  }

  Unit unit(NodeId node) const { return unit_[static_cast<std::size_t>(node)]; }
  const std::vector<NodeId>& members(Unit unit) const { return members_[static_cast<std::size_t>(unit)]; }

  // Units in an order in which they can run, close to the order of their last nodes.
  std::vector<Unit> order() const {
    std::map<Unit, std::set<Unit>> waits, feeds;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Unit own = unit(static_cast<NodeId>(n));
      waits.try_emplace(own);
      for (const ValueId input : graph_.nodes[n].inputs) {
        if (input == no_value || graph_.value(input).producer < 0) continue;
        const Unit other = unit(graph_.value(input).producer);
        if (other == own) continue;
        waits[own].insert(other);
        feeds[other].insert(own);
      }
    }
    using Ready = std::pair<NodeId, Unit>;  // by last member
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    std::map<Unit, std::size_t> open;
    for (const auto& [own, others] : waits) {
      open[own] = others.size();
      if (others.empty()) ready.push({members(own).back(), own});
    }
    std::vector<Unit> result;
    while (!ready.empty()) {
      const Unit next = ready.top().second;
      ready.pop();
      result.push_back(next);
      for (const Unit other : feeds[next])
        if (--open[other] == 0) ready.push({members(other).back(), other});
    }
    return result;
  }

 private:
  bool small_enough(Unit a, Unit b) const {
    const auto& x = members_[static_cast<std::size_t>(a)];
    const auto& y = members_[static_cast<std::size_t>(b)];
    if (x.size() + y.size() > most_steps) return false;
    std::set<ValueId> operands;
    std::size_t results = 0;
    for (const auto* list : {&x, &y})
      for (const NodeId member : *list) {
        for (const ValueId input : graph_.node(member).inputs) operands.insert(input);
        const auto& readers = readers_[static_cast<std::size_t>(graph_.node(member).outputs[0])];
        results += readers.empty() ||
                   std::any_of(readers.begin(), readers.end(), [&](NodeId r) { return unit(r) != a && unit(r) != b; });
      }
    return operands.size() <= most_operands + x.size() + y.size() && results <= most_results;
  }

  // Whether something outside both depends on `from` and feeds `to`. Units count as wholes: their members run together.
  bool path_outside(Unit from, Unit to) {
    const NodeId earliest = members_[static_cast<std::size_t>(from)].front();
    ++search_;
    std::size_t looked_at = 0;
    const auto see = [&](Unit unit) {
      seen_[static_cast<std::size_t>(unit)] = search_;
      ++looked_at;
    };
    see(from);
    see(to);
    std::vector<Unit> stack;
    bool found = false;
    const auto look = [&](Unit at, bool start) {
      for (const NodeId member : members_[static_cast<std::size_t>(at)])
        for (const ValueId input : graph_.node(member).inputs) {
          if (input == no_value || graph_.value(input).producer < 0) continue;
          const Unit other = unit(graph_.value(input).producer);
          if (other == from && !start) found = true;
          if (seen_[static_cast<std::size_t>(other)] == search_ || runs_before(other, earliest)) continue;
          see(other);
          stack.push_back(other);
        }
    };
    look(to, true);
    while (!stack.empty() && !found && looked_at < search_limit) {
      const Unit at = stack.back();
      stack.pop_back();
      look(at, false);
    }
    return found || looked_at >= search_limit;
  }

  // Whether nothing that a unit needs can need a node at `node` or behind it. A unit that reaches over others carries on
  // what one of its early members gives, and needs what its late ones read.
  bool runs_before(Unit unit, NodeId node) { return open_from(members_[static_cast<std::size_t>(unit)].back()) < node; }

  // The first node from here on behind which no unit goes on that begins there or in front.
  NodeId open_from(NodeId node) {
    while (open_[static_cast<std::size_t>(node)] != node) {
      NodeId& next = open_[static_cast<std::size_t>(node)];
      next = open_[static_cast<std::size_t>(next)];
      node = next;
    }
    return node;
  }

  void merge(Unit from, Unit to) {
    auto& into = members_[static_cast<std::size_t>(to)];
    auto& list = members_[static_cast<std::size_t>(from)];
    for (const NodeId member : list) unit_[static_cast<std::size_t>(member)] = to;
    into.insert(into.end(), list.begin(), list.end());
    std::sort(into.begin(), into.end());
    list.clear();
    for (NodeId n = open_from(into.front()); n < into.back(); n = open_from(n))
      open_[static_cast<std::size_t>(n)] = n + 1;
    if (heads_.erase(from)) heads_.insert(to);
  }

  const Graph& graph_;
  std::vector<Unit> unit_;                    // by node
  std::vector<std::vector<NodeId>> members_;  // by unit, ascending
  std::vector<std::vector<NodeId>> readers_;  // by value
  // By node: itself, or one behind it, not behind the first where no unit goes on. A unit that has grown still goes on
  // wherever it did, so each node is passed over once: walking along the span of each unit would be quadratic.
  std::vector<NodeId> open_;
  std::vector<std::size_t> seen_;  // by unit: the last search that came to it
  std::size_t search_ = 0;
  std::set<Unit> heads_;  // units that begin with a product
};

std::vector<double> chain_attributes(const Node& node) {
  std::vector<double> values;
  for (const Elementwise::Attribute& attribute : definition(node).elementwise->attributes())
    values.push_back(attribute.flag ? node.attributes.boolean(attribute.name) : node.attributes.number(attribute.name));
  return values;
}

// Writes one unit as one node.
void emit(Rewrite& rewrite, const Graph& graph, const std::vector<NodeId>& members, const Operator& fused,
          const std::vector<bool>& needed_outside) {
  auto chain = std::make_shared<Chain>();
  Node node;
  std::map<ValueId, std::int32_t> slot;  // of old values
  node.op = &fused;
  for (const NodeId id : members) {
    const Node& head = graph.node(id);
    if (definition(head).elementwise) continue;
    node = head;  // the product in front of the chain
    node.outputs.clear();
    for (ValueId& input : node.inputs) input = rewrite(input);
    slot[head.outputs[0]] = chain->inputs++;
  }
  node.path = graph.node(members.back()).path;
  for (const NodeId id : members) {
    if (!definition(graph.node(id)).elementwise) continue;
    for (const ValueId input : graph.node(id).inputs) {
      const NodeId producer = graph.value(input).producer;
      if (slot.contains(input) || std::binary_search(members.begin(), members.end(), producer)) continue;
      slot[input] = chain->inputs++;
      node.inputs.push_back(rewrite(input));
    }
  }
  std::vector<ValueType> types;
  std::vector<ValueId> results;
  for (const NodeId id : members) {
    const Node& member = graph.node(id);
    if (!definition(member).elementwise) continue;
    ChainStep step{member.op, {}, chain_attributes(member)};
    for (const ValueId input : member.inputs) step.operands.push_back(slot.at(input));
    const ValueId output = member.outputs[0];
    slot[output] = chain->inputs + static_cast<std::int32_t>(chain->steps.size());
    chain->steps.push_back(std::move(step));
    if (!needed_outside[static_cast<std::size_t>(output)]) continue;
    chain->results.push_back(slot[output]);
    types.push_back(graph.value(output).type);
    results.push_back(output);
  }
  node.chain = chain;
  const NodeId made = rewrite.graph().add_node(std::move(node), types);
  for (std::size_t i = 0; i < results.size(); ++i) rewrite.map(results[i], rewrite.graph().node(made).outputs[i]);
}

}  // namespace

Graph fuse(const Registry& registry, const Graph& graph) {
  const std::vector<std::int32_t> uses = count_uses(graph);
  Groups groups(graph);
  groups.join_elementwise();
  groups.attach_products(uses);

  std::vector<bool> needed_outside(graph.values.size(), false);
  for (const Node& node : graph.nodes)
    for (const ValueId input : node.inputs) {
      if (input == no_value || graph.value(input).producer < 0) continue;
      const NodeId reader = graph.value(node.outputs[0]).producer;
      if (groups.unit(graph.value(input).producer) != groups.unit(reader))
        needed_outside[static_cast<std::size_t>(input)] = true;
    }
  for (const NamedValue& output : graph.outputs) needed_outside[static_cast<std::size_t>(output.value)] = true;
  for (const Write& write : graph.writes) needed_outside[static_cast<std::size_t>(write.value)] = true;

  const Operator& fused = registry.get("internal#fused");
  Rewrite rewrite(graph);
  for (const Unit unit : groups.order()) {
    const std::vector<NodeId>& members = groups.members(unit);
    const Node& only = graph.node(members.front());
    if (members.size() == 1 && !joinable(graph, only))
      rewrite.copy(only);
    else
      emit(rewrite, graph, members, fused, needed_outside);
  }
  return rewrite.finish();
}

}  // namespace webai
