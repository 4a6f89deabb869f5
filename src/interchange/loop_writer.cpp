// C and JavaScript: loops over flat arrays. This file writes statements and elements.
#include <algorithm>
#include <functional>

#include "core/op/broadcast.h"
#include "interchange/byte_weights.h"
#include "interchange/open_program.h"
#include "interchange/writer.h"
#include "webai/error.hpp"

namespace webai {

Index& Index::add(const std::string& variable, std::int64_t stride) {
  if (variable != "0" && stride != 0) terms.emplace_back(variable, stride);
  return *this;
}

std::string Index::text() const {
  std::string text;
  auto sorted = terms;  // the largest steps first
  std::ranges::stable_sort(sorted, std::greater<>(),
                           [](const auto& term) { return term.second < 0 ? -term.second : term.second; });
  for (const auto& [variable, stride] : sorted) {
    if (!text.empty())
      text += stride < 0 ? " - " : " + ";
    else if (stride < 0)
      text += "-";
    const std::int64_t size = stride < 0 ? -stride : stride;
    text += (size == 1 ? "" : std::to_string(size) + " * ") + variable;
  }
  if (text.empty()) return std::to_string(offset);
  if (offset != 0) text += (offset < 0 ? " - " : " + ") + std::to_string(offset < 0 ? -offset : offset);
  return text;
}

LoopWriter::LoopWriter(const OpenGraph& open, const Graph& planned, const ProgramOptions& options)
    : ProgramWriter(open, options), planned_(planned) {
  if (planned.values.size() != open.graph.values.size() || planned.nodes.size() != open.graph.nodes.size())
    throw Error(Code::unsupported, {.message = "a program takes no open dimension (null) here: the nodes of the graph depend on its length",
                                    .reason = std::string(other_nodes),
                                    .hint = "export a copy of the model with numbers for its nulls"});
  plan();
}

// ---- statements

void LoopWriter::line(const std::string& text) { body_ += std::string(2 * depth_, ' ') + text + "\n"; }

// A name that nothing around it has; it lasts until what is open now closes.
std::string LoopWriter::declared(const std::string& prefix) {
  std::string name = prefix;
  for (int i = 2; !in_scope_.insert(name).second; ++i) name = prefix + std::to_string(i);
  for (std::size_t k = opened_.size(); k-- > 0;)
    if (opened_[k]) {
      opened_[k]->push_back(name);
      break;
    }
  return name;
}

std::string LoopWriter::loop(const std::string& prefix, std::int64_t count) {
  opened_.emplace_back();
  if (count == 1) return "0";
  opened_.back().emplace();
  const std::string name = declared(prefix);
  line("for (" + ((is_c() ? "int " : "let ") + name) + " = 0; " + name + " < " + std::to_string(count) + "; ++" + name +
       ") {");
  ++depth_;
  return name;
}

void LoopWriter::when(const std::string& condition) {
  line("if (" + condition + ") {");
  opened_.emplace_back().emplace();
  ++depth_;
}

void LoopWriter::close(std::size_t count) {
  for (; count > 0; --count) {
    const auto names = std::move(opened_.back());
    opened_.pop_back();
    if (!names) continue;
    for (const std::string& name : *names) in_scope_.erase(name);
    --depth_;
    line("}");
  }
}

std::string LoopWriter::variable(const std::string& name, const std::string& value) {
  const std::string own = declared(name);
  line((is_c() ? words_.type() + " " : std::string("let ")) + own + " = " + value + ";");
  return own;
}

std::string LoopWriter::integer(const std::string& name, const std::string& value) {
  const std::string own = declared(name);
  line((is_c() ? "const int " : "const ") + own + " = " + value + ";");
  return own;
}

std::vector<std::string> LoopWriter::loops(const Shape& shape) {
  std::vector<std::string> variables;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) variables.push_back(loop("i", shape[axis]));
  return variables;
}

Index LoopWriter::row_major(const Shape& shape, std::span<const std::string> variables) const {
  Index index;
  const auto strides = strides_of(shape);
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) index.add(variables[axis], strides[axis]);
  return index;
}

// ---- elements

