// Which thread functions of operations are called on, and what they may do to the network and the context meanwhile.
#include <atomic>
#include <set>
#include <thread>

#include "capi/definitions.h"

using namespace capi_test;

namespace {

constexpr const char* noted_operation = R"({"name":"noted","domain":"core","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})";
constexpr const char* noted_model = R"({"layers":[2,{"type":"noted"}]})";

struct Note {
  std::set<std::thread::id> threads;
  webai_value *network = nullptr, *in = nullptr;
  webai_status inside = WEBAI_OK, waiting = WEBAI_OK;
  bool shut_down = false;
};

webai_status note(void* user, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  auto& own = *static_cast<Note*>(user);
  own.threads.insert(std::this_thread::get_id());
  if (own.network) {
    Handle out;
    own.inside = webai_network_run_now(own.network, own.in, nullptr, nullptr, nullptr, out.out(), nullptr);
    webai_future* future = nullptr;
    if (webai_network_run(own.network, own.in, nullptr, nullptr, nullptr, &future, nullptr) == WEBAI_OK)
      own.waiting = webai_await(future, out.out(), nullptr);
  }
  if (own.shut_down) webai_context_shutdown(webai_call_context(call));
  *result = webai_retain(args[0]);
  return WEBAI_OK;
}

void define_noted(webai_context* context, Note& own, std::uint32_t flags) {
  const Handle description = json(context, noted_operation);
  Handle function, error;
  REQUIRE(webai_function_create(context, note, &own, nullptr, flags, function.out()) == WEBAI_OK);
  const webai_status status = webai_define_operation(context, description, function, nullptr, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
}

}  // namespace

TEST_CASE("an operation of the loop thread binds its networks to that thread, and others wait for it") {
  Note own;
  const ContextHandle context = make_context();
  define_noted(context.get(), own, 0);
  const Handle network = make_network(context.get(), noted_model), in = json(context.get(), "[1,2]");
  Handle future;
  REQUIRE(webai_network_run(network, in, nullptr, nullptr, nullptr, future.out(), nullptr) == WEBAI_OK);
  webai_status status = WEBAI_PENDING, now = WEBAI_OK, called = WEBAI_OK;
  std::atomic<bool> asked{false};
  std::thread waiter([&] {
    Handle out;
    now = webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr);
    asked = true;
    status = webai_future_wait(future, WEBAI_FOREVER);
    now = webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr);
  });
  while (!asked) std::this_thread::yield();
  while (webai_context_pump(context.get(), 5, nullptr) == WEBAI_PENDING) {
  }
  waiter.join();
  CHECK(status == WEBAI_OK);
  CHECK(now == WEBAI_WRONG_THREAD);
  CHECK(own.threads == std::set<std::thread::id>{std::this_thread::get_id()});
  // One of any thread runs wherever somebody waits.
  Note free;
  const ContextHandle other = make_context();
  define_noted(other.get(), free, WEBAI_ANY_THREAD);
  const Handle unbound = make_network(other.get(), noted_model), numbers = json(other.get(), "[1,2]");
  std::thread runner([&] {
    Handle out;
    called = webai_network_run_now(unbound, numbers, nullptr, nullptr, nullptr, out.out(), nullptr);
  });
  runner.join();
  CHECK(called == WEBAI_OK);
  CHECK_FALSE(free.threads.contains(std::this_thread::get_id()));
}

TEST_CASE("with a host that posts, operations of the loop thread run in its turns, and nothing dead-locks") {
  CountingHost counting;
  webai_host host = counting.host();
  counting.take_posts(host);
  webai_config config = plain_config();
  config.host = &host;
  Note own;
  const ContextHandle context = make_context(config);
  define_noted(context.get(), own, 0);
  const Handle network = make_network(context.get(), noted_model), in = json(context.get(), "[1,2]");
  Handle future;
  REQUIRE(webai_network_run(network, in, nullptr, nullptr, nullptr, future.out(), nullptr) == WEBAI_OK);
  CHECK(webai_future_wait(future, WEBAI_FOREVER) == WEBAI_WRONG_THREAD);
  std::atomic<bool> ended{false};
  webai_status status = WEBAI_PENDING;
  std::thread waiter([&] {
    status = webai_future_wait(future, WEBAI_FOREVER);
    ended = true;
  });
  while (!ended) counting.run_posts();
  waiter.join();
  CHECK(status == WEBAI_OK);
  CHECK(own.threads == std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_CASE("a function of an operation cannot block on the network that calls it, and may shut the context down") {
  Note own;
  const ContextHandle context = make_context();
  define_noted(context.get(), own, WEBAI_ANY_THREAD);
  const Handle network = make_network(context.get(), noted_model), in = json(context.get(), "[1,2]");
  own.network = network;
  own.in = in;
  Handle out;
  CHECK(webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(own.inside == WEBAI_BUSY);
  CHECK(own.waiting == WEBAI_WRONG_THREAD);
  own.network = nullptr;
  while (webai_context_pump(context.get(), 5, nullptr) == WEBAI_PENDING) {
  }
  own.shut_down = true;
  CHECK(webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_SHUT_DOWN);
}

TEST_CASE("a context that is shut down while a function of an operation runs ends the run after it") {
  static std::atomic<bool> running, go_on;
  running = go_on = false;
  const ContextHandle context = make_context();
  const Handle description = json(context.get(), noted_operation);
  Handle function;
  const auto slow = [](void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    running = true;
    while (!go_on) std::this_thread::yield();
    *result = webai_retain(args[0]);
    return WEBAI_OK;
  };
  REQUIRE(webai_function_create(context.get(), slow, nullptr, nullptr, WEBAI_ANY_THREAD, function.out()) == WEBAI_OK);
  REQUIRE(webai_define_operation(context.get(), description, function, nullptr, nullptr) == WEBAI_OK);
  const Handle network = make_network(context.get(), noted_model);
  const Handle batch = make_tensor(context.get(), {1, 2, 3, 4}, {2, 2});
  webai_status status = WEBAI_OK;
  std::thread runner([&] {
    Handle out;
    status = webai_network_run_now(network, batch, nullptr, nullptr, nullptr, out.out(), nullptr);
  });
  while (!running) std::this_thread::yield();
  webai_context_shutdown(context.get());
  go_on = true;
  runner.join();
  CHECK(status == WEBAI_SHUT_DOWN);  // the second sample is not asked for
}
