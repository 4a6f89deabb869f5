// Functions of the host: called, failing, deferred, on the right thread; datasets and progress that call them.
#include <set>
#include <thread>

#include "capi/support.h"

using namespace capi_test;

namespace {

Handle make_function(webai_context* context, webai_callback callback, void* user_data = nullptr,
                     std::uint32_t flags = 0) {
  Handle function;
  REQUIRE(webai_function_create(context, callback, user_data, nullptr, flags, function.out()) == WEBAI_OK);
  return function;
}

webai_status add_up(void*, webai_call* call, webai_value* const* args, std::size_t count, webai_value** result) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    double one = 0;
    const webai_status status = webai_value_as_number(args[i], &one);
    if (status) return status;
    sum += one;
  }
  return webai_value_number(webai_call_context(call), sum, result);
}

webai_status fails(void* cause, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
  return webai_call_fail(call, WEBAI_NOT_FOUND, "no such page", WEBAI_NUL_TERMINATED, static_cast<webai_value*>(cause));
}

// Item `index` of the exclusive or, NULL after the fourth.
webai_status xor_source(void* user_data, webai_call* call, webai_value* const* args, std::size_t,
                        webai_value** result) {
  double index = 0;
  const webai_status status = webai_value_as_number(args[0], &index);
  if (status) return status;
  if (user_data) static_cast<std::set<std::thread::id>*>(user_data)->insert(std::this_thread::get_id());
  const char* items[] = {"[[0,0],[0]]", "[[0,1],[1]]", "[[1,0],[1]]", "[[1,1],[0]]"};
  if (index > 3) return WEBAI_OK;
  return webai_value_from_json(webai_call_context(call), items[static_cast<int>(index)], WEBAI_NUL_TERMINATED, nullptr,
                               0, result, nullptr);
}

std::string trained_text(webai_context* context, webai_value* data, const char* options) {
  const Handle network = make_network(context, xor_model), opts = json(context, options);
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_train(network, data, opts, nullptr, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  await(future);
  REQUIRE(webai_network_export(network, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  return text_of(await(future));
}

}  // namespace

TEST_CASE("a function is called with its arguments") {
  const ContextHandle context = make_context();
  const Handle function = make_function(context.get(), add_up), list = json(context.get(), "[1,2.5]");
  webai_value* args[] = {webai_value_at(list, 0, nullptr, nullptr), webai_value_at(list, 1, nullptr, nullptr)};
  Handle out, error;
  REQUIRE(webai_function_call(function, args, 2, out.out(), error.out()) == WEBAI_OK);
  CHECK(number(out) == 3.5);
  webai_value* wrong[] = {list};
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_function_call(function, wrong, 1, o, e);
        }).status == WEBAI_TYPE_MISMATCH);  // the status it returned
}

TEST_CASE("a failing function gives its status, text and cause") {
  const ContextHandle context = make_context();
  int exception = 0;
  Handle cause;
  REQUIRE(webai_value_host(context.get(), &exception, nullptr, cause.out()) == WEBAI_OK);
  const Handle function = make_function(context.get(), fails, static_cast<webai_value*>(cause));
  const Failure failure =
      failing([&](webai_value** o, webai_error** e) { return webai_function_call(function, nullptr, 0, o, e); });
  CHECK(failure.status == WEBAI_NOT_FOUND);
  CHECK(std::string(webai_error_message(failure.error, nullptr)) == "no such page");
  CHECK(webai_value_as_host(webai_value_get(failure.error, "cause", 5)) == &exception);
  const auto odd = [](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) -> webai_status {
    return -77;
  };
  const Handle strange = make_function(context.get(), odd);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_function_call(strange, nullptr, 0, o, e);
        }).status == WEBAI_HOST_ERROR);
}

