// The numbered conditions (ERR) that need a context or a network: code, reason, place, layer, operation, what was
// expected and there, and the hint, to the letter. Those of a model's text alone: tests/core/model/errors_test.cpp.
#include <catch2/catch.hpp>

#include <functional>
#include <string>

#include "network/operations.h"
#include "support/contexts.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Wanted {
  Code code;
  const char* reason;
  const char* path;
  const char* layer;
  const char* operation;
  const char* expected;
  const char* actual;
  const char* hint;
};

void fails(const std::function<void()>& work, const Wanted& wanted) {
  try {
    work();
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(error.code() == wanted.code);
    CHECK(error.reason() == wanted.reason);
    CHECK(error.path() == wanted.path);
    CHECK(error.layer() == wanted.layer);
    CHECK(error.operation() == wanted.operation);
    CHECK(error.expected() == wanted.expected);
    CHECK(error.actual() == wanted.actual);
    CHECK(error.hint() == wanted.hint);
    CHECK_FALSE(error.expected().empty());
    CHECK_FALSE(error.actual().empty());
    CHECK_FALSE(error.hint().empty());
    return;
  }
  FAIL_CHECK("no error");
}

const auto doubled = [](Variable x) { return x + x; };

NeuralNetwork build(const Context& context, const std::string& model) {
  return NeuralNetwork::from_json(model, context);
}

}  // namespace

TEST_CASE("ERR-02 a domain without a data type of its own needs one in the model") {
  const Context context = one_thread();
  define_domain(context, {.name = "bare"});
  define_domain(context, {.name = "typed", .default_operation_type = "core#neurons", .default_activation_type = "core#tanh"});
  for (const std::string domain : {"bare", "typed"})  // whatever else it has a default for
    fails([&] { build(context, R"({"domain": ")" + domain + R"(", "layers": [1, 1]})"); },
          {Code::invalid_model, "NO_DATATYPE", "/dataType", "", "", "a data type", "none", "give the model a \"dataType\""});
}

TEST_CASE("ERR-04 a domain that exists is not defined again") {
  const Context context = with_domain();
  fails([&] { define_domain(context, {.name = "mine"}); }, {Code::already_exists, "DOMAIN_EXISTS", "/domainName", "",
                                                            "", "a name that is free", "\"mine\"", "use it as it is, or choose another name"});
}

TEST_CASE("ERR-05 an operation that exists is not defined again") {
  const Context context = with_domain();
  define_operation(context, {.name = "twice", .domain = "mine"}, doubled);
  fails([&] { define_operation(context, {.name = "twice", .domain = "mine"}, doubled); },
        {Code::already_exists, "OPERATION_EXISTS", "", "", "twice", "a name that is free", "\"twice\"",
         "choose another name, or a domain of your own"});
  fails([&] { define_operation(context, {.name = "tanh", .domain = "core"}, doubled); },
        {Code::already_exists, "OPERATION_EXISTS", "", "", "tanh", "a name that is free", "\"tanh\"",
         "choose another name, or a domain of your own"});
}

TEST_CASE("ERR-05 the layers that stand in every domain are operations that exist") {
  const Context context = with_domain();
  for (const char* const name : {"input", "net", "iterator"})
    fails([&] { define_operation(context, {.name = name, .domain = "mine"}, doubled); },
          {Code::already_exists, "OPERATION_EXISTS", "", "", name, "a name that is free", ("\"" + std::string(name) + "\"").c_str(), "choose another name, or a domain of your own"});
}

TEST_CASE("ERR-06 an operation needs a domain that is there, and hears the nearest one") {
  const Context context = with_domain();
  fails([&] { define_operation(context, {.name = "twice", .domain = "mime"}, doubled); },
        {Code::not_found, "DOMAIN", "/domain", "", "twice", "one of: core, mine", "\"mime\"", "did you mean \"mine\"?"});
  fails([&] { define_operation(context, {.name = "twice", .domain = "elsewhere"}, doubled); },
        {Code::not_found, "DOMAIN", "/domain", "", "twice", "one of: core, mine", "\"elsewhere\"", "define it first, with define_domain"});
}

