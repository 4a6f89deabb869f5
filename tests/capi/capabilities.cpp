// What a host is told of this machine and its own definitions.
#include "capi/definitions.h"

using namespace capi_test;

namespace {

Handle asked(webai_context* context, const std::string& query) {
  const Handle given = json(context, query);
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_get_capabilities(context, given, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return await(future);
}

bool can_run(webai_context* context, const std::string& query) { return number_at(asked(context, query), "canRun") != 0; }

webai_value* first_unit(webai_value* all) { return webai_value_at(webai_value_get(all, "executionUnits", 14), 0, nullptr, nullptr); }

}  // namespace

TEST_CASE("API-01 API-02 A-52 capabilities name domains of the host too, and say whether something can run") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  webai_context* const context = kit.context.get();
  const Handle all = asked(context, "{}");
  CHECK(webai_value_size(webai_value_get(all, "domains", 7)) == 2);
  CHECK(to_json(webai_value_get(webai_value_get(all, "domains", 7), "mine", 4)).find("\"fp64\"") != std::string::npos);
  CHECK(webai_value_get(all, "canRun", 6) == nullptr);
  CHECK(webai_value_size(webai_value_get(asked(context, R"({"domain":"mine"})"), "domains", 7)) == 1);
  CHECK(to_json(webai_value_get(webai_value_get(asked(context, R"({"dataType":"fp64"})"), "domains", 7), "core", 4)) == R"(["fp64"])");
  CHECK(can_run(context, R"({"op":"gelu"})"));
  CHECK_FALSE(can_run(context, R"({"op":"gelo"})"));
  kit.define(R"({"name":"twice","domain":"mine"})", [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    return static_cast<Kit*>(user)->apply("add", {args[0], args[0]}, result);
  });
  CHECK(can_run(context, R"({"domain":"mine","op":"twice"})"));
  CHECK_FALSE(can_run(context, R"({"domain":"mine","op":"gelu"})"));
  CHECK_FALSE(can_run(context, R"({"domain":"nowhere"})"));
  CHECK(can_run(context, R"({"model":{"layers":[2,1]}})"));
  const Handle not_that = asked(context, R"({"model":{"layers":[2,{"type":"nothing"}]}})");
  CHECK(number_at(not_that, "canRun") == 0);
  CHECK(text_of(webai_value_get(not_that, "reason", 6)).find("nothing") != std::string::npos);
  const auto refused = [&](const char* query) {
    const Handle given = json(context, query);
    return failing([&](webai_value** out, webai_error** err) { return webai_get_capabilities(context, given, out, err); }).reason();
  };
  CHECK(refused(R"({"compat":"2018"})") == "OPTION");
  CHECK(refused(R"({"model":7})") == "KIND");
  CHECK(refused("[]") == "KIND");
}

TEST_CASE("API-02 A-52 a domain whose operations are made for one type has that type alone, and no device is made up, from C") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(R"({"name":"twice","domain":"mine","dataType":"fp32"})", [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    return static_cast<Kit*>(user)->apply("add", {args[0], args[0]}, result);
  });
  webai_context* const context = kit.context.get();
  const Handle all = asked(context, "{}");
  CHECK(to_json(webai_value_get(webai_value_get(all, "domains", 7), "mine", 4)) == R"(["fp32"])");
  CHECK(to_json(webai_value_get(webai_value_get(all, "domains", 7), "core", 4)).find("\"bool\"") == std::string::npos);
  CHECK(can_run(context, R"({"op":"mine#twice","dataType":"fp32"})"));
  CHECK_FALSE(can_run(context, R"({"op":"mine#twice","dataType":"fp64"})"));
  CHECK_FALSE(can_run(context, R"({"op":"tanh","dataType":"bool"})"));
  // Of all its operations, not of the first.
  kit.define(R"({"name":"thrice","domain":"mine","dataType":"fp64"})", [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    return static_cast<Kit*>(user)->apply("add", {args[0], args[0]}, result);
  });
  const Handle both = asked(context, "{}");
  const std::string types = to_json(webai_value_get(webai_value_get(both, "domains", 7), "mine", 4));
  CHECK((types == R"(["fp32","fp64"])" || types == R"(["fp64","fp32"])"));
  const Handle query = json(context, R"({"device":"zz"})");
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_get_operations(context, query, out, err); }).reason() == "DEVICE");
}

