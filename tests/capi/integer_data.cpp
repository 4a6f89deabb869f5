// Data and gradients of integer models from C, where a tensor of the model's own type holds codes, and targets that `io`
// takes in another form.
#include "capi/definitions.h"

using namespace capi_test;

namespace {

Handle code_tensor(webai_context* context, std::uint8_t code) {
  std::int64_t shape[] = {1};
  webai_tensor_view view{};
  view.data = &code;
  view.device_type = 1;
  view.ndim = 1;
  view.type_code = 1;  // unsigned
  view.type_bits = 8;
  view.type_lanes = 1;
  view.shape = shape;
  Handle tensor, error;
  REQUIRE(webai_tensor_create(context, &view, tensor.out(), error.out()) == WEBAI_OK);
  return tensor;
}

double error_of_data(webai_value* network, webai_value* data) {
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(network, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  return number_at(await(future), "error");
}

constexpr const char* bytes_model = R"({"dataType":"u8","layers":[1,{"type":"identity"}]})";

}  // namespace

TEST_CASE("A-23 DATA-01 codes in lists, columns, datasets and prepared records are the same numbers from C") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), bytes_model);
  const Handle in = code_tensor(context.get(), 128), out = code_tensor(context.get(), 64);
  const std::vector<webai_value*> leaves = {in, out};
  const Handle columns = json(context.get(), R"({"input":{"$leaf":0},"output":{"$leaf":1}})", leaves);
  const double expected = error_of_data(network, columns);
  CHECK(expected < 0.1);
  const Handle pairs = json(context.get(), R"([[{"$leaf":0},{"$leaf":1}]])", leaves);
  CHECK(error_of_data(network, pairs) == expected);
  Handle dataset, error;
  REQUIRE(webai_dataset_from(context.get(), pairs, nullptr, dataset.out(), error.out()) == WEBAI_OK);
  CHECK(error_of_data(network, dataset) == expected);
  Handle records;
  REQUIRE(webai_network_prepare_data(network, pairs, nullptr, records.out(), nullptr) == WEBAI_OK);
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(records, &view) == WEBAI_OK);
  REQUIRE(webai_value_size(records) == 3);
  const auto* codes = static_cast<const std::uint8_t*>(view.data);
  CHECK(std::vector<int>(codes, codes + 3) == std::vector<int>{3, 128, 64});
  CHECK(error_of_data(network, records) == expected);
  // A reset is one record, whether it stands between samples or in one of them.
  const Handle objects = json(context.get(), R"([{"input":{"$leaf":0},"output":{"$leaf":1}},{"reset":true,"input":{"$leaf":0},"output":{"$leaf":1}}])", leaves);
  const Handle layout = json(context.get(), R"({"layout":"objects"})");
  REQUIRE(webai_network_prepare_data(network, objects, layout, records.out(), nullptr) == WEBAI_OK);
  CHECK(webai_value_size(records) == 7);
}

