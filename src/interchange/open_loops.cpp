#include "interchange/open_loops.h"

#include <algorithm>

#include "core/op/loop.h"

namespace webai {
namespace {

class Opening {
 public:
  Opening(const Graph& source, OpenGraph& result) : source_(source), result_(result) {}

  void run() {
    Graph& graph = result_.graph;
    graph = source_;
    graph.nodes.clear();
    for (const Node& node : source_.nodes) copy(node);
  }

 private:
  // The nodes of a body, its inputs replaced; its outputs by now.
  std::vector<ValueId> copy_body(const Graph& body, std::vector<ValueId> now) {
    Graph& graph = result_.graph;
    const auto find = [&](ValueId id) {
      if (id == no_value) return no_value;
      if (now[at(id)] == no_value) now[at(id)] = graph.add_constant(body.value(id).constant);
      return now[at(id)];
    };
    for (const Node& node : body.nodes) {
      Node copied = node;
      for (ValueId& input : copied.inputs) input = find(input);
      for (ValueId& output : copied.outputs) {
        const ValueId inner = output;
        output = add_value(body.value(inner));
        now[at(inner)] = output;
      }
      copy(copied);
    }
    std::vector<ValueId> outputs;
    for (const NamedValue& output : body.outputs) outputs.push_back(find(output.value));
    return outputs;
  }

  ValueId add_value(const Value& value) {
    Value added;
    added.type = value.type;
    result_.graph.values.push_back(std::move(added));
    return static_cast<ValueId>(result_.graph.values.size() - 1);
  }

  // A node whose inputs and outputs are known; returns its place.
  std::size_t append(Node node) {
    Graph& graph = result_.graph;
    for (const ValueId output : node.outputs) graph.value(output).producer = static_cast<NodeId>(graph.nodes.size());
    graph.nodes.push_back(std::move(node));
    return graph.nodes.size() - 1;
  }

  void copy(const Node& node) {
    if (!is_loop(node)) {
      append(node);
      return;
    }
    const LoopView loop(node.attributes);
    const Graph& body = *loop.body;
    const std::size_t count = node.inputs.size();
    OpenLoop open{.steps = loop.steps, .carried = loop.carried, .stacked = loop.stacked, .reverse = loop.reverse, .index = loop.takes_index(count)};
    std::vector<ValueId> now(body.values.size(), no_value);
    Node begin, end;
    begin.op = end.op = node.op;
    begin.path = end.path = node.path;
    for (std::size_t i = 0; i < body.inputs.size(); ++i) {
      ValueId& inner = now[at(body.inputs[i])];
      if (i >= loop.carried + loop.stacked && i < count) {
        inner = node.inputs[i];
        continue;
      }
      if (i < count) begin.inputs.push_back(node.inputs[i]);
      begin.outputs.push_back(inner = add_value(body.value(body.inputs[i])));
    }
    const std::size_t place = result_.loops.size();
    result_.loops.push_back(open);
    const std::size_t begins = append(std::move(begin));
    end.inputs = copy_body(body, std::move(now));
    end.outputs = node.outputs;
    const std::size_t ends = append(std::move(end));
    result_.loops[place].begin = begins;
    result_.loops[place].end = ends;
  }

  const Graph& source_;
  OpenGraph& result_;
};

}  // namespace

const OpenLoop* OpenGraph::at(std::size_t node) const {
  const auto found = std::ranges::find_if(loops, [&](const OpenLoop& loop) { return loop.begin == node || loop.end == node; });
  return found == loops.end() ? nullptr : &*found;
}

OpenGraph open_loops(const Graph& graph) {
  OpenGraph result;
  Opening(graph, result).run();
  return result;
}

}  // namespace webai
