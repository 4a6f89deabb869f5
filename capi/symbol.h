// Values that stand for what an operation is being composed of.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "capi/object.h"
#include "webai/operation.hpp"

namespace webai::capi {

class Registered;

/// One call of an operation's function that composes: its values mean something while it runs, on its thread.
class Composition {
 public:
  explicit Composition(Registered& operation) : operation_(operation) {}
  void end() noexcept { under_way_.store(false); }
  void check() const;  ///< throws INVALID_ARGUMENT when it is over
  Registered& operation() const noexcept { return operation_; }

 private:
  Registered& operation_;
  std::atomic<bool> under_way_{true};
  const std::thread::id thread_ = std::this_thread::get_id();
};

struct Symbol {
  Variable variable;
  std::shared_ptr<const Composition> composition;
};

Value make_symbol(webai_context& context, Variable variable, std::shared_ptr<const Composition> composition);
/// Null for any other value. Throws for one that was kept from a composition that is over.
const Symbol* symbol_of(const webai_value* value);

}  // namespace webai::capi
