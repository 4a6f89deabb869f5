// What the emitters of operators write with: one class for NumPy's expressions over whole arrays, one for the loops of
// C and JavaScript. Private to src/interchange.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/op/op_def.h"
#include "interchange/expression.h"
#include "interchange/open_loops.h"

namespace webai {

/// Where tables of numbers break their lines.
inline constexpr std::size_t table_columns = 110;
/// The node's attribute "axis", counted from the front.
std::size_t axis_of(const Node& node, const Shape& shape);

/// What both know of the graph: shapes, names of weights and states, the layer that a node came from.
class ProgramWriter {
 public:
  ProgramWriter(const OpenGraph& open, const ProgramOptions& options);
  virtual ~ProgramWriter() = default;

  Words& words() { return words_; }
  const Graph& graph() const { return graph_; }
  const Shape& shape(ValueId id) const { return graph_.value(id).type.shape; }
  /// "2" for "/layers/1": layers count from 1 where people read.
  std::string place(const Node& node) const;
  /// Throws UNSUPPORTED "`what` cannot be written in C" at the node's place.
  [[noreturn]] void refuse(const Node& node, const std::string& what) const;

 protected:
  bool is_scalar_constant(ValueId id) const;
  /// What a state begins with: one number for all its elements, or one for each.
  std::span<const double> start_of(ValueId state) const;
  /// A name for a constant or state, made from its own name; unique in the program.
  std::string named(ValueId id);
  std::string unique(std::string name);
  /// ", int dim_1, int dim_2": what a program takes besides its input.
  std::string arguments(std::string_view type = {}) const;
  std::string about() const;
  /// What tells a constant from another one, in a line.
  static std::string sketched(const std::string& name, const Tensor& tensor);

  const Graph& graph_;
  const OpenGraph& open_;
  const ProgramOptions& options_;
  Words words_;

 private:
  std::map<ValueId, std::string> names_;
};

class NumpyWriter final : public ProgramWriter {
 public:
  using ProgramWriter::ProgramWriter;
  std::string run();

  /// The expression of an input.
  Text input(const Node& node, std::size_t index);
  const Shape& input_shape(const Node& node, std::size_t index) const { return shape(node.inputs[index]); }
  /// "(1, 3)"
  static std::string tuple(std::span<const std::int64_t> numbers);
  static std::string tuple(const Shape& shape);

 private:
  Text value(ValueId id);
  std::string start_text(ValueId id);
  std::string weights_text(ValueId id);
  void statement(const std::string& text);
  void statement_of(const Node& node);
  void begin_loop(const OpenLoop& loop);
  void end_loop(const OpenLoop& loop);
  /// A new name for a value.
  std::string fresh(ValueId id);
  std::string type_of(ValueId id) const;

  std::string body_, last_place_;
  std::size_t depth_ = 2, names_ = 0;
  std::vector<std::string> steps_;    // the variables of the loops that are open
  std::vector<int> uses_;             // of values, by id
  std::vector<Text> texts_;           // the same: what stands for them
  std::vector<std::string> weights_;  // definitions of weights
  std::set<ValueId> written_;         // constants and states that stand in weights_
};

/// A sum of variables times strides, and a number.
struct Index {
  std::vector<std::pair<std::string, std::int64_t>> terms;
  std::int64_t offset = 0;
  Index& add(const std::string& variable, std::int64_t stride);
  std::string text() const;
};

class LoopWriter final : public ProgramWriter {
 public:
  /// `planned`: the same nodes with the shapes that memory is planned for.
  LoopWriter(const OpenGraph& open, const Graph& planned, const ProgramOptions& options);
  std::string run();

  bool is_c() const { return words_.language() == Language::c; }
  const Shape& input_shape(const Node& node, std::size_t index) const { return shape(node.inputs[index]); }
  const Shape& output_shape(const Node& node) const { return shape(node.outputs[0]); }

