// What a careless or hostile host does with definitions: each ends in a clear error, and nothing leaks.
#include <atomic>
#include <thread>

#include "capi/definitions.h"

using namespace capi_test;

namespace {

constexpr const char* plain_operation = R"({"name":"mine","domain":"mine","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})";

webai_status nothing(void*, webai_call*, webai_value* const*, std::size_t, webai_value**) { return WEBAI_OK; }
webai_status same(void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
  *result = webai_retain(args[0]);
  return WEBAI_OK;
}

struct Prepared {
  Kit kit;
  Handle net, in;
  explicit Prepared(webai_callback callback, std::uint32_t flags = WEBAI_ANY_THREAD,
                    const char* description = plain_operation, const webai_config& config = plain_config())
      : kit(config) {
    kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
    kit.define(description, callback, nullptr, flags);
    net = kit.network(R"({"layers":[2,{"type":"mine#mine"}]})");
    in = json(kit.context.get(), "[1,2]");
  }
  Failure failure() {
    return failing([&](webai_value** out, webai_error** err) {
      return webai_network_run_now(net, in, nullptr, nullptr, nullptr, out, err);
    });
  }
};

}  // namespace

TEST_CASE("what the function of an operation fails with arrives with its place and its cause") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  const Handle cause = json(kit.context.get(), R"({"line":7})");
  static webai_value* thrown;  // callbacks are plain functions
  thrown = cause;
  const auto fails = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
    return webai_call_fail(call, WEBAI_HOST_ERROR, "out of ink", WEBAI_NUL_TERMINATED, thrown);
  };
  kit.define(plain_operation, fails, nullptr, WEBAI_ANY_THREAD);
  const Handle net = kit.network(R"({"layers":[2,{"type":"mine#mine"}]})"), in = json(kit.context.get(), "[1,2]");
  const auto check = [&](const Failure& failure) {
    CHECK(failure.status == WEBAI_HOST_ERROR);
    CHECK(std::string(webai_error_message(failure.error, nullptr)).find("out of ink") != std::string::npos);
    CHECK(failure.reason() == "CALLBACK");
    CHECK(detail(failure.error, "path") == "/layers/1");
    CHECK(detail(failure.error, "operation") == "mine");
    CHECK(webai_value_get(failure.error, "cause", WEBAI_NUL_TERMINATED) == cause);
  };
  check(failing([&](webai_value** out, webai_error** err) {
    return webai_network_run_now(net, in, nullptr, nullptr, nullptr, out, err);
  }));
  // The same out of a future, and while a graph is built.
  check(failing([&](webai_value** out, webai_error** err) {
    webai_future* future = nullptr;
    REQUIRE(webai_network_run(net, in, nullptr, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
    return webai_await(future, out, err);
  }));
  std::string composed = plain_operation;
  composed.replace(composed.find("mine"), 4, "other");
  const Handle given = json(kit.context.get(), composed), function = kit.function(fails, WEBAI_PURE);
  REQUIRE(webai_define_operation(kit.context.get(), given, function, nullptr, nullptr) == WEBAI_OK);
  const Handle model = json(kit.context.get(), R"({"layers":[2,3,{"type":"mine#other"}]})");
  const Failure built = failing([&](webai_value** out, webai_error** err) {
    return webai_network_create(kit.context.get(), model, out, err);
  });
  CHECK(detail(built.error, "path") == "/layers/2");
  CHECK(detail(built.error, "operation") == "other");
  CHECK(webai_value_get(built.error, "cause", WEBAI_NUL_TERMINATED) == cause);
}

TEST_CASE("ERR-22 a function of an operation says what it expected and what there was, or the library says what it knows") {
  static webai_value* thrown;  // callbacks are plain functions
  const auto fails = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
    return webai_call_fail(call, WEBAI_SHAPE_MISMATCH, "inputs have to have same lengths", WEBAI_NUL_TERMINATED, thrown);
  };
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(plain_operation, fails, nullptr, WEBAI_ANY_THREAD);
  const Handle net = kit.network(R"({"layers":[2,{"type":"mine#mine"}]})"), in = json(kit.context.get(), "[1,2]");
  const auto failed = [&] {
    return failing([&](webai_value** out, webai_error** err) { return webai_network_run_now(net, in, nullptr, nullptr, nullptr, out, err); });
  };
  const Handle said = json(kit.context.get(), R"({"expected":"3 values","actual":"2","hint":"make both as long","line":7})");
  thrown = said;
  const Failure told = failed();
  CHECK(told.status == WEBAI_SHAPE_MISMATCH);
  CHECK(told.reason() == "CALLBACK");
  CHECK(detail(told.error, "path") == "/layers/1");
  CHECK(detail(told.error, "operation") == "mine");
  CHECK(detail(told.error, "expected") == "3 values");
  CHECK(detail(told.error, "actual") == "2");
  CHECK(detail(told.error, "hint") == "make both as long");
  CHECK(webai_value_get(told.error, "cause", WEBAI_NUL_TERMINATED) == said);
  // An error of the library, handed on, says the same of itself.
  thrown = told.error;
  CHECK(detail(failed().error, "expected") == "3 values");
  thrown = nullptr;
  const Failure bare = failed();
  CHECK(bare.status == WEBAI_SHAPE_MISMATCH);
  CHECK(detail(bare.error, "path") == "/layers/1");
  CHECK(detail(bare.error, "expected") == "a result of operation \"mine\"");
  CHECK(detail(bare.error, "actual") == "inputs have to have same lengths");
  CHECK(detail(bare.error, "hint") == "its function says so: look at what it gets here");
}

TEST_CASE("a function that gives the wrong thing is an error of the run that called it") {
  CHECK(Prepared(nothing).failure().reason() == "OPERATION_RESULT");
  CHECK(Prepared([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
          return webai_value_from_json(webai_call_context(call), "[1,2,3]", 7, nullptr, 0, result, nullptr);
        }).failure().reason() == "OP_OUTPUT_SIZE");
  CHECK(Prepared([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
          return webai_value_string(webai_call_context(call), "word", 4, result);
        }).failure().status == WEBAI_TYPE_MISMATCH);
  CHECK(Prepared([](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) -> webai_status { return 77; })
            .failure().status == WEBAI_HOST_ERROR);
  CHECK(Prepared([](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) -> webai_status { return WEBAI_INTERNAL; })
            .failure().status == WEBAI_HOST_ERROR);
  CHECK(Prepared([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
          webai_tensor* second = nullptr;
          return webai_call_output(call, 1, &second);
        }).failure().status == WEBAI_INVALID_ARGUMENT);
  // A result of another context is refused, and given back.
  static ContextHandle other;
  other = make_context();
  CHECK(Prepared([](void*, webai_call*, webai_value* const*, std::size_t, webai_value** result) {
          return webai_value_number(other.get(), 1, result);
        }).failure().status == WEBAI_WRONG_CONTEXT);
  other.reset();
  // Outputs belong to operations, and to nobody when they are over.
  Kit kit;
  const Handle function = kit.function([](void*, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
    webai_tensor* output = nullptr;
    return webai_call_output(call, 0, &output);
  });
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_function_call(function, nullptr, 0, out, err); }).status == WEBAI_UNSUPPORTED);
  webai_tensor* output = reinterpret_cast<webai_tensor*>(&kit);
  CHECK(webai_call_output(nullptr, 0, &output) == WEBAI_INVALID_ARGUMENT);
  CHECK(output == nullptr);
}

