// The rules that hold for every function: errors, outputs, ownership, kinds, contexts, structs.
#include "capi/support.h"

using namespace capi_test;

namespace {

void count(void* counter) { ++*static_cast<int*>(counter); }

webai_status returns_nothing(void*, webai_call*, webai_value* const*, std::size_t, webai_value**) { return WEBAI_OK; }

}  // namespace

TEST_CASE("err is written on every call: NULL on success") {
  const ContextHandle context = make_context();
  webai_value* value = nullptr;
  webai_error* error = reinterpret_cast<webai_error*>(&value);
  REQUIRE(webai_value_from_json(context.get(), "1", 1, nullptr, 0, &value, &error) == WEBAI_OK);
  CHECK(error == nullptr);
  webai_release(value);
}

TEST_CASE("err may be NULL") {
  const ContextHandle context = make_context();
  webai_value* value = nullptr;
  CHECK(webai_value_from_json(context.get(), "[", 1, nullptr, 0, &value, nullptr) == WEBAI_INVALID_JSON);
  CHECK(value == nullptr);
}

TEST_CASE("NULL where something is needed is INVALID_ARGUMENT, in every function") {
  const ContextHandle context = make_context();
  webai_context* ctx = context.get();
  const Handle network = make_network(ctx, xor_model);
  using Call = webai_status (*)(webai_context*, webai_value*, webai_value**, webai_error**);
  const Call calls[] = {
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) { return webai_context_stats(nullptr, o, e); },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_value_from_json(nullptr, "1", 1, nullptr, 0, o, e);
      },
      [](webai_context* c, webai_value*, webai_value** o, webai_error** e) {
        return webai_value_from_json(c, nullptr, 1, nullptr, 0, o, e);
      },
      [](webai_context* c, webai_value*, webai_value** o, webai_error** e) {
        return webai_value_from_json(c, "1", 1, nullptr, 1, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        webai_tensor_view view{};
        return webai_tensor_create(nullptr, &view, o, e);
      },
      [](webai_context* c, webai_value*, webai_value** o, webai_error** e) {
        return webai_tensor_create(c, nullptr, o, e);
      },
      [](webai_context* c, webai_value*, webai_value** o, webai_error** e) {
        return webai_tensor_wrap(c, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_tensor_copy(nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_function_call(nullptr, nullptr, 0, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) { return webai_await(nullptr, o, e); },
      [](webai_context* c, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_from(c, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_map(nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_shuffle(nullptr, 1, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_batch(nullptr, 1, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_prefetch(nullptr, 1, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_dataset_slice(nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_create(nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_compile(nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_describe(nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_run(n, nullptr, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_run_now(n, nullptr, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_train(n, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_verify(n, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_compute_gradients(n, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value* n, webai_value** o, webai_error** e) {
        return webai_network_apply_gradients(n, nullptr, nullptr, nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_get_parameters(nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_get_state(nullptr, o, e);
      },
      [](webai_context*, webai_value*, webai_value** o, webai_error** e) {
        return webai_network_export(nullptr, nullptr, nullptr, o, e);
      }};
  int index = 0;
  for (const Call call : calls) {
    INFO("call " << index++);
    const Failure failure = failing([&](webai_value** out, webai_error** err) { return call(ctx, network, out, err); });
    CHECK(failure.status == WEBAI_INVALID_ARGUMENT);
    CHECK(failure.reason() == "NULL_ARGUMENT");
  }
  Handle out;
  CHECK(webai_value_number(nullptr, 1, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_value_number(ctx, 1, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_value_string(ctx, nullptr, 1, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_value_list(ctx, nullptr, 1, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_value_map(ctx, nullptr, nullptr, 1, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_value_as_number(nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_cancel_create(nullptr, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_future_wait(nullptr, 0) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_context_pump(nullptr, 0, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_call_defer(nullptr, out.out()) == WEBAI_INVALID_ARGUMENT);
  webai_error* error = nullptr;
  CHECK(webai_context_create(nullptr, nullptr, &error) == WEBAI_INVALID_ARGUMENT);
  webai_release(error);
  CHECK(webai_network_set_parameters(nullptr, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_network_set_state(nullptr, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_network_reset(nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
}

TEST_CASE("functions without a status take NULL and other kinds in their stride") {
  const ContextHandle context = make_context();
  const Handle list = json(context.get(), "[1]");
  for (webai_value* value : {static_cast<webai_value*>(nullptr), static_cast<webai_value*>(list)}) {
    CHECK(webai_value_as_string(value, nullptr) == nullptr);
    CHECK(webai_value_as_host(value) == nullptr);
    CHECK(webai_value_get(value, "k", 1) == nullptr);
    CHECK(webai_error_status(value) == WEBAI_OK);
    CHECK(std::string(webai_error_message(value, nullptr)).empty());
    CHECK(webai_cancel_fired(value) == 0);
    webai_cancel_fire(value);
    webai_network_stop_training(value);
  }
  CHECK(webai_value_at(nullptr, 0, nullptr, nullptr) == nullptr);
  CHECK(webai_retain(nullptr) == nullptr);
  CHECK(webai_call_context(nullptr) == nullptr);
  CHECK(webai_call_fail(nullptr, WEBAI_DENIED, nullptr, 0, nullptr) < 0);
  webai_release(nullptr);
  webai_context_release(nullptr);
  webai_context_shutdown(nullptr);
  webai_context_trim(nullptr);
  webai_task_run(nullptr);
  webai_promise_resolve(nullptr, nullptr);
  webai_promise_reject(nullptr, WEBAI_DENIED, nullptr, 0, nullptr);
}

TEST_CASE("a value of another kind is TYPE_MISMATCH") {
  const ContextHandle context = make_context();
  const Handle text = json(context.get(), "\"text\"");
  double out = 1;
  CHECK(webai_value_as_number(text, &out) == WEBAI_TYPE_MISMATCH);
  CHECK(out == 0);
  webai_tensor_view view;
  CHECK(webai_tensor_get_view(text, &view) == WEBAI_TYPE_MISMATCH);
  CHECK(webai_future_wait(text, 0) == WEBAI_TYPE_MISMATCH);
  const Failure failure = failing([&](webai_value** o, webai_error** e) {
    return webai_network_run_now(text, text, nullptr, nullptr, nullptr, o, e);
  });
  CHECK(failure.status == WEBAI_TYPE_MISMATCH);
  CHECK(detail(failure.error, "expected") == "a network");
  CHECK(detail(failure.error, "actual") == "a text");
}

TEST_CASE("objects of two contexts do not meet") {
  const ContextHandle first = make_context(), second = make_context();
  const Handle foreign = json(second.get(), "[1,0]");
  const Handle network = make_network(first.get(), xor_model);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, foreign, nullptr, nullptr, nullptr, o, e);
        }).status == WEBAI_WRONG_CONTEXT);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_create(first.get(), foreign, o, e);
        }).status == WEBAI_TYPE_MISMATCH);
  const Handle model = json(second.get(), xor_model);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_create(first.get(), model, o, e);
        }).status == WEBAI_WRONG_CONTEXT);
  Handle list;
  webai_value* items[] = {foreign};
  CHECK(webai_value_list(first.get(), items, 1, list.out()) == WEBAI_WRONG_CONTEXT);
}

TEST_CASE("destroy runs once: when the object goes") {
  int destroyed = 0;
  {
    const ContextHandle context = make_context();
    Handle host, function, tensor, error;
    REQUIRE(webai_value_host(context.get(), &destroyed, count, host.out()) == WEBAI_OK);
    CHECK(webai_value_as_host(host) == &destroyed);
    REQUIRE(webai_function_create(context.get(), returns_nothing, &destroyed, count, 0, function.out()) == WEBAI_OK);
    float memory[2] = {1, 2};
    std::int64_t shape[1] = {2};
    webai_tensor_view view{};
    view.data = memory;
    view.device_type = 1;
    view.ndim = 1;
    view.type_code = 2;
    view.type_bits = 32;
    view.type_lanes = 1;
    view.shape = shape;
    REQUIRE(webai_tensor_wrap(context.get(), &view, &destroyed, count, tensor.out(), error.out()) == WEBAI_OK);
    const Handle more(webai_retain(host));
    host = Handle();
    CHECK(destroyed == 0);
    tensor = Handle();
    CHECK(destroyed == 1);
    function = Handle();
    CHECK(destroyed == 2);
  }
  CHECK(destroyed == 3);
}

TEST_CASE("destroy runs once also when the call fails") {
  int destroyed = 0;
  const ContextHandle context = make_context();
  Handle out;
  CHECK(webai_value_host(nullptr, &destroyed, count, out.out()) < 0);
  CHECK(destroyed == 1);
  CHECK(webai_value_host(context.get(), &destroyed, count, nullptr) < 0);
  CHECK(destroyed == 2);
  CHECK(webai_function_create(context.get(), nullptr, &destroyed, count, 0, out.out()) < 0);
  CHECK(destroyed == 3);
  CHECK(webai_function_create(context.get(), returns_nothing, &destroyed, count, 64, out.out()) < 0);
  CHECK(destroyed == 4);
  webai_tensor_view view{};
  view.device_type = 3;
  CHECK(webai_tensor_wrap(context.get(), &view, &destroyed, count, out.out(), nullptr) < 0);
  CHECK(destroyed == 5);
  CHECK(webai_future_then(nullptr, nullptr, &destroyed, count) < 0);
  CHECK(destroyed == 6);
  webai_context_shutdown(context.get());
  CHECK(webai_value_host(context.get(), &destroyed, count, out.out()) == WEBAI_SHUT_DOWN);
  CHECK(destroyed == 7);
}

TEST_CASE("the host's destroy runs once, after the last object, and when no context comes about") {
  CountingHost counting;
  webai_host host = counting.host();
  webai_config config = plain_config();
  config.host = &host;
  {
    ContextHandle context = make_context(config);
    const Handle tensor = make_tensor(context.get(), {1, 2, 3}, {3});
    context.reset();
    CHECK(counting.destroyed == 0);
    CHECK(floats(tensor) == std::vector<float>{1, 2, 3});
  }
  CHECK(counting.destroyed == 1);
  CHECK(counting.live_blocks == 0);

  const auto refused = [&](webai_config wrong) {
    webai_context* context = nullptr;
    Handle error;
    const webai_status status = webai_context_create(&wrong, &context, error.out());
    CHECK(context == nullptr);
    CHECK(webai_error_status(error) == status);
    return status;
  };
  config.flags = 1u << 20;
  CHECK(refused(config) == WEBAI_INVALID_ARGUMENT);
  CHECK(counting.destroyed == 2);
  config = plain_config();
  config.host = &host;
  host.dealloc = nullptr;
  CHECK(refused(config) == WEBAI_INVALID_ARGUMENT);
  CHECK(counting.destroyed == 3);
  host = counting.host();
  CHECK(webai_context_create(&config, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(counting.destroyed == 4);
  webai_limits limits{};
  limits.struct_size = 3;
  config.limits = &limits;
  CHECK(refused(config) == WEBAI_INVALID_ARGUMENT);
  CHECK(counting.destroyed == 5);
}

TEST_CASE("a shorter struct reads as zero-extended, a longer one must end in zeros") {
  const auto create = [](const void* config) {
    webai_context* context = nullptr;
    const webai_status status = webai_context_create(static_cast<const webai_config*>(config), &context, nullptr);
    webai_context_release(context);
    return status;
  };
  CHECK(create(nullptr) == WEBAI_OK);
  std::uint32_t shortest[] = {4, 0xffffffff, 0xffffffff};
  CHECK(create(shortest) == WEBAI_OK);
  std::uint32_t with_flags[] = {8, WEBAI_PRIVACY, 0xffffffff, 0xffffffff};
  CHECK(create(with_flags) == WEBAI_OK);
  for (const std::uint32_t size : {0u, 3u, 5u, 100'000u}) {
    webai_config config = plain_config();
    config.struct_size = size;
    CHECK(create(&config) == WEBAI_INVALID_ARGUMENT);
  }
  struct Later {
    webai_config config;
    std::uint64_t more[2];
  } later{plain_config(), {0, 0}};
  later.config.struct_size = sizeof later;
  CHECK(create(&later) == WEBAI_OK);
  later.more[1] = 1;
  CHECK(create(&later) == WEBAI_UNSUPPORTED);
}

TEST_CASE("unknown options are ignored with one warning, or refused when strict") {
  CountingHost counting;
  webai_host host = counting.host();
  webai_config config = plain_config();
  config.host = &host;
  const ContextHandle context = make_context(config);
  const Handle network = make_network(context.get(), xor_model);
  const Handle in = json(context.get(), "[1,0]");
  const Handle loose = json(context.get(), R"({"normalize":true,"speed":9,"colour":1})");
  Handle out, error;
  REQUIRE(webai_network_run_now(network, in, nullptr, loose, nullptr, out.out(), error.out()) == WEBAI_OK);
  REQUIRE(counting.lines.size() == 1);
  CHECK(counting.lines[0].first == 2);
  CHECK(counting.lines[0].second.find("\"speed\", \"colour\"") != std::string::npos);
  const Handle strict = json(context.get(), R"({"speed":9,"strict":true})");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, in, nullptr, strict, nullptr, o, e);
        }).reason() == "OPTION_UNKNOWN");
  const Handle wrong = json(context.get(), R"({"normalize":1})");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, in, nullptr, wrong, nullptr, o, e);
        }).status == WEBAI_INVALID_ARGUMENT);
}

TEST_CASE("after shutdown calls are SHUT_DOWN, values can still be read and released") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle in = json(context.get(), "[1,0]");
  webai_context_shutdown(context.get());
  webai_context_shutdown(context.get());
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, in, nullptr, nullptr, nullptr, o, e);
        }).status == WEBAI_SHUT_DOWN);
  Handle out;
  CHECK(webai_value_number(context.get(), 1, out.out()) == WEBAI_SHUT_DOWN);
  CHECK(number(webai_value_at(in, 0, nullptr, nullptr)) == 1);
}