TEST_CASE("ERR-07 a variant stands once, and belongs to an operation that is there") {
  const Context context = with_domain();
  define_operation(context, {.name = "twice", .domain = "mine"}, doubled);
  const auto define = [&](const std::string& name, const std::string& domain = "mine") {
    define_operation_variant(context, {.name = name, .domain = domain, .variant = "remote"},
                             [](std::span<const Tensor> given) { return given[0]; });
  };
  define("twice");
  fails([&] { define("twice"); }, {Code::already_exists, "VARIANT_EXISTS", "/variant", "", "twice", "a name that is free", "\"remote\"",
                                   "choose another name for the variant"});
  fails([&] { define("twise"); },
        {Code::not_found, "OPERATION", "/name", "", "twise", "one of: twice", "\"twise\"", "did you mean \"twice\"?"});
  // An operation of that name in another domain has variants of its own.
  define_domain(context, {.name = "other", .default_data_type = "fp32"});
  fails([&] { define("twice", "other"); },
        {Code::not_found, "OPERATION", "/name", "", "twice", "a name (nothing here has one)", "\"twice\"", "define it first, with define_operation"});
  define_operation(context, {.name = "twice", .domain = "other"}, doubled);
  CHECK_NOTHROW(define("twice", "other"));
}

TEST_CASE("ERR-09 training through an operation without a gradient names it before the first step") {
  const Context context = with_domain();
  define_operation(context,
                   {.name = "host",
                    .domain = "mine",
                    .params = {"*input", OperationParameter("size").defaults_to(Json::text(":input"))}},
                   [](Numbers x) { return std::vector<double>(x.begin(), x.end()); });
  NeuralNetwork net =
      build(context, R"({"layers": [2, {"name": "hidden", "size": 3}, {"name": "h", "type": "mine#host"}, 1]})");
  fails([&] { net.train(Dataset::sample("xor"), {.max_iterations = 1}); },
        {Code::not_differentiable, "NOT_DIFFERENTIABLE", "/layers/2", "h", "host", "operations with a gradient", "\"host\"",
         "train only what comes after it, or compose it of operators that have gradients"});
}

TEST_CASE("ERR-11 a pipe into an end of fixed size has that size") {
  fails(
      [&] {
        build(
            one_thread(),
            R"({"layers": [2, {"size": 2, "pipes": [{"size": 3, "to": "end"}]}, {"name": "out", "size": 4, "bias": "end"}]})");
      },
      {Code::shape_mismatch, "PIPE_SIZE", "/layers/1/pipes/0/to", "out", "", "4", "3",
       "a piping layer has the size of the end of its pipe"});
}

TEST_CASE("ERR-13 an inner net has the domain and the data type around it") {
  const Context context = with_domain();
  fails([&] { build(context, R"({"layers": [2, {"type": "net", "net": {"dataType": "fp64", "layers": [2, 1]}}]})"); },
        {Code::invalid_model, "NET_MISMATCH", "/layers/1/net/dataType", "", "", "fp32", "fp64",
         "leave it out of the inner net, or give both the same"});
  fails([&] { build(context, R"({"layers": [2, {"type": "net", "net": {"domain": "mine", "layers": [2, 1]}}]})"); },
        {Code::invalid_model, "NET_MISMATCH", "/layers/1/net/domain", "", "", "core", "mine",
         "leave it out of the inner net, or give both the same"});
}

TEST_CASE("ERR-14 a part that cannot be cut out names what crosses the cut") {
  const NeuralNetwork net = build(
      one_thread(),
      R"({"layers": [2, {"size": 2, "pipes": [{"size": 1, "name": "skip", "to": "end"}]}, 3, {"size": 1, "name": "end"}]})");
  fails([&] { net.export_model({.from = "0", .upto = "1"}); },
        {Code::invalid_argument, "SPLIT", "/layers/1/pipes/0/to", "", "", "one flow from layer to layer", "\"skip\" -> \"end\"",
         "cut where only one flow goes from layer to layer"});
}

TEST_CASE("ERR-16 ERR-19 ERR-20 parameters that cannot be") {
  const Context context = with_domain();
  const auto define = [&](std::vector<OperationParameter> params) {
    define_composed_operation(context, {.name = "op", .domain = "mine", .params = std::move(params)}, 0,
                              [](Arguments given) -> Variable { return given[0]; });
  };
  fails(
      [&] {
        define({"*input", "*size"});
      },
      {Code::invalid_argument, "SIZE_PARAM", "/model/defineParams/1", "", "op", "its default", "other words",
       "keep name, callDefaultWith and default"});
  OperationParameter counted("size");
  counted.train_only_if_not_in_model = true;
  for (const OperationParameter& size : {OperationParameter("!size"), OperationParameter("@size"), OperationParameter("~size"), counted})
    fails([&] { define({"*input", size}); }, {Code::invalid_argument, "SIZE_PARAM", "/model/defineParams/1", "", "op", "its default", "other words",
                                              "keep name, callDefaultWith and default"});
  fails(
      [&] {
        define({"*a", "a"});
      },
      {Code::invalid_argument, "DUPLICATE_PARAM", "/model/defineParams/1", "", "op", "different names", "\"a\"", "keep one of the two"});
  fails([&] { define({"*a.b"}); }, {Code::invalid_argument, "PARAM", "/model/defineParams/0", "", "op", "letters, digits, _ and -", "\"a.b\"",
                                    "letters, digits, _ and - behind the shorthands * @ ! ~"});
  fails(
      [&] {
        define({"*input", "@output"});
      },
      {Code::invalid_argument, "RESERVED_NAME", "/model/defineParams/1", "", "op", "a name that is free", "\"output\"", "choose another name"});
  fails(
      [&] {
        define({"*input", "pipes"});
      },
      {Code::invalid_argument, "RESERVED_NAME", "/model/defineParams/1", "", "op", "a name that is free", "\"pipes\"", "choose another name"});
}

TEST_CASE("ERR-17 an array whose size nobody says") {
  const Context context = with_domain();
  define_operation(context, {.name = "host", .domain = "mine", .params = {"*input", "*table"}},
                   [](Numbers x, Numbers) { return std::vector<double>(x.begin(), x.end()); });
  fails([&] { build(context, R"({"layers": [2, {"name": "here", "type": "mine#host", "size": 2}]})"); },
        {Code::invalid_model, "ARRAY_SIZE", "/layers/1", "here", "host", "a size", "none",
         "give it in the model, as {\"size\": [..]}, or define a default"});
}

TEST_CASE("ERR-26 states and gradients of another structure") {
  NeuralNetwork net = build(one_thread(), R"({"layers": [{"name": "in", "size": 2, "history": 2}, 1]})");
  NeuralNetwork other = build(one_thread(), R"({"layers": [{"name": "in", "size": 2, "history": 1}, 1]})");
  const auto hash_of = [](const NeuralNetwork& of) {
    const std::string state = of.get_internal_state();
    return state.substr(state.find("\"modelHash\":\"") + 13, 16);
  };
  const std::string own = hash_of(net), its = "\"" + hash_of(other) + "\"";
  fails([&] { net.set_internal_state(other.get_internal_state()); },
        {Code::invalid_argument, "STATE_MISMATCH", "/modelHash", "", "", own.c_str(), its.c_str(),
         "layers, sizes and pipes have to be the same; weights may differ"});
  Gradients absent;
  absent.gradients.emplace("1.bais", Tensor(net.context(), DType::fp32, Shape{1}));
  fails([&] { net.apply_gradients(absent); },
        {Code::not_found, "GRADIENT", "", "", "", "one of: 1.weights, 1.bias", "\"1.bais\"", "did you mean \"1.bias\"?"});
  Gradients gradients;
  gradients.gradients.emplace("1.bias", Tensor(net.context(), DType::fp32, Shape{2}));
  fails([&] { net.apply_gradients(gradients); },
        {Code::shape_mismatch, "GRADIENT", "/gradients/1.bias", "", "", "1", "2", "gradients are those of this model"});
}
