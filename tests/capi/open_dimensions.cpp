// Models whose inputs have open dimensions, through the C ABI: lengths come with lists, maps, texts and tensors.
#include <string>
#include <vector>

#include "capi/support.h"

using namespace capi_test;

namespace {

constexpr const char* rows_model = R"({"layers": [{"name": "x", "size": [null, 2], "shapeHints": {"dim_0": {"max": 4}}}, {"type": "softmax"}]})";
constexpr const char* joined_model = R"({"layers": [{"name": "a", "size": [null, 2], "pipes": [{"name": "b", "size": [null, 2], "type": "input"}]},
    {"type": "identity"}], "outputs": [{"name": "all", "pipeFrom": "1"}]})";
// Up where the mean of the column is above zero.
constexpr const char* trend_model = R"({"layers": [{"name": "x", "size": [null, 1, 1]}, {"type": "globalAveragePool2d"}, {"size": 2, "activation": "softmax"}],
    "io": {"output": {"denormalize": {"type": "one-hot-to-label", "labels": ["down", "up"]}}}})";
constexpr const char* text_model = R"({"layers": [{"type": "input", "size": [null]}, {"type": "embedding", "outputDim": 1, "weights": [[1], [10]]}, {"type": "identity"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": "ab"}}}})";

Handle run_later(webai_value* network, webai_value* in) {
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_run(network, in, nullptr, nullptr, nullptr, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return await(future);
}

Failure run_failing(webai_value* network, webai_value* in) {
  return failing([&](webai_value** o, webai_error** e) { return webai_network_run_now(network, in, nullptr, nullptr, nullptr, o, e); });
}

std::vector<std::int64_t> shape_of(webai_value* tensor) {
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(tensor, &view) == WEBAI_OK);
  return {view.shape, view.shape + view.ndim};
}

}  // namespace

TEST_CASE("A-39 EX-03 runs take lists, maps and tensors of any length") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), rows_model);
  for (const char* text : {"[[0, 0], [1, 1], [2, 2]]", R"({"x": [[0, 0], [1, 1], [2, 2]]})", R"([{"x": [[0, 0], [1, 1], [2, 2]]}])"}) {
    const Handle in = json(context.get(), text);
    for (const Handle& out : {run_now(network, in), run_later(network, in)}) {
      CHECK(shape_of(out) == std::vector<std::int64_t>{3, 2});
      CHECK(floats(out) == std::vector<float>(6, 0.5F));
    }
  }
  const Handle leaf = make_tensor(context.get(), {1, 1, 2, 2}, {2, 1, 2});
  CHECK(shape_of(run_now(network, json(context.get(), R"({"x": {"$leaf": 0}})", {leaf}))) == std::vector<std::int64_t>{2, 1, 2});
  CHECK(run_failing(network, json(context.get(), R"({"x": [[1, 2], [3]]})")).reason() == "INPUT_SIZE");
  CHECK(run_failing(network, json(context.get(), R"({"x": []})")).reason() == "INPUT_MISSING");
  CHECK(run_failing(network, json(context.get(), R"({"y": [[1, 2]]})")).reason() == "INPUT_UNKNOWN");
  const Failure longer = run_failing(network, json(context.get(), R"({"x": [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]})"));
  CHECK(longer.reason() == "SHAPE_MAX");
  CHECK(detail(longer.error, "path") == "/layers/0/size/0");
}

