// Data in columns, records and other layouts, with resets and ignored outputs, as a host hands it over or has it prepared.
#include "capi/support.h"

using namespace capi_test;

namespace {

// The model that a training on these data makes of that one.
std::string learned(webai_context* context, const char* model, webai_value* data,
                    const char* how = R"({"maxIterations":50})") {
  const Handle network = make_network(context, model), options = json(context, how);
  webai_future* future = nullptr;
  Handle error;
  REQUIRE(webai_network_train(network, data, options, nullptr, &future, error.out()) == WEBAI_OK);
  await(future);
  REQUIRE(webai_network_export(network, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  return text_of(await(future));
}

}  // namespace

TEST_CASE("resets and ignored outputs are no samples to a network without states") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle info =
      train(context.get(), network, R"([{"$instruction":"reset"},[[0,1],[1]],[[1,1],{"$instruction":"ignore"}]])",
            R"({"maxIterations":5})");
  CHECK(number_at(info, "samples") == 5);
  // Nothing is learned from them either, in whatever form they come.
  const Handle list = json(context.get(), R"([{"$instruction":"reset"},[[0,1],[1]],[[1,1],{"$instruction":"ignore"}]])");
  Handle records, dataset, error;
  REQUIRE(webai_network_prepare_data(network, list, nullptr, records.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_dataset_from(context.get(), list, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  const std::string expected = learned(context.get(), xor_model, json(context.get(), "[[[0,1],[1]]]"));
  for (webai_value* data : {static_cast<webai_value*>(list), static_cast<webai_value*>(records), static_cast<webai_value*>(dataset)})
    CHECK(learned(context.get(), xor_model, data) == expected);
}

TEST_CASE("columns of tensors and prepared records train the same as a list") {
  const ContextHandle context = make_context();
  const Handle columns = json(
      context.get(), R"({"input":{"$leaf":0},"output":{"$leaf":1}})",
      {make_tensor(context.get(), {0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), make_tensor(context.get(), {0, 1, 1, 0}, {4, 1})});
  const Handle records = make_tensor(context.get(), {3, 0, 0, 0, 0, 1, 5, 5, 3, 0, 1, 1, 3, 1, 0, 1, 3, 1, 1, 0}, {20});
  const Handle list = json(context.get(), xor_data), options = json(context.get(), R"({"maxIterations":50})");
  const std::string expected = learned(context.get(), xor_model, list);
  CHECK(learned(context.get(), xor_model, columns) == expected);
  CHECK(learned(context.get(), xor_model, records) == expected);
  // Records have the type of the model, and as many outputs.
  const char* const wide = R"({"dataType":"fp64","layers":[2,{"size":3,"activation":"tanh"},2]})";
  const Handle pairs = json(context.get(), "[[[0,0],[0,0.5]],[[0,1],[1,0.25]],[[1,0],[1,-1]]]");
  Handle prepared, error;
  REQUIRE(webai_network_prepare_data(make_network(context.get(), wide), pairs, nullptr, prepared.out(), error.out()) == WEBAI_OK);
  CHECK(learned(context.get(), wide, prepared) == learned(context.get(), wide, pairs));
  // Labels are prepared as one-hot: the same once the measure is named, which nothing in the records tells.
  const char* const classes = R"({"layers":[2,{"size":3,"activation":"softmax"}]})";
  const char* const entropy = R"({"maxIterations":50,"errorMeasureType":"cross-entropy"})";
  const Handle labels = json(context.get(), "[[[0,0],[2]],[[0,1],[1]],[[1,0],[0]]]");
  Handle one_hot;
  REQUIRE(webai_network_prepare_data(make_network(context.get(), classes), labels, nullptr, one_hot.out(), error.out()) == WEBAI_OK);
  CHECK(learned(context.get(), classes, one_hot, entropy) == learned(context.get(), classes, labels));
  CHECK(learned(context.get(), classes, one_hot) != learned(context.get(), classes, labels));
  const Handle cut = make_tensor(context.get(), {3, 0, 0}, {3}), odd = make_tensor(context.get(), {2, 0, 0}, {3});
  const Handle network = make_network(context.get(), xor_model);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_train(network, cut, options, nullptr, o, e);
        }).reason() == "TRUNCATED");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_train(network, odd, options, nullptr, o, e);
        }).reason() == "INSTRUCTION");
}

