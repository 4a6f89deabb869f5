// Streams from outside: runs step by step, generated tokens, samples of datasets, prepared records; texts and inputs by name.
#include <algorithm>

#include "capi/support.h"

using namespace capi_test;

namespace {

// Says the letter that comes next: the columns of an identity matrix, moved on by one.
constexpr const char* letters_model =
    R"({"layers":[{"type":"input","size":3},{"type":"neurons","size":3,"activation":"softmax","weights":[[0,9,0],[0,0,9],[9,0,0]],"bias":[0,0,0]}],
        "io":{"input":{"normalize":{"type":"lookup","vocabulary":"abc","oneHot":true}},"output":{"denormalize":"lookup"}}})";

Handle stream_of(webai_value* network, webai_value* in, webai_value* options, webai_value* cancel = nullptr) {
  Handle stream, error;
  const webai_status status = webai_network_run_stream(network, in, options, cancel, stream.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  CHECK(webai_value_kind(stream) == WEBAI_STREAM);
  return stream;
}

webai_status next(webai_value* stream, Handle& item) {
  webai_future* future = nullptr;
  Handle error;
  REQUIRE(webai_stream_next(stream, &future, error.out()) == WEBAI_OK);
  const webai_status status = webai_await(future, item.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  CHECK((status < 0) == (error != nullptr));
  return status;
}

std::vector<std::string> all(webai_value* stream) {
  std::vector<std::string> items;
  Handle item;
  while (next(stream, item) == WEBAI_OK) items.push_back(to_json(item));
  CHECK(next(stream, item) == WEBAI_END);
  CHECK(item == nullptr);
  return items;
}

}  // namespace

TEST_CASE("RUN-02 runStream gives a step at a time from C, ends with END, and can be released in the middle") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), summing_model);
  const Handle steps = json(context.get(), "[1,2,4]");
  CHECK(all(stream_of(network, steps, nullptr)) == std::vector<std::string>{"[1]", "[3]", "[7]"});
  Handle item;
  {
    const Handle stream = stream_of(network, steps, nullptr);
    CHECK(next(stream, item) == WEBAI_OK);
    CHECK(floats(item) == std::vector<float>{8});
  }
  CHECK(webai_network_reset(network, nullptr) == WEBAI_OK);
}

TEST_CASE("A-68 generate gives tokens and indices; options, until, errors before there is a stream") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), letters_model);
  const Handle prompt = json(context.get(), "\"ab\"");
  const auto tokens = [&](const std::string& generate) {
    return all(stream_of(network, prompt, json(context.get(), "{\"generate\":" + generate + "}")));
  };
  CHECK(tokens(R"({"steps":2,"temperature":0})") == std::vector<std::string>{R"({"token":"c","index":2})", R"({"token":"a","index":0})"});
  CHECK(tokens(R"({"temperature":0,"until":"cab"})").size() == 3);
  CHECK(tokens(R"({"temperature":0,"until":["x","ca"]})").size() == 2);
  CHECK(tokens(R"({"steps":20,"temperature":2,"seed":5})") == tokens(R"({"steps":20,"temperature":2,"seed":5})"));
  const auto reason = [&](const std::string& options, const std::string& input) {
    const Handle opts = json(context.get(), options), in = json(context.get(), input);
    return failing([&](webai_value** o, webai_error** e) { return webai_network_run_stream(network, in, opts, nullptr, o, e); }).reason();
  };
  CHECK(reason(R"({"generate":{"topP":7}})", "\"a\"") == "OPTION");
  CHECK(reason(R"({"generate":{}})", "\"abx\"") == "TEXT_UNMAPPED");
  CHECK(reason(R"({"generates":{},"strict":true})", "\"a\"") != "");
  CHECK(reason("{}", R"({"inptu":"a"})") == "INPUT_UNKNOWN");
}

