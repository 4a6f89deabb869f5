// What a network keeps from run to run: one tensor for each recurrent state, one row for each lane (sample of a batch).
// Private to src/network.
#pragma once

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

  /// Points `now` and `next`, one window per state, at the state to read and at the room for the one to come. Another
  /// number of lanes than that of the last run starts from the initial values. Allocates only then.
  void begin(std::int64_t lanes, std::span<HostWindow> now, std::span<HostWindow> next);
  /// What was written to `next` is the state from now on. Without it, a run that failed has changed nothing.
  void commit();
  void reset();

  /// {version, modelHash, entries: [{path, dataType, dims, data}]}, dims with the lanes first.
  Json to_json(const std::string& model_hash) const;
  /// Takes what to_json gave; null resets. Throws STATE_MISMATCH and changes nothing when it is of another model.
  void from_json(const Json& json, const std::string& model_hash);
  /// Throws what from_json would.
  void check(const Json& json, const std::string& model_hash) const {
    if (!json.is_null()) read(json, model_hash);
  }

 private:
  struct Lanes {
    std::int64_t count = 0;
    std::vector<Tensor> tensors;
  };
  Lanes fresh(std::int64_t count) const;
  Lanes read(const Json& json, const std::string& model_hash) const;
  void fill(Lanes& lanes) const;

  Context context_;
  std::vector<BuiltState> states_;
  Lanes now_, next_;  // next_ is spare room of as many lanes; commit exchanges the two
  Lanes started_;     // the first state of a run with another number of lanes, until it is committed
  bool starts_ = false;
};

}  // namespace webai