TEST_CASE("prepared data is one tensor of records") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle items =
      json(context.get(), R"([[[0,1],[1]],{"$instruction":"reset"},[[1,1],{"$instruction":"ignore"}],[[1,0],1]])");
  Handle records, error;
  REQUIRE(webai_network_prepare_data(network, items, nullptr, records.out(), error.out()) == WEBAI_OK);
  CHECK(floats(records) == std::vector<float>{3, 0, 1, 1, 0, 1, 1, 1, 3, 1, 0, 1});
  const Handle wrong = json(context.get(), "[[[0],[1]]]");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_prepare_data(network, wrong, nullptr, o, e);
        }).reason() == "SAMPLE_SIZE");
  // Records of a u8 model with a range of its own hold what `io` takes, and nothing that is rounded off.
  const Handle codes = make_network(context.get(), R"({"dataType":"u8","io":{"input":{"normalize":{"type":"rescale-linear","from":[0,200],"to":[0,1]}}},"layers":[2,1]})");
  const Handle fitting = json(context.get(), "[[[200,3],[1]]]");
  REQUIRE(webai_network_prepare_data(codes, fitting, nullptr, records.out(), error.out()) == WEBAI_OK);
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(records, &view) == WEBAI_OK);
  CHECK(view.type_code == 1);
  CHECK(view.type_bits == 8);
  for (const char* data : {"[[[999,3],[1]]]", "[[[0.5,3],[1]]]"}) {
    const Handle outside = json(context.get(), data);
    CHECK(failing([&](webai_value** o, webai_error** e) { return webai_network_prepare_data(codes, outside, nullptr, o, e); }).reason() == "RANGE");
  }
}

TEST_CASE("EX-20 resets and ignored outputs are prepared alike from each layout") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const std::pair<const char*, const char*> layouts[] = {
      {"pairs", R"([[[0,1],[1]],{"$instruction":"reset"},[[1,1],{"$instruction":"ignore"}],[[1,0],[1]]])"},
      {"flat", R"([[0,1],[1],{"$instruction":"reset"},[1,1],{"$instruction":"ignore"},[1,0],[1]])"},
      {"objects", R"([{"input":[0,1],"output":[1]},{"$instruction":"reset"},
                      {"input":[1,1],"output":{"$instruction":"ignore"}},{"input":[1,0],"output":[1]}])"}};
  for (const auto& [layout, text] : layouts) {
    INFO(layout);
    const Handle items = json(context.get(), text);
    const Handle options = json(context.get(), std::string(R"({"layout":")") + layout + "\"}");
    Handle records, error;
    const webai_status status = webai_network_prepare_data(network, items, options, records.out(), error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    CHECK(floats(records) == std::vector<float>{3, 0, 1, 1, 0, 1, 1, 1, 3, 1, 0, 1});
  }
}

TEST_CASE("ERR-24 an instruction that does not exist and a record that is cut are told by their place") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle options = json(context.get(), R"({"maxIterations":1})");
  const auto failure_of = [&](std::vector<float> values) {
    const std::int64_t size = static_cast<std::int64_t>(values.size());
    const Handle records = make_tensor(context.get(), std::move(values), {size});
    return failing([&](webai_value** o, webai_error** e) { return webai_network_train(network, records, options, nullptr, o, e); });
  };
  const auto check = [](const Failure& failure, const char* reason, const char* expected, const char* actual) {
    CHECK(failure.status == WEBAI_INVALID_ARGUMENT);
    CHECK(failure.reason() == reason);
    CHECK(detail(failure.error, "path") == "/4");
    CHECK(detail(failure.error, "expected") == expected);
    CHECK(detail(failure.error, "actual") == actual);
    CHECK(detail(failure.error, "hint") == "were the records prepared for a network of the same sizes?");
  };
  const char* const codes = "0 (reset), 1 (input alone) or 3 (input and output)";
  check(failure_of({3, 0, 0, 0, 2, 0, 0}), "INSTRUCTION", codes, "2");
  check(failure_of({3, 0, 0, 0, 0.5, 0, 0}), "INSTRUCTION", codes, "0.5");
  check(failure_of({3, 0, 0, 0, -1, 0, 0}), "INSTRUCTION", codes, "-1");
  check(failure_of({3, 0, 0, 0, std::nanf(""), 0, 0}), "INSTRUCTION", codes, "nan");
  check(failure_of({3, 0, 0, 0, 4, 0, 0}), "INSTRUCTION", codes, "4");
  check(failure_of({3, 0, 0, 0, 3, 0, 0}), "TRUNCATED", "4 elements", "3");
  check(failure_of({3, 0, 0, 0, 3}), "TRUNCATED", "4 elements", "1");
  check(failure_of({3, 0, 0, 0, 1, 0}), "TRUNCATED", "3 elements", "2");
  check(failure_of({3, 0, 0, 0, 1}), "TRUNCATED", "3 elements", "1");
  check(failure_of({0, 1, 0, 0, 3, 0, 0}), "TRUNCATED", "4 elements", "3");
}
