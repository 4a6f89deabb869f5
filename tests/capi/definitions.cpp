// Domains and operations of a host, from C: composed of other operations, or of numbers; what they may do wrong.
#include <cmath>
#include <thread>

#include "capi/definitions.h"

using namespace capi_test;

namespace {

// x * sigmoid(x), composed.
webai_status swish(void* user, webai_call*, webai_value* const* args, std::size_t count, webai_value** result) {
  auto& kit = *static_cast<Kit*>(user);
  ++kit.calls;
  if (count != 1) return WEBAI_INVALID_ARGUMENT;
  Handle gate;
  if (const webai_status s = kit.apply("sigmoid", {args[0]}, gate.out())) return s;
  return kit.apply("mul", {args[0], gate}, result);
}

// Activation of x * w + b, in the order of callWith: input, weights, bias, activation.
webai_status dense(void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
  auto& kit = *static_cast<Kit*>(user);
  Handle product, sum;
  if (const webai_status s = kit.apply("matmul", {args[0], args[1]}, product.out())) return s;
  if (const webai_status s = kit.apply("add", {product, args[2]}, sum.out())) return s;
  if (!args[3]) return *result = webai_retain(sum), WEBAI_OK;
  webai_value* const inner = sum;
  return webai_function_call(args[3], &inner, 1, result, nullptr);
}

// The contract's example: what is below a limit, else 0; written to the output.
webai_status only_lower(void* user, webai_call* call, webai_value* const* args, std::size_t, webai_value**) {
  webai_tensor* to = nullptr;
  webai_tensor_view x, y;
  double limit = 0;
  webai_status s = webai_call_output(call, 0, &to);
  if (!s) s = webai_tensor_get_view(to, &y);
  if (!s) s = webai_tensor_get_view(args[0], &x);
  if (!s) s = webai_value_as_number(args[1], &limit);
  if (s) return s;
  if (user) ++static_cast<Kit*>(user)->calls;
  for (std::size_t i = 0, n = webai_value_size(args[0]); i < n; i++)
    static_cast<float*>(y.data)[i] = static_cast<float*>(x.data)[i] < limit ? static_cast<float*>(x.data)[i] : 0;
  return WEBAI_OK;
}

webai_status only_lower_gradient(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  webai_value* const input = webai_value_get(args[0], "input", 5);
  double limit = 0;
  webai_tensor_view x, g;
  webai_status s = webai_value_as_number(webai_value_get(args[0], "limit", 5), &limit);
  if (!s) s = webai_tensor_get_view(input, &x);
  if (!s) s = webai_tensor_get_view(args[2], &g);
  if (s) return s;
  std::vector<float> values(webai_value_size(input));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float*>(x.data)[i] < limit ? static_cast<float*>(g.data)[i] : 0;
  const Handle gradient = make_tensor(*call, values);
  const webai_str key = {"input", 5};
  webai_value* const value = gradient;
  return webai_value_map(webai_call_context(call), &key, &value, 1, result);
}

// Six numbers, as a tensor or in lists.
webai_status six_numbers(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  double form = 0;
  if (const webai_status s = webai_value_as_number(args[1], &form)) return s;
  static constexpr const char* lists[] = {"[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", "[[[1,2],[3,4],[5,6]]]", "[[[1],[2],[3]],[[4],[5],[6]]]"};
  const Handle made = form < 0 ? make_tensor(*call, {1, 2, 3, 4, 5, 6}) : json(webai_call_context(call), lists[static_cast<int>(form)]);
  return *result = webai_retain(made), WEBAI_OK;
}

constexpr const char* lower = R"({"name":"onlyLower","domain":"mine","model":{
  "defineParams":["*input",{"name":"limit","default":0.5},{"name":"size","default":":input"}],"callWith":["input","limit"]}})";

}  // namespace

