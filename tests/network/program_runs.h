// Exported programs as tests run them: written to a folder, run by cc, node and python3, compared with the runtime.
#pragma once

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "support/folder.h"
#include "webai/webai.hpp"

namespace webai::test {

inline bool works(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

/// The interpreter that has NumPy, or nothing.
inline std::string python() {
  for (const std::string name : {"python3", "/usr/bin/python3"})
    if (works(name + " -c 'import numpy'")) return name;
  return {};
}

struct Case {
  std::string model;
  std::vector<std::vector<double>> inputs;  // of runs one after the other
  ExportOptions options = {};
  double tolerance = 1e-5;
  // Of models with open dimensions: the lengths of each run, and the shape of its input.
  std::vector<std::vector<std::int64_t>> lengths = {};
  std::vector<Shape> shapes = {};
  Context context = Context::system();
};

inline std::vector<double> wanted_of(NeuralNetwork& net, const Case& one, std::size_t run) {
  const std::vector<double>& input = one.inputs[run];
  if (one.shapes.empty() && !one.lengths.empty()) {
    std::vector<std::pair<std::string, Tensor>> parts;
    std::size_t first = 0;
    for (const PortInfo& port : net.inputs()) {
      const Shape shape = port.shape.with(0, one.lengths[run][0]);
      parts.emplace_back(port.name, Tensor::from(net.context(), net.number_type(), shape, std::span(input).subspan(first, static_cast<std::size_t>(shape.elements()))));
      first += static_cast<std::size_t>(shape.elements());
    }
    return net.run_named(parts, {.denormalize = false}).values();
  }
  if (one.shapes.empty()) return net.run(input, {.denormalize = false}).values();
  return net.run(Tensor::from(net.context(), net.number_type(), one.shapes[run], input), {.denormalize = false}).values();
}

inline std::string lengths_of(const Case& one, std::size_t run) {
  std::string text;
  if (!one.lengths.empty())
    for (const std::int64_t length : one.lengths[run]) text += ", " + std::to_string(length);
  return text;
}

inline std::string list(const std::vector<double>& values) {
  std::ostringstream text;
  text.precision(17);
  for (std::size_t i = 0; i < values.size(); ++i) text << (i ? ", " : "") << values[i];
  return text.str();
}

/// One program for each case, and one that calls them all and prints a line of numbers per run. Nothing when the
/// language is not installed.
inline std::string run_all(const std::string& language, std::vector<Case>& cases) {
  const Folder folder;
  std::ostringstream main, calls;
  const std::string python_name = language == "python-numpy" ? python() : "";
  if (language == "c"            ? !works("command -v cc")
      : language == "javascript" ? !works("command -v node")
                                 : python_name.empty())
    return {};
  std::string sources;
  for (std::size_t k = 0; k < cases.size(); ++k) {
    Case& one = cases[k];
    const std::string name = "model_" + std::to_string(k);
    one.options.to = language;
    one.options.name = name;
    NeuralNetwork net = NeuralNetwork::from_json(one.model, one.context, {.device = "reference"});
    const bool wide = net.number_type() == DType::fp64;
    std::string text;
    INFO(one.model);
    try {
      text = net.export_model(one.options);
    } catch (const Error& error) {
      FAIL(error.what());
    }
    const std::string ending = language == "c" ? ".c" : language == "javascript" ? ".mjs" : ".py";
    folder.write(name + ending, text);
    const std::string type = wide ? "double" : "float";
    if (language == "c") {
      sources += " " + name + ".c";
      std::string arguments;
      for (std::size_t i = 0; !one.lengths.empty() && i < one.lengths.front().size(); ++i) arguments += ", int";
      main << (one.lengths.empty() ? "void " : "int ") << name << "_run(const " << type << " *" << arguments << ", " << type << " *);\n";
      calls << "  { static " << type << " out[100000];\n";
    } else if (language == "javascript") {
      main << "import " << name << " from './" << name << ".mjs';\n";
    } else {
      main << "import " << name << "\n";
    }
    for (std::size_t r = 0; r < one.inputs.size(); ++r) {
      const std::vector<double>& input = one.inputs[r];
      const std::string lengths = lengths_of(one, r), outputs = std::to_string(wanted_of(net, one, r).size());
      if (language == "c")
        calls << "    { static const " << type << " in[] = {" << list(input) << "};\n      "
              << (lengths.empty() ? name + "_run(in, out)" : "if (" + name + "_run(in" + lengths + ", out)) return 1") << ";\n"
              << "      for (int i = 0; i < " << outputs
              << "; ++i) { printf(\"%.17g \", (double)out[i]); }\n      printf(\"\\n\"); }\n";
      else if (language == "javascript")
        calls << "console.log(Array.from(" << name << "([" << list(input) << "]" << lengths << ")).join(' '));\n";
      else
        calls << "print(*[float(v) for v in " << name << ".run([" << list(input) << "]" << lengths << ")])\n";
    }
    if (language == "c") calls << "  }\n";
  }
  int status = 0;
  if (language == "c") {
    folder.write("main.c",
                 "#include <stdio.h>\n" + main.str() + "int main(void) {\n" + calls.str() + "  return 0;\n}\n");
    status =
        folder.shell("cc -std=c99 -pedantic -Wall -Wextra -Werror -Wno-unused-function -O1 -ffp-contract=off main.c" +
                     sources + " -lm -o main && ./main > out.txt");
  } else if (language == "javascript") {
    folder.write("main.mjs", main.str() + calls.str());
    status = folder.shell("node main.mjs > out.txt");
  } else {
    folder.write("main.py", main.str() + calls.str());
    status = folder.shell("PYTHONDONTWRITEBYTECODE=1 " + python_name + " main.py > out.txt");
  }
  REQUIRE(status == 0);
  return folder.read("out.txt");
}

inline void check_programs(const std::string& language, std::vector<Case> cases) {
  const std::string printed = run_all(language, cases);
  if (printed.empty()) {
    WARN(language << " is not installed: its programs were not run");
    return;
  }
  std::istringstream lines(printed);
  for (const Case& one : cases) {
    NeuralNetwork net = NeuralNetwork::from_json(one.model, one.context, {.device = "reference"});
    for (std::size_t r = 0; r < one.inputs.size(); ++r) {
      const std::vector<double> wanted = wanted_of(net, one, r);
      double scale = 1e-3;
      for (const double value : wanted) scale = std::isfinite(value) ? std::max(scale, std::fabs(value)) : scale;
      std::string line, word;
      std::getline(lines, line);
      std::istringstream words(line);
      INFO(language << ": " << one.model << "\nprinted " << line << "\nwanted " << list(wanted));
      std::size_t count = 0;
      for (; words >> word; ++count) {
        const double value = std::strtod(word == "-Infinity" ? "-inf" : word.c_str(), nullptr);
        if (count >= wanted.size()) break;
        const bool near = std::isnan(wanted[count])   ? std::isnan(value)
                          : std::isinf(wanted[count]) ? value == wanted[count]
                                                      : std::fabs(value - wanted[count]) <= one.tolerance * scale;
        if (!near) FAIL("output " << count << " is " << value << ", not " << wanted[count]);
      }
      REQUIRE(count == wanted.size());
    }
  }
}

}  // namespace webai::test
