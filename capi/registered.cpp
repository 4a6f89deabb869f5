#include "capi/registered.h"

#include <algorithm>

#include "capi/guard.h"

namespace webai::capi {

Registered::Registered(std::string name, std::vector<Ref<Function>> functions, std::string domain)
    : name_(std::move(name)), domain_(std::move(domain)), functions_(std::move(functions)) {
  for (const Ref<Function>& function : functions_)
    if (function && !function->any_thread()) bind_loop_thread();
}

Ref<Function> Registered::function(std::size_t index) const {
  const std::lock_guard guard(mutex_);
  if (functions_.empty())
    refuse(Code::shut_down, "SHUT_DOWN", "\"" + name_ + "\" was let go: its context has been shut down, or its definition failed");
  return functions_[index];
}

void Registered::let_go() noexcept {
  std::vector<Ref<Function>> functions;  // let go after the lock: that calls the host
  const std::lock_guard guard(mutex_);
  functions.swap(functions_);
}

void Registrations::add(std::shared_ptr<Registered> one) {
  const std::lock_guard guard(mutex_);
  all_.push_back(std::move(one));
}

void Registrations::remove(const Registered& one) noexcept {
  std::shared_ptr<Registered> removed;
  const std::lock_guard guard(mutex_);
  const auto at = std::ranges::find(all_, &one, &std::shared_ptr<Registered>::get);
  if (at == all_.end()) return;
  removed = std::move(*at);
  all_.erase(at);
}

// By the name alone, as "name" or "domain#name" in quotes: whoever names something else so waits on the loop thread for
// nothing, and no harm is done.
bool Registrations::binds_loop_thread(std::string_view text) const {
  const std::lock_guard guard(mutex_);
  return std::ranges::any_of(all_, [&](const std::shared_ptr<Registered>& one) {
    if (!one->binds_loop_thread()) return false;
    const std::string& name = one->name();
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      const bool begins = at > 0 && (text[at - 1] == '"' || text[at - 1] == '#');
      if (begins && at + name.size() < text.size() && text[at + name.size()] == '"') return true;
    }
    return false;
  });
}

std::optional<bool> Registrations::loop_thread_of(std::string_view domain, std::string_view name) const {
  const std::lock_guard guard(mutex_);
  for (const std::string_view where : {domain, std::string_view("core")})
    for (const std::shared_ptr<Registered>& one : all_)
      if (one->name() == name && one->domain() == where) return one->binds_loop_thread();
  return std::nullopt;
}

void Registrations::let_go() noexcept {
  std::vector<std::shared_ptr<Registered>> all;
  {
    const std::lock_guard guard(mutex_);
    all.swap(all_);
  }
  for (const auto& one : all) one->let_go();
}

}  // namespace webai::capi