TEST_CASE("RUN-02 one unfinished item at a time; a fired token ends a stream") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), letters_model);
  Handle cancel, error, item;
  REQUIRE(webai_cancel_create(context.get(), cancel.out()) == WEBAI_OK);
  const Handle stream = stream_of(network, json(context.get(), "\"a\""), json(context.get(), R"({"generate":{"steps":9}})"), cancel);
  Handle first;
  REQUIRE(webai_stream_next(stream, first.out(), error.out()) == WEBAI_OK);
  const Failure busy = failing([&](webai_value** o, webai_error** e) { return webai_stream_next(stream, o, e); });
  CHECK(busy.status == WEBAI_BUSY);
  CHECK(webai_future_wait(first, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(next(stream, item) == WEBAI_OK);
  webai_cancel_fire(cancel);
  CHECK(next(stream, item) == WEBAI_CANCELLED);
}

TEST_CASE("a dataset is iterated over, sample by sample or in batches") {
  const ContextHandle context = make_context();
  Handle dataset, batches, stream, error;
  REQUIRE(webai_dataset_from(context.get(), json(context.get(), xor_data), nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_iterate(dataset, nullptr, stream.out(), error.out()) == WEBAI_OK);
  const std::vector<std::string> samples = all(stream);
  REQUIRE(samples.size() == 4);
  CHECK(samples[1] == R"({"input":[0,1],"output":[1]})");
  REQUIRE(webai_dataset_batch(dataset, 3, batches.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_iterate(batches, nullptr, stream.out(), error.out()) == WEBAI_OK);
  CHECK(all(stream) == std::vector<std::string>{R"({"input":[[0,0],[0,1],[1,0]],"output":[[0],[1],[1]]})", R"({"input":[[1,1]],"output":[[0]]})"});
}

TEST_CASE("DATA-22 each pass over a shuffled dataset has an order of its own, the same for every dataset that is made so, from C") {
  const ContextHandle context = make_context();
  const auto passes = [&](bool in_batches) {
    Handle dataset, shuffled, batches, error;
    const Handle samples = json(context.get(), "[[[0],[0]],[[1],[1]],[[2],[2]],[[3],[3]],[[4],[4]],[[5],[5]],[[6],[6]],[[7],[7]]]");
    REQUIRE(webai_dataset_from(context.get(), samples, nullptr, dataset.out(), error.out()) == WEBAI_OK);
    REQUIRE(webai_dataset_shuffle(dataset, 8, shuffled.out(), error.out()) == WEBAI_OK);
    REQUIRE(webai_dataset_batch(shuffled, 3, batches.out(), error.out()) == WEBAI_OK);
    std::vector<std::vector<std::string>> orders;
    for (int pass = 0; pass < 3; ++pass) {
      Handle stream;
      REQUIRE(webai_dataset_iterate(in_batches ? batches : shuffled, nullptr, stream.out(), error.out()) == WEBAI_OK);
      orders.push_back(all(stream));
    }
    return orders;
  };
  for (const bool in_batches : {false, true}) {
    const auto orders = passes(in_batches);
    CHECK(orders[0] != orders[1]);
    CHECK(orders[1] != orders[2]);
    CHECK(passes(in_batches) == orders);
  }
  // Every sample is in each of them.
  auto orders = passes(false);
  for (auto& order : orders) std::sort(order.begin(), order.end());
  CHECK(orders[0].size() == 8);
  CHECK(orders[0] == orders[1]);
  CHECK(orders[0] == orders[2]);
}

TEST_CASE("DATA-12 a dataset is prepared as a stream of records, which train as the dataset does") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  Handle dataset, stream, error, item;
  REQUIRE(webai_dataset_from(context.get(), json(context.get(), xor_data), nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_network_prepare_data(network, dataset, json(context.get(), R"({"samples":3})"), stream.out(), error.out()) == WEBAI_OK);
  REQUIRE(next(stream, item) == WEBAI_OK);
  CHECK(floats(item) == std::vector<float>{3, 0, 0, 0, 3, 0, 1, 1, 3, 1, 0, 1});
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(network, item, nullptr, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "samples") == 3);
  REQUIRE(next(stream, item) == WEBAI_OK);
  CHECK(floats(item) == std::vector<float>{3, 1, 1, 0});
  CHECK(next(stream, item) == WEBAI_END);
  // A sequence begins in front of its first sample.
  const Handle memory = make_network(context.get(), summing_model);
  const Handle parts = json(context.get(), R"([[[1],[1]],{"$instruction":"reset"},[[2],{"$instruction":"ignore"}],[[3],[5]]])");
  REQUIRE(webai_dataset_from(context.get(), parts, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_network_prepare_data(memory, dataset, nullptr, stream.out(), error.out()) == WEBAI_OK);
  REQUIRE(next(stream, item) == WEBAI_OK);
  CHECK(floats(item) == std::vector<float>{3, 1, 1, 0, 1, 2, 3, 3, 5});
}

TEST_CASE("IO-05 EX-21 from C inputs go by name inside lists, also in data; A-62 and by label") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"layers":[
    {"size":1,"name":"a","label":"x:0","pipes":[{"size":2,"name":"b"}]},
    {"size":1,"activation":null,"weights":[[1],[10],[100]],"bias":[0]}]})");
  Handle out, error;
  const auto run = [&](const char* text) {
    const webai_status status = webai_network_run_now(network, json(context.get(), text), nullptr, nullptr, nullptr, out.out(), error.out());
    INFO(text << webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    return floats(out).at(0);
  };
  CHECK(run(R"([{"b":[2,3]},1])") == 321);
  CHECK(run(R"([[{"b":[2,[3]]}],[[1]]])") == 321);
  CHECK(run(R"([1,{"b":[2,3]}])") == 321);
  CHECK(run(R"([[[1],[[{"b":[2,3]}]]]])") == 321);
  CHECK(run(R"({"x:0":1,"b":[2,3]})") == 321);
  // Several samples, each by name.
  CHECK(run(R"([{"a":1,"b":[2,3]},{"b":[5,6],"a":4}])") == 321);
  CHECK(floats(out) == std::vector<float>{321, 654});
  Handle stream;
  const Handle steps = json(context.get(), R"([{"a":1,"b":[2,3]},{"a":4,"b":[5,6]}])");
  REQUIRE(webai_network_run_stream(network, steps, nullptr, nullptr, stream.out(), error.out()) == WEBAI_OK);
  webai_future* future = nullptr;
  const Handle data = json(context.get(), R"([[{"b":[2,3],"a":1},[321]],[[{"x:0":4},2,3],[324]]])");
  REQUIRE(webai_network_verify(network, data, nullptr, nullptr, &future, error.out()) == WEBAI_OK);
  CHECK(number_at(await(future), "error") == 0);
  Handle records;
  REQUIRE(webai_network_prepare_data(network, data, nullptr, records.out(), error.out()) == WEBAI_OK);
  CHECK(floats(records) == std::vector<float>{3, 1, 2, 3, 321, 3, 4, 2, 3, 324});
}

TEST_CASE("A-68 a text is data from C, and texts are inputs and targets of samples") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), letters_model);
  webai_future* future = nullptr;
  Handle error;
  const auto accuracy = [&](const char* text) {
    const webai_status status = webai_network_verify(network, json(context.get(), text), nullptr, nullptr, &future, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    const Handle info = await(future);
    return std::pair(number_at(info, "samples"), number_at(info, "accuracy"));
  };
  CHECK(accuracy(R"({"text":"abcabca"})") == std::pair(6.0, 1.0));
  CHECK(accuracy(R"([["a","b"],["bc","cb"]])") == std::pair(3.0, 2.0 / 3));
}

