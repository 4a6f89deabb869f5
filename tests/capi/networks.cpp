#include <cmath>
#include <cstdlib>

#include "capi/support.h"

using namespace capi_test;

namespace {

// Weights and a bias that are known: y = 2a + 3b + 1.
constexpr const char* known_model = R"({"layers":[2,{"size":1,"activation":null,"weights":[[2],[3]],"bias":[1]}]})";

}  // namespace

TEST_CASE("a network learns the exclusive or in each layout of the data") {
  const ContextHandle context = make_context();
  const std::pair<const char*, const char*> layouts[] = {{xor_data, "pairs"},
                                                         {"[[0,0],[0],[0,1],[1],[1,0],[1],[1,1],[0]]", "flat"},
                                                         {R"([{"input":[0,0],"output":[0]},{"input":[0,1],"output":[1]},
           {"input":[1,0],"output":1},{"input":[1,1],"output":0}])",
                                                          "objects"}};
  std::vector<float> answers[3];
  for (int i = 0; i < 3; ++i) {
    const Handle network = make_network(context.get(), xor_model);
    const Handle info =
        train(context.get(), network, layouts[i].first,
              std::string(R"({"errorThreshold":0.5,"maxIterations":20000,"layout":")") + layouts[i].second + "\"}");
    CHECK(text_of(webai_value_get(info, "stopReason", 10)) == "errorThreshold");
    CHECK(number_at(info, "errorPercent") <= 0.5);
    CHECK(number_at(info, "errorPercent") > 0);
    CHECK(std::fabs(100 * number_at(info, "error") - number_at(info, "errorPercent")) < 1e-9);
    CHECK(number_at(info, "elapsedMs") > 0);
    CHECK(number_at(info, "samples") == 4 * number_at(info, "iterations"));
    const Handle batch = json(context.get(), "[[0,0],[0,1],[1,0],[1,1]]");
    answers[i] = floats(run_now(network, batch));
    REQUIRE(answers[i].size() == 4);
    for (const int k : {0, 1, 2, 3})
      CHECK(std::fabs(answers[i][static_cast<std::size_t>(k)] - (k == 1 || k == 2)) < 0.3);
  }
  CHECK(answers[0] == answers[1]);
  CHECK(answers[0] == answers[2]);
  // No layout is guessed: the one left out is that of pairs, here as for held-out samples and gradients.
  const Handle network = make_network(context.get(), xor_model);
  for (int given = 0; given < 3; ++given)
    for (int said = 0; said < 3; ++said) {
      CAPTURE(given, said);
      const Handle data = json(context.get(), layouts[given].first);
      const std::string layout = said == 0 ? "" : "\"layout\":\"" + std::string(layouts[said].second) + "\"";
      const Handle plain = json(context.get(), "{" + layout + "}");
      const Handle once = json(context.get(), R"({"maxIterations":1)" + (layout.empty() ? "" : "," + layout) + "}");
      const Handle held = json(context.get(), R"({"maxIterations":1,"validation":{"$leaf":0})" + (layout.empty() ? "" : "," + layout) + "}", {data});
      const Handle train_on = json(context.get(), layouts[said].first);
      webai_future* future = nullptr;
      Handle error;
      const auto outcome = [&](webai_status status) {
        Handle result, failure;  // some are told by the future
        return status == WEBAI_OK ? webai_await(std::exchange(future, nullptr), result.out(), failure.out()) : status;
      };
      CHECK((outcome(webai_network_train(network, data, once, nullptr, &future, error.out())) == WEBAI_OK) == (given == said));
      CHECK((outcome(webai_network_verify(network, data, plain, nullptr, &future, error.out())) == WEBAI_OK) == (given == said));
      CHECK((outcome(webai_network_compute_gradients(network, data, plain, nullptr, &future, error.out())) == WEBAI_OK) == (given == said));
      CHECK((outcome(webai_network_train(network, train_on, held, nullptr, &future, error.out())) == WEBAI_OK) == (given == said));
      Handle dataset;
      const bool made = webai_dataset_from(context.get(), data, plain, dataset.out(), error.out()) == WEBAI_OK;
      CHECK((made && outcome(webai_network_verify(network, dataset, nullptr, nullptr, &future, error.out())) == WEBAI_OK) == (given == said));
    }
}