TEST_CASE("API-03 API-04 API-06 the old words are told on request: data types in one list, and units with their cue") {
  const ContextHandle context = make_context();
  const Handle now = asked(context.get(), "{}"), old = asked(context.get(), R"({"compat":"2019"})");
  CHECK(webai_value_get(now, "dataTypes", 9) == nullptr);
  CHECK(to_json(webai_value_get(old, "dataTypes", 9)).find("\"fp16\"") != std::string::npos);
  webai_value* const unit = first_unit(old);
  CHECK(text_of(webai_value_get(unit, "id", 2)) == "cpu");  // a name, not a number of a processor
  CHECK(text_of(webai_value_get(unit, "type", 4)) == "cpu");
  CHECK(webai_value_size(webai_value_get(unit, "dataTypes", 9)) > 4);
  CHECK(number_at(unit, "cue") == 0);
  CHECK(webai_value_get(first_unit(now), "cue", 3) == nullptr);
}

TEST_CASE("API-05 the queue of a unit counts the operations that wait") {
  const ContextHandle context = make_context();
  const Handle net = make_network(context.get(), xor_model), in = json(context.get(), "[1,0]");
  Handle first, second;
  REQUIRE(webai_network_run(net, in, nullptr, nullptr, nullptr, first.out(), nullptr) == WEBAI_OK);
  REQUIRE(webai_network_run(net, in, nullptr, nullptr, nullptr, second.out(), nullptr) == WEBAI_OK);
  CHECK(number_at(first_unit(asked(context.get(), "{}")), "queue") == 2);
  REQUIRE(webai_future_wait(second, WEBAI_FOREVER) == WEBAI_OK);
  CHECK(number_at(first_unit(asked(context.get(), "{}")), "queue") == 0);
}

TEST_CASE("API-26 the operations of a domain are listed with their arguments") {
  const ContextHandle context = make_context();
  const Handle all = asked(context.get(), R"({"dump":"core"})");
  CHECK(to_json(webai_value_get(webai_value_get(all, "operations", 10), "fusedMatMul", 11)) ==
        R"(["a","b","transposeA","transposeB","bias","activation"])");
  // Of a domain of the host: its own alone.
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(R"({"name":"scaled","domain":"mine",
                 "model":{"defineParams":["*input","gain","shift"],"callWith":["input","shift","gain"]}})",
             [](void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
               *result = webai_retain(args[0]);
               return webai_status{WEBAI_OK};
             });
  const Handle own = asked(kit.context.get(), R"({"dump":"mine"})");
  CHECK(to_json(webai_value_get(own, "operations", 10)) == R"({"scaled":["input","shift","gain"]})");
  // Whichever domain the rest of the question is about.
  const Handle beside = asked(kit.context.get(), R"({"dump":"mine","domain":"core"})");
  CHECK(to_json(webai_value_get(beside, "operations", 10)) == R"({"scaled":["input","shift","gain"]})");
  CHECK(webai_value_size(webai_value_get(beside, "domains", 7)) == 1);
  // Those that are made for another type than the domain's are there too.
  kit.define(R"({"name":"wide","domain":"mine","dataType":"fp64","model":{"defineParams":["*input"],"callWith":["input"]}})",
             [](void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
               *result = webai_retain(args[0]);
               return webai_status{WEBAI_OK};
             });
  const Handle both = asked(kit.context.get(), R"({"dump":"mine"})");
  CHECK(to_json(webai_value_get(webai_value_get(both, "operations", 10), "wide", 4)) == R"(["input"])");
}

