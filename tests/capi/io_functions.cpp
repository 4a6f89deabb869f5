// Functions of the host where a model's `io` says normalize and denormalize, and those of a single run.
#include "capi/definitions.h"

using namespace capi_test;

namespace {

double scaled(webai_value* value, double factor) {
  if (webai_value_kind(value) == WEBAI_TENSOR) {
    webai_tensor_view view;
    REQUIRE(webai_tensor_get_view(value, &view) == WEBAI_OK);
    return factor * (view.type_bits == 64 ? static_cast<double*>(view.data)[0] : static_cast<float*>(view.data)[0]);
  }
  return factor * number(webai_value_kind(value) == WEBAI_LIST ? webai_value_at(value, 0, nullptr, nullptr) : value);
}

// {"x": 0..200} to 0..1, as a tensor (a typed array to bindings).
webai_status from_record(void* user, webai_call* call, webai_value* const* args, std::size_t count, webai_value** result) {
  if (user) ++static_cast<Kit*>(user)->calls;
  webai_value* const x = webai_value_kind(args[0]) == WEBAI_MAP ? webai_value_get(args[0], "x", 1) : args[0];
  if (count != 1 || !x) return webai_call_fail(call, WEBAI_INVALID_ARGUMENT, "no x", 4, nullptr);
  const Handle tensor = make_tensor(*call, {static_cast<float>(scaled(x, 1.0 / 200))});
  *result = webai_retain(tensor);
  return WEBAI_OK;
}
webai_status percent_to_unit(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  return webai_value_number(webai_call_context(call), scaled(args[0], 0.01), result);
}
webai_status unit_to_words(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  const std::string words = std::to_string(static_cast<int>(scaled(args[0], 100) + 0.5)) + " percent";
  return webai_value_string(webai_call_context(call), words.data(), words.size(), result);
}
webai_status unit_to_percent(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  return webai_value_number(webai_call_context(call), scaled(args[0], 100), result);
}

Handle with_functions(Kit& kit, webai_callback last = unit_to_words) {
  const Handle in = kit.function(from_record), target = kit.function(percent_to_unit), out = kit.function(last);
  const Handle model = json(kit.context.get(), R"({"seed":2,"io":{"input":{"normalize":{"$leaf":0}},
      "output":{"normalize":{"$leaf":1},"denormalize":{"$leaf":2}}},"layers":[1,1]})", {in, target, out});
  Handle network, error;
  const webai_status status = webai_network_create(kit.context.get(), model, network.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return network;
}

// The line y = x, told in records and percent.
void learn(Kit& kit, webai_value* net, webai_value* data) {
  const Handle opts = json(kit.context.get(), R"({"maxIterations":300,"learningRate":0.5})");
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_train(net, data, opts, nullptr, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  CHECK(number_at(await(future), "error") < 1e-4);
}

constexpr const char* records = R"([[{"x":0},[0]],[{"x":50},25],[{"x":100},[50]],[{"x":200},[100]]])";

}  // namespace

