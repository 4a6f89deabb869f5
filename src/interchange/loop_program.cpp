// C and JavaScript: the program around the loops: tables of weights, steps of loops, states, the function that runs.
#include <algorithm>
#include <functional>

#include "core/model/base64.h"
#include "interchange/byte_weights.h"
#include "interchange/open_program.h"
#include "interchange/writer.h"

namespace webai {
namespace {

// Numbers with commas between them, in lines that end in time.
std::string listed(std::size_t count, const std::function<std::string(std::size_t)>& number) {
  std::string text;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string next = number(i);
    if (i > 0 && text.size() - begin + next.size() > table_columns) {
      text += ",\n  ";
      begin = text.size();
    } else if (i > 0) {
      text += ", ";
    }
    text += next;
  }
  return text;
}

}  // namespace

std::string LoopWriter::weights_text(ValueId id) {
  const Value& value = graph_.value(id);
  const std::string name = named(id), count = std::to_string(value.type.shape.elements());
  const std::string array = words_.is_double() ? "Float64Array" : "Float32Array";
  if (value.kind == ValueKind::state) {
    const std::span<const double> start = start_of(id);
    const bool zero = start.size() == 1 && start[0] == 0;
    const auto values = [&] {
      return listed(static_cast<std::size_t>(value.type.shape.elements()),
                    [&](std::size_t i) { return words_.number(start[i % start.size()]).text; });
    };
    std::string table;
    if (start.size() > 1) {  // a reset copies it
      const std::string& own = starts_.emplace(id, unique(name + "_start")).first->second;
      table = is_c() ? "static const " + words_.type() + " " + own + "[" + count + "] = {\n  " + values() + "\n};\n"
                     : "const " + own + " = new " + array + "([\n  " + values() + "\n]);\n";
    }
    if (is_c())
      return table + "static " + words_.type() + " " + name + "[" + count + "]" +
             (zero ? ";\n" : " = {\n  " + values() + "\n};\n");
    return table + "const " + name + " = " +
           (start.size() > 1 ? starts_.at(id) + ".slice()" : "new " + array + "(" + count + ")" +
            (zero ? "" : ".fill(" + words_.number(start[0]).text + ")")) + ";\n";
  }
  const Tensor& tensor = value.constant;
  if (options_.sketch) return sketched(name, tensor);
  const bool bytes = options_.bytes && fits_bytes(tensor);
  if (!is_c() && options_.base64 && tensor.type() == (words_.is_double() ? DType::fp64 : DType::fp32)) {
    const std::span data(static_cast<const std::byte*>(tensor.data()), tensor.bytes());
    return "const " + name + " = new " + array + "(Uint8Array.from(atob(\n  \"" + encode_base64(data) +
           "\"), c => c.charCodeAt(0)).buffer);\n";
  }
  std::string text = is_c() ? "static const " + (bytes ? "uint8_t" : words_.type()) + " " + name + "[" + count +
                                  "] = {  /* " + value.type.shape.text() + " */\n  "
                            : "const " + name + " = new " + array + "([  // " + value.type.shape.text() + "\n  ";
  const ByteRange range = bytes ? range_of(tensor) : ByteRange{};
  text += listed(tensor.elements(), [&](std::size_t i) {
    return bytes ? std::to_string(range.code(tensor.at(i))) : words_.number(tensor.at(i)).text;
  });
  return text + (is_c() ? "\n};\n" : "\n]);\n");
}

void LoopWriter::begin_node(const Node& node) {
  std::string text = place(node) + (node.path.empty() ? "" : ": ") + node.op->name + " ->";
  const Shape& result = output_shape(node);
  for (std::size_t axis = 0; axis < result.rank(); ++axis) text += (axis ? " x " : " ") + std::to_string(result[axis]);
  line(is_c() ? "/* " + text + " */" : "// " + text);
}

void LoopWriter::copy_values(const std::string& to, ValueId from, std::int64_t count) {
  const std::string i = loop("i", count);
  line(to + "[" + i + "] = " + element(from, Index().add(i, 1)).text + ";");
  close();
}