TEST_CASE("API-28 of several devices the first that can be used is taken") {
  const ContextHandle context = make_context();
  const Handle net = make_network(context.get(), xor_model);
  const auto compiled = [&](const char* options) {
    const Handle opts = json(context.get(), options);
    webai_future* future = nullptr;
    const webai_status status = webai_network_compile(net, opts, nullptr, &future, nullptr);
    if (status) return std::string(webai_status_name(status));
    return text_of(webai_value_get(await(future), "device", 6));
  };
  CHECK(compiled(R"({"device":["opencl","reference","cpu"]})") == "reference");
  CHECK(compiled(R"({"device":["opencl","auto"]})") == "cpu");
  CHECK(compiled(R"({"device":["opencl"]})") == "DENIED");
  CHECK(compiled(R"({"device":[7]})") == "TYPE_MISMATCH");
  CHECK(compiled(R"({"device":["cpu","reference"]})") == "cpu");
  CHECK(compiled(R"({"device":["reference","abacus"]})") == "reference");
  CHECK(compiled(R"({"device":["abacus","reference"]})") == "NOT_FOUND");
}

TEST_CASE("API-28 OpenCL is taken from a list where the context allows it and this machine has it") {
  webai_config config = plain_config();
  config.backends = WEBAI_CPU | WEBAI_OPENCL;
  const ContextHandle context = make_context(config);
  const bool present = to_json(webai_value_get(asked(context.get(), "{}"), "executionUnits", 14)).find("\"opencl\"") != std::string::npos;
  const Handle net = make_network(context.get(), xor_model);
  const auto compiled = [&](const char* device) {
    const Handle opts = json(context.get(), std::string(R"({"device":)") + device + "}");
    webai_future* future = nullptr;
    const webai_status status = webai_network_compile(net, opts, nullptr, &future, nullptr);
    if (status) return std::string(webai_status_name(status));
    return text_of(webai_value_get(await(future), "device", 6));
  };
  CHECK(compiled(R"(["opencl","reference"])") == (present ? "opencl" : "reference"));
  CHECK(compiled(R"(["reference","opencl"])") == "reference");
  CHECK(compiled(R"(["opencl"])") == compiled(R"("opencl")"));  // absent, it gives way to the processor
}

TEST_CASE("DATA-13 training takes prepared records as one array, or as a stream of them") {
  const ContextHandle context = make_context();
  const Handle data = json(context.get(), xor_data);
  Handle dataset;
  REQUIRE(webai_dataset_from(context.get(), data, nullptr, dataset.out(), nullptr) == WEBAI_OK);
  const auto trained = [&](auto prepare) {
    const Handle net = make_network(context.get(), xor_model), opts = json(context.get(), R"({"maxIterations":20})");
    const Handle given = prepare(net);
    webai_future* future = nullptr;
    Handle error;
    const webai_status status = webai_network_train(net, given, opts, nullptr, &future, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    await(future);
    REQUIRE(webai_network_export(net, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
    return text_of(await(future));
  };
  const std::string expected = trained([&](webai_value*) { return json(context.get(), xor_data); });
  const Handle opts = json(context.get(), R"({"samples":3})");
  CHECK(trained([&](webai_value* net) {
          Handle records;
          REQUIRE(webai_network_prepare_data(net, data, nullptr, records.out(), nullptr) == WEBAI_OK);
          return records;
        }) == expected);
  Handle last;
  CHECK(trained([&](webai_value* net) {
          Handle stream;
          REQUIRE(webai_network_prepare_data(net, dataset, opts, stream.out(), nullptr) == WEBAI_OK);
          last = Handle(webai_retain(stream));
          return stream;
        }) == expected);
  // It is empty now.
  const Handle net = make_network(context.get(), xor_model);
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_network_train(net, last, nullptr, nullptr, out, err); }).reason() == "EMPTY_DATA");
  Handle samples;
  REQUIRE(webai_dataset_iterate(dataset, nullptr, samples.out(), nullptr) == WEBAI_OK);
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_network_train(net, samples, nullptr, nullptr, out, err); }).reason() == "KIND");
}

