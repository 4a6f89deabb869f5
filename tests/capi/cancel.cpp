// Fired tokens in the middle of what C asks for.
#include <functional>
#include <thread>

#include "capi/definitions.h"
#include "support/folder.h"

using namespace capi_test;

namespace {

struct Firing : Kit {
  Handle cancel;
  int calls = 0, at = 0;

  explicit Firing() { renew(0); }
  void renew(int call) {
    calls = 0;
    at = call;
    REQUIRE(webai_cancel_create(context.get(), cancel.out()) == WEBAI_OK);
  }
};

/// x + 1; fires at its call `at`.
webai_status step(void* user, webai_call* call, webai_value* const* args, std::size_t, webai_value**) {
  auto& firing = *static_cast<Firing*>(static_cast<Kit*>(user));
  if (++firing.calls == firing.at) webai_cancel_fire(firing.cancel);
  webai_tensor* to = nullptr;
  webai_tensor_view x, y;
  webai_status s = webai_call_output(call, 0, &to);
  if (!s) s = webai_tensor_get_view(to, &y);
  if (!s) s = webai_tensor_get_view(args[0], &x);
  if (s) return s;
  for (std::size_t i = 0, n = webai_value_size(args[0]); i < n; i++) static_cast<float*>(y.data)[i] = static_cast<float*>(x.data)[i] + 1;
  return WEBAI_OK;
}

constexpr const char* thousand = R"({"domain":"mine","layers":[{"name":"x","size":1},{"type":"core#iterator","steps":1000,
  "state":[{"name":"s","pipeFrom":"x"}],"net":{"domain":"mine","layers":[{"pipeFrom":"s"},{"type":"step","to":"s"}]}}]})";

/// One layer whose values come from a function of the host that may answer later.
Handle answering_later(Kit& kit, webai_callback function, void* user) {
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  const Handle given = json(kit.context.get(), R"({"name":"late","domain":"mine","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})");
  Handle made, error;
  REQUIRE(webai_function_create(kit.context.get(), function, user, nullptr, WEBAI_ANY_THREAD, made.out()) == WEBAI_OK);
  REQUIRE(webai_define_operation(kit.context.get(), given, made, nullptr, error.out()) == WEBAI_OK);
  return kit.network(R"({"domain":"mine","layers":[1,{"type":"late"}]})");
}

}  // namespace

TEST_CASE("ERR-27 a token that is fired in the middle of a run, a verification or a stream ends it there, from C") {
  Firing kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(R"({"name":"step","domain":"mine","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})", step);
  const Handle net = kit.network(thousand), in = json(kit.context.get(), "[1]"), data = json(kit.context.get(), R"([[[1],[1]],[[2],[2]]])");
  kit.renew(3);
  Handle out, error;
  CHECK(webai_network_run_now(net, in, nullptr, nullptr, kit.cancel, out.out(), error.out()) == WEBAI_CANCELLED);
  CHECK(detail(error, "reason") == "CANCELLED");
  CHECK(kit.calls == 3);
  const auto awaited = [&](int at, const std::function<webai_status(webai_future**, webai_error**)>& begin) {
    kit.renew(at);
    webai_future* future = nullptr;
    REQUIRE(begin(&future, error.out()) == WEBAI_OK);
    CHECK(webai_await(future, out.out(), error.out()) == WEBAI_CANCELLED);
    CHECK(detail(error, "reason") == "CANCELLED");
    CHECK(kit.calls == at);
  };
  awaited(4, [&](webai_future** f, webai_error** e) { return webai_network_run(net, in, nullptr, nullptr, kit.cancel, f, e); });
  awaited(6, [&](webai_future** f, webai_error** e) { return webai_network_verify(net, data, nullptr, kit.cancel, f, e); });
  Handle stream;
  kit.renew(5);
  REQUIRE(webai_network_run_stream(net, in, nullptr, kit.cancel, stream.out(), error.out()) == WEBAI_OK);
  Handle item;
  webai_future* next = nullptr;
  REQUIRE(webai_stream_next(stream, &next, error.out()) == WEBAI_OK);
  CHECK(webai_await(next, item.out(), error.out()) == WEBAI_CANCELLED);
  CHECK(kit.calls == 5);
  kit.renew(0);
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, kit.cancel, out.out(), error.out()) == WEBAI_OK);
}

