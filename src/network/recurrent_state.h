// What a network keeps from run to run: one tensor for each recurrent state, one row for each lane (sample of a batch).
// Private to src/network.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "core/model/build.h"
#include "core/model/json.h"

namespace webai {

class RecurrentState {
 public:
  explicit RecurrentState(const Context& context) : context_(context) {}

  void declare(std::span<const BuiltState> states) { states_.assign(states.begin(), states.end()); }
  std::size_t count() const noexcept { return states_.size(); }

  /// Points `now` and `next`, one window per state, at the state to read and at the room for the one to come. `shapes`
  /// are those of the states in this run, lanes first. Another number of lanes than that of the last run starts from the
  /// initial values; memory is taken only for more lanes than ever before. Throws STATE_SHAPE for other lengths than those of the runs since the reset.
  void begin(std::span<const Shape> shapes, std::span<HostWindow> now, std::span<HostWindow> next);
  /// What was written to `next` is the state from now on. Without it, a run that failed has changed nothing.
  void commit();
  /// What the initState of operations gives for the next reset, for the states that it is of. Asks functions of the program:
  /// not to be called under the turn.
  std::vector<std::optional<std::vector<double>>> initials() const;
  /// All states start anew, those without a new value as before.
  void reset(std::vector<std::optional<std::vector<double>>> initials);

  /// {version, modelHash, entries: [{path, dataType, dims, data}]}, dims with the lanes first. No entries where open
  /// dimensions of the states have no length yet.
  Json to_json(const std::string& model_hash) const;
  /// Takes what to_json gave. Throws STATE_MISMATCH and changes nothing when it is of another model.
  void from_json(const Json& json, const std::string& model_hash);
  /// Throws what from_json would.
  void check(const Json& json, const std::string& model_hash) const {
    if (!json.is_null()) read(json, model_hash);
  }

 private:
  struct Lanes {
    std::int64_t count = 0;
    std::vector<Tensor> tensors;
    std::vector<Tensor> room = {};  ///< whose first lanes they are, where there were more before
  };
  static bool holds(const Lanes& lanes, std::span<const Shape> shapes) noexcept;
  Lanes fresh(std::span<const Shape> shapes) const;
  /// The same in memory that is there, as far as it reaches.
  void begin_anew(Lanes& lanes, std::span<const Shape> shapes) const;
  Lanes read(const Json& json, const std::string& model_hash) const;
  void fill(Lanes& lanes) const;
  [[noreturn]] void refuse_lengths(std::span<const Shape> shapes) const;
  std::vector<Shape> shapes_of_one() const;

  Context context_;
  std::vector<BuiltState> states_;
  Lanes now_, next_;  // next_ is spare room of as many lanes; commit exchanges the two
  Lanes started_;     // the first state of a run with another number of lanes, until it is committed
  bool starts_ = false;
  bool begun_ = false;  // a run, or a state that was put back, has settled what is open in the shapes of the states
};

}  // namespace webai
