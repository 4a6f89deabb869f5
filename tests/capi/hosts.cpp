// What the library asks of its host: memory, threads, time, log; sandboxed and private contexts.
#include <thread>

#include "capi/support.h"
#include "support/allocation_count.h"

using namespace capi_test;

namespace {

std::string train_and_export(webai_context* context, const char* model) {
  const Handle network = make_network(context, model), data = json(context, xor_data);
  const Handle options = json(context, R"({"maxIterations":30,"batchSize":4})");
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  await(future);
  REQUIRE(webai_network_export(network, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  return text_of(await(future));
}

// Threads of the host: one for each task.
struct Pool {
  std::vector<std::thread> threads;
  std::mutex mutex;
  static void dispatch(void* self, webai_task* task) {
    auto& pool = *static_cast<Pool*>(self);
    const std::lock_guard guard(pool.mutex);
    pool.threads.emplace_back([task] { webai_task_run(task); });
  }
  ~Pool() {
    for (std::thread& thread : threads) thread.join();
  }
};

}  // namespace

TEST_CASE("all tensors and weights come from the host's memory and go back there") {
  CountingHost counting;
  webai_host host = counting.host();
  webai_config config = plain_config();
  config.host = &host;
  {
    const ContextHandle context = make_context(config);
    train_and_export(context.get(), xor_model);
    CHECK(counting.calls > 3);
  }
  CHECK(counting.live_blocks == 0);
  CHECK(counting.live_bytes == 0);
}

TEST_CASE("with reused tensors run_now allocates nothing") {
  CountingHost counting;
  webai_host host = counting.host();
  webai_config config = plain_config();
  config.host = &host;
  const ContextHandle context = make_context(config);
  const Handle network = make_network(context.get(), R"({"layers":[4,32,3],"activation":"tanh"})");
  const Handle in = make_tensor(context.get(), {1, 2, 3, 4, 5, 6, 7, 8}, {2, 4}),
               into = make_tensor(context.get(), {0, 0, 0, 0, 0, 0}, {2, 3});
  const auto run = [&] {
    webai_value* out = nullptr;
    webai_error* error = nullptr;
    const webai_status status = webai_network_run_now(network, in, into, nullptr, nullptr, &out, &error);
    webai_release(out);
    return status;
  };
  REQUIRE(run() == WEBAI_OK);
  REQUIRE(run() == WEBAI_OK);
  const std::size_t host_calls = counting.calls;
  const webai::test::AllocationCount own;
  for (int i = 0; i < 100; ++i)
    if (run() != WEBAI_OK) FAIL();
  const std::size_t own_calls = own.since();
  CHECK(own_calls == 0);
  CHECK(counting.calls == host_calls);
}

TEST_CASE("lent threads give the same bits as none") {
  const auto outputs = [](webai_context* context) {
    const Handle network = make_network(context, R"({"layers":[256,512,512,8],"activation":"tanh"})");
    std::vector<float> values(64 * 256);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 97) / 97;
    const Handle in = make_tensor(context, values, {64, 256});
    Handle out, error;
    REQUIRE(webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), error.out()) == WEBAI_OK);
    return floats(out);
  };
  const ContextHandle alone = make_context();
  const std::vector<float> golden = outputs(alone.get());
  Pool pool;
  webai_host host{};
  host.struct_size = sizeof host;
  host.user_data = &pool;
  host.dispatch = Pool::dispatch;
  host.dispatch_width = 3;
  webai_config config = plain_config();
  config.host = &host;
  {
    const ContextHandle lent = make_context(config);
    for (int i = 0; i < 5; ++i) CHECK(outputs(lent.get()) == golden);
  }
  CHECK(pool.threads.size() > 0);
}

TEST_CASE("a sandboxed context needs the host's memory and clock, and asks nothing of the system") {
  CountingHost counting;
  webai_host host = counting.host();
  webai_config config = plain_config();
  config.flags = WEBAI_SANDBOXED;
  config.threads = 0;
  webai_context* context = nullptr;
  CHECK(webai_context_create(&config, &context, nullptr) == WEBAI_DENIED);
  config.host = &host;
  CHECK(webai_context_create(&config, &context, nullptr) == WEBAI_DENIED);  // no clock
  host.now = [](void* self) { return static_cast<CountingHost*>(self)->time += 0.1; };
  const ContextHandle sandboxed = make_context(config);
  Handle stats;
  REQUIRE(webai_context_stats(sandboxed.get(), stats.out(), nullptr) == WEBAI_OK);
  CHECK(number_at(stats, "threads") == 1);
  CHECK(train_and_export(sandboxed.get(), xor_model).size() > 10);
  CHECK(counting.time > 0);
}

TEST_CASE("a private context tells no sizes, times or devices") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.tensor_bytes = 1000;
  webai_config config = plain_config();
  config.flags = WEBAI_PRIVACY;
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  Handle stats;
  REQUIRE(webai_context_stats(context.get(), stats.out(), nullptr) == WEBAI_OK);
  CHECK(to_json(stats) == R"({"pending":0})");
  std::int64_t shape[] = {4096};
  webai_tensor_view view{};
  view.device_type = 1;
  view.ndim = 1;
  view.type_code = 2;
  view.type_bits = 32;
  view.type_lanes = 1;
  view.shape = shape;
  const Failure failure =
      failing([&](webai_value** o, webai_error** e) { return webai_tensor_create(context.get(), &view, o, e); });
  CHECK(failure.status == WEBAI_LIMIT_EXCEEDED);
  CHECK(std::string(webai_error_message(failure.error, nullptr)).find_first_of("0123456789") == std::string::npos);
  const Handle network = make_network(context.get(), xor_model), data = json(context.get(), xor_data);
  const Handle options = json(context.get(), R"({"maxIterations":1})");
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(webai_value_get(await(future), "elapsedMs", 9) == nullptr);
}

TEST_CASE("value trees count against host_bytes") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.host_bytes = 20'000;
  webai_config config = plain_config();
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  std::vector<Handle> values;
  webai_status status = WEBAI_OK;
  while (status == WEBAI_OK && values.size() < 100'000) {
    values.emplace_back();
    status = webai_value_number(context.get(), 1, values.back().out());
  }
  CHECK(status == WEBAI_LIMIT_EXCEEDED);
  CHECK(values.size() < 1000);
  values.clear();
  Handle again;
  CHECK(webai_value_number(context.get(), 1, again.out()) == WEBAI_OK);
}

TEST_CASE("a seed from nowhere asks the host's entropy") {
  CountingHost counting;
  webai_host host = counting.host();
  static int asked;
  asked = 0;
  host.entropy = [](void*, void* bytes, std::size_t size) -> std::int32_t {
    ++asked;
    std::memset(bytes, asked, size);
    return 0;
  };
  webai_config config = plain_config();
  config.host = &host;
  const ContextHandle context = make_context(config);
  const auto weights = [&](const char* model) {
    const Handle network = make_network(context.get(), model);
    webai_future* future = nullptr;
    REQUIRE(webai_network_export(network, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
    return text_of(await(future));
  };
  CHECK(weights(R"({"layers":[2,3],"seed":null})") != weights(R"({"layers":[2,3],"seed":null})"));
  CHECK(asked == 2);
  CHECK(weights(R"({"layers":[2,3]})") == weights(R"({"layers":[2,3]})"));
  CHECK(asked == 2);
}