TEST_CASE("A-28 IO-05 without normalize runs and streams take by name what io would have made") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"io": {"input": {"a": {"normalize": {"type": "bits", "count": 3}}, "b": {"normalize": {"type": "bits", "count": 3}}}},
    "layers": [{"pipes": [{"name": "a", "size": [2, 3]}, {"name": "b", "size": [2, 3]}]}, {"type": "flatten"}, {"type": "identity"}]})");
  const std::vector<float> a = {1, 0, 0, 0, 0, 1}, b = {0, 1, 0, 0, 1, 0}, both = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};  // row beside row
  const Handle first = make_tensor(context.get(), a, {6}), second = make_tensor(context.get(), b, {6});
  const Handle options = json(context.get(), R"({"normalize": false})");
  for (const Handle& in : {json(context.get(), R"({"a": [1, 0, 0, 0, 0, 1], "b": [0, 1, 0, 0, 1, 0]})"), json(context.get(), R"({"b": {"$leaf": 0}, "a": {"$leaf": 1}})", {second, first}),
                           json(context.get(), R"([{"$leaf": 0}, {"$leaf": 1}])", {first, second})}) {
    CHECK(floats(run_now(network, in, nullptr, options)) == both);
    Handle item;
    REQUIRE(next(stream_of(network, in, options), item) == WEBAI_OK);
    CHECK(floats(item) == both);
  }
}
