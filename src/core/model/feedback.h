// Values that cross from one run to the next: a state for each source that is piped back, and one for each history.
// Private to core/model.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/model/build.h"
#include "core/op/builder.h"

namespace webai {

/// What a route can carry: the own values of a layer or pipe by id, or the hidden inputs behind them.
struct FlowSource {
  int id = 0;
  bool hidden = false;
  friend auto operator<=>(const FlowSource&, const FlowSource&) = default;
};

/// Dimensions, without batch, of sources that are needed before they are computed.
using SourceSizes = std::map<FlowSource, Shape>;

class Feedback {
 public:
  Feedback(Builder& builder, const Model& model, BuiltModel& built, const SourceSizes& learned)
      : builder_(builder), model_(model), built_(built), learned_(learned) {}

  /// What a delayed or history route brings in this run; invalid while the size of its source is not known.
  Ref arrival(const Route& route);
  /// Tells what a source gives in this run.
  void computed(FlowSource source, Ref value) { values_[source] = value; }
  /// Writes what the next run will find. All sources are computed.
  void finish();

 private:
  struct Kept {
    Ref state;
    std::int64_t steps = 0;  // of a history; 0: a delayed pipe
  };
  std::optional<Shape> size_of(FlowSource source) const;
  Ref add_state(FlowSource source, const Route& route, Shape dims);
  Ref next_history(const Kept& kept, Ref value);

  Builder& builder_;
  const Model& model_;
  BuiltModel& built_;
  const SourceSizes& learned_;
  std::map<FlowSource, Ref> values_;
  std::map<std::pair<FlowSource, bool>, Kept> kept_;  // history or not
};

/// The sources of delayed and history routes whose sizes are needed before they are computed and stand nowhere.
std::vector<FlowSource> unsized_sources(const Model& model);

}  // namespace webai