TEST_CASE("ERR-27 a fired token ends the wait for a deferred answer that never comes") {
  Kit kit;
  struct Never {
    webai_promise* promise = nullptr;
    std::thread firing;
    Handle cancel;
  } never;
  REQUIRE(webai_cancel_create(kit.context.get(), never.cancel.out()) == WEBAI_OK);
  const auto later = [](void* user, webai_call* call, webai_value* const*, std::size_t, webai_value**) -> webai_status {
    auto& own = *static_cast<Never*>(user);
    if (const webai_status status = webai_call_defer(call, &own.promise)) return status;
    own.firing = std::thread([&own] { webai_cancel_fire(own.cancel); });
    return WEBAI_PENDING;
  };
  Handle error, out;
  const Handle net = answering_later(kit, later, &never), in = json(kit.context.get(), "[1]");
  webai_future* future = nullptr;
  REQUIRE(webai_network_run(net, in, nullptr, nullptr, never.cancel, &future, error.out()) == WEBAI_OK);
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_CANCELLED);
  never.firing.join();
  webai_release(never.promise);
}

TEST_CASE("a training whose token was fired has written its checkpoint, from C") {
  const webai::test::Folder folder;
  const std::string file = folder.at("checkpoint");
  const ContextHandle context = make_context();
  Handle net, cancel, out, error;
  const Handle model = json(context.get(), R"({"layers":[2,3,1]})"), data = json(context.get(), "[[[0,1],[1]],[[1,0],[0]]]");
  REQUIRE(webai_network_create(context.get(), model, net.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_cancel_create(context.get(), cancel.out()) == WEBAI_OK);
  const Handle options = json(context.get(), (R"({"errorThreshold":0,"checkpoint":")" + file + R"("})").c_str());
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(net, data, options, cancel, &future, error.out()) == WEBAI_OK);
  CHECK(webai_future_wait(future, 20) == WEBAI_PENDING);
  webai_cancel_fire(cancel);
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_CANCELLED);
  CHECK(detail(error, "reason") == "CANCELLED");
  REQUIRE(std::filesystem::exists(file));
  // It goes on from there.
  const Handle on = json(context.get(), (R"({"errorThreshold":0,"checkpoint":")" + file + R"(","resume":true,"timeout":10})").c_str());
  REQUIRE(webai_network_train(net, data, on, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(out, "iterations") > 0);
}

TEST_CASE("ERR-27 a token ends its own operation, not what a callback begins while that one waits") {
  Kit kit;
  struct Waiting {
    webai_promise* promise = nullptr;
    Handle cancel, other, in;
    webai_status status = WEBAI_PENDING;
  } waiting;
  REQUIRE(webai_cancel_create(kit.context.get(), waiting.cancel.out()) == WEBAI_OK);
  const auto later = [](void* user, webai_call* call, webai_value* const*, std::size_t, webai_value**) -> webai_status {
    if (const webai_status status = webai_call_defer(call, &static_cast<Waiting*>(user)->promise)) return status;
    return WEBAI_PENDING;
  };
  Handle error, out;
  const Handle net = answering_later(kit, later, &waiting);
  waiting.other = kit.network(R"({"layers":[1,2,1]})");
  waiting.in = json(kit.context.get(), "[1]");
  webai_future *first = nullptr, *second = nullptr;
  REQUIRE(webai_network_run(waiting.other, waiting.in, nullptr, nullptr, nullptr, &first, error.out()) == WEBAI_OK);
  const auto then = [](void* user, webai_status, webai_value*, webai_error*) {
    auto& own = *static_cast<Waiting*>(user);
    webai_cancel_fire(own.cancel);
    Handle result;
    own.status = webai_network_run_now(own.other, own.in, nullptr, nullptr, nullptr, result.out(), nullptr);
  };
  REQUIRE(webai_future_then(first, then, &waiting, nullptr) == WEBAI_OK);
  REQUIRE(webai_network_run(net, waiting.in, nullptr, nullptr, waiting.cancel, &second, error.out()) == WEBAI_OK);
  CHECK(webai_future_wait(first, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(webai_await(second, out.out(), error.out()) == WEBAI_CANCELLED);
  CHECK(waiting.status == WEBAI_OK);
  webai_release(first);
  webai_release(waiting.promise);
}
