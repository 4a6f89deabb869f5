// Operations under way: waiting, callbacks, the loop thread, cancelling, shutdown, order.
#include <atomic>
#include <chrono>
#include <thread>

#include "capi/support.h"

using namespace capi_test;

namespace {

constexpr const char* endless = R"({"errorThreshold":0})";

webai_future* start_training(webai_context* context, webai_value* network, const char* options,
                             webai_value* cancel = nullptr, const char* samples = xor_data) {
  const Handle data = json(context, samples), opts = json(context, options);
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_train(network, data, opts, cancel, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return future;
}

struct Seen {
  int done = 0, destroyed = 0;
  webai_status status = WEBAI_PENDING;
  bool has_result = false, has_error = false;
  std::thread::id thread;
};

void on_done(void* user_data, webai_status status, webai_value* result, webai_error* error) {
  auto& seen = *static_cast<Seen*>(user_data);
  ++seen.done;
  seen.status = status;
  seen.has_result = result != nullptr;
  seen.has_error = error != nullptr;
  seen.thread = std::this_thread::get_id();
}
void on_destroy(void* user_data) { ++static_cast<Seen*>(user_data)->destroyed; }

}  // namespace

TEST_CASE("wait works on this thread until the time is over") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle future(start_training(context.get(), network, endless));
  CHECK(webai_future_wait(future, 0) == WEBAI_PENDING);
  CHECK(webai_future_wait(future, 20) == WEBAI_PENDING);
  webai_network_stop_training(network);
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(webai_future_wait(future, 0) == WEBAI_OK);
  const Handle info = await(webai_retain(future));
  CHECK(text_of(webai_value_get(info, "stopReason", 10)) == "stopTraining");
  CHECK(number_at(info, "iterations") > 0);
}

TEST_CASE("a second training of a network is BUSY until the first is over") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  Handle future(start_training(context.get(), network, R"({"maxIterations":3})"));
  const Handle data = json(context.get(), xor_data);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_train(network, data, nullptr, nullptr, o, e);
        }).status == WEBAI_BUSY);
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_OK);
  future = Handle(start_training(context.get(), network, R"({"maxIterations":3})"));
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_OK);
}

TEST_CASE("a fired token ends training with CANCELLED and leaves a usable network") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  Handle cancel;
  REQUIRE(webai_cancel_create(context.get(), cancel.out()) == WEBAI_OK);
  CHECK(webai_cancel_fired(cancel) == 0);
  webai_future* future = start_training(context.get(), network, endless, cancel);
  CHECK(webai_future_wait(future, 5) == WEBAI_PENDING);
  std::thread other([&] { webai_cancel_fire(cancel); });
  Handle out, error;
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_CANCELLED);
  other.join();
  CHECK(webai_cancel_fired(cancel) == 1);
  CHECK(out == nullptr);
  CHECK(detail(error, "reason") == "CANCELLED");
  CHECK(detail(error, "hint").find("of a training, its last batch") != std::string::npos);
  const Handle in = json(context.get(), "[1,0]");
  CHECK(webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), error.out()) == WEBAI_OK);
  CHECK(webai_network_run_now(network, in, nullptr, nullptr, cancel, out.out(), error.out()) == WEBAI_CANCELLED);
}

TEST_CASE("failures of the run arrive in the future") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"layers":[2,8,1],"activation":"relu"})");
  webai_future* future = start_training(context.get(), network, R"({"learningRate":1e30,"maxIterations":1000})");
  Handle out, error;
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(detail(error, "reason") == "NOT_A_NUMBER");
  const Handle again(start_training(context.get(), network, R"({"maxIterations":0})"));
  CHECK(webai_future_wait(again, WEBAI_FOREVER) == WEBAI_OK);
}

