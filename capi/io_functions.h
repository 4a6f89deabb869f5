// What a host does to inputs and outputs itself: functions where a model's `io` block says normalize and denormalize, or
// the options of a run.
#pragma once

#include <memory>

#include "capi/data.h"
#include "capi/registered.h"

namespace webai::capi {

class Options;

/// Those of a network. They are let go with it, and at shutdown.
class IoFunctions {
 public:
  /// Takes them out of the model: what is left is JSON. Throws TYPE_MISMATCH for functions elsewhere in the `io` block.
  IoFunctions(webai_context& context, Value& model);
  /// Those of one call: the options' `normalizeInput` and `normalizeOutput`, else the network's. Throws TYPE_MISMATCH for
  /// what is no function.
  IoFunctions(webai_context& context, Options& opts, const IoFunctions& network);
  ~IoFunctions();
  IoFunctions(const IoFunctions&) = delete;
  IoFunctions& operator=(const IoFunctions&) = delete;

  bool any() const noexcept { return functions_ != nullptr; }
  bool binds_loop_thread() const noexcept { return functions_ && functions_->binds_loop_thread(); }
  Ref<Function> normalize_input() const { return get(0); }
  Ref<Function> normalize_output() const { return get(1); }
  Ref<Function> denormalize_output() const { return get(2); }

  /// The samples with inputs and outputs normalized: those of a list now, those of a dataset when they are read. What has
  /// nothing to be done to it, such as prepared records, comes back as it is. `layout` becomes that of the result.
  /// `kept` lives as long as a dataset that comes back.
  Value normalized(webai_value* data, Layout& layout, const std::shared_ptr<const void>& kept = {}) const;

 private:
  Ref<Function> get(std::size_t index) const;
  Dataset normalized(const Dataset& data, const std::shared_ptr<const void>& kept) const;
  webai_context& context_;
  std::shared_ptr<Registered> functions_;  // null where there are none
};

/// The two of one run: the options', else the network's; null where neither has one.
struct RunFunctions {
  RunFunctions() = default;
  RunFunctions(Options& opts, const IoFunctions& io);
  Ref<Function> normalize, denormalize;
  bool any() const noexcept { return normalize || denormalize; }
  bool binds_loop_thread() const noexcept;
};

/// Calls a function of one value.
Value call_with(Function& function, webai_value* value);

}  // namespace webai::capi
