// Operations as functions: named arguments, states, wrong calls. API-09 to API-13 from C.
#include <cmath>

#include "capi/support.h"

using namespace capi_test;

namespace {

Handle operations(webai_context* context, const std::string& query = "{}") {
  const Handle given = json(context, query);
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_get_operations(context, given, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return await(future);
}

webai_value* named(webai_value* functions, const char* name) {
  webai_value* const function = webai_value_get(functions, name, WEBAI_NUL_TERMINATED);
  REQUIRE(webai_value_kind(function) == WEBAI_FUNCTION);
  return function;
}

Handle call(webai_value* function, std::vector<webai_value*> arguments) {
  Handle result, error;
  const webai_status status =
      webai_function_call(function, arguments.data(), arguments.size(), result.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return result;
}

Failure failed_call(webai_value* function, std::vector<webai_value*> arguments) {
  return failing([&](webai_value** out, webai_error** err) {
    return webai_function_call(function, arguments.data(), arguments.size(), out, err);
  });
}

}  // namespace

TEST_CASE("API-09 API-10 EX-19 operations are a map of functions, fusedMatMul is called as the proposal writes it") {
  const ContextHandle context = make_context();
  const Handle functions = operations(context.get(), R"({"domain":"core","dataType":"fp32"})");
  const Handle a = make_tensor(context.get(), {1, 2, 3, 4, 5, 6}, {2, 3});
  const Handle b = make_tensor(context.get(), {1, 0, 0, 1, 1, 1, .5f, .5f}, {4, 2});
  const Handle rest = json(context.get(), R"([true,0,"tanh"])");
  webai_value* const yes = webai_value_at(rest, 0, nullptr, nullptr);
  webai_value* const zero = webai_value_at(rest, 1, nullptr, nullptr);
  webai_value* const word = webai_value_at(rest, 2, nullptr, nullptr);
  webai_value* const product = named(functions, "fusedMatMul");
  const Handle result = call(product, {a, b, yes, yes, zero, word});
  const std::vector<float> values = floats(result);
  REQUIRE(values.size() == 12);
  CHECK(values[0] == Approx(std::tanh(1.0)));
  CHECK(values[1] == Approx(std::tanh(4.0)));
  CHECK(values[11] == Approx(std::tanh((3 + 6) * .5)));
  // The same by name, behind those that stand in order.
  const Handle options = json(context.get(), R"({"activation":"tanh","transposeB":true,"transposeA":true,"bias":0})");
  CHECK(floats(call(product, {a, b, options})) == values);
  // Numbers and lists are arrays too; what is left out is null.
  const Handle list = json(context.get(), "[[1,-2],[3,-4]]");
  CHECK(floats(call(named(functions, "relu"), {list})) == std::vector<float>{1, 0, 3, 0});
  CHECK(floats(call(product, {list, list, nullptr, yes})) == std::vector<float>{5, 11, 11, 25});
  CHECK(floats(call(named(functions, "add"), {list, zero})) == std::vector<float>{1, -2, 3, -4});
  const Handle axis = json(context.get(), R"({"axis":-1})");
  CHECK(floats(call(named(functions, "concat"), {list, list, list, axis})).size() == 12);
  // Activations alone, and the data type that was asked for.
  const Handle activations = operations(context.get(), R"({"activations":true,"dataType":"fp64"})");
  CHECK(webai_value_get(activations, "matmul", WEBAI_NUL_TERMINATED) == nullptr);
  webai_tensor_view view;
  const Handle half = call(named(activations, "sigmoid"), {zero});
  REQUIRE(webai_tensor_get_view(half, &view) == WEBAI_OK);
  CHECK(view.type_bits == 64);
  CHECK(*static_cast<double*>(view.data) == 0.5);
}

TEST_CASE("API-09 API-10 numbers and lists beside tensors take their type, and lists of indices are whole, from C") {
  const ContextHandle context = make_context();
  const Handle functions = operations(context.get());
  const Handle words = json(context.get(), R"(["fp64","u8",0.5,[[5]],[1],1])");
  const auto word = [&](std::size_t i) { return webai_value_at(words, i, nullptr, nullptr); };
  const Handle narrow = make_tensor(context.get(), {1, 2}, {1, 2}), narrow_b = make_tensor(context.get(), {3, 4}, {2, 1});
  webai_value* const cast = named(functions, "cast");
  const Handle a = call(cast, {narrow, word(0)}), b = call(cast, {narrow_b, word(0)}), codes = call(cast, {narrow, word(1)});
  CHECK(to_json(call(named(functions, "fusedMatMul"), {a, b, nullptr, nullptr, word(2)})) == "[[11.5]]");
  CHECK(to_json(call(named(functions, "fusedMatMul"), {narrow, narrow_b, nullptr, nullptr, word(2)})) == "[[11.5]]");
  CHECK(to_json(call(named(functions, "add"), {a, word(3)})) == "[[6,7]]");
  CHECK(to_json(call(named(functions, "add"), {word(3), codes})) == "[[6,7]]");
  CHECK(to_json(call(named(functions, "gather"), {a, word(4), word(5)})) == "[[2]]");
  CHECK(failed_call(named(functions, "add"), {codes, word(2)}).reason() == "ARGUMENT");
}

TEST_CASE("API-09 wrong calls of operations say what is wrong, and with which operation") {
  const ContextHandle context = make_context(), other = make_context();
  const Handle functions = operations(context.get());
  webai_value* const product = named(functions, "fusedMatMul");
  const Handle a = make_tensor(context.get(), {1, 2}, {1, 2}), foreign = make_tensor(other.get(), {1}, {1});
  const Handle word = json(context.get(), R"("word")"), misspelt = json(context.get(), R"({"transposeC":true})");
  const Handle twice = json(context.get(), R"({"a":1})"), text_for_array = json(context.get(), R"({"b":"word"})");
  CHECK(failed_call(product, {a, a}).status == WEBAI_SHAPE_MISMATCH);
  CHECK(failed_call(product, {}).reason() == "INPUT_COUNT");
  CHECK(failed_call(product, {nullptr, nullptr}).reason() == "INPUT_COUNT");
  CHECK(failed_call(product, {word, a}).reason() == "ARGUMENT");
  CHECK(failed_call(product, {a, text_for_array}).reason() == "ARGUMENT");
  const Failure unknown = failed_call(product, {a, a, misspelt});
  CHECK(unknown.status == WEBAI_NOT_FOUND);
  CHECK(detail(unknown.error, "operation") == "fusedMatMul");
  CHECK(detail(unknown.error, "hint").find("transpose") != std::string::npos);
  CHECK(failed_call(product, {a, a, twice}).reason() == "ARGUMENT");
  CHECK(failed_call(product, {a, foreign}).status == WEBAI_WRONG_CONTEXT);
  CHECK(failed_call(product, {a, functions, a}).reason() == "KIND");
  CHECK(failed_call(product, {a, product}).reason() == "KIND");
  CHECK(failed_call(a, {a}).reason() == "KIND");
  CHECK(failed_call(product, {a, a, a, a, a, word, a, a}).reason() == "INPUT_COUNT");
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_function_new_state(product, nullptr, 0, out, err);
        }).reason() == "STATELESS");
  const auto asked = [&](const char* query) {
    const Handle given = json(context.get(), query);
    return failing([&](webai_value** out, webai_error** err) {
      return webai_get_operations(context.get(), given, out, err);
    });
  };
  CHECK(asked(R"({"domain":"cor"})").reason() == "DOMAIN");
  CHECK(asked(R"({"dataType":"fp33"})").reason() == "DATATYPE");
  CHECK(asked(R"({"device":"opencl"})").status == WEBAI_DENIED);
  CHECK(asked(R"({"domian":"core","strict":true})").reason() == "OPTION_UNKNOWN");
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_get_operations(nullptr, nullptr, out, err);
        }).reason() == "NULL_ARGUMENT");
  // They outlive a shutdown as values, and work no longer than memory does.
  webai_context_shutdown(context.get());
  CHECK(failed_call(product, {a, a}).status == WEBAI_SHUT_DOWN);
}
