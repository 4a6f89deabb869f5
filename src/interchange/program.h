// A graph for one sample as a program in another language: readable, standing alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/ir/graph.h"

namespace webai {

enum class Language : std::uint8_t { python, c, javascript };

struct ProgramOptions {
  Language language = Language::python;
  std::string name = "model";  ///< of what the program defines; an identifier
  bool base64 = false;         ///< weights as base64 instead of numbers, where the language has it
  bool bytes = false;          ///< C: each weight in one byte
  /// Of states by name: what all elements begin with, or each of them; else 0.
  std::map<std::string, std::vector<double>, std::less<>> starts = {};
  std::string title = {};      ///< what it is, for the first lines; may hold line breaks
  /// Of a model with open dimensions (open_program.h): how many there are, which become arguments; what is told of them; the
  /// graph for the longest, by which memory is planned.
  std::size_t lengths = 0;
  std::string about_lengths = {};
  const Graph* largest = nullptr;
  bool sketch = false;  ///< leaves weights out
};

/// Whether the language has words for the operator; composites without are to be written out first.
bool is_writable(Language language, const Operator& op);

/// The program. `graph` has concrete shapes, one flat input of one sample, one flat output, constants in the place of
/// parameters (their names kept), and states that its writes renew. Throws UNSUPPORTED naming an operator or an element
/// type that the language has no words for, LIMIT_EXCEEDED for what no int counts.
std::string write_program(const Graph& graph, const ProgramOptions& options);

}  // namespace webai
