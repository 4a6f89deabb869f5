// Entry points of the context: made from a config, pumped, shut down.
#include <algorithm>
#include <chrono>
#include <thread>

#include "capi/context.h"
#include "capi/structs.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

constexpr std::uint32_t known_flags = WEBAI_SANDBOXED | WEBAI_DETERMINISTIC | WEBAI_PRIVACY;
constexpr std::uint32_t known_backends = WEBAI_CPU | WEBAI_VULKAN | WEBAI_OPENCL;
constexpr std::uint32_t default_dispatch_width = 4, most_threads = 1024;

// A limit of 0 keeps the default that is there.
template <class Number> void take(Number& into, Number given) {
  if (given) into = given;
}

Limits read_limits(const webai_limits* given, webai_context::Settings& settings) {
  const ReadStruct<webai_limits> read = read_struct(given, "limits");
  check_tail(read, "limits");
  Limits limits;
  take(limits.json_depth, read.value.json_depth);
  take(limits.rank, read.value.rank);
  take(limits.json_bytes, read.value.json_bytes);
  take(limits.host_bytes, read.value.host_bytes);
  take(limits.device_bytes, read.value.device_bytes);
  take(limits.tensor_bytes, read.value.tensor_bytes);
  take(limits.nodes, read.value.nodes);
  take(limits.run_steps, read.value.run_steps);
  take(settings.call_depth, read.value.call_depth);
  take(settings.pending, read.value.pending);
  return limits;
}

void check_host(const webai_host& host, bool sandboxed) {
  if (!host.alloc != !host.dealloc)
    refuse(Code::invalid_argument, "HOST", "host: alloc and dealloc are given together or not at all");
  if (!sandboxed) return;
  const auto denied = [](const char* name) {
    refuse(Code::denied, "SANDBOXED", std::string("a sandboxed context needs the host's ") + name);
  };
  if (!host.alloc) denied("alloc and dealloc");
  if (!host.now) denied("now");
}

// Who runs pieces of work; null: the calling thread alone.
std::shared_ptr<Executor> make_executor(const webai_config& config, const std::shared_ptr<HostBridge>& bridge) {
  const webai_host& host = bridge->given();
  if (host.dispatch) {
    const std::uint32_t width = host.dispatch_width ? host.dispatch_width : default_dispatch_width;
    return width > 1 ? make_dispatch_executor(bridge, std::min(width, most_threads)) : nullptr;
  }
  if (config.threads == 1 || (config.flags & WEBAI_SANDBOXED)) return nullptr;
  Context::Options options;
  options.threads = config.threads;
  const auto system = std::make_shared<Context>(Context::system(options));
  return std::shared_ptr<Executor>(system, &system->executor());
}

webai_context* create(const webai_config* given) {
  const ReadStruct<webai_config> config = read_struct(given, "config");
  const ReadStruct<webai_host> host = read_struct(config.value.host, "host");
  Received received(host.value.user_data, host.value.destroy);  // from here on every failure gives it back
  check_tail(config, "config");
  check_tail(host, "host");
  const std::uint32_t flags = config.value.flags;
  const bool sandboxed = (flags & WEBAI_SANDBOXED) != 0;
  if (flags & ~known_flags) refuse(Code::invalid_argument, "FLAGS", "config: unknown flags");
  if (config.value.backends & ~known_backends) refuse(Code::invalid_argument, "BACKENDS", "config: unknown backends");
  check_host(host.value, sandboxed);

  webai_context::Settings settings;
  settings.flags = flags;
  settings.backends = config.value.backends ? config.value.backends : std::uint32_t{WEBAI_CPU};
  Context::Options options;
  options.limits = read_limits(config.value.limits, settings);
  options.threads = config.value.threads;
  options.seed = config.value.has_seed ? config.value.seed : 0;
  constexpr std::int32_t default_level = 2;  // warnings; inside, levels are counted from 0
  options.log_level = (config.value.log_level ? config.value.log_level : default_level) - 1;

  Context::Options single;
  single.threads = 1;
  std::optional<Context> system;
  if (!sandboxed) system = Context::system(single);
  std::shared_ptr<HostBridge> bridge = HostBridge::make(host.value, received, std::move(system));
  std::shared_ptr<Executor> executor = make_executor(config.value, bridge);
  return new webai_context(Context(bridge, std::move(executor), options), bridge, settings);
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_context_create(const webai_config* config, webai_context** out, webai_error** err) {
  if (out) *out = nullptr;
  return guarded(nullptr, err, [&] {
    if (!out) {
      // The host's user data is given back all the same.
      create(config)->release();
      missing("out");
    }
    *out = create(config);
  });
}

void webai_context_shutdown(webai_context* ctx) {
  if (ctx) ctx->shut_down();
}

void webai_context_release(webai_context* ctx) {
  if (!ctx) return;
  ctx->shut_down();
  ctx->release();
}

void webai_context_trim(webai_context*) {}  // what is kept belongs to networks, and is bounded there

webai_status webai_context_pump(webai_context* ctx, uint32_t timeout_ms, size_t* done) {
  if (done) *done = 0;
  return guarded(ctx, nullptr, [&] {
    webai_context& context = required(ctx, "ctx");
    context.check_alive();
    if (!context.on_loop_thread())
      refuse(webai::Code::wrong_thread, "LOOP_THREAD", "pump belongs to the thread that created the context");
    if (context.in_callback()) refuse(webai::Code::wrong_thread, "CALLBACK", "pump cannot be called inside a callback");
    context.retain();  // a task may release the last other reference
    const std::unique_ptr<webai_context, void (*)(webai_context*)> keep(ctx, [](webai_context* c) { c->release(); });
    const double end = context.now() + timeout_ms;
    for (;;) {
      // What waits is delivered at once, however short the time; tasks that make tasks do not go on for ever.
      constexpr std::size_t most_tasks = 1000;
      std::size_t tasks = 0;
      while (tasks < most_tasks && context.run_one_task()) ++tasks;
      const bool advanced = context.scheduler().work();
      const bool worked = tasks || advanced;
      if (done) *done += tasks + (advanced ? 1 : 0);
      std::unique_lock lock(context.mutex);
      const bool pending = context.scheduler().unfinished() != 0;
      if (!worked && !pending) return webai_status{WEBAI_OK};
      lock.unlock();
      const double left = timeout_ms == WEBAI_FOREVER ? 1000.0 : end - context.now();
      if (left <= 0) return webai_status{pending ? WEBAI_PENDING : WEBAI_OK};
      lock.lock();
      // Other threads work on all that is left: they say when there is something new.
      if (!worked && context.scheduler().unfinished() != 0)
        context.changed.wait_for(lock, std::chrono::duration<double, std::milli>(std::min(left, 20.0)));
    }
  });
}

webai_status webai_context_stats(webai_context* ctx, webai_value** out, webai_error** err) {
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    std::size_t pending;
    {
      const std::lock_guard guard(context.mutex);
      pending = context.scheduler().unfinished();
    }
    std::vector<Map::Entry> entries;
    entries.emplace_back("pending", make_number(context, static_cast<double>(pending)));
    if (!context.is_private()) {
      const webai::Context& core = context.core();
      entries.emplace_back("hostBytes",
                           make_number(context, static_cast<double>(core.allocated_bytes() + context.bookkeeping())));
      entries.emplace_back("allocations", make_number(context, static_cast<double>(core.allocation_count())));
      entries.emplace_back("threads", make_number(context, static_cast<double>(core.executor().width())));
    }
    return make_map(context, std::move(entries));
  });
}

void webai_task_run(webai_task* task) {
  if (task) task->run();
}

}  // extern "C"