TEST_CASE("IO-02 IO-04 functions normalize inputs and targets and denormalize outputs, into anything") {
  Kit kit;
  const Handle net = with_functions(kit), data = json(kit.context.get(), records), in = json(kit.context.get(), R"({"x":150})");
  learn(kit, net, data);
  Handle out;
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(text_of(out) == "75 percent");
  webai_future* future = nullptr;
  REQUIRE(webai_network_run(net, in, nullptr, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(text_of(await(future)) == "75 percent");
  REQUIRE(webai_network_verify(net, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number_at(await(future), "error") < 1e-4);
  // As it is: without either of them.
  const Handle raw = json(kit.context.get(), R"({"normalize":false,"denormalize":false})"), unit = json(kit.context.get(), "[0.75]");
  REQUIRE(webai_network_run_now(net, unit, nullptr, raw, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out)[0] == Approx(0.75).margin(0.02));
  // The model that is exported holds no code.
  REQUIRE(webai_network_export(net, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(text_of(await(future)).find("\"io\"") == std::string::npos);
  // A dataset is normalized when it is read, columns as well.
  const Handle other = with_functions(kit, unit_to_percent), pairs = json(kit.context.get(), "[[[0],[0]],[[50],[25]],[[200],[100]]]");
  Handle dataset;
  REQUIRE(webai_dataset_from(kit.context.get(), pairs, nullptr, dataset.out(), nullptr) == WEBAI_OK);
  learn(kit, other, dataset);
  const Handle third = with_functions(kit), columns = json(kit.context.get(), R"({"input":[[0],[50],[200]],"output":[[0],[25],[100]]})");
  learn(kit, third, columns);
  // A tensor for the result takes the numbers that come.
  const Handle into = make_tensor(kit.context.get(), {0}, {1});
  REQUIRE(webai_network_run_now(other, in, into, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(into)[0] == Approx(75).margin(2));
  const Handle wide = make_tensor(kit.context.get(), {0, 0}, {2});
  CHECK(failing([&](webai_value** result, webai_error** err) { return webai_network_run_now(other, in, wide, nullptr, nullptr, result, err); }).status == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("IO-01 IO-03 what a function for one side alone gives is learned from, in pairs, columns and datasets") {
  Kit kit;
  const Handle in = kit.function(from_record), target = kit.function(percent_to_unit);
  const auto learned = [&](const char* side, const Handle& function, const char* data, bool as_dataset) {
    INFO(side << data);
    const std::string text = std::string(R"({"seed":2,"io":{")") + side + R"(":{"normalize":{"$leaf":0}}},"layers":[1,1]})";
    const Handle model = json(kit.context.get(), text, {function});
    Handle net, dataset;
    REQUIRE(webai_network_create(kit.context.get(), model, net.out(), nullptr) == WEBAI_OK);
    const Handle given = json(kit.context.get(), data);
    if (as_dataset) REQUIRE(webai_dataset_from(kit.context.get(), given, nullptr, dataset.out(), nullptr) == WEBAI_OK);
    learn(kit, net, as_dataset ? dataset : given);
    const Handle raw = json(kit.context.get(), R"({"normalize":false})"), unit = json(kit.context.get(), "[0.75]");
    Handle out;
    REQUIRE(webai_network_run_now(net, unit, nullptr, raw, nullptr, out.out(), nullptr) == WEBAI_OK);
    CHECK(floats(out)[0] == Approx(0.75).margin(0.02));
  };
  learned("input", in, R"([[{"x":0},[0]],[{"x":50},0.25],[{"x":200},[1]]])", false);
  learned("input", in, R"({"input":[[0],[50],[200]],"output":[[0],[0.25],[1]]})", false);
  learned("input", in, R"([[[0],[0]],[[50],[0.25]],[[200],[1]]])", true);
  learned("output", target, R"([[[0],[0]],[0.25,25],[[1],[100]]])", false);
  learned("output", target, R"({"input":[[0],[0.25],[1]],"output":[[0],[25],[100]]})", false);
  learned("output", target, R"([[[0],[0]],[[0.25],[25]],[[1],[100]]])", true);
}

TEST_CASE("DATA-01 DATA-12 samples are prepared through two functions that the call brings, in lists and datasets") {
  Kit kit;
  const Handle in = kit.function(from_record), target = kit.function(percent_to_unit);
  const Handle opts = json(kit.context.get(), R"({"normalizeInput":{"$leaf":0},"normalizeOutput":{"$leaf":1},"strict":true})", {in, target});
  const Handle net = kit.network(R"({"layers":[1,1]})"), list = json(kit.context.get(), R"([[[50],[25]],[[200],[100]]])");
  const std::vector<float> records = {3, 0.25f, 0.25f, 3, 1, 1};
  Handle out;
  REQUIRE(webai_network_prepare_data(net, list, opts, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == records);
  // The call's own go before those of the model.
  const Handle other = with_functions(kit), only = json(kit.context.get(), R"({"normalizeOutput":{"$leaf":0}})", {in});
  REQUIRE(webai_network_prepare_data(other, list, only, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{3, 0.25f, 0.125f, 3, 1, 0.5f});
  Handle dataset;
  REQUIRE(webai_dataset_from(kit.context.get(), list, nullptr, dataset.out(), nullptr) == WEBAI_OK);
  Handle stream;
  REQUIRE(webai_network_prepare_data(net, dataset, opts, stream.out(), nullptr) == WEBAI_OK);
  dataset = Handle();
  webai_future* future = nullptr;
  REQUIRE(webai_stream_next(stream, &future, nullptr) == WEBAI_OK);
  CHECK(floats(await(future)) == records);
  const Handle wrong = json(kit.context.get(), R"({"normalizeInput":3})");
  const Failure failure = failing([&](webai_value** result, webai_error** err) { return webai_network_prepare_data(net, list, wrong, result, err); });
  CHECK(failure.status == WEBAI_TYPE_MISMATCH);
  CHECK(failure.reason() == "OPTION");
}

TEST_CASE("IO-02 A-28 a single run may bring functions of its own") {
  Kit kit;
  const Handle net = kit.network(R"({"layers":[1,{"size":1,"weights":[[1]],"bias":[0]}]})");
  const Handle in = kit.function(from_record), out = kit.function(unit_to_words);
  const Handle opts = json(kit.context.get(), R"({"normalize":{"$leaf":0},"denormalize":{"$leaf":1},"strict":true})", {in, out}), record = json(kit.context.get(), R"({"x":50})");
  Handle result;
  REQUIRE(webai_network_run_now(net, record, nullptr, opts, nullptr, result.out(), nullptr) == WEBAI_OK);
  CHECK(text_of(result) == "25 percent");
  webai_stream* raw = nullptr;
  REQUIRE(webai_network_run_stream(net, record, opts, nullptr, &raw, nullptr) == WEBAI_OK);
  const Handle stream(raw);
  webai_future* future = nullptr;
  REQUIRE(webai_stream_next(stream, &future, nullptr) == WEBAI_OK);
  CHECK(text_of(await(future)) == "25 percent");
}

TEST_CASE("IO-02 what a normalizing function does wrong is told, and functions stand nowhere else in a model") {
  Kit kit;
  const Handle net = with_functions(kit), empty = json(kit.context.get(), "{}"), data = json(kit.context.get(), R"([[{"y":1},[1]]])");
  const Failure failure = failing([&](webai_value** out, webai_error** err) { return webai_network_run_now(net, empty, nullptr, nullptr, nullptr, out, err); });
  CHECK(failure.status == WEBAI_INVALID_ARGUMENT);
  CHECK(std::string(webai_error_message(failure.error, nullptr)).find("no x") != std::string::npos);
  webai_future* future = nullptr;
  CHECK(webai_network_train(net, data, nullptr, nullptr, &future, nullptr) == WEBAI_INVALID_ARGUMENT);
  const Handle function = kit.function([](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) { return webai_status{WEBAI_OK}; });
  const auto created = [&](const char* text) {
    const Handle model = json(kit.context.get(), text, {function});
    Handle network, error;
    const webai_status status = webai_network_create(kit.context.get(), model, network.out(), error.out());
    if (status) return status;
    const Handle in = json(kit.context.get(), "[1]");
    Handle out;
    return webai_network_run_now(network, in, nullptr, nullptr, nullptr, out.out(), nullptr);
  };
  CHECK(created(R"({"io":{"input":{"normalize":{"$leaf":0}}},"layers":[1,1]})") < 0);  // it gives nothing
  CHECK(created(R"({"io":{"input":{"normalise":{"$leaf":0}}},"layers":[1,1]})") == WEBAI_TYPE_MISMATCH);
  CHECK(created(R"({"io":{"$leaf":0},"layers":[1,1]})") == WEBAI_TYPE_MISMATCH);
  CHECK(created(R"({"layers":[1,{"size":1,"activation":{"$leaf":0}}]})") == WEBAI_TYPE_MISMATCH);
}

TEST_CASE("IO-12 of several outputs each is answered raw on request, as labels or numbers otherwise") {
  Kit kit;
  const Handle network = kit.network(R"({"layers":[2,{"name":"a","type":"identity","pipes":[{"name":"b","type":"identity"}]}],"io":{"output":{
    "a":{"denormalize":{"type":"one-hot-to-label","labels":["left","right"]}},
    "b":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[0,10]}}}}})");
  const Handle in = json(kit.context.get(), "[3,1]"), raw = json(kit.context.get(), R"({"denormalize":false})");
  CHECK(to_json(run_now(network, in)) == R"({"a":"left","b":[30,10]})");
  CHECK(to_json(run_now(network, in, nullptr, raw)) == R"({"a":[3,1],"b":[3,1]})");
}