TEST_CASE("A-39 IO-05 several inputs of any length come as a map, or as a list with one item for each") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), joined_model);
  std::vector<std::string> answers;
  for (const char* text : {R"({"a": [[1, 2]], "b": [[3, 4]]})", "[[[1, 2]], [[3, 4]]]", R"([{"b": [[3, 4]]}, {"a": [[1, 2]]}])"}) {
    const Handle out = run_now(network, json(context.get(), text));
    REQUIRE(webai_value_kind(out) == WEBAI_MAP);
    answers.push_back(to_json(out));
  }
  CHECK(answers[0].find("3") != std::string::npos);
  CHECK(answers[1] == answers[0]);
  CHECK(answers[2] == answers[0]);
  CHECK(run_failing(network, json(context.get(), "[1, 2, 3, 4]")).status == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("A-39 lists and maps of samples train and measure a model with open dimensions") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), trend_model);
  const Handle data = json(context.get(), R"([[[[[1]], [[2]], [[3]]], "up"], [{"x": [[[-1]], [[-2]], [[0]]]}, "down"], [[[[4]], [[1]], [[1]]], "up"]])");
  const Handle options = json(context.get(), R"({"maxIterations": 60, "learningRate": 0.3})");
  webai_future* future = nullptr;
  Handle error;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, error.out()) == WEBAI_OK);
  const Handle info = await(future);
  CHECK(number_at(info, "error") < 0.3);
  CHECK(text_of(run_now(network, json(context.get(), "[[[5]], [[1]]]"))) == "up");
  CHECK(text_of(run_now(network, json(context.get(), "[[[-5]], [[1]], [[0]], [[0]]]"))) == "down");
  // Of one length in one call; another one next time.
  const Handle longer = json(context.get(), R"([[[[[1]], [[2]], [[3]], [[3]]], "up"]])");
  REQUIRE(webai_network_verify(network, longer, nullptr, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "accuracy") == 1);
  const Handle uneven = json(context.get(), R"([[[[[1]], [[2]]], "up"], [[[[1]]], "up"]])");
  webai_future* failed = nullptr;
  const webai_status status = webai_network_verify(network, uneven, nullptr, nullptr, &failed, error.out());
  Handle result;
  CHECK((status == WEBAI_OK ? webai_await(failed, result.out(), error.out()) : status) < 0);
  CHECK(detail(error, "path").find("/1") != std::string::npos);
  // Records have no room for lengths.
  CHECK(failing([&](webai_value** o, webai_error** e) { return webai_network_prepare_data(network, data, nullptr, o, e); }).reason() == "OPEN_SIZE");
}

TEST_CASE("A-39 A-64 texts of any length run and stream") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), text_model);
  CHECK(floats(run_now(network, json(context.get(), R"("abba")"))) == std::vector<float>{1, 10, 10, 1});
  CHECK(shape_of(run_now(network, json(context.get(), R"(["ab", "bb"])"))) == std::vector<std::int64_t>{2, 2, 1});
  Handle stream, error;
  const Handle text = json(context.get(), R"("ba")");
  REQUIRE(webai_network_run_stream(network, text, nullptr, nullptr, stream.out(), error.out()) == WEBAI_OK);
  std::vector<std::size_t> lengths;
  for (;;) {
    webai_future* future = nullptr;
    REQUIRE(webai_stream_next(stream, &future, error.out()) == WEBAI_OK);
    Handle item;
    const webai_status status = webai_await(future, item.out(), error.out());
    if (status == WEBAI_END) break;
    REQUIRE(status == WEBAI_OK);
    lengths.push_back(webai_value_size(item));
  }
  CHECK(lengths == std::vector<std::size_t>{1, 2});
}

TEST_CASE("A-39 A-68 a stream over an iterator of any length gives the states after each step, as a run gives the last") {
  const ContextHandle context = make_context();
  for (const std::string size : {"[null]", "[null, 2]"}) {
    const Handle network = make_network(context.get(), R"({"layers": [{"name": "x", "size": )" + size + R"(}, {"type": "iterator", "steps": 3, "state": [{"name": "s", "pipeFrom": "x"}],
      "net": {"layers": [{"pipeFrom": "s"}, {"type": "tanh", "to": "s"}]}}]})");
    const Handle in = size == "[null]" ? make_tensor(context.get(), {0.1F, 0.2F}, {2}) : make_tensor(context.get(), {0.1F, 0.2F}, {1, 2});
    Handle stream, error;
    REQUIRE(webai_network_run_stream(network, in, nullptr, nullptr, stream.out(), error.out()) == WEBAI_OK);
    std::vector<std::vector<float>> steps;
    for (;;) {
      webai_future* future = nullptr;
      REQUIRE(webai_stream_next(stream, &future, error.out()) == WEBAI_OK);
      Handle item;
      const webai_status status = webai_await(future, item.out(), error.out());
      if (status == WEBAI_END) break;
      INFO(webai_error_message(error, nullptr));
      REQUIRE(status == WEBAI_OK);
      steps.push_back(floats(item));
    }
    REQUIRE(steps.size() == 3);
    CHECK(steps[2] == floats(run_now(network, in)));
    CHECK(steps[1] != steps[2]);
  }
}
