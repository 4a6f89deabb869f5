// Python: one expression over arrays per operator, joined where that stays short.
#include <cstring>

#include "core/model/base64.h"
#include "interchange/open_program.h"
#include "interchange/writer.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t longest_joined = 60;  // characters of an expression that is put into another

}  // namespace

std::string NumpyWriter::tuple(std::span<const std::int64_t> numbers) {
  std::string text = "(";
  for (std::size_t i = 0; i < numbers.size(); ++i) text += (i ? ", " : "") + std::to_string(numbers[i]);
  return text + (numbers.size() == 1 ? ",)" : ")");
}

std::string NumpyWriter::tuple(const Shape& shape) {
  std::vector<std::int64_t> numbers;
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) numbers.push_back(shape[axis]);
  return tuple(numbers);
}

Text NumpyWriter::input(const Node& node, std::size_t index) { return value(node.inputs[index]); }

Text NumpyWriter::value(ValueId id) {
  const Value& value = graph_.value(id);
  if (is_scalar_constant(id) && value.type.type != DType::boolean && value.type.shape.rank() == 0)
    return words_.number(value.constant.at(0));
  if (value.kind == ValueKind::constant || value.kind == ValueKind::parameter || value.kind == ValueKind::state) {
    if (written_.insert(id).second) weights_.push_back(weights_text(id));
    return {named(id)};
  }
  return texts_[static_cast<std::size_t>(id)];
}

// A number, or a list of them.
std::string NumpyWriter::start_text(ValueId id) {
  const std::span<const double> start = start_of(id);
  if (start.size() == 1) return words_.number(start[0]).text;
  std::string list;
  for (const double one : start) list += (list.empty() ? "[" : ", ") + words_.number(one).text;
  return list + "]";
}

std::string NumpyWriter::weights_text(ValueId id) {
  const Value& value = graph_.value(id);
  const std::string name = named(id), shape = tuple(value.type.shape);
  const std::string type = type_of(id);
  if (value.kind == ValueKind::state) {
    const std::string start = start_text(id);
    if (start_of(id).size() == 1) return name + " = np.full(" + shape + ", " + start + ", " + type + ")\n";
    return name + " = np.array(" + start + ", " + type + ").reshape(" + shape + ")\n";
  }
  const Tensor& tensor = value.constant;
  if (options_.sketch) return sketched(name, tensor);
  if (options_.base64 && (tensor.type() == DType::fp32 || tensor.type() == DType::fp64)) {
    const std::span bytes(static_cast<const std::byte*>(tensor.data()), tensor.bytes());
    return name + " = np.frombuffer(base64.b64decode(\n    \"" + encode_base64(bytes) + "\"),\n    \"" +
           (tensor.type() == DType::fp64 ? "<f8" : "<f4") + "\").reshape(" + shape + ")\n";
  }
  std::string text = name + " = np.array([\n    ";
  std::size_t begin = text.size();
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    const std::string number = value.type.type == DType::boolean ? (tensor.at(i) != 0 ? "True" : "False")
                               : is_integer(value.type.type) ? std::to_string(static_cast<std::int64_t>(tensor.at(i)))
                                                             : words_.number(tensor.at(i)).text;
    if (i > 0) text += text.size() - begin + number.size() > table_columns ? ",\n    " : ", ";
    if (text.ends_with("    ")) begin = text.size();
    text += number;
  }
  return text + "], " + type + ").reshape(" + shape + ")\n";
}

void NumpyWriter::statement(const std::string& text) { body_ += std::string(4 * depth_, ' ') + text + "\n"; }

std::string NumpyWriter::fresh(ValueId id) {
  const std::string name = "v" + std::to_string(++names_);
  texts_[static_cast<std::size_t>(id)] = {name};
  return name;
}

void NumpyWriter::statement_of(const Node& node) {
  Text text;
  const ValueId id = node.outputs[0];
  if (const Elementwise* elementwise = definition(node).elementwise) {
    std::vector<Text> operands;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) operands.push_back(input(node, i));
    text = words_.apply(*elementwise, elementwise_attributes(*elementwise, node.attributes), operands);
  } else if (definition(node).view) {
    text = {input(node, 0).at(3) + ".reshape(" + tuple(shape(id)) + ")"};
  } else {
    text = find_emitter(*node.op)->numpy(*this, node);
  }
  if (uses_[static_cast<std::size_t>(id)] == 1 && text.text.size() <= longest_joined) {
    texts_[static_cast<std::size_t>(id)] = std::move(text);
    return;
  }
  if (const std::string at = place(node); !at.empty() && at != last_place_) statement("# " + (last_place_ = at));
  statement(fresh(id) + " = " + text.text);
}

std::string NumpyWriter::type_of(ValueId id) const {
  const DType type = graph_.value(id).type.type;
  return type == DType::boolean ? "np.bool_" : is_integer(type) ? "np.int64" : words_.is_double() ? "np.float64" : "np.float32";
}