TEST_CASE("a function without ANY_THREAD is called on the loop thread only") {
  const ContextHandle context = make_context();
  const Handle bound = make_function(context.get(), add_up),
               free = make_function(context.get(), add_up, nullptr, WEBAI_ANY_THREAD);
  webai_status first = WEBAI_OK, second = WEBAI_INTERNAL;
  std::thread([&] {
    Handle out;
    first = webai_function_call(bound, nullptr, 0, out.out(), nullptr);
    second = webai_function_call(free, nullptr, 0, out.out(), nullptr);
  }).join();
  CHECK(first == WEBAI_WRONG_THREAD);
  CHECK(second == WEBAI_OK);
}

TEST_CASE("callbacks nest up to the limit") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.call_depth = 5;
  webai_config config = plain_config();
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  struct Self {
    webai_value* function = nullptr;
    int depth = 0;
  } self;
  const auto again = [](void* user, webai_call*, webai_value* const*, std::size_t, webai_value** result) {
    auto& own = *static_cast<Self*>(user);
    ++own.depth;
    return webai_function_call(own.function, nullptr, 0, result, nullptr);
  };
  const Handle function = make_function(context.get(), again, &self);
  self.function = function;
  Handle out;
  CHECK(webai_function_call(function, nullptr, 0, out.out(), nullptr) == WEBAI_LIMIT_EXCEEDED);
  CHECK(self.depth == 5);
}

TEST_CASE("a deferred call is answered from elsewhere, refused, or dropped") {
  const ContextHandle context = make_context();
  struct Deferred {
    int mode;
    std::thread worker;
  };
  const auto later = [](void* user, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
    auto& own = *static_cast<Deferred*>(user);
    webai_promise* promise = nullptr;
    const webai_status status = webai_call_defer(call, &promise);
    if (status) return status;
    webai_context* const ctx = webai_call_context(call);
    own.worker = std::thread([ctx, promise, mode = own.mode] {
      webai_value* answer = nullptr;
      if (mode == 0 && webai_value_number(ctx, 42, &answer) == WEBAI_OK) webai_promise_resolve(promise, answer);
      if (mode == 1) webai_promise_reject(promise, WEBAI_DENIED, "not today", WEBAI_NUL_TERMINATED, nullptr);
      if (mode == 2) webai_release(promise);
      webai_release(answer);
    });
    return webai_status{WEBAI_PENDING};
  };
  const webai_status expected[] = {WEBAI_OK, WEBAI_DENIED, WEBAI_HOST_ERROR};
  for (int mode = 0; mode < 3; ++mode) {
    Deferred deferred{mode, {}};
    const Handle function = make_function(context.get(), later, &deferred);
    Handle out, error;
    CHECK(webai_function_call(function, nullptr, 0, out.out(), error.out()) == expected[mode]);
    if (mode == 0) CHECK(number(out) == 42);
    if (mode == 1) CHECK(std::string(webai_error_message(error, nullptr)) == "not today");
    deferred.worker.join();
  }
  const auto undeferred = [](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) -> webai_status {
    return WEBAI_PENDING;
  };
  const Handle function = make_function(context.get(), undeferred);
  Handle out;
  CHECK(webai_function_call(function, nullptr, 0, out.out(), nullptr) == WEBAI_HOST_ERROR);
}

TEST_CASE("shutdown inside a callback takes effect when it returns") {
  const ContextHandle context = make_context();
  const auto end = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    webai_context_shutdown(webai_call_context(call));
    return webai_value_number(webai_call_context(call), 1, result);
  };
  const Handle function = make_function(context.get(), end);
  Handle out;
  CHECK(webai_function_call(function, nullptr, 0, out.out(), nullptr) == WEBAI_OK);
  CHECK(webai_function_call(function, nullptr, 0, out.out(), nullptr) == WEBAI_SHUT_DOWN);
}

