// Sequences from C: batches keep what begins and what is not judged, runs that fail leave the memory alone.
#include "capi/definitions.h"

using namespace capi_test;

namespace {

constexpr const char* remembering = R"({"seed":2,"layers":[1,{"type":"rnn","size":2},1]})";
constexpr const char* sequences =
    R"([[[0.1],{"$instruction":"ignore"}],[[0.3],[1]],{"$instruction":"reset"},[[0.5],{"$instruction":"ignore"}],[[0.2],[0.7]]])";

std::vector<std::string> items_of(webai_value* dataset) {
  Handle stream;
  REQUIRE(webai_dataset_iterate(dataset, nullptr, stream.out(), nullptr) == WEBAI_OK);
  std::vector<std::string> items;
  for (;;) {
    webai_future* future = nullptr;
    Handle item;
    REQUIRE(webai_stream_next(stream, &future, nullptr) == WEBAI_OK);
    if (webai_await(future, item.out(), nullptr) != WEBAI_OK) return items;
    items.push_back(std::to_string(webai_value_kind(item) == WEBAI_LIST ? static_cast<int>(webai_value_size(item)) : -1));
  }
}

}  // namespace

TEST_CASE("A-31 DATA-04 a training of one's own in C gets whole sequences, with what begins them and what is ignored") {
  Kit kit;
  static std::vector<double> errors, samples;
  errors.clear();
  samples.clear();
  const Handle given = json(kit.context.get(), R"({"name":"look"})");
  const Handle function = kit.function([](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle stream;
    if (const webai_status s = webai_dataset_iterate(args[1], args[3], stream.out(), nullptr)) return s;
    for (;;) {
      webai_future* next = nullptr;
      Handle batch, computed;
      if (const webai_status s = webai_stream_next(stream, &next, nullptr)) return s;
      if (const webai_status more = webai_await(next, batch.out(), nullptr)) {
        if (more != WEBAI_END) return more;
        break;
      }
      if (const webai_status s = webai_network_compute_gradients(args[0], batch, nullptr, nullptr, &next, nullptr)) return s;
      if (const webai_status s = webai_await(next, computed.out(), nullptr)) return s;
      errors.push_back(number_at(computed, "loss"));
      samples.push_back(number_at(computed, "samples"));
    }
    return webai_value_from_json(webai_call_context(call), R"({"error":1})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  REQUIRE(webai_define_train(kit.context.get(), given, function, nullptr) == WEBAI_OK);
  const Handle network = kit.network(remembering);
  const Handle data = json(kit.context.get(), sequences);
  webai_future* future = nullptr;
  REQUIRE(webai_network_compute_gradients(network, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle whole = await(future);
  train(kit.context.get(), network, sequences, R"({"type":"look","batchSize":2})");
  CHECK(samples == std::vector<double>{2});
  CHECK(errors.at(0) == Approx(number_at(whole, "loss")));
  errors.clear();
  samples.clear();
  train(kit.context.get(), network, sequences, R"({"type":"look","batchSize":1})");
  CHECK(samples == std::vector<double>{1, 1});
  CHECK((errors.at(0) + errors.at(1)) / 2 == Approx(number_at(whole, "loss")));
}

TEST_CASE("DATA-04 batches of a dataset in C are pairs and instructions where some begin a sequence or are ignored") {
  const ContextHandle context = make_context();
  const Handle data = json(context.get(), sequences), plain = json(context.get(), "[[[1],[2]],[[3],[4]],[[5],[6]]]");
  Handle dataset, batches, error;
  REQUIRE(webai_dataset_from(context.get(), data, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_batch(dataset, 2, batches.out(), error.out()) == WEBAI_OK);
  CHECK(items_of(batches) == std::vector<std::string>{"2", "3"});
  REQUIRE(webai_dataset_from(context.get(), plain, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_batch(dataset, 2, batches.out(), error.out()) == WEBAI_OK);
  CHECK(items_of(batches) == std::vector<std::string>{"-1", "-1"});  // {"input", "output"}
}

TEST_CASE("RUN-03 a run whose output does not fit leaves the memory as it was, from C") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"seed":2,"layers":[2,{"name":"h","size":3,"activation":"tanh","to":["h",2]},1]})");
  const Handle point = json(context.get(), "[1,2]");
  const auto first = floats(run_now(network, point));
  REQUIRE(webai_network_reset(network, nullptr) == WEBAI_OK);
  const Handle two = make_tensor(context.get(), {0, 0}, {2});
  Handle out, error;
  CHECK(webai_network_run_now(network, point, two, nullptr, nullptr, out.out(), error.out()) == WEBAI_SHAPE_MISMATCH);
  CHECK(detail(error, "reason") == "OUTPUT_SIZE");
  CHECK(floats(run_now(network, point)) == first);
}

TEST_CASE("ARR-03 ragged input of open dimensions, and ragged arguments of functions, are refused from C") {
  Kit kit;
  const Handle network = kit.network(R"({"layers":[{"name":"s","size":[null,2]},{"type":"recurrent","cell":"rnn","units":2},1]})");
  const Handle ragged = json(kit.context.get(), "[[[1,2],[3,4]],[[5,6]]]"), even = json(kit.context.get(), "[[[1,2],[3,4]],[[5,6],[7,8]]]");
  Handle out, error;
  CHECK(webai_network_run_now(network, ragged, nullptr, nullptr, nullptr, out.out(), error.out()) == WEBAI_SHAPE_MISMATCH);
  CHECK_FALSE(detail(error, "hint").empty());
  CHECK(floats(run_now(network, even)).size() == 2);
  const Handle rows = json(kit.context.get(), "[[1,2],[3]]");
  webai_value* argument = rows;
  CHECK(webai_function_call(webai_value_get(kit.core, "tanh", 4), &argument, 1, out.out(), error.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(detail(error, "reason") == "RAGGED");
}

TEST_CASE("RES-04 a layer without activation hands an operation of C one that gives back what it gets") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  const auto act = [](void*, webai_call*, webai_value* const* args, std::size_t count, webai_value** result) -> webai_status {
    return count == 2 ? webai_function_call(static_cast<webai_function*>(args[1]), args, 1, result, nullptr) : WEBAI_INVALID_ARGUMENT;
  };
  kit.define(R"({"name":"host","domain":"mine","model":{"defineParams":["*input","activation",{"name":"size","default":":input"}]}})", act, nullptr, WEBAI_ANY_THREAD);
  kit.define(R"({"name":"pure","domain":"mine","model":{"defineParams":["*input","activation",{"name":"size","default":":input"}]}})", act);
  for (const std::string name : {"host", "pure"}) {
    INFO(name);
    const Handle point = json(kit.context.get(), "[-2,3]");
    CHECK(floats(run_now(kit.network(R"({"layers":[2,{"type":"mine#)" + name + R"("}]})"), point)) == std::vector<float>{-2, 3});
    CHECK(floats(run_now(kit.network(R"({"layers":[2,{"type":"mine#)" + name + R"(","activation":"core#relu"}]})"), point)) == std::vector<float>{0, 3});
  }
}
