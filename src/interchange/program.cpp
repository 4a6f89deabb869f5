#include "interchange/program.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "interchange/length_formula.h"
#include "interchange/library.h"
#include "interchange/writer.h"
#include "webai/error.hpp"

namespace webai {

const Emitter* find_emitter(const Operator& op) {
  if (op.domain != "core") return nullptr;
  for (const auto& family : {row_emitters(), window_emitters(), movement_emitters()}) {
    const auto found = std::ranges::find(family, op.name, &Emitter::op);
    if (found != family.end()) return &*found;
  }
  return nullptr;
}

bool is_writable(Language language, const Operator& op) {
  if (definition(op).elementwise || definition(op).view || definition(op).loop) return true;
  const Emitter* emitter = find_emitter(op);
  return emitter && (language == Language::python ? emitter->numpy != nullptr : emitter->loops != nullptr);
}

std::string write_program(const Graph& graph, const ProgramOptions& options) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    throw Error(Code::internal, "a program has one flat input and one flat output");
  const OpenGraph open = open_loops(graph);
  const OpenGraph largest = options.largest ? open_loops(*options.largest) : OpenGraph();
  if (options.language == Language::python) return NumpyWriter(open, options).run();
  return LoopWriter(open, options.largest ? largest.graph : open.graph, options).run();
}

// ---- what both writers know

ProgramWriter::ProgramWriter(const OpenGraph& open, const ProgramOptions& options)
    : graph_(open.graph),
      open_(open),
      options_(options),
      words_(options.language, open.graph.value(open.graph.inputs[0]).type.type == DType::fp64) {
  for (const char* name : {"x", "y", "z", "input", "output", "work", "run", "reset", "np", "math", "base64"}) words_.take(name);
  for (const std::string& name : {options.name, options.name + "_run", options.name + "_reset"}) words_.take(name);
  for (std::size_t i = 0; i < options.lengths; ++i) words_.take(length_name(i));
  for (std::string& name : names_of_programs(options.language)) words_.take(std::move(name));
  for (const Node& node : graph_.nodes) {
    for (const ValueId output : node.outputs) {
      const Shape& result = graph_.value(output).type.shape;
      for (const Dimension dim : result.dims())
        if (dim.is_symbol()) refuse(node, "an open dimension");
      if (result.elements() > 0x7fffffff)
        throw Error(Code::limit_exceeded, {.message = "a value of " + result.text() + " is too large for a program",
                                           .reason = "PROGRAM",
                                           .path = node.path,
                                           .hint = "use the library: a program counts its values with 31 bits"});
    }
    if (definition(node).loop) continue;
    const Value& value = graph_.value(node.outputs[0]);
    if (node.outputs.size() != 1) refuse(node, "the operator \"" + node.op->name + "\"");
    if (!is_writable(options.language, *node.op)) refuse(node, "the operator \"" + node.op->name + "\"");
    if (definition(node).elementwise && is_integer(value.type.type) &&
        (node.op->name == "div" || node.op->name == "mod"))
      refuse(node, "a quotient of integers");
  }
}

std::string ProgramWriter::arguments(std::string_view type) const {
  std::string text;
  for (std::size_t i = 0; i < options_.lengths; ++i) text += ", " + std::string(type) + length_name(i);
  return text;
}

std::string ProgramWriter::sketched(const std::string& name, const Tensor& tensor) {
  std::uint64_t hash = 14695981039346656037u;
  for (std::size_t i = 0; i < tensor.bytes(); ++i)
    hash = (hash ^ static_cast<const unsigned char*>(tensor.data())[i]) * 1099511628211u;
  return name + " " + tensor.shape().text() + " " + std::to_string(hash) + "\n";
}

std::string ProgramWriter::about() const {
  const std::string given = std::to_string(shape(graph_.inputs[0]).elements()), made = std::to_string(shape(graph_.outputs[0].value).elements());
  return options_.lengths > 0 ? "takes the numbers of an input and " + options_.about_lengths : "takes " + given + " numbers and gives " + made;
}

std::string ProgramWriter::place(const Node& node) const {
  return node.path.starts_with("/") ? node.path.substr(1) : node.path;
}

void ProgramWriter::refuse(const Node& node, const std::string& what) const {
  static constexpr const char* names[] = {"Python", "C", "JavaScript"};
  throw Error(Code::unsupported,
              {.message = what + " cannot be written in " + names[static_cast<int>(options_.language)],
               .reason = "EXPORT_OPERATION",
               .path = node.path,
               .hint = "docs/exports.md tells what programs can do; the library runs the rest"});
}

bool ProgramWriter::is_scalar_constant(ValueId id) const {
  const Value& value = graph_.value(id);
  return value.kind == ValueKind::constant && value.type.shape.elements() == 1;
}

std::span<const double> ProgramWriter::start_of(ValueId state) const {
  static constexpr std::array<double, 1> zero = {0};
  const auto start = options_.starts.find(graph_.value(state).name);
  return start == options_.starts.end() ? std::span<const double>(zero) : start->second;
}

std::string ProgramWriter::unique(std::string name) {
  std::string result = name;
  for (int i = 2; !words_.take(result); ++i) result = name + "_" + std::to_string(i);
  return result;
}

std::string ProgramWriter::named(ValueId id) {
  std::string& name = names_[id];
  if (!name.empty()) return name;
  const std::string& given = graph_.value(id).name;
  std::string spelt;
  if (given.empty()) {
    spelt = "constant";
  } else {
    // "1.weights" becomes weights_1: names begin with a letter.
    const std::size_t dot = given.rfind('.');
    spelt = dot == std::string::npos ? given : given.substr(dot + 1) + "_" + given.substr(0, dot);
    for (char& c : spelt)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    if (std::isdigit(static_cast<unsigned char>(spelt[0]))) spelt = "value_" + spelt;
  }
  return name = unique(std::move(spelt));
}

}  // namespace webai