TEST_CASE("progress is told, and its failure ends the training") {
  const ContextHandle context = make_context();
  std::vector<double> iterations;
  const auto note = [](void* user, webai_call*, webai_value* const* args, std::size_t count, webai_value**) {
    if (count == 1) static_cast<std::vector<double>*>(user)->push_back(number_at(args[0], "iteration"));
    return webai_status{WEBAI_OK};
  };
  const Handle progress = make_function(context.get(), note, &iterations);
  const Handle network = make_network(context.get(), xor_model), data = json(context.get(), xor_data);
  const Handle options = json(context.get(), R"({"maxIterations":3,"logPeriod":1,"progress":{"$leaf":0}})", {progress});
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  await(future);
  CHECK(iterations == std::vector<double>{1, 2, 3});
  const Handle bad = make_function(context.get(), fails);
  const Handle failing_options = json(context.get(), R"({"maxIterations":3,"progress":{"$leaf":0}})", {bad});
  REQUIRE(webai_network_train(network, data, failing_options, nullptr, &future, nullptr) == WEBAI_OK);
  Handle out, error;
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_NOT_FOUND);
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  await(future);
}

TEST_CASE("held-out data are measured after each epoch and told") {
  const ContextHandle context = make_context();
  std::vector<double> errors;
  const auto note = [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value**) {
    static_cast<std::vector<double>*>(user)->push_back(number_at(args[0], "validationError"));
    return webai_status{WEBAI_OK};
  };
  const Handle progress = make_function(context.get(), note, &errors);
  const Handle network = make_network(context.get(), xor_model), data = json(context.get(), xor_data);
  const Handle options = json(context.get(), R"({"maxIterations":4,"patience":9,"logPeriod":2,"optimizer":"nesterov",
      "validation":[[[0,1],[1]]],"learningRateSchedule":{"type":"plateau","patience":2},"progress":{"$leaf":0}})", {progress});
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle info = await(future);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0] > 0);
  CHECK(number_at(info, "validationError") == errors[1]);
  CHECK(number_at(info, "bestIteration") >= 1);
}

TEST_CASE("a callback of a training cannot block on its own network") {
  const ContextHandle context = make_context();
  struct Inside {
    webai_value *network, *in;
    webai_status now = WEBAI_OK, parameters = WEBAI_OK, describe = WEBAI_INTERNAL;
  } inside{};
  const auto look = [](void* user, webai_call*, webai_value* const*, std::size_t, webai_value**) {
    auto& own = *static_cast<Inside*>(user);
    Handle out;
    own.now = webai_network_run_now(own.network, own.in, nullptr, nullptr, nullptr, out.out(), nullptr);
    own.parameters = webai_network_get_parameters(own.network, out.out(), nullptr);
    own.describe = webai_network_describe(own.network, out.out(), nullptr);
    return webai_status{WEBAI_OK};
  };
  const Handle network = make_network(context.get(), xor_model), in = json(context.get(), "[1,0]");
  inside.network = network;
  inside.in = in;
  const Handle progress = make_function(context.get(), look, &inside), data = json(context.get(), xor_data);
  const Handle options = json(context.get(), R"({"maxIterations":1,"progress":{"$leaf":0}})", {progress});
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  await(future);
  CHECK(inside.now == WEBAI_BUSY);
  CHECK(inside.parameters == WEBAI_BUSY);
  CHECK(inside.describe == WEBAI_OK);
}

