// Work that may be left in the middle: who asks for it, and where it is left. A scope belongs to one thread; programs
// look at it before every node and every step of a loop. What writes in place (training, applied gradients) is not left.
// (Implemented in src/host: what belongs to a thread is the system's, the core keeps no variables.)
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "webai/export.hpp"

namespace webai {

class WEBAI_EXPORT StopScope {
 public:
  /// `asked` is called often, from this thread, and outlives the scope. Scopes around it count as well.
  explicit StopScope(const std::function<bool()>& asked) noexcept;
  /// What happens in it is not left, whatever the scopes around it say.
  struct Never {};
  explicit StopScope(Never) noexcept;
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// The innermost scope of this thread that may be asked to stop, or nothing.
  static const StopScope* current() noexcept;
  /// Throws CANCELLED where it or a scope around it has been asked to stop.
  void check() const;

 private:
  const std::function<bool()>* asked_ = nullptr;
  const StopScope* before_;   // what current() is again behind it
  const StopScope* around_ = nullptr;
};

/// A scope for a token that may be none.
class TokenScope {
 public:
  explicit TokenScope(const std::stop_token& token) : asked_([&token] { return token.stop_requested(); }) {
    if (token.stop_possible()) scope_.emplace(asked_);
  }

 private:
  const std::function<bool()> asked_;
  std::optional<StopScope> scope_;
};

}  // namespace webai
