// What flows where, in words: the notes behind the rows of a description. Private to core/model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model/build.h"

namespace webai {

/// "1 run", "3 runs"
std::string plural(std::int64_t count, const std::string& noun);

/// What a layer takes and sends where nothing says it by itself: several sources, routes that the author wrote, what
/// arrives in the next run, history; and what it keeps.
class FlowNotes {
 public:
  FlowNotes(const Model& model, const BuiltModel& built);
  std::string of(const Layer& layer) const;
  static std::int64_t lane_of(const BuiltState& state);  ///< values that one sample keeps; 0 where that is open

 private:
  std::string target_of(const Route& route) const;
  /// Its name, else what its row is called: "the input layer", "layer 1", "pipe 3/0".
  std::string called(int id) const;
  /// "takes input (8), pipe 3/0 of the run before (16)" where there are several.
  std::string sources_of(const Layer& layer) const;
  std::int64_t size_of(const Route& route) const;  ///< values that it brings; 0 where that is not known

  const Model& model_;
  const BuiltModel& built_;
  std::map<int, std::vector<const Route*>> from_, to_, into_;  // by source; pulls, and flows into the input, by target
  std::map<int, const BuiltLayer*> layers_;
  int output_ = 0;  // the layer or pipe that gives the only output; 0: there are several
};

/// Of an iterator: its steps, what goes from one to the next and what comes out; else nothing.
std::string steps_note(const Layer& layer);

/// Of a layer in the net of the layer `around`: what it says itself of where values come from and go.
std::string inner_note(const Layer& layer, const Layer& around);

}  // namespace webai
