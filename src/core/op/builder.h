// The one verb: emit. A GraphBuilder appends to a graph; a Tape also evaluates at once. Gradient rules, bodies, models
// and users' operations all write through it and cannot tell which it is.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ir/graph.h"

namespace webai {

class Registry;
struct OpDef;

/// A value on a builder; invalid when default-made.
struct Ref {
  ValueId id = no_value;
  explicit operator bool() const { return id != no_value; }
  friend bool operator==(Ref, Ref) = default;
};

class Builder {
 public:
  Builder(const Context& context, const Registry& registry, Graph& graph);
  virtual ~Builder() = default;
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  /// Appends one node of a core operator ("domain#name" for another domain's) and returns its outputs. Checks inputs
  /// and attributes against the definition, fills in defaults, runs the shape rule. Throws Error naming path().
  std::vector<Ref> emit_all(std::string_view op, std::span<const Ref> inputs, Attributes attributes = {});
  std::vector<Ref> emit_all(const OpDef& op, std::span<const Ref> inputs, Attributes attributes = {});
  /// The same, first output only.
  Ref emit(std::string_view op, std::span<const Ref> inputs, Attributes attributes = {});
  Ref emit(std::string_view op, std::initializer_list<Ref> inputs, Attributes attributes = {}) {
    return emit(op, std::span<const Ref>(inputs.begin(), inputs.size()), std::move(attributes));
  }

  /// A rank-0 constant rounded to `type`.
  Ref scalar(double value, DType type);
  Ref constant(Tensor value);

  const ValueType& type(Ref ref) const { return graph_.value(ref.id).type; }
  const Shape& shape(Ref ref) const { return graph_.value(ref.id).type.shape; }
  DType dtype(Ref ref) const { return graph_.value(ref.id).type.type; }

  /// JSON pointer that new nodes carry and errors name.
  const std::string& path() const { return path_; }
  void set_path(std::string path) { path_ = std::move(path); }

  const Context& context() const { return context_; }
  const Registry& registry() const { return registry_; }
  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }

 protected:
  /// Called after each node was appended; a Tape evaluates it here.
  virtual void appended(NodeId) {}
  virtual void appended_constant(ValueId) {}

 private:
  Context context_;
  const Registry& registry_;
  Graph& graph_;
  std::string path_;
};

/// What emit_all checks before it knows shapes: the count of inputs, and the attributes, which it completes. Throw
/// INVALID_ARGUMENT with the path.
void check_input_count(const OpDef& op, std::size_t count, const std::string& path);
Attributes complete_attributes(const OpDef& op, Attributes given, const std::string& path);

/// Only appends.
class GraphBuilder final : public Builder {
 public:
  using Builder::Builder;
};

}  // namespace webai