  // Statements.
  void line(const std::string& text);
  /// Opens "for (int i = 0; i < count; ++i)" and answers the variable; a loop that runs once is none, its variable is
  /// "0".
  std::string loop(const std::string& prefix, std::int64_t count);
  /// Opens "if (condition)".
  void when(const std::string& condition);
  /// Closes what was opened last, or the last `count`.
  void close(std::size_t count = 1);
  /// "float sum = 0;"; answers the name.
  std::string variable(const std::string& name, const std::string& value);
  /// "const int y = ...;": answers the name.
  std::string integer(const std::string& name, const std::string& value);

  // Elements.
  Text read(const Node& node, std::size_t input, const Index& index);
  void write(const Node& node, const Index& index, const Text& value);
  void write(const Node& node, const Index& index, const std::string& value) { write(node, index, Text{value, -1}); }
  void add_to(const Node& node, const Index& index, const Text& value);  ///< +=
  /// Nested loops over a shape, one variable per axis.
  std::vector<std::string> loops(const Shape& shape);
  Index row_major(const Shape& shape, std::span<const std::string> variables) const;

 private:
  Text element(ValueId id, const Index& index);
  void elementwise(const Node& node);
  Text inlined(ValueId id, const std::map<ValueId, Index>& leaves);
  void collect_leaves(const Node& node, std::vector<ValueId>& leaves) const;
  void copy_values(const std::string& to, ValueId from, std::int64_t count);
  void begin_node(const Node& node);
  std::string weights_text(ValueId id);
  void begin_loop(const OpenLoop& loop);
  void end_loop(const OpenLoop& loop);

  // The plan: where values live.
  void plan();
  void plan_lifetimes();
  void plan_memory();
  /// What a node reads, rows as what they are rows of.
  std::vector<ValueId> reads_of(const Node& node) const;
  std::vector<ValueId> node_leaves(const Node& node) const;
  bool is_row_of(ValueId id, ValueId stacked) const;
  ValueId root(ValueId id) const;
  const Shape& planned_shape(ValueId id) const { return planned_.value(id).type.shape; }

  const Graph& planned_;
  std::vector<char> inline_;                  // by id: written where it is used
  std::vector<ValueId> roots_;                // by id: whose memory a view shows
  std::vector<std::string> names_of_values_;  // by id
  std::vector<std::int64_t> offsets_;         // by id: in the work array, or -1
  std::int64_t work_ = 0;                     // its length
  std::map<ValueId, std::string> starts_;     // of states with several numbers at the start: the table of them
  std::vector<std::size_t> last_;             // by id: the place of the node that reads it last

  // Of the loops of the graph.
  struct Row {
    ValueId stacked = no_value;  // whose row it is
    std::string step;            // the variable that counts
  };
  std::map<ValueId, Row> rows_;
  std::vector<std::string> steps_;               // the variables of the loops that are open
  std::map<ValueId, std::string> indices_;       // what stands for the number of the step
  std::map<ValueId, std::string> next_;          // of what is carried: the name of where its next value waits
  std::vector<std::pair<std::string, std::pair<std::int64_t, std::int64_t>>> waiting_;  // those names: first, count in the work array
  const OpenLoop* loop_around(std::size_t node) const;  // the innermost one, begin and end excluded
  std::string body_;
  std::size_t depth_ = 1;
  // Of what is open: the names declared in it, or nothing for a loop that runs once and is none.
  std::vector<std::optional<std::vector<std::string>>> opened_;
  std::set<std::string, std::less<>> in_scope_;
  std::string declared(const std::string& prefix);
  std::vector<std::string> weights_;
  std::set<ValueId> written_;
};

/// One operator in both kinds of language; nullptr where it has no words yet.
struct Emitter {
  std::string_view op;
  Text (*numpy)(NumpyWriter& writer, const Node& node);
  void (*loops)(LoopWriter& writer, const Node& node);
};
const Emitter* find_emitter(const Operator& op);

// The families that the table is made of.
std::span<const Emitter> row_emitters();
std::span<const Emitter> window_emitters();
std::span<const Emitter> movement_emitters();

}  // namespace webai
