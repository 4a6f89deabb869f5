// Values that cross from one run to the next: a state for each source that is piped back, and one for each history.
// Private to core/model.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
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
  /// Whether this is what a delayed pipe brings, alone.
  bool holds(Ref value) const { return delayed_.contains(value.id); }
  /// such a value for an end that has a default: in the first run and after a reset it is these numbers. Other ends
  /// of the same source keep their zeros.
  Ref starting_with(Ref state, const std::vector<double>& numbers);
  /// Tells what a source gives in this run.
  void computed(FlowSource source, Ref value) { values_[source] = value; }
  /// Writes what the next run will find. All sources are computed.
  void finish();

 private:
  struct Kept {
    FlowSource source;
    Ref state;
    std::int64_t steps = 0;  // of a history; 0: a delayed pipe
    std::set<const Route*> readers = {};  // the flows that find it
  };
  std::optional<Shape> size_of(FlowSource source) const;
  Kept& add_state(FlowSource source, const Route& route, Shape dims);
  std::string name_of(FlowSource source, std::int64_t steps);
  Ref next_history(const Kept& kept, Ref value);

  Builder& builder_;
  const Model& model_;
  BuiltModel& built_;
  const SourceSizes& learned_;
  std::map<FlowSource, Ref> values_;
  std::deque<Kept> kept_;
  std::map<const Route*, Kept*> by_route_;
  std::map<std::pair<FlowSource, bool>, Kept*> plain_;  // history or not; those that start with zeros
  std::map<std::pair<FlowSource, bool>, int> named_;    // how many states of a source have a name
  std::map<ValueId, std::size_t> delayed_;              // places in kept_ of those that are no histories
};

/// The sources of delayed and history routes whose sizes are needed before they are computed and stand nowhere.
std::vector<FlowSource> unsized_sources(const Model& model);

}  // namespace webai
