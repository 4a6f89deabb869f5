// Each allocation of a whole session is made to fail once, of operator new and of the host: no crash, no leak, a status
// that says so, and everything given back.
#include <functional>

#include "support/allocation_count.h"
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
    if (!s) s = definitions(ctx, in, data, err);
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

  static webai_status same(void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    *result = webai_retain(args[0]);
    return WEBAI_OK;
  }
  static webai_status hyperbolic(void* tanh, webai_call* call, webai_value* const* args, std::size_t count, webai_value** result) {
    webai_error* error = nullptr;
    webai_status s = webai_function_call(static_cast<webai_value*>(tanh), args, count, result, &error);
    if (s) s = webai_call_fail(call, s, "tanh", WEBAI_NUL_TERMINATED, error);
    webai_release(error);
    return s;
  }
  static webai_status learn(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
    webai_future* future = nullptr;
    Handle stream, batch, gradients;
    webai_status s = webai_dataset_iterate(args[1], args[3], stream.out(), nullptr);
    if (!s) s = webai_stream_next(stream, &future, nullptr);
    if (!s) s = webai_await(future, batch.out(), nullptr);
    if (!s) s = webai_network_compute_gradients(args[0], batch, nullptr, nullptr, &future, nullptr);
    if (!s) s = webai_await(future, gradients.out(), nullptr);
    if (!s) s = webai_value_from_json(webai_call_context(call), R"({"error":1})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
    return s;
  }

  // Operations of a host: called, of numbers, composed; and a training.
  webai_status definitions(webai_context* ctx, webai_value* in, webai_value* data, webai_error** err) {
    Handle description, operations, function, net, out, future, opts;
    const auto make = [&](webai_callback callback, void* user_data, std::uint32_t flags) {
      without_error = true;
      const webai_status s = webai_function_create(ctx, callback, user_data, nullptr, flags, function.out());
      if (!s) without_error = false;
      return s;
    };
    webai_status s = webai_get_operations(ctx, nullptr, future.out(), err);
    if (!s) s = finish(future, operations.out(), err);
    webai_value* const tanh = webai_value_get(operations, "tanh", 4);
    if (!s) s = webai_function_call(tanh, &in, 1, out.out(), err);
    if (!s) s = make(same, nullptr, WEBAI_ANY_THREAD);
    if (!s) s = parse(ctx, R"({"name":"same","domain":"core","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})", nullptr, 0, description.out(), err);
    if (!s) s = webai_define_operation(ctx, description, function, nullptr, err);
    if (!s) s = make(hyperbolic, tanh, WEBAI_PURE);
    if (!s) s = parse(ctx, R"({"name":"own","domain":"core","model":{"isActivation":true}})", nullptr, 0, description.out(), err);
    if (!s) s = webai_define_operation(ctx, description, function, nullptr, err);
    if (!s) s = parse(ctx, R"({"layers":[2,{"type":"same"},{"size":1,"activation":"own"}]})", nullptr, 0, description.out(), err);
    if (!s) s = webai_network_create(ctx, description, net.out(), err);
    if (!s) s = webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), err);
    if (!s) s = make(learn, nullptr, 0);
    if (!s) s = parse(ctx, R"({"name":"learn"})", nullptr, 0, description.out(), err);
    if (!s) s = webai_define_train(ctx, description, function, err);
    if (!s) s = parse(ctx, R"({"type":"learn"})", nullptr, 0, opts.out(), err);
    if (!s) s = webai_network_train(net, data, opts, nullptr, future.out(), err);
    if (!s) s = finish(future, out.out(), err);
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
    const webai::test::AllocationCount count;
    counted.run(error_matches);
    total = count.since();
  }
  CHECK(total > 1000);
  // All of them would take minutes: the first ones one by one, then in prime strides that differ between stretches.
  std::size_t failed = 0;
  for (std::size_t number = 1; number <= total; number += number < 300 ? 1 : 127) {
    INFO("allocation " << number << " of " << total);
    Session session;
    webai::test::fail_allocation(number);
    const webai_status status = session.run(error_matches);
    webai::test::fail_allocation(0);
    failed += status != WEBAI_OK;
    check(session, status, error_matches);
  }
  CHECK(failed > 100);
}