void NumpyWriter::begin_loop(const OpenLoop& loop) {
  const Node &begin = graph_.nodes[loop.begin], &end = graph_.nodes[loop.end];
  if (const std::string at = place(begin); !at.empty() && at != last_place_) statement("# " + (last_place_ = at));
  for (std::size_t i = 0; i < loop.carried; ++i) {
    const std::string first = input(begin, i).text;
    statement(fresh(begin.outputs[i]) + " = np.array(" + first + ", " + type_of(begin.outputs[i]) + ").reshape(" + tuple(shape(begin.outputs[i])) + ")");
  }
  for (std::size_t i = loop.carried; i < end.outputs.size(); ++i)
    statement(fresh(end.outputs[i]) + " = np.empty(" + tuple(shape(end.outputs[i])) + ", " + type_of(end.outputs[i]) + ")");
  const std::string step = "t" + std::to_string(++names_), range = "range(" + std::to_string(loop.steps) + ")";
  statement("for " + step + " in " + (loop.reverse ? "reversed(" + range + ")" : range) + ":");
  ++depth_;
  for (std::size_t i = 0; i < loop.stacked; ++i)
    texts_[static_cast<std::size_t>(begin.outputs[loop.carried + i])] = {input(begin, loop.carried + i).at(3) + "[" + step + "]"};
  if (loop.index) texts_[static_cast<std::size_t>(begin.outputs.back())] = {"np.int64(" + step + ")"};
  steps_.push_back(step);
}

void NumpyWriter::end_loop(const OpenLoop& loop) {
  const Node &begin = graph_.nodes[loop.begin], &end = graph_.nodes[loop.end];
  for (std::size_t i = loop.carried; i < end.outputs.size(); ++i)
    statement(value(end.outputs[i]).text + "[" + steps_.back() + "] = " + input(end, i).text);
  // All are computed before the first is renewed.
  std::string names, next;
  for (std::size_t i = 0; i < loop.carried; ++i) {
    const std::string name = value(begin.outputs[i]).text, after = input(end, i).text;
    texts_[static_cast<std::size_t>(end.outputs[i])] = {name};
    if (after == name) continue;
    names += (names.empty() ? "" : ", ") + name;
    next += (next.empty() ? "" : ", ") + ("np.array(" + after + ", " + type_of(begin.outputs[i]) + ").reshape(" + tuple(shape(begin.outputs[i])) + ")");
  }
  if (!names.empty()) statement(names + " = " + next);
  if (names.empty() && end.outputs.size() == loop.carried) statement("pass");
  steps_.pop_back();
  --depth_;
}

std::string NumpyWriter::run() {
  texts_.resize(graph_.values.size());
  uses_.resize(graph_.values.size());
  std::vector<const OpenLoop*> around;
  std::vector<std::size_t> depth(graph_.values.size());  // loops around the node that makes a value
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    const OpenLoop* const loop = definition(node).loop ? open_.at(n) : nullptr;
    if (loop && n == loop->end) around.pop_back();
    // What a loop reads of what stands around it has a name: it is computed once. So has what a loop is begun and ended with.
    for (const ValueId id : node.inputs)
      if (id != no_value) uses_[static_cast<std::size_t>(id)] += loop || depth[static_cast<std::size_t>(id)] < around.size() ? 2 : 1;
    if (loop && n == loop->begin) around.push_back(loop);
    for (const ValueId id : node.outputs) depth[static_cast<std::size_t>(id)] = around.size();
  }
  for (const NamedValue& output : graph_.outputs) uses_[static_cast<std::size_t>(output.value)] += 2;
  for (const Write& write : graph_.writes) uses_[static_cast<std::size_t>(write.value)] += 2;

  const std::string type = words_.is_double() ? "np.float64" : "np.float32";
  const Value& given = graph_.value(graph_.inputs[0]);
  texts_[static_cast<std::size_t>(graph_.inputs[0])] = {"x"};
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const OpenLoop* const loop = definition(graph_.nodes[n]).loop ? open_.at(n) : nullptr;
    if (!loop)
      statement_of(graph_.nodes[n]);
    else if (n == loop->begin)
      begin_loop(*loop);
    else
      end_loop(*loop);
  }
  std::string update, names, reset;
  for (const ValueId id : graph_.states) {
    value(id);
    names += (names.empty() ? "" : ", ") + named(id);
    const std::string same = named(id) + (start_of(id).size() == 1 ? "" : ".ravel()");
    reset += "    " + named(id) + " = np.full_like(" + same + ", " + start_text(id) + ")" +
             (start_of(id).size() == 1 ? "" : ".reshape(" + named(id) + ".shape)") + "\n";
  }
  std::string renewals;
  for (const Write& write : graph_.writes) {
    const std::string next = unique("next_" + named(write.state));
    update += "        " + next + " = np.array(" + value(write.value).text + ", " + type + ")\n";
    renewals += "        " + named(write.state) + " = " + next + "\n";
  }
  update += renewals;
  const std::string result = value(graph_.outputs[0].value).at(3);

  std::string text = "\"\"\"" + options_.title + "\nrun(x" + arguments() + ") " + about() + ".\"\"\"\n";
  if (options_.base64 && !weights_.empty()) text += "import base64\n";
  const std::string functions = words_.functions();
  if (functions.find("math.") != std::string::npos) text += "import math\n";
  text += "\nimport numpy as np\n\n";
  for (const std::string& one : weights_) text += one;
  text += "\n";
  for (std::size_t at = 0, end; at < functions.size(); at = end) {
    end = functions.find("\n\n", at);
    end = end == std::string::npos ? functions.size() : end + 2;
    text += "\n" + functions.substr(at, end - at);
  }
  if (!reset.empty())
    text +=
        "\ndef reset():\n    \"\"\"Forgets what earlier runs left.\"\"\"\n    global " + names + "\n" + reset + "\n";
  text += "\ndef run(x" + arguments() + "):\n";
  if (!update.empty()) text += "    global " + names + "\n";
  if (options_.lengths > 0) text += lengths_line;
  text += "    x = np.asarray(x, " + type + ").reshape(" + tuple(given.type.shape) + ")\n";
  text += "    with np.errstate(all=\"ignore\"):\n" + body_ + update;
  return text + "        return np.asarray(" + result + ", " + type + ").reshape(-1)\n";
}

}  // namespace webai
