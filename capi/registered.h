// Functions of the host that were defined under a name. They are let go at shutdown, which breaks the circle of context,
// definition, function, and whatever the function holds of the context.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capi/function.h"

namespace webai::capi {

class Registered {
 public:
  /// Functions may be null: what has none of that kind, or is a list of steps.
  Registered(std::string name, std::vector<Ref<Function>> functions, std::string domain = {});
  const std::string& name() const noexcept { return name_; }
  const std::string& domain() const noexcept { return domain_; }  ///< of an algorithm; empty for operations
  Ref<Function> function(std::size_t index = 0) const;  ///< throws SHUT_DOWN
  /// Whether it, or what it is composed of, is called on the loop thread only.
  bool binds_loop_thread() const noexcept { return loop_thread_.load(); }
  void bind_loop_thread() noexcept { loop_thread_.store(true); }
  void let_go() noexcept;

 private:
  const std::string name_, domain_;
  mutable std::mutex mutex_;
  std::vector<Ref<Function>> functions_;  // none after shutdown
  std::atomic<bool> loop_thread_{false};
};

/// Those of a context.
class Registrations {
 public:
  void add(std::shared_ptr<Registered> one);
  void remove(const Registered& one) noexcept;
  /// Whether a text (a model, a list of steps) names an operation that is called on the loop thread only.
  bool binds_loop_thread(std::string_view text) const;
  /// Whether there is an algorithm that a model of this domain means by that name (its domain's own goes before the
  /// core's), and whether that one is called on the loop thread only.
  std::optional<bool> loop_thread_of(std::string_view domain, std::string_view name) const;
  void let_go() noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Registered>> all_;
};

/// Keeps it while `define` defines it; forgets it where that fails.
template <class Define> void keep_registered(Registrations& all, std::shared_ptr<Registered> one, Define&& define) {
  all.add(one);
  try {
    define();
  } catch (...) {
    all.remove(*one);
    one->let_go();  // half of a definition may have been kept
    throw;
  }
}

}  // namespace webai::capi
