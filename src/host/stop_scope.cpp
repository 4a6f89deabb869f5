#include "webai/stop.hpp"

#include "webai/error.hpp"

namespace webai {
namespace {

thread_local const StopScope* innermost = nullptr;

}  // namespace

StopScope::StopScope(const std::function<bool()>& asked) noexcept : asked_(&asked), before_(innermost), around_(innermost) {
  innermost = this;
}

StopScope::StopScope(Never) noexcept : before_(innermost) { innermost = nullptr; }

StopScope::~StopScope() { innermost = before_; }

const StopScope* StopScope::current() noexcept { return innermost; }

void StopScope::check() const {
  for (const StopScope* scope = this; scope; scope = scope->around_)
    if ((*scope->asked_)())
      throw Error(Code::cancelled, {.message = "the operation was cancelled", .reason = "CANCELLED",
                                    .expected = "no stop before the end", .actual = "a stop",
                                    .hint = "begin it again: a run changed nothing, a stream keeps the steps that it has made"});
}

}  // namespace webai
