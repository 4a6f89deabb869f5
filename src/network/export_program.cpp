// Exports as programs in other languages: the compiled graph of one sample, without fusing, with the weights put in.
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include "compiler/passes.h"
#include "core/base/number_text.h"
#include "core/model/build.h"
#include "core/op/loop.h"
#include "interchange/byte_weights.h"
#include "interchange/library.h"
#include "interchange/open_program.h"
#include "interchange/program.h"
#include "network/export.h"
#include "network/flat_graph.h"
#include "webai/error.hpp"

namespace webai {
namespace {

Language language_of(std::string_view name) {
  return name == "c" ? Language::c : name == "javascript" ? Language::javascript : Language::python;
}

bool is_identifier(std::string_view name, Language language) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  static constexpr std::string_view reserved[] = {  // words of JavaScript, and what its programs call their own things
      "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else",
      "enum", "export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in",
      "instanceof", "interface", "let", "new", "null", "package", "private", "protected", "public", "return", "static",
      "super", "switch", "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield", "arguments",
      "eval", "reset", "work", "erf", "from_below", "gauss", "mod", "round", "sigmoid", "sign", "sinc", "softplus"};
  if (std::ranges::find(reserved, name) != std::end(reserved) || is_used_by_programs(language, name)) return false;
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

// What a program computes with: 16 bits only store.
DType program_type(DType type) {
  const DType computed = computed_in(type);
  return computed == DType::fp64 ? computed : DType::fp32;
}

// Made of operators that the language has words for, and of loops over such; a loop of one step is none. `any_length`: what
// can be left out for some lengths only (a reshape to the same) stays.
Graph writable_graph(const Context& context, const Registry& registry, Graph graph, Language language, bool any_length) {
  graph = expand(context, registry, graph, [&](const Graph&, const Node& node) {
    return is_writable(language, *node.op) && !(is_loop(node) && LoopView(node.attributes).steps == 1);
  });
  graph = fold_constants(context, graph);
  if (!any_length) graph = simplify(context, registry, graph);
  graph = drop_dead(merge_common(graph));
  if (std::ranges::none_of(graph.nodes, is_loop)) return graph;
  graph = drop_dead(trim_loops(graph));
  for (Node& node : graph.nodes)
    if (is_loop(node))
      node.attributes.set("body", Subgraph{std::make_shared<const Graph>(writable_graph(context, registry, node.attributes.graph("body"), language, any_length))});
  return graph;
}

Graph sample_graph(const Context& context, const Registry& registry, const BuiltModel& built, Language language) {
  Graph graph = flat_graph(context, registry, built, {.codes = false});
  graph = set_mode(specialise(context, registry, graph, {{0, 1}}), false);
  std::erase_if(graph.writes, [&](const Write& write) { return graph.value(write.state).kind != ValueKind::state; });
  return writable_graph(context, registry, std::move(graph), language, !built.open.empty());
}

void put_weights(const Context& context, Graph& graph, const BuiltModel& built, std::span<const Tensor> weights) {
  std::map<std::string_view, ValueId> by_name;
  for (const ValueId id : graph.parameters) by_name.emplace(graph.value(id).name, id);
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    const auto found = by_name.find(built.parameters[i].name);
    if (found == by_name.end()) continue;
    Value& value = graph.value(found->second);
    value.kind = ValueKind::constant;
    value.constant = weights[i].type() == value.type.type ? weights[i] : weights[i].converted(context, value.type.type);
  }
  graph.parameters.clear();
  // States that nothing reads, such as the number of the training step, are no part of a run.
  std::vector<char> read(graph.values.size());
  for (const Node& node : graph.nodes)
    for (const ValueId id : node.inputs)
      if (id != no_value) read[static_cast<std::size_t>(id)] = true;
  for (const Write& write : graph.writes) read[static_cast<std::size_t>(write.value)] = true;
  read[static_cast<std::size_t>(graph.outputs[0].value)] = true;
  const auto unread = [&](ValueId id) { return !read[static_cast<std::size_t>(id)]; };
  std::erase_if(graph.writes, [&](const Write& write) { return unread(write.state); });
  std::erase_if(graph.states, unread);
}

std::string title_of(const Model& model, const BuiltModel& built) {
  std::string title = "A neural network, written by WebAI:";
  for (std::size_t i = 0; i < built.layers.size() && i < 12; ++i)
    title += (i ? " -> " : " ") + built.layers[i].output.text();
  if (built.layers.size() > 12) title += " ...";
  title += ".";
  const DType computed = program_type(model.type);
  if (model.type != computed)
    title += "\nIts weights are " + std::string(name_of(model.type)) + "; it computes in " + std::string(name_of(computed)) + ".";
  if (std::ranges::any_of(model.io.output, [](const IoRules& rules) { return !rules.empty(); }))
    title += "\nIt gives the outputs of the last layer; what \"io\" makes of them is left to the caller.";
  return title;
}

// The lengths of open dimensions become arguments.
std::string export_open_program(const BuiltModel& built, ProgramOptions program,
                                const std::function<Graph(const std::vector<std::int64_t>& lengths)>& graph_of) {
  for (const BuiltState& state : built.states)
    if (!state.type.shape.without(0).is_concrete())
      throw Error(Code::unsupported, {.message = "a program does not remember what depends on an open dimension (null)",
                                      .reason = "OPEN_SIZE",
                                      .path = state.path,
                                      .hint = "export a copy of the model with numbers for its nulls"});
  // Where they have to agree, one length stands for all of them.
  const auto builds = [&](const std::vector<std::int64_t>& lengths) {
    try {
      graph_of(lengths);
      return true;
    } catch (const Error& error) {
      if (error.code() == Code::out_of_memory) throw;
      return false;
    }
  };
  std::vector<std::int64_t> different, longest;
  std::int64_t least_max = std::numeric_limits<std::int64_t>::max();
  for (const OpenDimension& dim : built.open) {
    different.push_back(std::min(dim.length + static_cast<std::int64_t>(different.size()), dim.hint.max.value_or(dim.length * 2)));
    least_max = std::min(least_max, dim.hint.max.value_or(least_max));
  }
  const bool tied = built.open.size() > 1 && !builds(different) && builds(std::vector<std::int64_t>(built.open.size(), std::min<std::int64_t>(built.open.front().length, least_max)));
  std::vector<OpenLengthRange> ranges;
  for (const OpenDimension& dim : built.open) {
    if (tied) {
      ranges = {{dim.path, least_max == std::numeric_limits<std::int64_t>::max() ? std::nullopt : std::optional(least_max)}};
      longest.push_back(ranges.front().max.value_or(dim.length));
      program.about_lengths = "the length of all its open dimensions";
      continue;
    }
    ranges.push_back({dim.path, dim.hint.max});
    longest.push_back(dim.hint.max.value_or(dim.length));
    program.about_lengths += (program.about_lengths.empty() ? "the lengths of its open dimensions, " : ", ") + dim.path + (dim.hint.max ? " (at most " + std::to_string(*dim.hint.max) + ")" : "");
  }
  program.lengths = ranges.size();
  const bool planned = program.language != Language::python;
  const Graph largest = planned && std::ranges::all_of(ranges, [](const OpenLengthRange& range) { return range.max.has_value(); }) ? graph_of(longest) : Graph();
  if (planned) program.largest = &largest;
  const auto write = [&](const std::vector<std::int64_t>& lengths, bool sketch) {
    program.sketch = sketch;
    return write_program(graph_of(tied ? std::vector<std::int64_t>(built.open.size(), lengths.front()) : lengths), program);
  };
  return open_program(program.language, built.computed == DType::fp64, ranges, write);
}

}  // namespace