// The values before the first step; then the loop is open.
void LoopWriter::begin_loop(const OpenLoop& loop) {
  const Node& begin = graph_.nodes[loop.begin];
  const std::string text = place(begin) + (begin.path.empty() ? "" : ": ") + "loop of " + std::to_string(loop.steps) +
                           " steps";
  line(is_c() ? "/* " + text + " */" : "// " + text);
  for (std::size_t i = 0; i < loop.carried; ++i)
    copy_values(names_of_values_[static_cast<std::size_t>(begin.outputs[i])], begin.inputs[i],
                shape(begin.outputs[i]).elements());
  std::string step = this->loop("t", loop.steps);
  if (loop.reverse && step != "0") step = integer("back", std::to_string(loop.steps - 1) + " - " + step);
  for (std::size_t i = 0; i < loop.stacked; ++i) rows_[begin.outputs[loop.carried + i]].step = step;
  if (loop.index) indices_[begin.outputs.back()] = is_c() ? "(" + words_.type() + ")" + step : step;
  steps_.push_back(step);
}

// What the step gave, collected and carried on.
void LoopWriter::end_loop(const OpenLoop& loop) {
  const Node &begin = graph_.nodes[loop.begin], &end = graph_.nodes[loop.end];
  const auto name = [&](ValueId id) { return names_of_values_[static_cast<std::size_t>(id)]; };
  for (std::size_t k = loop.carried; k < end.outputs.size(); ++k) {
    const std::int64_t count = shape(end.inputs[k]).elements();
    const std::string i = this->loop("i", count);
    line(name(end.outputs[k]) + "[" + Index().add(steps_.back(), count).add(i, 1).text() + "] = " +
         element(end.inputs[k], Index().add(i, 1)).text + ";");
    close();
  }
  for (const auto& [carried, waiting] : next_)
    for (std::size_t k = 0; k < loop.carried; ++k)
      if (begin.outputs[k] == carried) copy_values(waiting, end.inputs[k], shape(carried).elements());
  for (std::size_t k = 0; k < loop.carried; ++k) {
    const ValueId carried = begin.outputs[k];
    if (root(end.inputs[k]) == carried) continue;
    const std::int64_t count = shape(carried).elements();
    if (const auto waiting = next_.find(carried); waiting == next_.end()) {
      copy_values(name(carried), end.inputs[k], count);
    } else {
      const std::string i = this->loop("i", count);
      line(name(carried) + "[" + i + "] = " + waiting->second + "[" + i + "];");
      close();
    }
  }
  steps_.pop_back();
  close();
}

