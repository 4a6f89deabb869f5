// What a network says of itself: rows of its layers, its graph, where the nodes run.
#include <algorithm>
#include <map>

#include "compiler/plan.h"
#include "core/ir/text.h"
#include "core/model/build_outputs.h"
#include "core/model/describe.h"
#include "core/model/integer_code.h"
#include "core/op/cost.h"
#include "core/op/loop.h"
#include "core/op/op_def.h"
#include "network/state.h"

namespace webai {
namespace {

constexpr std::size_t longest_line = 400, longest_constant = 100;  // large ones would fill screens

std::string shortened(const std::string& text) {
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t length = end - begin;
    const std::size_t most = text.compare(begin, 8, "constant") == 0 ? longest_constant : longest_line;
    result += text.substr(begin, std::min(length, most));
    if (length > most) result += " ... (" + std::to_string(length - most) + " more characters)";
    result += '\n';
    begin = end + 1;
  }
  return result;
}

using ValueNames = std::map<ValueId, std::string>;

// The scales and nodes by which codes of integer parameters become numbers, each with the parameter's name. A model has
// so many of them that they would hide all else.
ValueNames decoded_values(const Graph& graph) {
  ValueNames names;
  std::map<std::string, std::string> scales;  // by the names of their states
  for (const ValueId id : graph.parameters) {
    const Value& parameter = graph.value(id);
    if (!is_integer(parameter.type.type)) continue;
    names.emplace(id, parameter.name);
    scales.emplace(scale_name(parameter.name), parameter.name);
  }
  for (const ValueId id : graph.states)
    if (const auto scale = scales.find(graph.value(id).name); scale != scales.end()) names.emplace(id, scale->second);
  for (const Node& node : graph.nodes) {
    std::string name;
    const auto decodes = [&](ValueId input) {
      const auto known = names.find(input);
      if (known != names.end()) name = known->second;
      return known != names.end() || (input != no_value && graph.value(input).kind == ValueKind::constant);
    };
    if (!node.path.empty() || !node.reason.empty()) continue;
    if (!std::ranges::all_of(node.inputs, decodes) || name.empty()) continue;
    for (const ValueId output : node.outputs) names.emplace(output, name);
  }
  for (const ValueId id : graph.parameters) names.erase(id);
  for (const Node& node : graph.nodes)  // a scale that something else reads stays in sight
    for (const ValueId input : node.inputs)
      if (input != no_value && graph.value(input).kind == ValueKind::state && !names.contains(node.outputs.front()))
        names.erase(input);
  return names;
}

// "%22 is 1.weights": what the rest of the graph reads of them.
std::string decoded_text(const Graph& graph, const ValueNames& decoded) {
  ValueNames read;
  for (const Node& node : graph.nodes) {
    if (decoded.contains(node.outputs.front())) continue;
    for (const ValueId input : node.inputs)
      if (const auto name = decoded.find(input); name != decoded.end()) read.insert(*name);
  }
  std::string text;
  for (const auto& [id, name] : read) text += (text.empty() ? "%" : ", %") + std::to_string(id) + " is " + name;
  const auto is_node = [&](const auto& one) { return graph.value(one.first).kind == ValueKind::node; };
  const auto nodes = std::ranges::count_if(decoded, is_node);
  return "parameters as numbers instead of codes, by scales and " + std::to_string(nodes) +
         " nodes that are left out here (the passes show them):\n" + text + "\n";
}

// With the steps of loops below instead of inside of a line.
std::string graph_text(const Graph& graph, const ValueNames& left_out = {}) {
  Graph shown = graph;
  std::erase_if(shown.nodes, [&](const Node& node) { return left_out.contains(node.outputs.front()); });
  std::erase_if(shown.states, [&](ValueId id) { return left_out.contains(id); });
  std::string steps;
  for (Node& node : shown.nodes) {
    if (!is_loop(node)) continue;
    const std::string body = graph_text(*LoopView(node.attributes).body);
    steps += "each step of %" + std::to_string(node.outputs.front()) +
             " (its values are numbered anew; \"in 0\" is what the loop takes first):\n";
    for (std::size_t begin = 0; begin < body.size();) {
      const std::size_t end = std::min(body.find('\n', begin), body.size() - 1) + 1;
      steps += "  " + body.substr(begin, end - begin);
      begin = end;
    }
    node.attributes.set("body", std::string("below"));
  }
  return shortened(print(shown)) + steps;
}

std::string open_dimension_text(const OpenDimensionInfo& dim) {
  return "n" + std::to_string(dim.symbol) + ": open, at " + dim.path + ", counted as " + std::to_string(dim.counted) +
         (dim.max ? ", at most " + std::to_string(*dim.max) : "");
}

std::string type_text(const ValueType& type) { return std::string(name_of(type.type)) + " " + type.shape.text(); }

std::string placement_text(const Graph& graph, const ValueNames& left_out) {
  std::string text;
  for (const Node& node : graph.nodes) {
    if (left_out.contains(node.outputs.front())) continue;
    const Value& output = graph.value(node.outputs.front());
    text += "  %" + std::to_string(node.outputs.front()) + "  " + work_text(node) + " -> " + type_text(output.type);
    text += definition(node).view ? "  (a view)" : "  on " + node.device;
    if (!node.path.empty()) text += "  " + node.path;
    if (!node.reason.empty()) text += "  because " + node.reason;
    text += "\n";
  }
  return text;
}

std::string names_of(const std::vector<Device*>& devices) {
  std::string names;
  for (const Device* const device : devices) names += (names.empty() ? "" : ", ") + device->info().name;
  return names;
}

// Equal lines once, with how many there are. A line that ends in a colon begins anew: the kernels of another device.
std::string counted_lines(const std::string& text) {
  std::vector<std::pair<std::string, int>> lines;
  std::size_t first = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const auto known = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(),
                                    [&](const auto& one) { return one.first == line; });
    if (known != lines.end()) ++known->second;
    else lines.emplace_back(line, 1);
    if (line.ends_with(':')) first = lines.size();
  }
  std::string result;
  for (const auto& [line, count] : lines) result += (count > 1 ? std::to_string(count) + " x " : "") + line + "\n";
  return result;
}