std::string export_program(const Context& context, const Registry& registry, const Model& model,
                           std::span<const Tensor> weights, const ExportOptions& options) {
  const Language language = language_of(options.to);
  if (!is_identifier(options.name, language))
    throw Error(Code::invalid_argument, {.message = "name is \"" + options.name + "\"",
                                         .reason = "OPTION",
                                         .path = "name",
                                         .expected = "letters, digits and _, with no digit in front; no word of the language or name that its programs use",
                                         .hint = "\"model\" is the default"});
  const bool bytes = options.weights == "u8";
  if (bytes && language != Language::c)
    throw Error(Code::invalid_argument,
                {.message = "weights of one byte are for programs in C", .reason = "OPTION", .path = "weights",
                 .hint = "leave \"weights\" out, or export with {\"to\": \"c\"}"});
  ProgramOptions program{
      .language = language, .name = options.name, .base64 = options.setup_data_as != "array", .bytes = bytes};
  const BuiltModel built = build_model(context, registry, model, {.fill = false, .computed = program_type(model.type)});
  std::vector<Tensor> numbers(weights.begin(), weights.end());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (built.parameters[i].code) numbers[i] = parameter_of_codes(context, numbers[i], built.parameters[i].code);
  const auto graph_of = [&](const BuiltModel& model_then) {
    Graph made = sample_graph(context, registry, model_then, language);
    put_weights(context, made, model_then, numbers);
    return made;
  };
  Graph graph = built.open.empty() ? graph_of(built) : Graph();
  for (const BuiltState& state : built.states)
    if (std::ranges::any_of(state.initial, [](double one) { return one != 0; })) program.starts.emplace(state.name, state.initial);
  program.title = title_of(model, built);
  if (!built.open.empty()) {
    if (bytes)
      throw Error(Code::unsupported, {.message = "weights of one byte are for models without open dimensions (null)",
                                      .reason = "OPEN_SIZE",
                                      .path = built.open.front().path,
                                      .hint = "give the dimension a number, or leave \"weights\" out"});
    return export_open_program(built, program, [&](const std::vector<std::int64_t>& lengths) {
      BuildOptions options{.fill = false, .computed = program_type(model.type)};
      Lengths by_path;
      for (std::size_t i = 0; i < lengths.size(); ++i) by_path.emplace(built.open[i].path, lengths[i]);
      options.lengths = &by_path;
      return graph_of(build_model(context, registry, model, options));
    });
  }
  if (bytes) {
    const ByteError error = measure_bytes(context, expand(context, registry, graph, [](const Graph&, const Node& node) { return !is_loop(node); }));
    program.title += error.matrices == 0 ? "\nNo matrix of weights is large enough to gain from one byte a number."
                                         : "\nMatrices of weights hold one byte a number. Over " + std::to_string(error.inputs) +
                                               " inputs drawn from -1 to 1 that moves outputs\n   by at most " + number_text(error.largest, 3) +
                                               " (root mean square " + number_text(error.mean_square_root, 3) + "); the largest output was " +
                                               number_text(error.largest_output, 3) + ".";
  }
  return write_program(graph, program);
}

}  // namespace webai