TEST_CASE("while a graph is built values have no data, and mean nothing when it is over") {
  static webai_value* kept;
  static webai_status views, copies, sizes, texts;
  kept = nullptr;
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(plain_operation, [](void* user, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
    webai_tensor_view view;
    webai_future* future = nullptr;
    Handle text;
    views = webai_tensor_get_view(args[0], &view);
    copies = webai_tensor_copy(args[0], args[0], nullptr, &future, nullptr);
    texts = webai_value_to_json(args[0], nullptr, text.out(), nullptr);
    sizes = static_cast<webai_status>(webai_value_size(args[0]));
    if (!kept) kept = webai_retain(args[0]);
    return static_cast<Kit*>(user)->apply("tanh", {args[0]}, result);
  });
  CHECK(views == WEBAI_SYMBOLIC);
  CHECK(copies == WEBAI_SYMBOLIC);
  CHECK(texts == WEBAI_SYMBOLIC);
  CHECK(sizes == 0);
  REQUIRE(kept);
  const Handle owned(kept);
  webai_value* const tanh = webai_value_get(kit.core, "tanh", 4);
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_function_call(tanh, &kept, 1, out, err); }).reason() == "SYMBOL_KEPT");
  const Handle net = kit.network(R"({"layers":[2,{"type":"mine#mine"}]})");
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_network_run_now(net, kept, nullptr, nullptr, nullptr, out, err);
        }).status == WEBAI_SYMBOLIC);
  kit.define(R"({"name":"late","domain":"mine"})", [](void*, webai_call*, webai_value* const*, std::size_t, webai_value** result) -> webai_status {
    *result = webai_retain(kept);
    return WEBAI_OK;
  });
  const Handle model = json(kit.context.get(), R"({"layers":[2,{"type":"mine#late","size":2}]})");
  const Failure returned = failing([&](webai_value** out, webai_error** err) {
    return webai_network_create(kit.context.get(), model, out, err);
  });
  CHECK(returned.reason() == "SYMBOL_KEPT");
  CHECK(detail(returned.error, "path") == "/layers/1");
}

