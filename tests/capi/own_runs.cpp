// What becomes of what a runner of a host gives, from C: `io` acts on it once, as on the outputs of a plain run.
#include "capi/definitions.h"

using namespace capi_test;

namespace {

void define_runner(Kit& kit, const char* description, webai_callback callback) {
  const Handle given = json(kit.context.get(), description), function = kit.function(callback);
  Handle error;
  const webai_status status = webai_define_run(kit.context.get(), given, function, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
}

webai_status passes(void*, webai_call*, webai_value* const* args, std::size_t, webai_value** result) {
  return webai_network_run_now(args[0], args[1], nullptr, nullptr, nullptr, result, nullptr);
}

webai_status passes_in_map(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  Handle inner;
  if (const webai_status s = webai_network_run_now(args[0], args[1], nullptr, nullptr, nullptr, inner.out(), nullptr)) return s;
  const webai_str keys[] = {{"output", 6}};
  webai_value* const values[] = {inner};
  return webai_value_map(webai_call_context(call), keys, values, 1, result);
}

// Although it asks for the outer run's work.
webai_status asks_for_all(void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) {
  const Handle how = json(webai_call_context(call), R"({"normalize":true,"denormalize":true})");
  return webai_network_run_now(args[0], args[1], nullptr, how, nullptr, result, nullptr);
}

}  // namespace

TEST_CASE("EXT-02 a runner of a host that hands on what the run inside of it gave gives what a plain run does") {
  Kit kit;
  define_runner(kit, R"({"name":"passes"})", passes);
  define_runner(kit, R"({"name":"in-map"})", passes_in_map);
  define_runner(kit, R"({"name":"asks"})", asks_for_all);
  const char* const models[] = {
      R"({"layers":[2,3],"io":{"output":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[10,20]}}}})",
      R"({"dataType":"u8","layers":[2,3]})",
      R"({"dataType":"u8","layers":[2,3],"io":{"output":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[10,20]}}}})",
      R"({"layers":[2,3],"io":{"output":{"denormalize":{"type":"one-hot-to-label","labels":["a","b","c"]}}}})",
      R"({"layers":[2,4],"io":{"output":{"denormalize":{"type":"bits","count":4}}}})",
      R"({"layers":[2,{"name":"only","size":4}],"outputs":[{"pipeFrom":"only","name":"only"}],"io":{"output":{"denormalize":{"type":"bits","count":4}}}})",
      R"({"layers":[2,{"name":"output","size":2},{"name":"h","size":1}],"outputs":[{"pipeFrom":"output","name":"output"},{"pipeFrom":"h","name":"h"}]})",
      R"({"layers":[2,{"name":"g","size":2},{"name":"h","size":3}],"outputs":[{"pipeFrom":"g","name":"g"},{"pipeFrom":"h","name":"h"}],
          "io":{"output":{"g":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[5,7]}},"h":{"denormalize":{"type":"one-hot-to-label","labels":["a","b","c"]}}}}})",
      R"({"layers":[{"size":[null,2]},{"name":"a","type":"tanh"},{"name":"b","type":"relu"}],"outputs":[{"pipeFrom":"a","name":"a"},{"pipeFrom":"b","name":"b"}],
          "io":{"output":{"b":{"denormalize":{"type":"rescale-linear","from":[0,1],"to":[5,7]}}}}})"};
  for (const char* const model : models) {
    INFO(model);
    const Handle net = kit.network(model);
    const bool open = std::string(model).find("null") != std::string::npos;
    for (const char* const input : {"[0.75,0.25]", "[[0.75,0.25],[0,1],[0.5,0.5]]"}) {
      const Handle in = json(kit.context.get(), open && input[1] != '[' ? "[" + std::string(input) + "]" : input);
      for (const char* const denormalize : {"true", "false"})
        for (const char* const name : {"passes", "in-map", "asks"}) {
          INFO(name << ' ' << denormalize << ' ' << input);
          const Handle plain = json(kit.context.get(), std::string(R"({"denormalize":)") + denormalize + "}");
          const Handle own = json(kit.context.get(), std::string(R"({"denormalize":)") + denormalize + R"(,"type":")" + name + "\"}");
          Handle expected, given, error;
          REQUIRE(webai_network_run_now(net, in, nullptr, plain, nullptr, expected.out(), nullptr) == WEBAI_OK);
          const webai_status status = webai_network_run_now(net, in, nullptr, own, nullptr, given.out(), error.out());
          INFO(webai_error_message(error, nullptr));
          REQUIRE(status == WEBAI_OK);
          CHECK(webai_value_kind(given) == webai_value_kind(expected));
          CHECK(to_json(given) == to_json(expected));
        }
    }
  }
}

TEST_CASE("EXT-02 a runner of a host that says so has done all there is to do to its output") {
  Kit kit;
  define_runner(kit, R"({"name":"knows"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"output":[1,2],"denormalized":true})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle how = json(kit.context.get(), R"({"type":"knows"})"), in = json(kit.context.get(), "[1,0]");
  for (const char* const io : {R"({"type":"rescale-linear","from":[0,1],"to":[10,20]})", R"({"type":"one-hot-to-label","labels":["a","b"]})"}) {
    const Handle net = kit.network(R"({"layers":[2,2],"io":{"output":{"denormalize":)" + std::string(io) + "}}}");
    Handle out;
    REQUIRE(webai_network_run_now(net, in, nullptr, how, nullptr, out.out(), nullptr) == WEBAI_OK);
    CHECK(floats(out) == std::vector<float>{1, 2});
  }
}

TEST_CASE("EXT-02 outputs by name that do not go together are told of a runner of a host") {
  Kit kit;
  define_runner(kit, R"({"name":"uneven"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"g":[1,2,3],"h":[1]})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  define_runner(kit, R"({"name":"other"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"g":[1,2],"h":[[1],[2]]})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle net = kit.network(R"({"layers":[2,{"name":"g","size":2},{"name":"h","size":1}],"outputs":[{"pipeFrom":"g","name":"g"},{"pipeFrom":"h","name":"h"}]})");
  const Handle in = json(kit.context.get(), "[1,0]");
  for (const auto& [type, path] : {std::pair{R"({"type":"uneven"})", "g"}, std::pair{R"({"type":"other"})", "h"}}) {
    const Handle how = json(kit.context.get(), type);
    const Failure failure = failing([&](webai_value** out, webai_error** err) { return webai_network_run_now(net, in, nullptr, how, nullptr, out, err); });
    CHECK(failure.status == WEBAI_HOST_ERROR);
    CHECK(failure.reason() == "ALGORITHM_RESULT");
    CHECK(detail(failure.error, "path") == path);
  }
}