TEST_CASE("await consumes its future, also when it fails") {
  const ContextHandle context = make_context();
  Handle stats, error;
  const auto pending = [&] {
    REQUIRE(webai_context_stats(context.get(), stats.out(), error.out()) == WEBAI_OK);
    return number_at(stats, "pending");
  };
  const Handle from = make_tensor(context.get(), {1}, {1}), to = make_tensor(context.get(), {0}, {1});
  webai_future* future = nullptr;
  REQUIRE(webai_tensor_copy(to, from, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(pending() == 1);
  CHECK(webai_await(future, nullptr, error.out()) == WEBAI_INVALID_ARGUMENT);  // and the future is gone
  size_t done = 0;
  CHECK(webai_context_pump(context.get(), 100, &done) == WEBAI_OK);
  CHECK(done == 1);
  CHECK(pending() == 0);
  webai_value* value = nullptr;
  REQUIRE(webai_value_number(context.get(), 1, &value) == WEBAI_OK);
  CHECK(webai_await(value, stats.out(), error.out()) == WEBAI_TYPE_MISMATCH);  // released: the leak checker watches
}

TEST_CASE("then calls back in pump, never from inside itself") {
  const ContextHandle context = make_context();
  const Handle from = make_tensor(context.get(), {1}, {1}), to = make_tensor(context.get(), {0}, {1});
  Handle future;
  REQUIRE(webai_tensor_copy(to, from, nullptr, future.out(), nullptr) == WEBAI_OK);
  Seen seen;
  REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(seen.done == 0);
  REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);  // it is over already
  CHECK(seen.done == 0);
  size_t done = 0;
  CHECK(webai_context_pump(context.get(), 0, &done) == WEBAI_OK);
  CHECK(done == 2);
  CHECK(seen.done == 2);
  CHECK(seen.destroyed == 2);
  CHECK(seen.status == WEBAI_OK);
  CHECK_FALSE(seen.has_error);
}

TEST_CASE("pump does the work of operations that nobody waits for") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  Seen seen;
  {
    const Handle future(start_training(context.get(), network, R"({"maxIterations":200})"));
    REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);
  }
  while (webai_context_pump(context.get(), 1, nullptr) == WEBAI_PENDING) {
  }
  CHECK(webai_context_pump(context.get(), 0, nullptr) == WEBAI_OK);
  CHECK(seen.done == 1);
  CHECK(seen.has_result);
}

TEST_CASE("pump belongs to the loop thread and to no callback") {
  const ContextHandle context = make_context();
  webai_status elsewhere = WEBAI_OK;
  std::thread([&] { elsewhere = webai_context_pump(context.get(), 0, nullptr); }).join();
  CHECK(elsewhere == WEBAI_WRONG_THREAD);
  struct Nested {
    webai_context* context;
    webai_value* future;
    webai_status pump = WEBAI_OK, wait = WEBAI_OK;
  };
  const Handle from = make_tensor(context.get(), {1}, {1}), to = make_tensor(context.get(), {0}, {1});
  Handle first, second;
  REQUIRE(webai_tensor_copy(to, from, nullptr, first.out(), nullptr) == WEBAI_OK);
  const Handle network = make_network(context.get(), xor_model);
  second = Handle(start_training(context.get(), network, endless));
  Nested nested{context.get(), second};
  const auto inside = [](void* user, webai_status, webai_value*, webai_error*) {
    auto& own = *static_cast<Nested*>(user);
    own.pump = webai_context_pump(own.context, 0, nullptr);
    own.wait = webai_future_wait(own.future, 10);
  };
  REQUIRE(webai_future_then(first, inside, &nested, nullptr) == WEBAI_OK);
  CHECK(webai_context_pump(context.get(), 5, nullptr) == WEBAI_PENDING);
  CHECK(nested.pump == WEBAI_WRONG_THREAD);
  CHECK(nested.wait == WEBAI_WRONG_THREAD);
}

TEST_CASE("with post all work and callbacks are tasks on the loop thread, and waiting there is refused") {
  CountingHost counting;
  webai_host host = counting.host();
  counting.take_posts(host);
  webai_config config = plain_config();
  config.host = &host;
  Seen seen;
  {
    const ContextHandle context = make_context(config);
    const Handle network = make_network(context.get(), xor_model);
    Handle future(start_training(context.get(), network, R"({"maxIterations":50})"));
    CHECK(webai_future_wait(future, 10) == WEBAI_WRONG_THREAD);
    REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);
    CHECK(seen.done == 0);
    CHECK(counting.run_posts() > 50);  // a slice is at most a batch; here one epoch
    CHECK(seen.done == 1);
    CHECK(seen.thread == std::this_thread::get_id());
    CHECK(webai_future_wait(future, 0) == WEBAI_OK);
  }
  counting.run_posts();
  CHECK(seen.destroyed == 1);
  CHECK(counting.destroyed == 1);
  CHECK(counting.live_blocks == 0);
}

TEST_CASE("a posted slice of a slow training is one batch") {
  CountingHost counting;
  webai_host host = counting.host();
  counting.take_posts(host);
  host.now = [](void* self) { return static_cast<CountingHost*>(self)->time += 10; };  // every step takes long
  webai_config config = plain_config();
  config.host = &host;
  {
    const ContextHandle context = make_context(config);
    const Handle network = make_network(context.get(), xor_model);
    std::string data = "[";
    for (int i = 0; i < 200; ++i) data += (i ? ",[[0,1],[1]]" : "[[0,1],[1]]");
    const Handle future(
        start_training(context.get(), network, R"({"maxIterations":1})", nullptr, (data + "]").c_str()));
    CHECK(counting.run_posts() >= 200);
    CHECK(webai_future_wait(future, 0) == WEBAI_OK);
  }
  counting.run_posts();
}