TEST_CASE("API-16 DOM-01 a domain is defined once, and its defaults are used") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp64","defaultOperationType":"swish"})");
  kit.define(R"({"name":"swish","domain":"mine"})", swish);
  const Handle net = kit.network(R"({"domain":"mine","layers":[2,{"size":2}]})");
  Handle about, error;
  REQUIRE(webai_network_describe(net, about.out(), error.out()) == WEBAI_OK);
  CHECK(text_of(webai_value_get(about, "dataType", WEBAI_NUL_TERMINATED)) == "fp64");
  CHECK(kit.refused_domain(R"({"domainName":"mine"})").status == WEBAI_ALREADY_EXISTS);
  CHECK(kit.refused_domain(R"({"domainName":"core"})").reason() == "DOMAIN_EXISTS");
  CHECK(kit.refused_domain(R"({"domainName":"a b"})").reason() == "NAME");
  CHECK(kit.refused_domain(R"({"domainNam":"x"})").status == WEBAI_INVALID_MODEL);
  CHECK(kit.refused_domain("[]").reason() == "KIND");
  CHECK(kit.refused_domain(R"({"domainName":"x","explicitBatch":1})").reason() == "PROPERTY_VALUE");
  CHECK(kit.refused_domain(R"({"domainName":"x","defaultDataType":"fp33"})").reason() == "DATATYPE");
  webai_error* err = nullptr;
  CHECK(webai_define_domain(nullptr, nullptr, &err) == WEBAI_INVALID_ARGUMENT);
  webai_release(err);
  CHECK(webai_define_domain(kit.context.get(), nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
}

TEST_CASE("A-61 explicitBatch sizes of a domain are whole shapes over the C interface") {
  Kit kit;
  kit.domain(R"({"domainName":"graph","defaultDataType":"fp32","explicitBatch":true})");
  const Handle net = kit.network(R"({"domain":"graph","operations":[{"name":"turned","body":{"steps":[{"op":"transpose","inputs":["input"]}]}}],
      "layers":[[2,3],{"type":"turned"}]})");
  const Handle one = json(kit.context.get(), "[1,2,3,4,5,6]"), two = json(kit.context.get(), "[[1,2,3,4,5,6],[1,2,3,4,5,6]]");
  Handle out, error;
  REQUIRE(webai_network_run_now(net, one, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out)[1] == 4.0f);
  CHECK(floats(out)[2] == 2.0f);
  CHECK(webai_network_run_now(net, two, nullptr, nullptr, nullptr, out.out(), error.out()) == WEBAI_SHAPE_MISMATCH);
}

