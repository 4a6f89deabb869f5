// Models whose weights the host fetches, and exports that give them apart.
#include <string>

#include "support.h"

using namespace capi_test;

namespace {

// Answers at once with four floats 1 2 3 (and 4), refuses, or keeps the promise.
struct Shelf {
  webai_context* context = nullptr;
  webai_promise* kept = nullptr;
  std::string asked;
  enum { answers, refuses, delays, answers_text } how = answers;

  static void fetch(void* self, const char* url, size_t size, webai_promise* bytes) {
    auto& shelf = *static_cast<Shelf*>(self);
    shelf.asked.assign(url, size);
    if (shelf.how == refuses)
      return webai_promise_reject(bytes, WEBAI_NOT_FOUND, "no such shelf", WEBAI_NUL_TERMINATED, nullptr);
    if (shelf.how == delays) {
      shelf.kept = bytes;
      return;
    }
    Handle value;
    if (shelf.how == answers_text) {
      REQUIRE(webai_value_string(shelf.context, "text", WEBAI_NUL_TERMINATED, value.out()) == WEBAI_OK);
    } else {
      float numbers[3] = {1, 2, 3};
      int64_t length = sizeof numbers;
      webai_tensor_view view{};
      view.data = numbers;
      view.device_type = 1;
      view.ndim = 1;
      view.type_code = 1;
      view.type_bits = 8;
      view.type_lanes = 1;
      view.shape = &length;
      REQUIRE(webai_tensor_create(shelf.context, &view, value.out(), nullptr) == WEBAI_OK);
    }
    webai_promise_resolve(bytes, value);
  }
};

webai_host host_of(Shelf& shelf) {
  webai_host host{};
  host.struct_size = sizeof host;
  host.user_data = &shelf;
  host.fetch = &Shelf::fetch;
  return host;
}

ContextHandle context_of(Shelf& shelf, const webai_host& host) {
  webai_config config = plain_config();
  config.host = &host;
  ContextHandle context = make_context(config);
  shelf.context = context.get();
  return context;
}

const char* const filed_model = R"({"layers": [2, 1], "setup": {"data": {"file": "m.weights"}}})";

Failure creating(webai_context* context) {
  const Handle description = json(context, filed_model);
  return failing(
      [&](webai_value** out, webai_value** err) { return webai_network_create(context, description, out, err); });
}

}  // namespace

TEST_CASE("A-63 the host fetches the weights that a model names") {
  Shelf shelf;
  const webai_host host = host_of(shelf);
  const ContextHandle context = context_of(shelf, host);
  const Handle network = make_network(context.get(), filed_model);
  CHECK(shelf.asked == "m.weights");
  Handle parameters, error;
  REQUIRE(webai_network_get_parameters(network, parameters.out(), error.out()) == WEBAI_OK);
  CHECK(to_json(parameters).find("[1],[2]") != std::string::npos);

  shelf.how = Shelf::refuses;
  Failure failure = creating(context.get());
  CHECK(failure.status == WEBAI_NOT_FOUND);
  shelf.how = Shelf::answers_text;
  CHECK(creating(context.get()).status == WEBAI_TYPE_MISMATCH);
}

TEST_CASE("A-63 without fetch a model that names a file is denied") {
  const ContextHandle context = make_context();
  const Failure failure = creating(context.get());
  CHECK(failure.status == WEBAI_DENIED);
  CHECK(failure.reason() == "FETCH");
  CHECK(detail(failure.error, "path") == "/setup/data");
}

TEST_CASE("A-63 exports give weights apart from the model") {
  const ContextHandle context = make_context();
  const Handle network = make_network(context.get(), R"({"layers": [2, 1]})");
  const Handle options = json(context.get(), R"({"setupDataAs": "file", "setupFile": "x.bin"})");
  Handle error;
  webai_future* future = nullptr;  // taken by await
  REQUIRE(webai_network_export(network, options, nullptr, &future, error.out()) == WEBAI_OK);
  webai_value* raw = nullptr;
  REQUIRE(webai_await(future, &raw, error.out()) == WEBAI_OK);
  const Handle parts(raw);
  CHECK(text_of(webai_value_get(parts, "model", WEBAI_NUL_TERMINATED)).find(R"("file":"x.bin")") != std::string::npos);
  webai_value* const weights = webai_value_get(parts, "weights", WEBAI_NUL_TERMINATED);
  CHECK(webai_value_kind(weights) == WEBAI_TENSOR);
  CHECK(webai_value_size(weights) == 12);
}

TEST_CASE("ROOT-08 weights in a tensor of another type than the model's are the same numbers") {
  const ContextHandle context = make_context();
  for (const char* type : {"fp32", "fp64", "fp16"}) {
    INFO(type);
    double numbers[] = {2, 3, 1};
    int64_t length = 3;
    webai_tensor_view view{};
    view.data = numbers;
    view.device_type = 1;
    view.ndim = 1;
    view.type_code = 2;
    view.type_bits = 64;
    view.type_lanes = 1;
    view.shape = &length;
    Handle weights, network, error;
    REQUIRE(webai_tensor_create(context.get(), &view, weights.out(), nullptr) == WEBAI_OK);
    const std::string text = std::string(R"({"dataType":")") + type + R"(","layers":[2,1],"setup":{"data":{"$leaf":0}}})";
    REQUIRE(webai_network_create(context.get(), json(context.get(), text, {weights}), network.out(), error.out()) == WEBAI_OK);
    Handle parameters;
    REQUIRE(webai_network_get_parameters(network, parameters.out(), nullptr) == WEBAI_OK);
    CHECK(to_json(parameters) == R"({"1.weights":[[2],[3]],"1.bias":[1]})");
  }
}
