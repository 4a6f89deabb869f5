// Python: one expression over arrays per operator, joined where that stays short.
#include <cstring>

#include "core/model/base64.h"
#include "interchange/writer.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t longest_joined = 60;  // characters of an expression that is put into another
constexpr std::size_t columns = 110;

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

std::string NumpyWriter::weights_text(ValueId id) {
  const Value& value = graph_.value(id);
  const std::string name = named(id), shape = tuple(value.type.shape);
  const std::string type = value.type.type == DType::boolean ? "np.bool_"
                           : is_integer(value.type.type)     ? "np.int64"
                           : words_.is_double()              ? "np.float64"
                                                             : "np.float32";
  if (value.kind == ValueKind::state)
    return name + " = np.full(" + shape + ", " + words_.number(start_of(id)).text + ", " + type + ")\n";
  const Tensor& tensor = value.constant;
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
    if (i > 0) text += text.size() - begin + number.size() > columns ? ",\n    " : ", ";
    if (text.ends_with("    ")) begin = text.size();
    text += number;
  }
  return text + "], " + type + ").reshape(" + shape + ")\n";
}

std::string NumpyWriter::run() {
  texts_.resize(graph_.values.size());
  std::vector<int> uses(graph_.values.size());
  for (const Node& node : graph_.nodes)
    for (const ValueId id : node.inputs)
      if (id != no_value) ++uses[static_cast<std::size_t>(id)];
  for (const NamedValue& output : graph_.outputs) uses[static_cast<std::size_t>(output.value)] += 2;
  for (const Write& write : graph_.writes) uses[static_cast<std::size_t>(write.value)] += 2;

  const std::string type = words_.is_double() ? "np.float64" : "np.float32";
  const Value& given = graph_.value(graph_.inputs[0]);
  texts_[static_cast<std::size_t>(graph_.inputs[0])] = {"x"};
  std::string body, last_place;
  std::size_t count = 0;
  for (const Node& node : graph_.nodes) {
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
    if (uses[static_cast<std::size_t>(id)] == 1 && text.text.size() <= longest_joined) {
      texts_[static_cast<std::size_t>(id)] = std::move(text);
      continue;
    }
    const std::string name = "v" + std::to_string(++count);
    if (const std::string at = place(node); !at.empty() && at != last_place)
      body += "        # " + (last_place = at) + "\n";
    body += "        " + name + " = " + text.text + "\n";
    texts_[static_cast<std::size_t>(id)] = {name};
  }
  std::string update, names, reset;
  for (const ValueId id : graph_.states) {
    value(id);
    names += (names.empty() ? "" : ", ") + named(id);
    reset += "    " + named(id) + " = np.full_like(" + named(id) + ", " + words_.number(start_of(id)).text + ")\n";
  }
  for (const Write& write : graph_.writes) {
    update += "        next_" + named(write.state) + " = np.array(" + value(write.value).text + ", " + type + ")\n";
  }
  for (const Write& write : graph_.writes)
    update += "        " + named(write.state) + " = next_" + named(write.state) + "\n";
  const std::string result = value(graph_.outputs[0].value).at(3);

  std::string text = "\"\"\"" + options_.title + "\nrun(x) takes " + std::to_string(given.type.shape.elements()) +
                     " numbers and gives " + std::to_string(shape(graph_.outputs[0].value).elements()) + ".\"\"\"\n";
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
  text += "\ndef run(x):\n";
  if (!update.empty()) text += "    global " + names + "\n";
  text += "    x = np.asarray(x, " + type + ").reshape(" + tuple(given.type.shape) + ")\n";
  text += "    with np.errstate(all=\"ignore\"):\n" + body + update;
  return text + "        return np.asarray(" + result + ", " + type + ").reshape(-1)\n";
}

}  // namespace webai