TEST_CASE("inputs may be lists, batches, tensors, and one named input") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), known_model);
  CHECK(floats(run_now(network, json(context.get(), "[1,10]"))) == std::vector<float>{33});
  CHECK(floats(run_now(network, json(context.get(), "[[1,10],[0,0]]"))) == std::vector<float>{33, 1});
  CHECK(floats(run_now(network, make_tensor(context.get(), {1, 10}, {2}))) == std::vector<float>{33});
  CHECK(floats(run_now(network, json(context.get(), R"({"input":[1,10]})"))) == std::vector<float>{33});
  CHECK(floats(run_now(network, json(context.get(), "[{\"$leaf\":0}]", {make_tensor(context.get(), {1, 10}, {2})}))) ==
        std::vector<float>{33});
  const Handle short_input = json(context.get(), "[1]"), words = json(context.get(), R"(["a","b"])");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, short_input, nullptr, nullptr, nullptr, o, e);
        }).status == WEBAI_SHAPE_MISMATCH);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run(network, short_input, nullptr, nullptr, nullptr, o, e);
        }).status == WEBAI_SHAPE_MISMATCH);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, words, nullptr, nullptr, nullptr, o, e);
        }).status == WEBAI_TYPE_MISMATCH);
}

TEST_CASE("an output tensor is written in place and handed back") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), known_model);
  const Handle in = make_tensor(context.get(), {1, 10}, {2}), into = make_tensor(context.get(), {0}, {1});
  const Handle out = run_now(network, in, into);
  CHECK(out == into);
  CHECK(floats(into) == std::vector<float>{33});
  const Handle list = json(context.get(), "[2,0]");
  run_now(network, list, into);  // an input that must be converted first
  CHECK(floats(into) == std::vector<float>{5});
  const Handle large = make_tensor(context.get(), {0, 0}, {2});
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_run_now(network, in, large, nullptr, nullptr, o, e);
        }).status == WEBAI_SHAPE_MISMATCH);
  webai_future* future = nullptr;
  REQUIRE(webai_network_run(network, in, into, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(await(future) == into);
  CHECK(floats(into) == std::vector<float>{33});
}

TEST_CASE("labels come back as texts, raw outputs on request") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({
    "layers":[2,{"size":2,"activation":null,"weights":[[1,0],[0,1]],"bias":[0,0]}],
    "io":{"output":{"denormalize":{"type":"one-hot-to-label","labels":["left","right"]}}}})");
  CHECK(text_of(run_now(network, json(context.get(), "[3,1]"))) == "left");
  CHECK(to_json(run_now(network, json(context.get(), "[[3,1],[0,2]]"))) == R"(["left","right"])");
  const Handle raw = json(context.get(), R"({"denormalize":false})");
  CHECK(floats(run_now(network, json(context.get(), "[3,1]"), nullptr, raw)) == std::vector<float>{3, 1});
  const Handle named = json(context.get(), R"([[[1,0],"left"],[[0,1],"right"],[[0,2],1]])");
  webai_future* future = nullptr;
  const Handle options = json(context.get(), R"({"maxIterations":3})");
  REQUIRE(webai_network_train(network, named, options, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(webai_value_get(await(future), "accuracy", 8) != nullptr);
  const Handle unknown = json(context.get(), R"([[[1,0],"up"]])");
  const Failure failure = failing(
      [&](webai_value** o, webai_error** e) { return webai_network_train(network, unknown, options, nullptr, o, e); });
  CHECK(failure.reason() == "LABEL");
}

TEST_CASE("wrong data is told before there is a future") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const auto reason_of = [&](const char* data, const char* options) {
    const Handle samples = json(context.get(), data), opts = json(context.get(), options);
    return failing([&](webai_value** o, webai_error** e) {
             return webai_network_train(network, samples, opts, nullptr, o, e);
           })
        .reason();
  };
  CHECK(reason_of("[]", "{}") == "EMPTY_DATA");
  CHECK(reason_of("[[[0,0],[0,1]]]", "{}") == "SAMPLE_SIZE");
  CHECK(reason_of("[[[0],[0]]]", "{}") == "SAMPLE_SIZE");
  CHECK(reason_of("[1,2]", "{}") == "DATA_LAYOUT");
  CHECK(reason_of("[[[0,0],[0]],[[0,0]]]", "{}") == "DATA_LAYOUT");
  CHECK(reason_of("[[0,0],[0],[1,1]]", R"({"layout":"flat"})") == "DATA_LAYOUT");
  CHECK(reason_of(xor_data, R"({"layout":"rows"})") == "OPTION");
  CHECK(reason_of(xor_data, R"({"learningRate":-1})") == "OPTION");
  CHECK(reason_of(xor_data, R"({"learningRate":"fast"})") == "OPTION");
  CHECK(reason_of(xor_data, R"({"optimiser":"adam","strict":true})") == "OPTION_UNKNOWN");
  CHECK(reason_of(xor_data, R"({"toTrain":["nobody"]})") == "LAYER_UNKNOWN");
}

TEST_CASE("verify and gradients agree with the network") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), known_model);
  const Handle data = json(context.get(), "[[[1,10],[33]],[[0,0],[3]]]");
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(network, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle info = await(future);
  CHECK(number_at(info, "samples") == 2);
  CHECK(number_at(info, "error") == Approx(2.0));  // (0 + 2 * 2) / 2
  REQUIRE(webai_network_compute_gradients(network, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle gradients = await(future);
  CHECK(number_at(gradients, "samples") == 2);
  webai_value* const all = webai_value_get(gradients, "gradients", 9);
  REQUIRE(webai_value_size(all) == 2);
  // Mean over the samples of the derivative of half the square: errors 0 and -2, inputs (1, 10) and (0, 0).
  CHECK(floats(webai_value_at(all, 0, nullptr, nullptr)) == std::vector<float>{-1});
  CHECK(floats(webai_value_at(all, 1, nullptr, nullptr)) == std::vector<float>{0, 0});
  REQUIRE(webai_network_apply_gradients(network, gradients, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  await(future);
  CHECK(floats(run_now(network, json(context.get(), "[0,0]"))) == std::vector<float>{2});
}

TEST_CASE("parameters are read and set by name") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), known_model);
  Handle parameters, error;
  REQUIRE(webai_network_get_parameters(network, parameters.out(), error.out()) == WEBAI_OK);
  REQUIRE(webai_value_size(parameters) == 2);
  const char* key = nullptr;
  webai_value* const weights = webai_value_at(parameters, 0, &key, nullptr);
  CHECK(floats(weights) == std::vector<float>{2, 3});
  const Handle changed = json(context.get(), "{\"" + std::string(key) + "\":[[5],[7]]}");
  REQUIRE(webai_network_set_parameters(network, changed, error.out()) == WEBAI_OK);
  CHECK(floats(run_now(network, json(context.get(), "[1,1]"))) == std::vector<float>{13});
  CHECK(floats(weights) == std::vector<float>{2, 3});  // a copy
  const Handle unknown = json(context.get(), R"({"nobody":[1]})");
  CHECK(webai_network_set_parameters(network, unknown, error.out()) == WEBAI_NOT_FOUND);
  const Handle odd = json(context.get(), "{\"" + std::string(key) + "\":[1,2,3]}");
  CHECK(webai_network_set_parameters(network, odd, error.out()) == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("what is exported is a model that runs the same") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  train(context.get(), network, xor_data, R"({"maxIterations":100})");
  const Handle in = json(context.get(), "[1,0]");
  const std::vector<float> before = floats(run_now(network, in));
  webai_future* future = nullptr;
  const Handle object = json(context.get(), R"({"to":"object","setupDataAs":"array"})");
  REQUIRE(webai_network_export(network, object, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle model = await(future);
  REQUIRE(webai_value_kind(model) == WEBAI_MAP);
  CHECK(webai_value_kind(webai_value_get(webai_value_get(model, "setup", 5), "data", 4)) == WEBAI_LIST);
  const Handle short_object = json(context.get(), R"({"to":"object"})");
  REQUIRE(webai_network_export(network, short_object, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(webai_value_kind(webai_value_get(webai_value_get(await(future), "setup", 5), "data", 4)) == WEBAI_STRING);
  Handle again, error;
  REQUIRE(webai_network_create(context.get(), model, again.out(), error.out()) == WEBAI_OK);
  CHECK(floats(run_now(again, in)) == before);
  const Handle unknown = json(context.get(), R"({"to":"poem"})");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_export(network, unknown, nullptr, o, e);
        }).status == WEBAI_NOT_FOUND);
}

TEST_CASE("weights travel as tensors in the descriptor") {
  const ContextHandle context = make_context();
  const Handle weights = make_tensor(context.get(), {2, 3, 1}, {3});
  const Handle model =
      json(context.get(), R"({"layers":[2,{"size":1,"activation":null}],"setup":{"data":{"$leaf":0}}})", {weights});
  Handle network, error;
  REQUIRE(webai_network_create(context.get(), model, network.out(), error.out()) == WEBAI_OK);
  CHECK(floats(run_now(network, json(context.get(), "[1,10]"))) == std::vector<float>{33});
}

TEST_CASE("a description tells sizes, labels and parameters") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  Handle description, error;
  REQUIRE(webai_network_describe(network, description.out(), error.out()) == WEBAI_OK);
  CHECK(number_at(description, "inputSize") == 2);
  CHECK(number_at(description, "outputSize") == 1);
  CHECK(to_json(webai_value_get(description, "outputs", 7)) == R"([{"name":"output","shape":[1]}])");
  CHECK(number_at(description, "parameterCount") == 13);
  CHECK(text_of(webai_value_get(description, "dataType", 8)) == "fp32");
  CHECK(text_of(webai_value_get(description, "device", 6)) == "cpu");
  CHECK(to_json(webai_value_get(description, "inputs", 6)) == R"([{"name":"input","shape":[2]}])");
}

TEST_CASE("compile reports the device and refuses what the context does not allow") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), known_model);
  const auto compile = [&](const char* options) {
    const Handle opts = json(context.get(), options);
    webai_future* future = nullptr;
    REQUIRE(webai_network_compile(network, opts, nullptr, &future, nullptr) == WEBAI_OK);
    return text_of(webai_value_get(await(future), "device", 6));
  };
  CHECK(compile("{}") == "cpu");
  CHECK(compile(R"({"device":"reference"})") == "reference");
  CHECK(floats(run_now(network, json(context.get(), "[1,10]"))) == std::vector<float>{33});
  const Handle opencl = json(context.get(), R"({"device":"opencl"})"),
               odd = json(context.get(), R"({"device":"abacus"})");
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_compile(network, opencl, nullptr, o, e);
        }).status == WEBAI_DENIED);
  CHECK(failing([&](webai_value** o, webai_error** e) {
          return webai_network_compile(network, odd, nullptr, o, e);
        }).status == WEBAI_NOT_FOUND);
}