Text LoopWriter::element(ValueId id, const Index& index) {
  const ValueId from = root(id);
  const Value& value = graph_.value(from);
  if (is_scalar_constant(from)) return words_.number(value.constant.at(0));
  if (const auto row = rows_.find(from); row != rows_.end())
    return element(row->second.stacked, Index(index).add(row->second.step, value.type.shape.elements()));
  if (const auto step = indices_.find(from); step != indices_.end()) return {step->second, 2};
  if (value.kind == ValueKind::node || value.kind == ValueKind::input)
    return {names_of_values_[static_cast<std::size_t>(from)] + "[" + index.text() + "]"};
  if (written_.insert(from).second) weights_.push_back(weights_text(from));
  const std::string text = named(from) + "[" + index.text() + "]";
  if (value.kind != ValueKind::constant || !options_.bytes || !fits_bytes(value.constant)) return {text};
  const ByteRange range = range_of(value.constant);
  return {words_.number(range.low).text + " + " + words_.number(range.step).text + " * " + text, 1};
}

Text LoopWriter::read(const Node& node, std::size_t input, const Index& index) {
  return element(node.inputs[input], index);
}

void LoopWriter::write(const Node& node, const Index& index, const Text& value) {
  line(names_of_values_[static_cast<std::size_t>(node.outputs[0])] + "[" + index.text() + "] = " + value.text + ";");
}

void LoopWriter::add_to(const Node& node, const Index& index, const Text& value) {
  line(names_of_values_[static_cast<std::size_t>(node.outputs[0])] + "[" + index.text() + "] += " + value.text + ";");
}

Text LoopWriter::inlined(ValueId id, const std::map<ValueId, Index>& leaves) {
  if (const auto leaf = leaves.find(id); leaf != leaves.end()) return element(id, leaf->second);
  const Node& node = graph_.node(graph_.value(id).producer);
  std::vector<Text> operands;
  for (const ValueId input : node.inputs) operands.push_back(inlined(input, leaves));
  const Elementwise& elementwise = *definition(node).elementwise;
  return words_.apply(elementwise, elementwise_attributes(elementwise, node.attributes), operands);
}

// One loop over everything where all operands allow, else as few as possible.
void LoopWriter::elementwise(const Node& node) {
  std::vector<ValueId> leaves;
  collect_leaves(node, leaves);
  const Shape& full = output_shape(node);
  std::vector<std::vector<std::int64_t>> strides(leaves.size() + 1);  // the last: of the result
  std::vector<std::int64_t> lengths;
  const auto own = strides_of(full);
  for (std::size_t axis = 0; axis < full.rank(); ++axis) {
    if (full[axis] == 1) continue;
    std::vector<std::int64_t> now;
    for (const ValueId leaf : leaves) now.push_back(broadcast_strides(shape(leaf), full)[axis]);
    now.push_back(own[axis]);
    bool joins = !lengths.empty();
    for (std::size_t k = 0; joins && k < strides.size(); ++k) joins = strides[k].back() == now[k] * full[axis];
    if (joins)
      lengths.back() *= full[axis];
    else
      lengths.push_back(full[axis]);
    for (std::size_t k = 0; k < strides.size(); ++k)
      if (joins)
        strides[k].back() = now[k];
      else
        strides[k].push_back(now[k]);
  }
  std::vector<std::string> variables;
  for (const std::int64_t length : lengths) variables.push_back(loop("i", length));
  std::map<ValueId, Index> places;
  Index target;
  for (std::size_t axis = 0; axis < lengths.size(); ++axis) {
    for (std::size_t k = 0; k < leaves.size(); ++k) places[leaves[k]].add(variables[axis], strides[k][axis]);
    target.add(variables[axis], strides.back()[axis]);
  }
  for (const ValueId leaf : leaves) places[leaf];
  std::vector<Text> operands;
  for (const ValueId input : node.inputs) operands.push_back(inlined(input, places));
  const Elementwise& operation = *definition(node).elementwise;
  write(node, target, words_.apply(operation, elementwise_attributes(operation, node.attributes), operands));
  close(lengths.size());
}

}  // namespace webai
