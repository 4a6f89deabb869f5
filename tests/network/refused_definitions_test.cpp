// Domains and definitions that stand, and those that cannot be.
#include <catch2/catch.hpp>

#include "network/operations.h"
#include "support/contexts.h"
#include "support/refusals.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

TEST_CASE("DOM-01 DOM-02 DOM-04 ERR-01 ERR-04 domains have defaults, and stand once") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine", .default_data_type = "fp64", .default_operation_type = "twice",
                          .default_activation_type = "half"});
  define_domain(context, {.name = "bare"});
  CHECK(reason_of([&] { define_domain(context, {.name = "mine"}); }) == "DOMAIN_EXISTS");
  CHECK(reason_of([&] { define_domain(context, {.name = "core"}); }) == "DOMAIN_EXISTS");
  CHECK(reason_of([&] { define_domain(context, {.name = "internal"}); }) == "DOMAIN_EXISTS");
  CHECK(reason_of([&] { define_domain(context, {.name = ""}); }) == "NAME");
  CHECK(reason_of([&] { define_domain(context, {.name = "x", .default_data_type = "fp31"}); }) == "DATATYPE");
  CHECK(reason_of([&] { define_domain(context, R"({"domainNam": "x"})"); }) == "UNKNOWN_PROPERTY");
  define_operation(context, {.name = "twice", .domain = "mine", .params = {"*input", "activation"}},
                   [](Variable x, const Argument& activation) { return activation(x * 2.0); });
  define_operation(context, {.name = "half", .domain = "mine"}, [](Variable x) { return x * 0.5; });
  NeuralNetwork network = NeuralNetwork::from_json(R"({"domain": "mine", "layers": [3, 3]})", context);
  CHECK(network.data_type() == DType::fp64);
  CHECK(network.run({1, 2, 3})[2] == 3);
  // The type of layers that name none may be another domain's, by the domain's word or the root's.
  define_domain(context, {.name = "like-core", .default_data_type = "fp32", .default_operation_type = "core#neurons"});
  const std::string plain = R"("layers": [3, {"size": 2, "weights": [1, 2, 3, 4, 5, 6]}]})";
  for (const char* root : {R"({"domain": "like-core", )", R"({"domain": "mine", "dataType": "fp32", "activation": null, "type": "core#neurons", )"}) {
    NeuralNetwork dense = NeuralNetwork::from_json(root + plain, context);
    CHECK(dense.data_type() == DType::fp32);  // the model's word goes before the domain's
    CHECK(dense.run({1, 0, 2})[1] == 14);
    const std::string minified = dense.export_model({.optimize = "minify"});
    CHECK(minified.find(R"([3,2])") != std::string::npos);
    CHECK(NeuralNetwork::from_json(minified, context).run({1, 0, 2})[1] == 14);
  }
  // A layer of another domain takes that one's type.
  NeuralNetwork guest = NeuralNetwork::from_json(R"({"domain": "like-core", "layers": [3, {"domain": "mine", "size": 3}]})", context);
  CHECK(guest.run({1, 2, 3}).values() == std::vector<double>{2, 4, 6});
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"type": "core#neuron", "layers": [1, 1]})", context); }) == "OPERATION");
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"type": "cor#neurons", "layers": [1, 1]})", context); }) == "DOMAIN");
  NeuralNetwork without = NeuralNetwork::from_json(R"({"domain": "mine", "activation": null, "layers": [3, 3]})", context);
  CHECK(without.run({1, 2, 3})[2] == 6);
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"domain": "bare", "layers": [1, 1]})", context); }) == "NO_DATATYPE");
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"domain": "bare", "dataType": "fp32", "layers": [1, 1]})", context); }) ==
        "NO_TYPE");
  CHECK(reason_of([&] { NeuralNetwork::from_json(R"({"domain": "mime", "layers": [1, 1]})", context); }) == "DOMAIN");
}

TEST_CASE("OP-02 OP-03 OP-08 ERR-05 ERR-06 ERR-16 ERR-19 ERR-20 definitions that cannot be are refused") {
  const Context context = one_thread();
  define_domain(context, {.name = "mine"});
  const auto define = [&](std::vector<OperationParameter> params, std::vector<std::string> call_with = {}) {
    return reason_of([&] {
      define_composed_operation(context, {.name = "op", .domain = "mine", .params = params, .call_with = call_with}, 0,
                                [](Arguments given) -> Variable { return given[0]; });
    });
  };
  CHECK(define({"*a", "a"}) == "DUPLICATE_PARAM");
  CHECK(define({"*"}) == "PARAM");
  CHECK(define({"*a.b"}) == "PARAM");
  CHECK(define({"*input", "*size"}) == "SIZE_PARAM");
  CHECK(define({"*input", "@output"}) == "RESERVED_NAME");
  CHECK(define({"*input", "name"}) == "RESERVED_NAME");
  CHECK(define({"*input", "pipes"}) == "RESERVED_NAME");
  CHECK(define({"@*input"}) == "RESERVED_NAME");
  for (const std::string name : {"output", "state", "activation", "activationStr", "id"}) {
    CAPTURE(name);
    for (const std::string mark : {"*", "@", "!", "~"}) CHECK(define({"*input", OperationParameter(mark + name)}) == "RESERVED_NAME");
    CHECK(define({"*input", OperationParameter(name).defaults_to(Json::number(3))}) == "RESERVED_NAME");
  }
  for (const std::string word : {"label", "domain", "type", "shapeHints", "to", "history", "historyTo", "pipeFrom", "quantization", "net",
                                 "steps", "count", "pipe", "toLayers", "meta", "x-rate"}) {
    CAPTURE(word);
    CHECK(define({"*input", OperationParameter(word)}) == "RESERVED_NAME");
  }
  CHECK(define({"*input", "@~memory"}) == "PARAM");
  CHECK(define({"*input"}, {"inptu"}) == "CALL_WITH");
  CHECK(reason_of([&] {
          define_operation(context, {.name = "op", .domain = "mine", .params = {"*a", "*b"}}, [](Variable x) { return x; });
        }) == "CALL_WITH");
  CHECK(reason_of([&] { define_operation(context, {.name = "op", .domain = "nime"}, [](Variable x) { return x; }); }) ==
        "DOMAIN");
  CHECK(reason_of([&] {  // a list of steps as well
          define_operation(context, R"({"name": "op", "domain": "nime",
                                        "body": {"steps": [{"op": "tanh", "inputs": ["input"]}]}})");
        }) == "DOMAIN");
  CHECK(define({"*input", "connections"}) == "nothing thrown");
  CHECK(define({"*input"}) == "OPERATION_EXISTS");
  CHECK(reason_of([&] { define_operation(context, {.name = "gru", .domain = "core"}, [](Variable x) { return x; }); }) ==
        "OPERATION_EXISTS");
  CHECK(reason_of([&] { define_operation(context, {.name = "tanh", .domain = "core"}, [](Variable x) { return x; }); }) ==
        "OPERATION_EXISTS");
}