TEST_CASE("API-29 compile moves a network that is being trained, between two of its steps") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), xor_model);
  const Handle samples = json(context.get(), xor_data), opts = json(context.get(), R"({"maxIterations":2000})");
  webai_future* training = nullptr;
  REQUIRE(webai_network_train(network, samples, opts, nullptr, &training, nullptr) == WEBAI_OK);
  for (const char* device : {"reference", "cpu", "reference"}) {
    const Handle where = json(context.get(), std::string(R"({"device":")") + device + "\"}");
    webai_future* future = nullptr;
    REQUIRE(webai_network_compile(network, where, nullptr, &future, nullptr) == WEBAI_OK);
    Handle description;
    REQUIRE(webai_network_describe(network, description.out(), nullptr) == WEBAI_OK);
    CHECK(text_of(webai_value_get(description, "device", 6)) == device);
    webai_release(future);
  }
  CHECK(number_at(await(training), "iterations") == 2000);
}

TEST_CASE("a wrong model says where") {
  const ContextHandle context = make_context();
  const auto refused_at = [&](const char* text) {
    const Handle model = json(context.get(), text);
    const Failure failure =
        failing([&](webai_value** o, webai_error** e) { return webai_network_create(context.get(), model, o, e); });
    CHECK(failure.status == WEBAI_INVALID_MODEL);
    return detail(failure.error, "path");
  };
  CHECK(refused_at(R"({"layers":[2,{"size":1,"activaton":"tanh"}]})").find("/layers/1") == 0);
  CHECK(refused_at(R"({"activaton":"tanh","layers":[2,1]})") == "/activaton");
}

