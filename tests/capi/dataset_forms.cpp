// Datasets made of lists, from C: they take what training with the list itself takes, and mean the same by it.
#include <string>
#include <vector>

#include "capi/support.h"

using namespace capi_test;

namespace {

constexpr const char* labelled = R"({"seed":3,"layers":[2,{"size":3,"activation":"softmax"}],
    "io":{"output":{"denormalize":{"type":"one-hot-to-label","labels":["dog","cat","ant"]}}}})";
constexpr const char* named = R"({"seed":3,"layers":[{"name":"a","size":1,"pipes":[{"name":"b","size":1,"type":"input"}]},{"name":"x","size":1,"pipes":[{"name":"y","size":1}]}]})";
constexpr const char* letters = R"({"seed":3,"layers":[{"type":"input","size":3},{"size":3,"activation":"softmax"}],
    "io":{"input":{"normalize":{"type":"lookup","vocabulary":"abc","oneHot":true}},"output":{"denormalize":"lookup"}}})";
constexpr const char* bits = R"({"seed":3,"io":{"output":{"denormalize":{"type":"bits","count":2}}},"layers":[4,4]})";
constexpr const char* scaled = R"({"seed":3,"io":{"output":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[0,100]}}},"layers":[1,1]})";

Handle dataset_of(webai_context* context, webai_value* list, const char* options = nullptr) {
  Handle dataset, error;
  const Handle given = options ? json(context, options) : Handle();
  const webai_status status = webai_dataset_from(context, list, given, dataset.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return dataset;
}

std::string verified(webai_value* network, webai_value* data, webai_value* options = nullptr) {
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_verify(network, data, options, nullptr, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return to_json(await(future));
}

std::vector<float> records_of(webai_value* network, webai_value* data) {
  Handle records, error;
  const webai_status status = webai_network_prepare_data(network, data, nullptr, records.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  if (webai_value_kind(records) == WEBAI_TENSOR) return floats(records);
  webai_future* future = nullptr;
  Handle part;
  REQUIRE(webai_stream_next(records, &future, error.out()) == WEBAI_OK);
  const webai_status next = webai_await(future, part.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(next == WEBAI_OK);
  return floats(part);
}

}  // namespace

TEST_CASE("DATA-20 a dataset takes what a list of samples takes: names, texts, the model's own labels, targets in other units, from C") {
  const ContextHandle context = make_context();
  for (const auto& [model, data] : {
           std::pair(labelled, R"([[[0,1],"cat"],[[1,0],"dog"],[[1,1],"cat"]])"),
           std::pair(labelled, R"([[[0,1],["cat"]],[[1,0],["ant"]]])"),
           std::pair(labelled, R"([[[0,1],2],[[1,0],0]])"),
           std::pair(labelled, R"([[[0,1],[0,0,1]],[[1,0],[1,0,0]]])"),
           std::pair(named, R"([[{"a":1,"b":2},[3,4]],[{"b":5,"a":6},[7,8]]])"),
           std::pair(named, R"([[[1,2],{"y":3,"x":4}],[{"a":5,"b":6},{"x":7,"y":8}]])"),
           std::pair(letters, R"([["a","b"],["bc","ca"]])"),
           std::pair(bits, R"([[[0,0,0,1],[1,2]],[[1,0,0,1],[3,0]]])"),
           std::pair(scaled, R"([[[0.5],[50]],[[1],[20]]])"),
       }) {
    INFO(model << data);
    const Handle network = make_network(context.get(), model), list = json(context.get(), data);
    const Handle dataset = dataset_of(context.get(), list);
    const std::string expected = verified(network, list);
    CHECK(verified(network, dataset) == expected);
    // And so do its records, in which labels are one-hot: numbers, whose error is the mean square unless somebody says else.
    const Handle squares = json(context.get(), R"({"errorMeasureType":"mean-square"})");
    const std::vector<float> records = records_of(network, list);
    CHECK(records_of(network, dataset) == records);
    const Handle prepared = make_tensor(context.get(), records, {static_cast<std::int64_t>(records.size())});
    CHECK(number_at(json(context.get(), verified(network, prepared)), "error") ==
          Approx(number_at(json(context.get(), verified(network, list, squares)), "error")));
    // Steps count its samples.
    Handle shuffled, taken;
    REQUIRE(webai_dataset_shuffle(dataset, 8, shuffled.out(), nullptr) == WEBAI_OK);
    CHECK(number_at(json(context.get(), verified(network, shuffled)), "error") == Approx(number_at(json(context.get(), expected), "error")));
    REQUIRE(webai_dataset_slice(dataset, json(context.get(), R"({"take":1})"), taken.out(), nullptr) == WEBAI_OK);
    CHECK(number_at(json(context.get(), verified(network, taken)), "samples") == 1);
  }
}

TEST_CASE("DATA-20 A-29 labels that a dataset names are those of the model by name, in whatever order they stand, from C") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), labelled);
  const Handle words = json(context.get(), R"([[[0,1],"cat"],[[1,0],"dog"],[[1,1],"ant"]])");
  const std::string expected = verified(network, words);
  const std::vector<float> records = records_of(network, words);
  CHECK(records == std::vector<float>{3, 0, 1, 0, 1, 0, 3, 1, 0, 1, 0, 0, 3, 1, 1, 0, 0, 1});
  for (const char* options : {R"({"labels":["ant","cat","dog"]})", R"({"labels":["dog","cat","ant"]})", R"({"labels":["cat","ant","dog"]})"}) {
    INFO(options);
    const Handle dataset = dataset_of(context.get(), words, options);
    CHECK(verified(network, dataset) == expected);
    CHECK(records_of(network, dataset) == records);
  }
  // One that the model does not know is told, as are words that stand beside numbers.
  const Handle strange = dataset_of(context.get(), json(context.get(), R"([[[0,1],"cat"],[[1,0],"cow"]])"), R"({"labels":["cat","cow"]})");
  const Failure failure = failing([&](webai_value** out, webai_error** err) {
    webai_future* future = nullptr;
    const webai_status status = webai_network_verify(network, strange, nullptr, nullptr, &future, err);
    return status == WEBAI_OK ? webai_await(future, out, err) : status;
  });
  CHECK(failure.reason() == "LABEL");
  CHECK(std::string(webai_error_message(failure.error, nullptr)).find("\"cow\"") != std::string::npos);
  CHECK(detail(failure.error, "hint") != "");
  // Without labels in the model the words are numbered in byte order, also in records.
  const Handle plain = make_network(context.get(), R"({"layers":[2,{"size":2,"activation":"softmax"}]})");
  const Handle two = dataset_of(context.get(), json(context.get(), R"([[[0,1],"b"],[[1,0],"a"]])"));
  CHECK(records_of(plain, two) == std::vector<float>{3, 0, 1, 0, 1, 3, 1, 0, 1, 0});
}
