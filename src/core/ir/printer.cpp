// Writing a graph as text (text.h has the form).
#include <array>
#include <charconv>

#include "core/ir/text.h"

namespace webai {
namespace {

std::string id_text(ValueId id) { return id == no_value ? "_" : "%" + std::to_string(id); }

std::string quoted(const std::string& text) { return text_of(AttributeValue(text)); }

std::string type_text(const ValueType& type) {
  std::string text = std::string(name_of(type.type)) + "[";
  for (std::size_t i = 0; i < type.shape.rank(); ++i) {
    const Dimension dim = type.shape.dim(i);
    text += (i ? ", " : "") +
            (dim.is_symbol() ? "n" + std::to_string(dim.symbol_number()) : std::to_string(dim.value()));
  }
  return text + "]";
}

std::string element_text(const Tensor& tensor, std::size_t index) {
  if (tensor.type() == DType::i64) return std::to_string(tensor.span<std::int64_t>()[index]);
  if (tensor.type() == DType::u64) return std::to_string(tensor.span<std::uint64_t>()[index]);
  std::array<char, 32> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), tensor.at(index)).ptr};
}

std::string data_text(const Tensor& tensor) {
  std::string text = "[";
  for (std::size_t i = 0; i < tensor.elements(); ++i) text += (i ? ", " : "") + element_text(tensor, i);
  return text + "]";
}

std::string operator_text(const Operator& op) { return op.domain + "#" + op.name; }

template <class T, class Write> std::string joined(const std::vector<T>& items, Write write) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ", ") + write(item);
  return text;
}

std::string chain_text(const Chain& chain) {
  const auto slot = [](std::int32_t number) { return std::to_string(number); };
  const auto step = [&](const ChainStep& s) {
    std::string text = operator_text(*s.op) + "(" + joined(s.operands, slot) + ")";
    if (!s.attributes.empty()) text += " " + text_of(AttributeValue(s.attributes));
    return text;
  };
  return " chain " + std::to_string(chain.inputs) + " {" + joined(chain.steps, step) + "} -> (" +
         joined(chain.results, slot) + ")";
}

std::string node_text(const Graph& graph, const Node& node) {
  std::string text =
      joined(node.outputs, [&](ValueId id) { return id_text(id) + ": " + type_text(graph.value(id).type); }) + " = " +
      operator_text(*node.op) + "(" + joined(node.inputs, id_text) + ")";
  if (node.attributes.size()) {
    std::string list;
    for (const auto& [name, value] : node.attributes) list += (list.empty() ? "" : ", ") + name + ": " + text_of(value);
    text += " {" + list + "}";
  }
  if (node.chain) text += chain_text(*node.chain);
  if (!node.path.empty()) text += " @ " + quoted(node.path);
  if (!node.device.empty()) text += " on " + quoted(node.device);
  return text + "\n";
}

}  // namespace

std::string print(const Graph& graph) {
  std::string text;
  const auto named = [&](const char* keyword, ValueId id) {
    const Value& value = graph.value(id);
    text += std::string(keyword) + " " + id_text(id) + " " + quoted(value.name) + " " + type_text(value.type) +
            (value.trainable ? " trainable" : "") + "\n";
  };
  for (const ValueId id : graph.inputs) named("input", id);
  for (const ValueId id : graph.parameters) named("parameter", id);
  for (const ValueId id : graph.states) named("state", id);
  for (std::size_t i = 0; i < graph.values.size(); ++i)
    if (graph.values[i].kind == ValueKind::constant)
      text += "constant " + id_text(static_cast<ValueId>(i)) + " " + type_text(graph.values[i].type) + " = " +
              data_text(graph.values[i].constant) + "\n";
  for (const Node& node : graph.nodes) text += node_text(graph, node);
  for (const NamedValue& output : graph.outputs) text += "output " + quoted(output.name) + " " + id_text(output.value) + "\n";
  for (const Write& write : graph.writes) text += "write " + id_text(write.state) + " <- " + id_text(write.value) + "\n";
  return text;
}

}  // namespace webai
