// Futures: an operation under way and what it ends with; cancel tokens.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>

#include "capi/context.h"
#include "capi/object.h"

namespace webai::capi {

/// The work behind a future. advance() and result() are called by one thread at a time, without any lock.
class Job {
 public:
  virtual ~Job() = default;
  /// Works for some milliseconds; false when nothing is left to do. Failures are thrown.
  virtual bool advance() = 0;
  /// The token was fired: what is to outlive the work is written down. No call but the destructor follows.
  virtual void cancelled() {}
  /// What the operation gives, once, after the last advance().
  virtual Value result() = 0;
  /// WEBAI_OK, or a notice that the future ends with.
  virtual webai_status status() const { return WEBAI_OK; }
};

class Cancel final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_CANCEL;
  Cancel() : webai_value(kind_code) {}
  /// One that is also fired while `also` says so.
  explicit Cancel(std::function<bool()> also) : webai_value(kind_code), also_(std::move(also)) {}
  void destroy() noexcept override { delete this; }
  bool fired() const noexcept { return source_.stop_requested() || (also_ && also_()); }
  void fire() noexcept { source_.request_stop(); }
  std::stop_token token() const noexcept { return source_.get_token(); }

 private:
  ~Cancel() = default;
  std::stop_source source_;
  const std::function<bool()> also_;
};

/// Where an operation belongs and what it needs.
struct Placement {
  Lane* lane = nullptr;
  Value lane_owner = {};  ///< keeps the lane
  bool training = false;
  bool loop_thread_only = false;  ///< it calls functions of the host that live on the loop thread
  bool at_once = false;           ///< it acts inside the operation that is running: finished when it is submitted
};

class Future final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_FUTURE;
  Future(std::unique_ptr<Job> work, Ref<Cancel> token, Placement where)
      : webai_value(kind_code), job(std::move(work)), cancel(std::move(token)), placement(std::move(where)) {}
  void destroy() noexcept override { delete this; }

  /// The callback of webai_future_then, waiting in the future and then for the loop thread.
  struct Then final : webai_task {
    Ref<Future> future;
    webai_done done = nullptr;
    void* user_data = nullptr;
    webai_destroy destroy = nullptr;
    void run() noexcept override;
  };

  // Guarded by the context's mutex, but for the results once `finished`.
  std::unique_ptr<Job> job;
  const Ref<Cancel> cancel;
  Placement placement;
  bool driven = false;   ///< some thread is in a slice of it
  bool started = false;  ///< its first slice is over
  bool finished = false;
  std::atomic<bool> abandoned{false};  ///< by shutdown
  webai_status status = WEBAI_PENDING;
  Value result, error;
  Then* thens = nullptr;       ///< latest first
  Future* previous = nullptr;  ///< among the unfinished
  Future* next = nullptr;

 private:
  ~Future() = default;
};

/// Advances the job until it is done or the slice is over; true when it is done, with status, result and error set.
bool run_slice(webai_context& context, Future& future, double budget_ms) noexcept;
/// Makes a future for the job and hands it to the scheduler. `cancel` may be null.
Ref<Future> submit(webai_context& context, std::unique_ptr<Job> job, webai_value* cancel, Placement placement = {});
/// Throws CANCELLED when the token (may be null) has fired.
void check_cancel(const Cancel* cancel);
/// The token, checked; null for null.
Cancel* cancel_argument(const webai_context& context, webai_value* cancel);

}  // namespace webai::capi