TEST_CASE("A-27 DATA-07 records of another data type than the model's are converted, or refused with both types") {
  const ContextHandle context = make_context();
  const auto prepared = [&](const char* type, const char* data) {
    const Handle net = make_network(context.get(), std::string(R"({"dataType":")") + type + R"(","seed":1,"layers":[1,1]})");
    const Handle samples = json(context.get(), data);
    Handle records;
    REQUIRE(webai_network_prepare_data(net, samples, nullptr, records.out(), nullptr) == WEBAI_OK);
    return records;
  };
  const auto network = [&](const char* type) {
    return make_network(context.get(), std::string(R"({"dataType":")") + type + R"(","layers":[1,{"size":1,"weights":[[1]],"bias":[0]}]})");
  };
  // Between floating types a number is rounded to the model's, as it is where it is prepared for that model.
  for (const char* given : {"fp64", "fp32", "fp16"})
    for (const char* type : {"fp64", "fp32", "fp16"}) {
      INFO(given << " " << type);
      CHECK(error_of_data(network(type), prepared(given, "[[[0.5],[0.25]]]")) == error_of_data(network(type), prepared(type, "[[[0.5],[0.25]]]")));
    }
  CHECK(error_of_data(network("fp32"), prepared("fp64", "[[[0.1],[0]]]")) == error_of_data(network("fp32"), prepared("fp32", "[[[0.1],[0]]]")));
  const auto refused = [&](const char* type, const Handle& records) {
    const Handle net = network(type);
    return failing([&](webai_value** out, webai_error** err) { return webai_network_verify(net, records, nullptr, nullptr, out, err); });
  };
  const Failure large = refused("fp16", prepared("fp32", "[[[1],[0]],[[70000],[0]]]"));
  CHECK(large.reason() == "RANGE");
  CHECK(detail(large.error, "path") == "/4");
  CHECK(detail(large.error, "expected") == "numbers that fp16 can hold");
  CHECK(detail(large.error, "actual") == "70000 in fp32");
  CHECK(detail(large.error, "hint") != "");
  // Codes of a type mean other numbers in another one.
  for (const auto& [given, type] : {std::pair("fp32", "u8"), std::pair("u8", "fp32"), std::pair("u16", "u8"), std::pair("i8", "u8")}) {
    INFO(given << " " << type);
    const Failure failure = refused(type, prepared(given, "[[[0],[1]]]"));
    CHECK(failure.status == WEBAI_TYPE_MISMATCH);
    CHECK(failure.reason() == "TYPE");
    CHECK(detail(failure.error, "path") == "data");
    CHECK(detail(failure.error, "expected") == std::string(type) + ", as the model");
    CHECK(detail(failure.error, "actual") == given);
    CHECK(detail(failure.error, "hint") != "");
  }
}

TEST_CASE("A-43 A-23 gradients and parameters of integer models are numbers from C") {
  const ContextHandle context = make_context();
  for (const char* type : {"u16", "u8", "i8"}) {
    INFO(type);
    const Handle network = make_network(context.get(), std::string(R"({"dataType":")") + type + R"(","seed":3,"layers":[2,1]})");
    const Handle data = json(context.get(), "[[[0.2,0.9],[0.8]],[[0.7,0.1],[0.3]]]"), options = json(context.get(), R"({"scale":0.02})");
    webai_future* future = nullptr;
    for (int i = 0; i < 400; ++i) {
      REQUIRE(webai_network_compute_gradients(network, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
      const Handle gradients = await(future);
      REQUIRE(webai_network_apply_gradients(network, gradients, options, nullptr, &future, nullptr) == WEBAI_OK);
      await(future);
    }
    CHECK(error_of_data(network, data) < 0.05);
  }
  const Handle network = make_network(context.get(), R"({"dataType":"u8","layers":[1,{"size":1,"bias":false}]})");
  const Handle changed = json(context.get(), R"({"1.weights":[[0.5]]})");
  Handle error;
  REQUIRE(webai_network_set_parameters(network, changed, error.out()) == WEBAI_OK);
  Handle parameters;
  REQUIRE(webai_network_get_parameters(network, parameters.out(), error.out()) == WEBAI_OK);
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(webai_value_at(parameters, 0, nullptr, nullptr), &view) == WEBAI_OK);
  CHECK(static_cast<const std::uint8_t*>(view.data)[0] == 192);  // 128 + 0.5 * 127, to the nearest even code
}

TEST_CASE("A-29 IO-13 targets that io takes as bits are counted as numbers, not as outputs, from C") {
  const ContextHandle context = make_context();
  const auto verified = [&](const char* size, const char* data) {
    const Handle net = make_network(context.get(), std::string(R"({"io":{"output":{"denormalize":{"type":"bits","count":2}}},"layers":[{"size":)") +
                                                       size + R"(},{"type":"identity"}]})");
    const Handle samples = json(context.get(), data);
    webai_future* future = nullptr;
    REQUIRE(webai_network_verify(net, samples, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
    return number_at(await(future), "error");
  };
  CHECK(verified("4", "[[[0,1,1,0],[1,2]],[[1,1,0,0],[3,0]]]") == 0);
  CHECK(verified("[2,2]", "[[[0,1,1,0],[1,2]]]") == 0);
  CHECK(verified("2", "[[[1,1],[3]],[[1,0],2]]") == 0);  // a number beyond the outputs is no class
  CHECK(verified("4", "[[[0,1,1,0],[1,1]]]") == 0.5);
  const Handle net = make_network(context.get(), R"({"io":{"output":{"denormalize":{"type":"bits","count":2}}},"layers":[4,4]})");
  CHECK(number_at(train(context.get(), net, "[[[0,0,0,1],[1,2]],[[1,0,0,1],[3,0]]]", R"({"maxIterations":2})"), "iterations") == 2);
}

TEST_CASE("A-29 a bare label where several outputs are named says how outputs are named, from C") {
  const ContextHandle context = make_context();
  const Handle net = make_network(context.get(), R"({"io":{"output":{"a":{"denormalize":{"type":"one-hot-to-label","labels":["x","y"]}}}},
    "layers":[2,{"name":"a","size":2,"pipes":[{"name":"b","size":1}]}]})");
  const Handle data = json(context.get(), R"([[[1,2],"y"]])");
  const Failure failure = failing([&](webai_value** out, webai_error** err) {
    return webai_network_verify(net, data, nullptr, nullptr, out, err);
  });
  CHECK(failure.reason() == "LABEL");
  CHECK(detail(failure.error, "hint").find("name each: {\"a\"") != std::string::npos);
}

TEST_CASE("DATA-21 A-29 labels of a dataset stay labels where its samples are mapped, from C") {
  const ContextHandle context = make_context();
  const Handle net = make_network(context.get(), R"({"layers":[2,{"size":2,"activation":"softmax"}]})");
  const auto same = [](void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    *result = webai_retain(args[0]);
    return WEBAI_OK;
  };
  const auto anew = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) -> webai_status {
    return webai_value_from_json(webai_call_context(call), R"({"input":[0,1],"output":1})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  };
  const Handle items = json(context.get(), "[[[0,1],1],[[0,1],1]]"), words = json(context.get(), R"([[[0,1],"dog"],[[0,1],"dog"]])");
  const Handle named = json(context.get(), R"({"labels":["cat","dog"]})"), numbered = json(context.get(), R"({"labels":true})");
  Handle plain, labelled;
  REQUIRE(webai_dataset_from(context.get(), items, numbered, plain.out(), nullptr) == WEBAI_OK);
  REQUIRE(webai_dataset_from(context.get(), words, named, labelled.out(), nullptr) == WEBAI_OK);
  const double expected = error_of_data(net, plain);
  CHECK(error_of_data(net, labelled) == expected);
  for (const webai_callback function : {webai_callback(same), webai_callback(anew)})
    for (const Handle* dataset : {&plain, &labelled}) {
      Handle mapper, mapped;
      REQUIRE(webai_function_create(context.get(), function, nullptr, nullptr, 0, mapper.out()) == WEBAI_OK);
      REQUIRE(webai_dataset_map(*dataset, mapper, mapped.out(), nullptr) == WEBAI_OK);
      CHECK(error_of_data(net, mapped) == expected);
    }
}