TEST_CASE("another thread may wait while the loop thread posts") {
  CountingHost counting;
  webai_host host = counting.host();
  counting.take_posts(host);
  webai_config config = plain_config();
  config.host = &host;
  {
    const ContextHandle context = make_context(config);
    const Handle network = make_network(context.get(), xor_model);
    const Handle future(start_training(context.get(), network, R"({"maxIterations":2000})"));
    webai_status status = WEBAI_PENDING;
    std::thread waiter([&] { status = webai_future_wait(future, WEBAI_FOREVER); });
    waiter.join();
    CHECK(status == WEBAI_OK);
    counting.run_posts();
  }
  counting.run_posts();
  CHECK(counting.destroyed == 1);
}

TEST_CASE("several threads wait for the same and for other operations") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle in = json(context.get(), "[1,0]");
  const Handle training(start_training(context.get(), network, endless));
  std::atomic<int> finished{0}, failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      if (webai_future_wait(training, WEBAI_FOREVER) == WEBAI_OK) ++finished;
    });
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        webai_future* run = nullptr;
        webai_value* out = nullptr;
        if (webai_network_run(network, in, nullptr, nullptr, nullptr, &run, nullptr) < 0 ||
            webai_await(run, &out, nullptr) != WEBAI_OK)
          ++failed;
        webai_release(out);
      }
      webai_network_stop_training(network);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(finished == 3);
  CHECK(failed == 0);
}

TEST_CASE("while a network trains, runs come between its steps and the rest is BUSY") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle in = json(context.get(), "[1,0]"), data = json(context.get(), xor_data);
  const Handle training(start_training(context.get(), network, endless));
  REQUIRE(webai_future_wait(training, 2) == WEBAI_PENDING);
  const auto status_now = [&] {
    Handle out;
    return webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr);
  };
  CHECK(status_now() == WEBAI_BUSY);
  Handle out, error;
  CHECK(webai_network_get_parameters(network, out.out(), nullptr) == WEBAI_BUSY);
  CHECK(webai_network_describe(network, out.out(), nullptr) == WEBAI_OK);
  webai_future* run = nullptr;
  REQUIRE(webai_network_run(network, in, nullptr, nullptr, nullptr, &run, nullptr) == WEBAI_OK);
  CHECK(floats(await(run)).size() == 1);
  REQUIRE(webai_network_verify(network, data, nullptr, nullptr, &run, nullptr) == WEBAI_OK);
  CHECK(number_at(await(run), "samples") == 4);
  webai_network_stop_training(network);
  CHECK(webai_future_wait(training, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(status_now() == WEBAI_OK);
}

TEST_CASE("operations on one network start in the order in which they were submitted") {
  const ContextHandle context = make_context();
  const Handle network =
      make_network(context.get(), R"({"layers":[1,{"size":1,"activation":null,"weights":[[2]],"bias":[0]}]})");
  const Handle in = json(context.get(), "[1]");
  Handle parameters, error;
  REQUIRE(webai_network_get_parameters(network, parameters.out(), error.out()) == WEBAI_OK);
  const char* key = nullptr;
  webai_value_at(parameters, 0, &key, nullptr);
  const Handle changed = json(context.get(), "{\"" + std::string(key) + "\":[[5]]}");
  webai_future *before = nullptr, *after = nullptr;
  REQUIRE(webai_network_run(network, in, nullptr, nullptr, nullptr, &before, nullptr) == WEBAI_OK);
  REQUIRE(webai_network_set_parameters(network, changed, nullptr) == WEBAI_OK);  // queues behind the run
  REQUIRE(webai_network_run(network, in, nullptr, nullptr, nullptr, &after, nullptr) == WEBAI_OK);
  CHECK(floats(await(after)) == std::vector<float>{5});
  CHECK(floats(await(before)) == std::vector<float>{2});
}

TEST_CASE("shutdown cancels what is under way; of callbacks only destroy runs") {
  Seen seen;
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle future(start_training(context.get(), network, endless));
  REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);
  webai_context_shutdown(context.get());
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_CANCELLED);
  CHECK(seen.done == 0);
  CHECK(seen.destroyed == 1);
  REQUIRE(webai_future_then(future, on_done, &seen, on_destroy) == WEBAI_OK);
  CHECK(seen.done == 0);
  CHECK(seen.destroyed == 2);
}

TEST_CASE("shutdown from another thread ends a wait") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle future(start_training(context.get(), network, endless));
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    webai_context_shutdown(context.get());
  });
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_CANCELLED);
  other.join();
}

TEST_CASE("unfinished operations are limited") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.pending = 2;
  webai_config config = plain_config();
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  const Handle from = make_tensor(context.get(), {1}, {1}), to = make_tensor(context.get(), {0}, {1});
  Handle first, second;
  REQUIRE(webai_tensor_copy(to, from, nullptr, first.out(), nullptr) == WEBAI_OK);
  REQUIRE(webai_tensor_copy(to, from, nullptr, second.out(), nullptr) == WEBAI_OK);
  CHECK(failing([&](webai_value** o, webai_error** e) { return webai_tensor_copy(to, from, nullptr, o, e); }).status ==
        WEBAI_LIMIT_EXCEEDED);
}
