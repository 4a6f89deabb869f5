// A model without layers: they follow from the data of its first training (A-21).
#include "capi/support.h"

using namespace capi_test;

namespace {

std::string reason_of_run(webai_network* network, webai_value* in) {
  return failing([&](webai_value** o, webai_error** e) { return webai_network_run_now(network, in, nullptr, nullptr, nullptr, o, e); })
      .reason();
}

}  // namespace

TEST_CASE("A-21 a model without layers is described as empty, cannot run, and has them after its first training") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), "{}"), point = json(context.get(), "[1,0]");
  Handle empty, error, full;
  REQUIRE(webai_network_describe(network, empty.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(empty, "inputSize") == 0);
  CHECK(to_json(webai_value_get(empty, "parameters", 10)) == "[]");
  CHECK(to_json(webai_value_get(empty, "inputs", 6)) == "[]");
  CHECK(webai_value_get(empty, "device", 6) == nullptr);
  CHECK(reason_of_run(network, point) == "NOT_BUILT");
  const Handle some = json(context.get(), R"({"1.weights":[1]})");
  CHECK(webai_network_set_parameters(network, some, error.out()) == WEBAI_INVALID_MODEL);
  CHECK(detail(error, "reason") == "NOT_BUILT");

  const char* const how = R"({"errorThreshold":0.5,"maxIterations":20000})";
  CHECK(text_of(webai_value_get(train(context.get(), network, xor_data, how), "stopReason", 10)) == "errorThreshold");
  REQUIRE(webai_network_describe(network, full.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(full, "inputSize") == 2);
  CHECK(number_at(full, "parameterCount") == 13);
  CHECK(text_of(webai_value_get(full, "device", 6)) == "cpu");
  const Handle told = make_network(context.get(), R"({"activation":"sigmoid","layers":[2,3,1]})");
  train(context.get(), told, xor_data, how);
  CHECK(floats(run_now(network, point)) == floats(run_now(told, point)));
}

TEST_CASE("A-21 no model at all is one without layers") {
  const ContextHandle context = make_context();
  Handle network, error;
  REQUIRE(webai_network_create(context.get(), nullptr, network.out(), error.out()) == WEBAI_OK);
  train(context.get(), network, R"([[[1,2,3,4,5,6,7,8],[1,0]],[[8,7,6,5,4,3,2,1],[0,1]]])", R"({"maxIterations":2})");
  Handle description;
  REQUIRE(webai_network_describe(network, description.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(description, "inputSize") == 8);
  CHECK(number_at(description, "outputSize") == 2);
  CHECK(number_at(description, "parameterCount") == 8 * 4 + 4 + 4 * 2 + 2);
}

TEST_CASE("A-21 words as outputs say how many outputs there are") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), "{}");
  train(context.get(), network, R"([[[0,1],"cat"],[[1,0],"dog"],[[1,1],"cat"]])", R"({"maxIterations":2})");
  Handle description, error;
  REQUIRE(webai_network_describe(network, description.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(description, "outputSize") == 2);
  const Handle point = json(context.get(), "[0,1]");
  CHECK(floats(run_now(network, point)).size() == 2);
}

TEST_CASE("A-21 data that do not say what a model without layers needs are refused, and it stays without") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), "{}");
  const auto reason_of = [&](const char* data) {
    const Handle samples = json(context.get(), data);
    return failing([&](webai_value** o, webai_error** e) { return webai_network_train(network, samples, nullptr, nullptr, o, e); })
        .reason();
  };
  CHECK(reason_of("[]") == "EMPTY_DATA");
  CHECK(reason_of(R"([["a text",[1]]])") == "NOT_BUILT");
  CHECK(reason_of(R"([[{"left":1},[1]]])") == "NOT_BUILT");
  CHECK(reason_of("[[[1,2],[1]],[[1,2,3],[1]]]") == "SAMPLE_SIZE");
  CHECK(reason_of("[[[],[1]]]") == "EMPTY_DATASET");
  CHECK(reason_of("[[[1],[]]]") == "EMPTY_SAMPLE");
  Handle description, error;
  REQUIRE(webai_network_describe(network, description.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(description, "inputSize") == 0);
}
