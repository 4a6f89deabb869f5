#include "capi/scheduler.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

#include "capi/future.h"
#include "capi/guard.h"
#include "webai/stop.hpp"

namespace webai::capi {
namespace {

constexpr double slice_ms = 2;  // between two looks at the lock, while a thread waits

}  // namespace

bool run_slice(webai_context& context, Future& future, double budget_ms) noexcept {
  webai_error* error = nullptr;
  bool done = false;
  Value result;
  const webai_status status = guarded(&context, &error, [&] {
    const double end = context.now() + budget_ms;
    const std::function<bool()> asked = [&future] {
      return future.abandoned.load(std::memory_order_relaxed) || (future.cancel && future.cancel->fired());
    };
    do {
      if (future.abandoned.load(std::memory_order_relaxed))
        refuse(Code::cancelled, "SHUT_DOWN", "the context was shut down before the operation had finished");
      if (future.cancel && future.cancel->fired()) {
        future.job->cancelled();
        check_cancel(future.cancel.get());
      }
      const StopScope apart{StopScope::Never()};  // whoever waits may itself be inside of an operation
      const StopScope scope(asked);
      done = !future.job->advance();
    } while (!done && context.now() < end);
    if (done) result = future.job->result();
    return done ? future.job->status() : WEBAI_OK;
  });
  if (status == WEBAI_OK && !done) return false;
  // Before anybody can see the end: the network must be idle again by then.
  future.job.reset();
  future.result = std::move(result);
  future.error = Value::adopt(error);
  future.status = status;
  return true;
}

void Scheduler::submit(Future& future) {
  {
    const std::lock_guard guard(context_.mutex);
    context_.check_alive();
    if (unfinished_ >= context_.settings().pending)
      refuse(Code::limit_exceeded, "PENDING",
             "there are " + std::to_string(unfinished_) + " unfinished operations already");
    if (Lane* const lane = future.placement.lane) {
      lane->waiting.push_back(&future);
      ++lane->unfinished;
      lane->training = lane->training || future.placement.training;
    }
    future.previous = last_;
    (last_ ? last_->next : first_) = &future;
    last_ = &future;
    ++unfinished_;
    retain(&future);
  }
  ask_for_turn();
}

// What has to be worked on first so that `future` gets on: everything that waits in its lane before it; for an
// operation under way everything that waits, which acts between two of its steps.
Future* Scheduler::first_step_for(Future& future) noexcept {
  Lane* const lane = future.placement.lane;
  return lane && !lane->waiting.empty() ? lane->waiting.front() : &future;
}

Scheduler::Step Scheduler::step(Future& wanted, std::unique_lock<std::mutex>& lock, double budget_ms) noexcept {
  if (wanted.finished) return Step::finished;
  Future* const next = first_step_for(wanted);
  if (next->driven || (next->placement.loop_thread_only && !context_.on_loop_thread())) return Step::blocked;
  Ref<Future> keep = Ref<Future>::share(next);
  next->driven = true;
  lock.unlock();
  const bool done = run_slice(context_, *next, budget_ms);
  lock.lock();
  next->driven = false;
  if (!next->started) {
    next->started = true;
    if (Lane* const lane = next->placement.lane) lane->waiting.erase(std::ranges::find(lane->waiting, next));
  }
  if (done) finish(std::move(keep), lock);  // else the list still holds it, and `keep` is not the last
  context_.changed.notify_all();
  return wanted.finished ? Step::finished : Step::worked;
}

// Called with the lock held, which is given up while callbacks are posted and objects are let go.
void Scheduler::finish(Ref<Future> ended, std::unique_lock<std::mutex>& lock) noexcept {
  Future& future = *ended;
  future.finished = true;
  (future.previous ? future.previous->next : first_) = future.next;
  (future.next ? future.next->previous : last_) = future.previous;
  --unfinished_;
  if (Lane* const lane = future.placement.lane) {
    --lane->unfinished;
    if (future.placement.training) lane->training = false;
    future.placement.lane = nullptr;
  }
  Value lane_owner = std::move(future.placement.lane_owner);
  Future::Then* reversed = nullptr;
  for (Future::Then* then = std::exchange(future.thens, nullptr); then;) {
    auto* const following = static_cast<Future::Then*>(then->next);
    then->next = reversed;
    reversed = then;
    then = following;
  }
  lock.unlock();
  while (reversed) {
    auto* const then = reversed;
    reversed = static_cast<Future::Then*>(then->next);
    context_.post(then);
  }
  lane_owner = {};
  release(&future);  // the reference of the list
  ended = {};
  lock.lock();
}

bool Scheduler::wait(Future& future, std::uint32_t timeout_ms) {
  std::unique_lock lock(context_.mutex);
  if (future.finished) return true;
  lock.unlock();
  if (context_.in_callback())
    refuse(Code::wrong_thread, "CALLBACK", "a blocking wait inside a callback could never end",
           "use webai_future_then");
  if (context_.on_loop_thread() && context_.has_post())
    refuse(Code::wrong_thread, "LOOP_THREAD", "waiting on the loop thread would stop the loop",
           "use webai_future_then");
  const bool forever = timeout_ms == WEBAI_FOREVER;
  const double end = context_.now() + timeout_ms;
  lock.lock();
  for (;;) {
    const Step result = step(future, lock, forever ? slice_ms : std::min<double>(slice_ms, timeout_ms));
    if (result == Step::finished) break;
    double left = 0;
    if (!forever) {
      lock.unlock();
      left = end - context_.now();
      lock.lock();
      if (left <= 0) break;
    }
    if (result != Step::blocked || future.finished) continue;
    const Future* const first = first_step_for(future);
    if (!first->driven && !first->placement.loop_thread_only) continue;  // it came free meanwhile
    if (forever)
      context_.changed.wait(lock);
    else
      context_.changed.wait_for(lock, std::chrono::duration<double, std::milli>(left));
  }
  const bool finished = future.finished;
  lock.unlock();
  ask_for_turn();
  return finished;
}

bool Scheduler::work() noexcept {
  Ref<Future> keep;  // let go after the lock
  std::unique_lock lock(context_.mutex);
  for (Future* future = first_; future; future = future->next) {
    keep = Ref<Future>::share(future);
    if (step(*future, lock, 0) != Step::blocked) return true;
    // A blocked step does not give the lock up, so `future` is still in the list.
  }
  return false;
}

void Scheduler::cancel_all() noexcept {
  std::unique_lock lock(context_.mutex);
  for (;;) {
    Future* future = first_;
    while (future && (future->driven || future->abandoned.exchange(true))) future = future->next;
    if (!future) break;
    Ref<Future> keep = Ref<Future>::share(future);
    future->driven = true;
    lock.unlock();
    run_slice(context_, *future, 0);  // sees that it is abandoned, and cleans up
    lock.lock();
    if (Lane* const lane = future->placement.lane; lane && !future->started)
      lane->waiting.erase(std::ranges::find(lane->waiting, future));
    finish(std::move(keep), lock);
  }
  for (Future* future = first_; future; future = future->next) future->abandoned.store(true);
  context_.changed.notify_all();
}

void Scheduler::ask_for_turn() noexcept {
  if (!context_.has_post()) {
    context_.changed.notify_all();
    return;
  }
  {
    const std::lock_guard guard(context_.mutex);
    if (drive_posted_ || unfinished_ == 0) return;
    drive_posted_ = true;
  }
  context_.retain();
  context_.post(&drive_);
}

void Scheduler::Drive::run() noexcept {
  webai_context& context = scheduler.context_;
  {
    const std::lock_guard guard(context.mutex);
    scheduler.drive_posted_ = false;
  }
  // Another thread that works meanwhile asks for the next turn when it stops.
  if (scheduler.work()) scheduler.ask_for_turn();
  context.release();
}

}  // namespace webai::capi