std::string LoopWriter::run() {
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (const OpenLoop* const loop = definition(node).loop ? open_.at(n) : nullptr) {
      if (n == loop->begin)
        begin_loop(*loop);
      else
        end_loop(*loop);
      continue;
    }
    const auto at = static_cast<std::size_t>(node.outputs[0]);
    if (inline_[at] || definition(node).view) continue;
    begin_node(node);
    if (definition(node).elementwise)
      elementwise(node);
    else
      find_emitter(*node.op)->loops(*this, node);
  }
  const ValueId out = graph_.outputs[0].value;
  const std::int64_t outputs = shape(out).elements();
  if (const ValueId from = root(out); graph_.value(from).kind != ValueKind::node) copy_values("output", out, outputs);
  // New states are all known before the first old one goes.
  std::vector<std::pair<std::string, const Write*>> later;
  for (const Write& write : graph_.writes) {
    element(write.state, {});
    const bool moves = graph_.value(root(write.value)).kind == ValueKind::state;
    if (!moves) continue;
    later.emplace_back(unique("next_" + named(write.state)), &write);
    copy_values(later.back().first, write.value, shape(write.value).elements());
  }
  for (const Write& write : graph_.writes) {
    const auto copied = std::ranges::find(later, &write, &std::pair<std::string, const Write*>::second);
    const std::int64_t count = shape(write.value).elements();
    if (copied == later.end()) {
      copy_values(named(write.state), write.value, count);
      continue;
    }
    const std::string i = loop("i", count);
    line(named(write.state) + "[" + i + "] = " + copied->first + "[" + i + "];");
    close();
  }
  const std::string reals = words_.is_double() ? "Float64Array" : "Float32Array", name = options_.name;
  std::string reset;
  for (const ValueId id : graph_.states) {
    if (!written_.contains(id)) continue;
    const std::string count = std::to_string(shape(id).elements());
    const auto own = starts_.find(id);
    const std::string start = own == starts_.end() ? words_.number(start_of(id)[0]).text : own->second;
    reset += is_c() ? "  for (int i = 0; i < " + count + "; ++i) " + named(id) + "[i] = " + start +
                          (own == starts_.end() ? ";\n" : "[i];\n")
                    : "  " + named(id) + (own == starts_.end() ? ".fill(" : ".set(") + start + ");\n";
  }
  std::string text, pointers;
  const auto array = [&](const std::string& array_name, std::int64_t count) {
    text += is_c() ? "static " + words_.type() + " " + array_name + "[" + std::to_string(count) + "];\n"
                   : "const " + array_name + " = new " + reals + "(" + std::to_string(count) + ");\n";
  };
  for (const std::string& one : weights_) text += one;
  text += "\n" + words_.functions();
  if (work_ > 0) array("work", work_);
  for (const auto& [temporary, write] : later) array(temporary, shape(write->value).elements());
  const auto point = [&](const std::string& name, std::int64_t first, std::int64_t count) {
    const std::string begin = std::to_string(first), end = std::to_string(first + count);
    pointers += is_c() ? "  " + words_.type() + " *const " + name + " = work + " + begin + ";\n"
                       : "const " + name + " = work.subarray(" + begin + ", " + end + ");\n";
  };
  for (std::size_t id = 0; id < offsets_.size(); ++id)
    if (offsets_[id] >= 0)
      point(names_of_values_[id], offsets_[id], planned_shape(static_cast<ValueId>(id)).elements());
  for (const auto& [own, part] : waiting_) point(own, part.first, part.second);
  if (is_c()) {
    std::string title = options_.title;
    for (std::size_t at = title.find("*/"); at != std::string::npos; at = title.find("*/", at))
      title.replace(at, 2, "* ");
    text = "/* " + title + "\n   " + name + "_run " + about() +
           ". No memory is allocated; calls must not overlap. */\n#include <math.h>\n" +
           (options_.bytes ? "#include <stdint.h>\n" : "") + "\n" + text + "\n";
    if (!reset.empty())
      text += "/* Forgets what earlier runs left. */\nvoid " + name + "_reset(void) {\n" + reset + "}\n\n";
    const bool open = options_.lengths > 0;  // lengths that do not fit are told
    return text + (open ? "int " : "void ") + name + "_run(const " + words_.type() + " *input" + arguments("int ") +
           ", " + words_.type() + " *output) {\n" + (open ? std::string(lengths_line) : std::string()) + pointers +
           body_ + (open ? "  return 0;\n}\n" : "}\n");
  }
  std::string title = "// " + options_.title;
  for (std::size_t at = title.find('\n'); at != std::string::npos; at = title.find('\n', at + 1))
    title.replace(at, 1, "\n// ");
  text = title + "\n// " + name + "(input" + arguments() + ") " + about() + ".\n\n" + text + pointers + "\n";
  if (!reset.empty()) text += "/** Forgets what earlier runs left. */\nexport function reset() {\n" + reset + "}\n\n";
  return text + "export function " + name + "(input" + arguments() + ") {\n" +
         (options_.lengths > 0 ? std::string(lengths_line) : std::string()) + "  const output = new " + reals + "(" +
         std::to_string(outputs) +
         ");\n" + body_ + "  return output;\n}\n\nexport default " + name + ";\n";
}

}  // namespace webai