std::string memory_text(const Program& program, const ValueNames& left_out) {
  std::string text = "memory: " + std::to_string(program.scratch_bytes) + " bytes for values in between, in places that are multiples of 64" +
                     (left_out.empty() ? "" : ", and for parameters as numbers") + "\n";
  for (std::size_t v = 0; v < program.locations.size(); ++v) {
    const Value& value = program.graph.values[v];
    const Location& location = program.locations[v];
    if (value.kind != ValueKind::node || location.kind != Location::scratch) continue;
    if (left_out.contains(static_cast<ValueId>(v))) continue;
    const std::int64_t bytes = value.type.shape.elements() * static_cast<std::int64_t>(size_of(value.type.type));
    text += "  %" + std::to_string(v) + "  " + type_text(value.type) + "  " + std::to_string(bytes) + " bytes at " +
            std::to_string(location.offset) + "\n";
  }
  return text;
}

std::string dot_text(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("\"\\", at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

// The run of one batch, as it is compiled; `see` is shown the graph after each pass.
struct Compiled {
  Graph placed;
  std::unique_ptr<Executable> executable;
};
template <class See>
Compiled compile_run(const Context& context, const Registry& registry, const Graph& graph,
                     std::span<Device* const> devices, std::int64_t batch, See see) {
  Compiled result;
  CompileOptions options;
  options.sizes = {{0, batch}};
  options.observe = [&](std::string_view pass, const Graph& now) {
    see(pass, now);
    if (pass == "place") result.placed = now;
  };
  result.executable = compile(context, registry, graph, devices, options);
  return result;
}

}  // namespace

NetworkInfo NeuralNetwork::info() const {
  State& state = *state_;
  const ModelSummary summary = summarise(state.model, state.built);
  NetworkInfo info;
  for (const LayerRow& row : summary.rows)
    info.layers.push_back({row.place, row.name, row.type, row.activation, row.input, row.output,
                           static_cast<std::uint64_t>(row.parameters), static_cast<std::uint64_t>(row.bytes), row.note,
                           row.inner});
  info.parameters = static_cast<std::uint64_t>(summary.parameters);
  info.bytes = static_cast<std::uint64_t>(summary.bytes);
  info.flops = summary.operations;
  info.run_bytes = static_cast<std::uint64_t>(summary.run_bytes);
  info.state_values = static_cast<std::uint64_t>(summary.state_values);
  info.table = text_of(summary);
  for (std::size_t i = 0; i < state.built.open.size(); ++i) {
    const OpenDimension& dim = state.built.open[i];
    info.open.push_back({dim.path, 1 + static_cast<int>(i), dim.length, dim.hint.max});
    info.table += open_dimension_text(info.open.back()) + "\n";
  }
  const std::vector<Device*> devices = state.device_order();
  const Compiled run = compile_run(state.context, *state.registry, state.graph, devices, 1, [](auto&&...) {});
  const std::string& wanted = devices.front()->info().name;
  for (const Node& node : run.placed.nodes) {
    if (definition(node).view) continue;
    ++info.nodes;
    if (node.device == wanted) ++info.on_device;
  }
  return info;
}

std::string NeuralNetwork::inspect(bool passes, std::size_t batch) const {
  State& state = *state_;
  std::string text;
  const auto see = [&](std::string_view pass, const Graph& graph) {
    if (passes) text += "after " + std::string(pass) + ":\n" + graph_text(graph) + "\n";
  };
  const Compiled run = compile_run(state.context, *state.registry, state.graph, state.device_order(),
                                   static_cast<std::int64_t>(batch), see);
  const ValueNames decoded = passes ? ValueNames() : decoded_values(run.placed);
  if (!passes) text += "graph:\n" + graph_text(run.placed, decoded) + "\n";
  if (!decoded.empty()) text += decoded_text(run.placed, decoded) + "\n";
  const bool several = state.device_order().size() > 1;
  text += (several ? "nodes, each on the first of " + names_of(state.device_order()) + " that takes it:\n" : "nodes:\n") +
          placement_text(run.placed, decoded) +
          "\nkernels, the code that computes nodes (fused: a chain; epilogue: the chain behind a product; on reference: plain code of\nthe same processor, where the device has none of its own):\n" +
          counted_lines(run.executable->report()) + "\n";
  const bool one_device = std::all_of(run.placed.nodes.begin(), run.placed.nodes.end(), [&](const Node& node) {
    return node.device == run.placed.nodes.front().device;
  });
  if (one_device) text += memory_text(plan(state.context, run.placed), decoded);
  return text;
}

std::string NeuralNetwork::graph_dot(std::size_t batch) const {
  State& state = *state_;
  const Compiled run = compile_run(state.context, *state.registry, state.graph, state.device_order(),
                                   static_cast<std::int64_t>(batch), [](auto&&...) {});
  const Graph& graph = run.placed;
  std::string text = "digraph model {\n  rankdir=TB; node [fontname=\"sans-serif\", fontsize=11, style=filled, "
                     "color=\"#64748b\"]; edge [color=\"#64748b\", fontname=\"sans-serif\", fontsize=9];\n";
  const auto value_node = [&](ValueId id, const char* colour) {
    const Value& value = graph.value(id);
    text += "  v" + std::to_string(id) + " [shape=box, fillcolor=\"" + colour + "\", label=\"" + dot_text(value.name) +
            "\\n" + type_text(value.type) + "\"];\n";
  };
  for (const ValueId id : graph.inputs) value_node(id, "#bfdbfe");
  for (const ValueId id : graph.parameters) value_node(id, "#fde68a");
  for (const ValueId id : graph.states) value_node(id, "#fbcfe8");
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const std::string name = "n" + std::to_string(n);
    text += "  " + name + " [shape=ellipse, fillcolor=\"#e2e8f0\", label=\"" + dot_text(work_text(node)) + "\\n" +
            dot_text(node.path) + (node.device.empty() ? "" : "\\non " + dot_text(node.device)) + "\"];\n";
    for (const ValueId input : node.inputs) {
      if (input == no_value || graph.value(input).kind == ValueKind::constant) continue;
      const NodeId producer = graph.value(input).producer;
      text += "  " + (producer >= 0 ? "n" + std::to_string(producer) : "v" + std::to_string(input)) + " -> " + name +
              " [label=\"" + (producer >= 0 ? graph.value(input).type.shape.text() : std::string()) + "\"];\n";
    }
  }
  for (const NamedValue& output : graph.outputs) {
    const NodeId producer = graph.value(output.value).producer;
    text += "  \"out " + dot_text(output.name) + "\" [shape=box, fillcolor=\"#bbf7d0\", label=\"" + dot_text(output.name) +
            "\"];\n  " + (producer >= 0 ? "n" + std::to_string(producer) : "v" + std::to_string(output.value)) +
            " -> \"out " + dot_text(output.name) + "\";\n";
  }
  return text + "}\n";
}

std::vector<PortInfo> NeuralNetwork::inputs() const {
  std::vector<PortInfo> result;
  for (const BuiltInput& input : state_->built.inputs) result.push_back({input.name, input.shape, input.label});
  return result;
}

std::vector<PortInfo> NeuralNetwork::outputs() const {
  std::vector<PortInfo> result;
  for (std::size_t i = 0; i < state_->built.outputs.size(); ++i) {
    const NamedValue& output = state_->built.outputs[i];
    result.push_back({output.name, state_->built.output_shapes[i], state_->built.output_labels[i]});
  }
  return result;
}

}  // namespace webai