TEST_CASE("datasets from lists, columns and functions train the same") {
  const ContextHandle context = make_context();
  Handle list, columns, function, error;
  const Handle items = json(context.get(), xor_data);
  const Handle parts = json(context.get(), R"({"input":[[0,0],[0,1],[1,0],[1,1]],"output":[[0],[1],[1],[0]]})");
  const Handle source = make_function(context.get(), xor_source);
  REQUIRE(webai_dataset_from(context.get(), items, nullptr, list.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_from(context.get(), parts, nullptr, columns.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_from(context.get(), source, nullptr, function.out(), error.out()) == WEBAI_OK);
  const char* options = R"({"maxIterations":20})";
  const std::string golden = trained_text(context.get(), items, options);
  CHECK(trained_text(context.get(), list, options) == golden);
  CHECK(trained_text(context.get(), columns, options) == golden);
  CHECK(trained_text(context.get(), function, options) == golden);
}

TEST_CASE("each step gives a new dataset") {
  const ContextHandle context = make_context();
  const Handle items = json(context.get(), xor_data);
  Handle dataset, step, error;
  REQUIRE(webai_dataset_from(context.get(), items, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  const auto samples_of = [&](webai_value* data) {
    const Handle network = make_network(context.get(), xor_model),
                 options = json(context.get(), R"({"maxIterations":1})");
    webai_future* future = nullptr;
    Handle failed;
    const webai_status status = webai_network_train(network, data, options, nullptr, &future, failed.out());
    INFO(webai_error_message(failed, nullptr));
    REQUIRE(status == WEBAI_OK);
    return number_at(await(future), "samples");
  };
  const auto slice = [&](const char* options) {
    const Handle opts = json(context.get(), options);
    REQUIRE(webai_dataset_slice(dataset, opts, step.out(), error.out()) == WEBAI_OK);
    return samples_of(step);
  };
  CHECK(samples_of(dataset) == 4);
  CHECK(slice(R"({"take":3})") == 3);
  CHECK(slice(R"({"skip":3})") == 1);
  CHECK(slice(R"({"repeat":3})") == 12);
  CHECK(slice(R"({"split":0.75,"part":0})") == 3);
  CHECK(slice(R"({"split":0.75,"part":1})") == 1);
  REQUIRE(webai_dataset_shuffle(dataset, 4, step.out(), error.out()) == WEBAI_OK);
  CHECK(samples_of(step) == 4);
  REQUIRE(webai_dataset_batch(dataset, 3, step.out(), error.out()) == WEBAI_OK);
  CHECK(samples_of(step) == 4);
  REQUIRE(webai_dataset_prefetch(dataset, 2, step.out(), error.out()) == WEBAI_OK);
  CHECK(samples_of(step) == 4);
  CHECK(webai_dataset_batch(dataset, 0, step.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_dataset_shuffle(dataset, 0, step.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  const Handle odd = json(context.get(), R"({"split":2})"), lone = json(context.get(), R"({"part":1})");
  CHECK(webai_dataset_slice(dataset, odd, step.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_dataset_slice(dataset, lone, step.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  const Handle address = json(context.get(), "\"https://example.org/data.csv\"");
  CHECK(webai_dataset_from(context.get(), address, nullptr, step.out(), error.out()) == WEBAI_DENIED);
  webai_status status = WEBAI_OK;
  for (int i = 0; i < 5000 && status == WEBAI_OK; ++i) {
    Handle longer;
    status = webai_dataset_shuffle(dataset, 4, longer.out(), nullptr);
    if (status == WEBAI_OK) dataset = std::move(longer);
  }
  CHECK(status == WEBAI_LIMIT_EXCEEDED);
}

TEST_CASE("map changes items by a function of the host") {
  const ContextHandle context = make_context();
  // Turns [[a, b], [c]] into its inverse: the output becomes 1 - c.
  const auto invert = [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
    webai_context* const ctx = webai_call_context(call);
    webai_tensor_view output;
    webai_status status = webai_tensor_get_view(webai_value_get(args[0], "output", 6), &output);
    if (status) return status;
    const double old = *static_cast<const double*>(output.data);
    webai_value* number = nullptr;
    if ((status = webai_value_number(ctx, 1 - old, &number))) return status;
    webai_value* leaves[] = {webai_value_get(args[0], "input", 5), number};
    status = webai_value_from_json(ctx, R"({"input":{"$leaf":0},"output":{"$leaf":1}})", WEBAI_NUL_TERMINATED, leaves,
                                   2, result, nullptr);
    webai_release(number);
    return status;
  };
  const Handle items = json(context.get(), xor_data);
  const Handle inverse = json(context.get(), "[[[0,0],[1]],[[0,1],[0]],[[1,0],[0]],[[1,1],[1]]]");
  const Handle function = make_function(context.get(), invert);
  Handle dataset, mapped, error;
  REQUIRE(webai_dataset_from(context.get(), items, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_map(dataset, function, mapped.out(), error.out()) == WEBAI_OK);
  const char* options = R"({"maxIterations":20})";
  CHECK(trained_text(context.get(), mapped, options) == trained_text(context.get(), inverse, options));
}

TEST_CASE("a function of map that gives no sample is told as what it is, not by the place of another item") {
  const ContextHandle context = make_context();
  const Handle items = json(context.get(), xor_data);
  const auto third = [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    if (++*static_cast<int*>(user) == 3) return *result = nullptr, WEBAI_OK;
    return *result = webai_retain(args[0]), WEBAI_OK;
  };
  int calls = 0;
  const Handle function = make_function(context.get(), third, &calls), network = make_network(context.get(), xor_model);
  Handle dataset, mapped;
  REQUIRE(webai_dataset_from(context.get(), items, nullptr, dataset.out(), nullptr) == WEBAI_OK);
  REQUIRE(webai_dataset_map(dataset, function, mapped.out(), nullptr) == WEBAI_OK);
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(network, mapped, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  Handle out, error;
  CHECK(webai_await(future, out.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(detail(error, "reason") == "DATA_LAYOUT");
  CHECK(detail(error, "path") == "map");
  CHECK(std::string(webai_error_message(error, nullptr)).find("what the function of map gave is null") != std::string::npos);
  CHECK(!detail(error, "hint").empty());
}

TEST_CASE("work that needs the loop thread waits for it") {
  const ContextHandle context = make_context();
  std::set<std::thread::id> threads;
  const Handle source = make_function(context.get(), xor_source, &threads);
  Handle dataset;
  REQUIRE(webai_dataset_from(context.get(), source, nullptr, dataset.out(), nullptr) == WEBAI_OK);
  const Handle network = make_network(context.get(), xor_model),
               options = json(context.get(), R"({"maxIterations":50})");
  Handle future;
  REQUIRE(webai_network_train(network, dataset, options, nullptr, future.out(), nullptr) == WEBAI_OK);
  webai_status status = WEBAI_PENDING;
  std::thread waiter([&] { status = webai_future_wait(future, WEBAI_FOREVER); });
  while (webai_context_pump(context.get(), 5, nullptr) == WEBAI_PENDING) {
  }
  waiter.join();
  CHECK(status == WEBAI_OK);
  CHECK(threads == std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST_CASE("labels of a dataset are names or numbers") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"layers":[2,{"size":2,"activation":"softmax"}]})");
  const Handle data = json(context.get(), R"([[[0,1],"b"],[[1,0],"a"]])"),
               names = json(context.get(), R"({"labels":["a","b"]})");
  Handle dataset, error;
  REQUIRE(webai_dataset_from(context.get(), data, names, dataset.out(), error.out()) == WEBAI_OK);
  const Handle options = json(context.get(), R"({"maxIterations":200})");
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, dataset, options, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "accuracy") == 1);
  // Without the option they are numbered in byte order, as in files.
  REQUIRE(webai_dataset_from(context.get(), data, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_network_verify(network, dataset, nullptr, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "accuracy") == 1);
  const Handle fewer = json(context.get(), R"({"labels":["a"]})");
  CHECK(webai_dataset_from(context.get(), data, fewer, dataset.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(detail(error, "reason") == "LABEL");
  CHECK(detail(error, "expected") == "one of the option \"labels\"");
  CHECK(detail(error, "actual") == "\"b\"");
  // Those that a function gives as well.
  const Handle function = make_function(context.get(), [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    double index = 0;
    if (const webai_status status = webai_value_as_number(args[0], &index)) return status;
    if (index > 1) return WEBAI_OK;
    return webai_value_from_json(webai_call_context(call), index == 0 ? R"([[0,1],"b"])" : R"([[1,0],"a"])", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  REQUIRE(webai_dataset_from(context.get(), function, names, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_network_verify(network, dataset, nullptr, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "accuracy") == 1);
}