TEST_CASE("API-17 OP-15 EX-15 a pure function is composed: a layer type and an activation with a gradient") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(R"({"name":"swish","domain":"mine","model":{"isActivation":true}})", swish);
  kit.define(R"({"name":"dense","domain":"mine","model":{"defineParams":["*input","@*weights","@*bias","activation"]}})", dense);
  const Handle own = kit.network(
      R"({"seed":5,"layers":[2,{"type":"mine#dense","size":4,"weights":{"size":[2,4]},"bias":4,"activation":"core#tanh"},
        {"type":"mine#swish"},{"size":1,"activation":"sigmoid"}]})");
  const int calls = kit.calls;
  CHECK(calls > 0);
  CHECK(kit.trained(own) < 0.01);
  // What is composed is not called when it runs.
  const Handle in = json(kit.context.get(), "[1,0]");
  Handle out;
  REQUIRE(webai_network_run_now(own, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out)[0] > 0.8f);
  // The numbers are those of the same expression by hand.
  const Handle plain = kit.network(R"({"layers":[3,{"type":"mine#swish"}]})"), three = json(kit.context.get(), "[1,-2,0]");
  REQUIRE(webai_network_run_now(plain, three, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out)[0] == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(floats(out)[1] == Approx(-2 / (1 + std::exp(2.0))));
  const Handle active = kit.network(R"({"layers":[3,{"size":3,"activation":"mine#swish"}]})");
  REQUIRE(webai_network_run_now(active, three, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  // It is a function without another word, and others are composed of it.
  const Handle functions = kit.operations(R"({"domain":"mine"})");
  webai_value* const function = webai_value_get(functions, "swish", 5);
  webai_value* const argument = three;
  REQUIRE(webai_function_call(function, &argument, 1, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out)[0] == Approx(1 / (1 + std::exp(-1.0))));
}

TEST_CASE("API-17 OP-14 EX-18 a function of numbers writes its output, and learns through its gradient alone") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  // Pure, but it reads numbers: it is called with them on each run.
  kit.define(lower, only_lower);
  const Handle net = kit.network(R"({"layers":[3,{"type":"mine#onlyLower","limit":2}]})");
  const Handle in = json(kit.context.get(), "[1,2,-3]"), batch = make_tensor(kit.context.get(), {1, 2, 3, 4, 5, -6}, {2, 3});
  Handle out;
  const int before = kit.calls;
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{1, 0, -3});
  REQUIRE(webai_network_run_now(net, batch, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{1, 0, 0, 0, 0, -6});
  CHECK(kit.calls == before + 3);
  const std::string learner = R"({"seed":3,"layers":[2,{"size":4,"activation":"tanh"},{"type":"mine#onlyLower","limit":2},{"size":1,"activation":"sigmoid"}]})";
  const Handle stuck = kit.network(learner);
  CHECK(kit.untrained(stuck).status == WEBAI_NOT_DIFFERENTIABLE);

  Kit other;
  other.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  other.define(lower, only_lower, only_lower_gradient);
  CHECK(other.trained(other.network(learner)) < 0.01);
}

TEST_CASE("OP-11 a function of numbers gives a tensor, a list, or lists in lists, row by row") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(R"({"name":"given","domain":"mine","model":{"defineParams":["*input","form"]}})", six_numbers, nullptr, WEBAI_ANY_THREAD);
  const Handle input = json(kit.context.get(), "[0]");
  for (const int form : {-1, 0, 1, 2, 3}) {
    CAPTURE(form);
    const Handle net = kit.network(R"({"layers":[1,{"type":"mine#given","size":[2,3],"form":)" + std::to_string(form) + "}]}");
    Handle out, error;
    const webai_status status = webai_network_run_now(net, input, nullptr, nullptr, nullptr, out.out(), error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    CHECK(floats(out) == std::vector<float>{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("OP-10 OP-16 A-03 PARAM-02 defaults and initial states are functions of the host, prefixes say what they get") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  // size = product of the dimensions of the input, times 2.
  const Handle twice = kit.function(
      [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
        return webai_value_number(webai_call_context(call), 2 * number(args[0]), result);
      });
  const Handle start = kit.function(
      [](void*, webai_call* call, webai_value* const*, std::size_t count, webai_value** result) -> webai_status {
        if (count != 1) return WEBAI_INVALID_ARGUMENT;
        return webai_value_from_json(webai_call_context(call), R"({"seen":0})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
      });
  // Every value twice, then how often it was called is added; dims, size and producers are lists.
  const Handle body = kit.function(
      [](void*, webai_call* call, webai_value* const* args, std::size_t count, webai_value** result) -> webai_status {
        if (count != 4) return WEBAI_INVALID_ARGUMENT;
        webai_value* const seen = webai_value_get(args[1], "seen", 4);
        webai_tensor_view state, input;
        webai_status s = webai_tensor_get_view(seen, &state);
        if (!s) s = webai_tensor_get_view(args[0], &input);
        if (s) return s;
        const float so_far = static_cast<float*>(state.data)[0] += 1;
        std::vector<webai_value*> items;
        if (number(webai_value_at(args[2], 0, nullptr, nullptr)) != 2 || number(args[3]) != 4) return WEBAI_SHAPE_MISMATCH;
        for (int i = 0; i < 4; ++i) {
          webai_value* one = nullptr;
          if (webai_value_number(webai_call_context(call), static_cast<float*>(input.data)[i / 2] + so_far, &one)) return WEBAI_OUT_OF_MEMORY;
          items.push_back(one);
        }
        s = webai_value_list(webai_call_context(call), items.data(), items.size(), result);
        for (webai_value* item : items) webai_release(item);
        return s;
      });
  const Handle description = json(kit.context.get(),
                                  R"({"name":"twice","domain":"mine","initState":{"$leaf":1},"model":{
      "defineParams":["*input",{"name":"size","callDefaultWith":["$input"],"default":{"$leaf":0}}],
      "callWith":["input","state",":input","#size"],"initState":["$input"]}})",
                                  {twice, start});
  Handle error;
  const webai_status status = webai_define_operation(kit.context.get(), description, body, nullptr, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  const Handle net = kit.network(R"({"layers":[2,{"type":"mine#twice"}]})"), in = json(kit.context.get(), "[1,5]");
  Handle out;
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), error.out()) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{2, 2, 6, 6});
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{3, 3, 7, 7});
  REQUIRE(webai_network_reset(net, nullptr) == WEBAI_OK);
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{2, 2, 6, 6});
}

TEST_CASE("OP-07 a parameter that is named in an object keeps its function of the host as default") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  const Handle seven = kit.function([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_number(webai_call_context(call), 7, result);
  });
  const Handle body = kit.function([](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
    return webai_value_number(webai_call_context(call), number(args[1]) * 10 + number(args[2]), result);
  });
  const char* const forms[] = {R"(["*input",{"name":"first","default":2},{"name":"second","default":{"$leaf":0}},{"name":"size","default":1}])",
                               R"({"*input":true,"first":{"default":2},"second":{"default":{"$leaf":0}},"size":{"default":1}})"};
  for (const std::string form : forms) {
    INFO(form);
    const std::string name = form.front() == '[' ? "listed" : "named";
    const Handle description = json(kit.context.get(), R"({"name":")" + name + R"(","domain":"mine","model":{"defineParams":)" + form + "}}", {seven});
    Handle error;
    const webai_status status = webai_define_operation(kit.context.get(), description, body, nullptr, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    const Handle net = kit.network(R"({"layers":[1,{"type":"mine#)" + name + R"("}]})"), in = json(kit.context.get(), "[1]");
    CHECK(floats(run_now(net, in)) == std::vector<float>{27});
  }
}

TEST_CASE("API-11 a stateful operation goes on from the state that it is handed, composed or of numbers") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  const char* const description = R"({"name":"NAME","domain":"mine","model":{"defineParams":["*input",
      {"name":"~sum","default":{"size":":input"}},{"name":"size","default":":input"}],"callWith":["input","sum"]}})";
  const auto called = [&](const std::string& name) {
    std::string text = description;
    return text.replace(text.find("NAME"), 4, name);
  };
  kit.define(called("sum"), [](void* user, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle next;
    if (const webai_status s = static_cast<Kit*>(user)->apply("add", {args[0], args[1]}, next.out())) return s;
    webai_value* const both[] = {next, next};  // the output, and the state that follows
    return webai_value_list(webai_call_context(call), both, 2, result);
  });
  kit.define(called("hostSum"), [](void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    webai_tensor_view x, sum;
    webai_status s = webai_tensor_get_view(args[0], &x);
    if (!s) s = webai_tensor_get_view(args[1], &sum);
    if (s) return s;
    for (std::size_t i = 0; i < webai_value_size(args[0]); ++i) static_cast<float*>(sum.data)[i] += static_cast<float*>(x.data)[i];
    *result = webai_retain(args[1]);
    return WEBAI_OK;
  });
  const Handle functions = kit.operations(R"({"domain":"mine"})"), a = make_tensor(kit.context.get(), {1, 2}, {2});
  for (const char* name : {"sum", "hostSum"}) {
    INFO(name);
    webai_value* const function = webai_value_get(functions, name, WEBAI_NUL_TERMINATED);
    Handle one, other, out;
    webai_value* const sample = a;
    REQUIRE(webai_function_new_state(function, &sample, 1, one.out(), nullptr) == WEBAI_OK);
    REQUIRE(webai_function_new_state(function, nullptr, 0, other.out(), nullptr) == WEBAI_OK);
    CHECK(webai_value_kind(one) == WEBAI_MAP);
    const auto run = [&](webai_value* state) {
      webai_value* const arguments[] = {a, state};
      REQUIRE(webai_function_call(function, arguments, state ? 2 : 1, out.out(), nullptr) == WEBAI_OK);
      return floats(out);
    };
    CHECK(run(one) == std::vector<float>{1, 2});
    CHECK(run(one) == std::vector<float>{2, 4});
    CHECK(run(other) == std::vector<float>{1, 2});
    CHECK(run(one) == std::vector<float>{3, 6});
    CHECK(run(nullptr) == std::vector<float>{1, 2});
    const Handle net = kit.network(std::string(R"({"layers":[2,{"type":"mine#)") + name + R"("}]})");
    for (const float expected : {1.f, 2.f}) {
      REQUIRE(webai_network_run_now(net, a, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
      CHECK(floats(out)[0] == expected);
    }
  }
  // The state of one is none of the other's; a forged one is no state.
  webai_value* const sum = webai_value_get(functions, "sum", 3);
  Handle state;
  REQUIRE(webai_function_new_state(webai_value_get(functions, "hostSum", 7), nullptr, 0, state.out(), nullptr) == WEBAI_OK);
  webai_value* arguments[] = {a, state};
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_function_call(sum, arguments, 2, out, err); }).reason() == "STATE");
  int place = 0;
  Handle host;
  REQUIRE(webai_value_host(kit.context.get(), &place, nullptr, host.out()) == WEBAI_OK);
  const Handle forged = json(kit.context.get(), R"({"memory":{"$leaf":0}})", {host});
  arguments[1] = forged;
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_function_call(sum, arguments, 2, out, err); }).reason() == "KIND");
}

TEST_CASE("API-23 an activation of one's own is used by its name, also in the core domain") {
  Kit kit;
  kit.define(R"({"name":"swish","domain":"core","model":{"isActivation":true}})", swish);
  const Handle net = kit.network(R"({"seed":1,"layers":[2,{"size":6,"activation":"swish"},{"size":1,"activation":"sigmoid"}]})");
  CHECK(kit.trained(net) < 0.01);
  Kit other;
  other.define(R"({"name":"swish","domain":"core"})", swish);  // not meant as one
  const Handle model = json(other.context.get(), R"({"layers":[2,{"size":6,"activation":"swish"}]})");
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_network_create(other.context.get(), model, out, err);
        }).status < 0);
}