TEST_CASE("VAR-01 VAR-04 VAR-06 variants are called in their own way, and a run mixes them") {
  Kit kit;
  const Handle description = json(kit.context.get(), R"({"name":"tanh","domain":"core","variant":"rough","callWith":["x"]})");
  const Handle rough = kit.function([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), "[[1,2]]", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const auto defined = [&](const Handle& what, webai_value* function) {
    Handle error;
    const webai_status status = webai_define_operation_variant(kit.context.get(), what, function, error.out());
    return status ? detail(error, "reason") : std::string("OK");
  };
  REQUIRE(defined(description, rough) == "OK");
  CHECK(defined(description, rough) == "VARIANT_EXISTS");
  CHECK(defined(json(kit.context.get(), R"({"name":"tanj","variant":"rough"})"), rough) == "OPERATION");
  CHECK(defined(json(kit.context.get(), R"({"name":"tanh","variant":"default"})"), rough) == "VARIANT");
  CHECK(defined(json(kit.context.get(), R"({"name":"tanh","variant":"x","callWith":["y"]})"), rough) == "CALL_WITH");
  CHECK(defined(description, nullptr) == "NULL_ARGUMENT");
  static webai_value* functions;
  const Handle variants = kit.operations(R"({"variant":"rough"})");
  functions = variants;
  CHECK(webai_value_size(variants) == 1);
  const Handle mixing = kit.function([](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle own;
    if (const webai_status s = webai_function_call(webai_value_get(functions, "tanh", 4), &args[1], 1, own.out(), nullptr)) return s;
    return static_cast<Kit*>(user)->apply("add", {own, args[1]}, result);
  });
  const Handle run = json(kit.context.get(), R"({"name":"mixing"})"), opts = json(kit.context.get(), R"({"type":"mixing"})");
  REQUIRE(webai_define_run(kit.context.get(), run, mixing, nullptr) == WEBAI_OK);
  const Handle net = kit.network(R"({"layers":[2,2]})"), in = json(kit.context.get(), "[10,20]");
  Handle out;
  REQUIRE(webai_network_run_now(net, in, nullptr, opts, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{11, 22});
}

namespace {

// tanh by its variant, which always gives [1, 2], plus tanh itself.
struct Mixture : Kit {
  Handle variants, plain;
  webai_status sum(webai_value* x, webai_value** result) {
    Handle rough, smooth;
    if (const webai_status s = webai_function_call(webai_value_get(variants, "tanh", 4), &x, 1, rough.out(), nullptr)) return s;
    if (const webai_status s = webai_function_call(webai_value_get(plain, "tanh", 4), &x, 1, smooth.out(), nullptr)) return s;
    webai_value* const sides[] = {rough, smooth};
    return webai_function_call(webai_value_get(plain, "add", 3), sides, 2, result, nullptr);
  }
  static Mixture& of(void* user) { return *static_cast<Mixture*>(static_cast<Kit*>(user)); }
};

}  // namespace

TEST_CASE("VAR-06 beside its variant an operation is what it was, in a run and in a verification") {
  Mixture kit;
  const Handle rough = kit.function([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), "[[1,2]]", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle description = json(kit.context.get(), R"({"name":"tanh","variant":"rough"})");
  REQUIRE(webai_define_operation_variant(kit.context.get(), description, rough, nullptr) == WEBAI_OK);
  kit.variants = kit.operations(R"({"variant":"rough"})");
  kit.plain = kit.operations("{}");
  const Handle runner = kit.function([](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    return Mixture::of(user).sum(args[1], result);
  });
  const Handle verifier = kit.function([](void* user, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    Handle sum;
    if (const webai_status s = Mixture::of(user).sum(make_tensor(webai_call_context(call), {0, 0}, {1, 2}), sum.out())) return s;
    const char* const info = floats(sum) == std::vector<float>{1, 2} ? R"({"error":0.5})" : R"({"error":9})";
    return webai_value_from_json(webai_call_context(call), info, WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle mixing = json(kit.context.get(), R"({"name":"mixing"})"), opts = json(kit.context.get(), R"({"type":"mixing"})");
  REQUIRE(webai_define_run(kit.context.get(), mixing, runner, nullptr) == WEBAI_OK);
  REQUIRE(webai_define_verify(kit.context.get(), mixing, verifier, nullptr) == WEBAI_OK);
  const Handle net = kit.network(R"({"layers":[2,2]})"), in = json(kit.context.get(), "[0,0]");
  Handle out;
  REQUIRE(webai_network_run_now(net, in, nullptr, opts, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{1, 2});
  const Handle data = json(kit.context.get(), "[[[0,0],[0,0]]]");
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(net, data, opts, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number_at(await(future), "error") == 0.5);
}