TEST_CASE("the same seed gives the same bits whatever the number of threads") {
  std::vector<std::string> models;
  for (const std::uint32_t threads : {1u, 2u, 4u}) {
    webai_config config = plain_config();
    config.threads = threads;
    config.has_seed = 1;
    config.seed = 5;
    const ContextHandle context = make_context(config);
    const Handle network = make_network(context.get(), R"({"layers":[2,64,1],"activation":"tanh"})");
    train(context.get(), network, xor_data, R"({"maxIterations":50,"batchSize":4})");
    webai_future* future = nullptr;
    REQUIRE(webai_network_export(network, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
    models.push_back(text_of(await(future)));
  }
  CHECK(models[0] == models[1]);
  CHECK(models[0] == models[2]);
}

TEST_CASE("several inputs and outputs go by their names") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"layers":[
    {"size":1,"name":"a","pipes":[{"size":2,"name":"b"}]},
    {"size":1,"name":"sum","activation":null,"weights":[[1],[10],[100]],"bias":[0],
     "pipes":[{"size":1,"name":"last","activation":null,"weights":[[0],[0],[1]],"bias":[0]}]}]})");
  const auto run = [&](const char* input) { return run_now(network, json(context.get(), input)); };
  const Handle named = run(R"({"b":[2,3],"a":[1]})");
  REQUIRE(webai_value_kind(named) == WEBAI_MAP);
  CHECK(to_json(named) == R"({"sum":[321],"last":[3]})");
  CHECK(to_json(run("[[1],[2,3]]")) == to_json(named));
  CHECK(to_json(run("[1,2,3]")) == to_json(named));
  // Rows are samples, also when there are as many as inputs.
  CHECK(to_json(run("[[1,2,3],[0,0,1]]")) == R"({"sum":[[321],[100]],"last":[[3],[1]]})");
  CHECK(to_json(run(R"({"a":[[1],[0]],"b":[[2,3],[0,1]]})")) == R"({"sum":[[321],[100]],"last":[[3],[1]]})");
  const auto reason_of = [&](const char* input) {
    const Handle in = json(context.get(), input);
    return failing([&](webai_value** o, webai_error** e) {
             return webai_network_run_now(network, in, nullptr, nullptr, nullptr, o, e);
           })
        .reason();
  };
  CHECK(reason_of(R"({"a":[1]})") == "INPUT_MISSING");
  CHECK(reason_of(R"({"a":[1],"b":[2,3],"c":[4]})") == "INPUT_UNKNOWN");
  CHECK(reason_of(R"({"a":[1,2],"b":[2,3]})") == "INPUT_SIZE");
}

TEST_CASE("capabilities name domains, types and devices") {
  const ContextHandle context = make_context();
  webai_future* future = nullptr;
  REQUIRE(webai_get_capabilities(context.get(), nullptr, &future, nullptr) == WEBAI_OK);
  const Handle all = await(future);
  const std::string types = to_json(webai_value_get(webai_value_get(all, "domains", 7), "core", 4));
  CHECK(types.find("\"fp32\"") != std::string::npos);
  webai_value* const units = webai_value_get(all, "executionUnits", 14);
  CHECK(text_of(webai_value_get(webai_value_at(units, 0, nullptr, nullptr), "id", 2)) == "cpu");
  webai_config config = plain_config();
  config.flags = WEBAI_PRIVACY;
  const ContextHandle secret = make_context(config);
  REQUIRE(webai_get_capabilities(secret.get(), nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(webai_value_get(await(future), "executionUnits", 14) == nullptr);
}