TEST_CASE("OP-02 OP-03 OP-08 a definition that cannot be is refused, and what came with it is given back") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  kit.define(plain_operation, same, nullptr, WEBAI_ANY_THREAD);
  CHECK(kit.refused(plain_operation, same).status == WEBAI_ALREADY_EXISTS);
  CHECK(kit.refused(R"({"name":"tanh","domain":"core"})", same).reason() == "OPERATION_EXISTS");
  CHECK(kit.refused(R"({"name":"x","domain":"nowhere"})", same).reason() == "DOMAIN");
  CHECK(kit.refused(R"({"name":"x y","domain":"mine"})", same).reason() == "NAME");
  CHECK(kit.refused(R"({"domain":"mine"})", same).status == WEBAI_INVALID_MODEL);
  CHECK(kit.refused(R"({"name":"x","domain":"mine","model":{"defineParams":["*a","a"]}})", same).reason() == "DUPLICATE_PARAM");
  CHECK(kit.refused(R"({"name":"x","domain":"mine","model":{"defineParams":["*layers"],"callWith":["b"]}})", same).reason() == "CALL_WITH");
  CHECK(kit.refused(R"({"name":"x","domain":"mine","model":{"defineParams":["@size"]}})", same).reason() == "SIZE_PARAM");
  CHECK(kit.refused(R"({"name":"x","domain":"mine","model":{"defineParams":[7]}})", same).status < 0);
  CHECK(kit.refused(R"({"name":"x","domain":"mine","model":7})", same).status < 0);
  CHECK(kit.refused(R"({"name":"x","domain":"mine"})", nullptr).reason() == "BODY");
  CHECK(kit.refused(R"({"name":"x","domain":"mine"})", nullptr, same).reason() == "NULL_ARGUMENT");
  CHECK(kit.refused("[1]", same).reason() == "KIND");
  const Handle description = json(kit.context.get(), R"({"name":"x","domain":"mine"})"), function = kit.function(same);
  const ContextHandle other = make_context();
  CHECK(webai_define_operation(other.get(), description, function, nullptr, nullptr) == WEBAI_WRONG_CONTEXT);
  CHECK(webai_define_operation(kit.context.get(), description, description, nullptr, nullptr) == WEBAI_TYPE_MISMATCH);
  CHECK(webai_define_operation(nullptr, description, function, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  CHECK(webai_define_operation(kit.context.get(), nullptr, function, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
  // A list of steps needs no function, and has none.
  const Handle steps = json(kit.context.get(), R"({"name":"steps","domain":"mine","model":{"defineParams":["*input"]},
      "body":{"steps":[{"op":"mine#mine","inputs":["input"],"name":"a"},{"op":"add","inputs":["a",1]}]}})");
  REQUIRE(webai_define_operation(kit.context.get(), steps, nullptr, nullptr, nullptr) == WEBAI_OK);
  const Handle net = kit.network(R"({"layers":[2,{"type":"mine#steps","size":2}]})"), in = json(kit.context.get(), "[1,2]");
  Handle out;
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, out.out(), nullptr) == WEBAI_OK);
  CHECK(floats(out) == std::vector<float>{2, 3});
}

TEST_CASE("functions of operations are let go at shutdown, and exactly once where the definition fails") {
  static int destroyed;
  destroyed = 0;
  const auto count = [](void*) { ++destroyed; };
  Handle net, in;
  {
    const ContextHandle context = make_context();
    const auto define = [&](const char* text) {
      Handle function;
      REQUIRE(webai_function_create(context.get(), same, nullptr, count, 0, function.out()) == WEBAI_OK);
      const Handle description = json(context.get(), text);
      return webai_define_operation(context.get(), description, function, nullptr, nullptr);
    };
    CHECK(define(R"({"name":"first","domain":"nowhere"})") == WEBAI_NOT_FOUND);
    CHECK(destroyed == 1);
    CHECK(define(R"({"name":"first","domain":"core","model":{"defineParams":["*input",{"name":"size","default":":input"}]}})") == WEBAI_OK);
    CHECK(destroyed == 1);
    net = make_network(context.get(), R"({"layers":[2,{"type":"first"}]})");
    in = json(context.get(), "[1,2]");
    webai_context_shutdown(context.get());
    CHECK(destroyed == 2);
  }
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_network_run_now(net, in, nullptr, nullptr, nullptr, out, err);
        }).status == WEBAI_SHUT_DOWN);
}
