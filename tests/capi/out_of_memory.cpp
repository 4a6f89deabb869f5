// Each allocation of a whole session is made to fail once, of operator new and of the host: no crash, no leak, a status
// that says so, and everything given back.
#include <functional>

#include "capi/allocation_count.h"
#include "capi/support.h"

using namespace capi_test;

namespace {

struct Session {
  CountingHost counting;
  int destroyed = 0;           // of the function and the wrapped memory
  int received = 0;            // how many of those were given
  bool without_error = false;  // the call under way has no err

  static void count(void* self) { ++static_cast<Session*>(self)->destroyed; }
  static webai_status nothing(void*, webai_call*, webai_value* const*, std::size_t, webai_value**) { return WEBAI_OK; }

  // A bit of everything. Returns the first status that is not OK; `err` must then be set.
  webai_status run(bool& error_matches) {
    webai_error* err = nullptr;
    const webai_status status = all(&err);
    error_matches = status == WEBAI_OK || without_error ? err == nullptr : webai_error_status(err) == status;
    webai_release(err);
    return status;
  }

 private:
  webai_status all(webai_error** err) {
    webai_host host = counting.host();
    webai_config config = plain_config();
    config.host = &host;
    webai_context* ctx = nullptr;
    webai_status s = webai_context_create(&config, &ctx, err);
    Handle model, data, opts, net, info, in, out, function, wrapped, text, progress, dataset, batch, future, remembers, state;
    if (!s) s = parse(ctx, xor_model, nullptr, 0, model.out(), err);
    if (!s) s = parse(ctx, xor_data, nullptr, 0, data.out(), err);
    if (!s) s = parse(ctx, "[1,0]", nullptr, 0, in.out(), err);
    if (!s) {
      ++received;
      without_error = true;
      s = webai_function_create(ctx, nothing, this, count, 0, function.out());
      if (!s) without_error = false;
    }
    if (!s) {
      webai_value* leaves[] = {function};
      s = parse(ctx, R"({"maxIterations":2,"progress":{"$leaf":0},"speed":1})", leaves, 1, opts.out(), err);
    }
    if (!s) s = webai_network_create(ctx, model, net.out(), err);
    if (!s) s = webai_dataset_from(ctx, data, nullptr, dataset.out(), err);
    if (!s) s = webai_dataset_batch(dataset, 2, batch.out(), err);
    if (!s) s = webai_network_train(net, batch, opts, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_train(net, data, opts, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), err);
    if (!s) s = webai_network_verify(net, data, nullptr, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_compute_gradients(net, data, nullptr, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_apply_gradients(net, info, nullptr, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_export(net, nullptr, nullptr, future.out(), err);
    if (!s) s = finish(future, info.out(), err);
    if (!s) s = webai_network_describe(net, info.out(), err);
    if (!s) s = parse(ctx, R"({"layers":[2,{"size":1,"history":1},1]})", nullptr, 0, model.out(), err);
    if (!s) s = parse(ctx, R"([[[1,0],[1]],{"$instruction":"reset"},[[1,1],[0]]])", nullptr, 0, data.out(), err);
    if (!s) s = webai_network_create(ctx, model, remembers.out(), err);
    if (!s) s = webai_network_run_now(remembers, in, nullptr, nullptr, nullptr, out.out(), err);
    if (!s) s = webai_network_get_state(remembers, state.out(), err);
    if (!s) s = webai_network_set_state(remembers, state, err);
    if (!s) s = webai_network_verify(remembers, data, nullptr, nullptr, future.out(), err);
    if (!s) s = finish(future, out.out(), err);
    if (!s) s = webai_network_reset(remembers, err);
    if (!s) s = webai_value_to_json(info, nullptr, text.out(), err);
    if (!s) {
      float memory[2] = {1, 0};
      std::int64_t shape[1] = {2};
      webai_tensor_view view{};
      view.data = memory;
      view.device_type = 1;
      view.ndim = 1;
      view.type_code = 2;
      view.type_bits = 32;
      view.type_lanes = 1;
      view.shape = shape;
      ++received;
      s = webai_tensor_wrap(ctx, &view, this, count, wrapped.out(), err);
      if (!s) s = webai_network_run_now(net, wrapped, nullptr, nullptr, nullptr, out.out(), err);
    }
    webai_context_release(ctx);
    return s;
  }

  static webai_status parse(webai_context* ctx, const char* text, webai_value* const* leaves, std::size_t count,
                            webai_value** out, webai_error** err) {
    return webai_value_from_json(ctx, text, WEBAI_NUL_TERMINATED, leaves, count, out, err);
  }
  static webai_status finish(Handle& future, webai_value** out, webai_error** err) {
    return webai_await(webai_retain(future), out, err);
  }
};

void check(Session& session, webai_status status, bool error_matches) {
  CHECK(error_matches);
  if (status) CHECK(status == WEBAI_OUT_OF_MEMORY);
  CHECK(session.counting.live_blocks == 0);
  CHECK(session.destroyed == session.received);
  CHECK(session.counting.destroyed == 1);
}

}  // namespace

TEST_CASE("each allocation of the host may fail once") {
  std::size_t number = 0;
  webai_status status = WEBAI_INTERNAL;
  while (status != WEBAI_OK) {
    INFO("allocation " << number + 1);
    REQUIRE(number < 100'000);
    Session session;
    session.counting.refuse_call = ++number;
    bool error_matches = false;
    status = session.run(error_matches);
    check(session, status, error_matches);
  }
  CHECK(number > 20);
}

TEST_CASE("each call of operator new may fail once") {
  // First whole and uncounted, so that what the C++ library keeps for ever is there.
  Session warm;
  bool error_matches = false;
  REQUIRE(warm.run(error_matches) == WEBAI_OK);
  std::size_t total = 0;
  {
    Session counted;
    const AllocationCount count;
    counted.run(error_matches);
    total = count.since();
  }
  CHECK(total > 1000);
  // All of them would take minutes: the first ones one by one, then in prime strides that differ between stretches.
  std::size_t failed = 0;
  for (std::size_t number = 1; number <= total; number += number < 300 ? 1 : 61) {
    INFO("allocation " << number << " of " << total);
    Session session;
    fail_allocation(number);
    const webai_status status = session.run(error_matches);
    fail_allocation(0);
    failed += status != WEBAI_OK;
    check(session, status, error_matches);
  }
  CHECK(failed > 100);
}
