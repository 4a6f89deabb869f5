// Ways of training, running, verifying and exporting that a host defines from C.
#include <cmath>
#include <map>

#include "capi/definitions.h"

using namespace capi_test;

namespace {

using Define = webai_status (*)(webai_context*, webai_value*, webai_function*, webai_error**);

void define(Kit& kit, Define how, const char* description, webai_callback callback, std::uint32_t flags = 0) {
  const Handle given = json(kit.context.get(), description), function = kit.function(callback, flags);
  Handle error;
  const webai_status status = how(kit.context.get(), given, function, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
}

struct View {
  float* data;
  std::size_t size;
};
View numbers_of(webai_value* tensor) {
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(tensor, &view) == WEBAI_OK);
  return {static_cast<float*>(view.data), webai_value_size(tensor)};
}

// The proposal's loop, as seed 000 has it: gradients of a batch, AdamW's update of them, applied.
webai_status adamw(void*, webai_call* call, webai_value* const* args, std::size_t count, webai_value** result) {
  if (count != 4) return WEBAI_INVALID_ARGUMENT;
  webai_value *const net = args[0], *const data = args[1], *const opts = args[2], *const cancel = args[3];
  const double rate = number_at(opts, "learningRate"), epochs = number_at(opts, "maxIterations");
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> moments;
  double error = 0, samples = 0, done = 0;
  int step = 0;
  for (; done < epochs && !webai_cancel_fired(cancel); ++done) {
    Handle stream;
    if (const webai_status s = webai_dataset_iterate(data, cancel, stream.out(), nullptr)) return s;
    for (;;) {
      webai_future* next = nullptr;
      Handle batch, computed, parameters, nothing;
      if (const webai_status s = webai_stream_next(stream, &next, nullptr)) return s;
      const webai_status more = webai_await(next, batch.out(), nullptr);
      if (more == WEBAI_END) break;
      if (more) return more;
      if (const webai_status s = webai_network_compute_gradients(net, batch, nullptr, nullptr, &next, nullptr)) return s;
      if (const webai_status s = webai_await(next, computed.out(), nullptr)) return s;
      if (const webai_status s = webai_network_get_parameters(net, parameters.out(), nullptr)) return s;
      webai_value* const gradients = webai_value_get(computed, "gradients", 9);
      ++step;
      for (std::size_t p = 0; p < webai_value_size(gradients); ++p) {
        const char* name = nullptr;
        const View gradient = numbers_of(webai_value_at(gradients, p, &name, nullptr));
        const View weights = numbers_of(webai_value_get(parameters, name, WEBAI_NUL_TERMINATED));
        auto& [first, second] = moments[name];
        first.resize(gradient.size);
        second.resize(gradient.size);
        for (std::size_t i = 0; i < gradient.size; ++i) {
          const double g = gradient.data[i];
          first[i] = 0.9 * first[i] + 0.1 * g;
          second[i] = 0.999 * second[i] + 0.001 * g * g;
          const double mean = first[i] / (1 - std::pow(0.9, step)), square = second[i] / (1 - std::pow(0.999, step));
          gradient.data[i] = static_cast<float>(rate * (mean / (std::sqrt(square) + 1e-8) + 0.01 * weights.data[i]));
        }
      }
      if (const webai_status s = webai_network_apply_gradients(net, computed, nullptr, nullptr, &next, nullptr)) return s;
      if (const webai_status s = webai_await(next, nothing.out(), nullptr)) return s;
      error = number_at(computed, "loss");
      samples += number_at(computed, "samples");
    }
  }
  const std::string info = R"({"iterations":)" + std::to_string(done) + R"(,"error":)" + std::to_string(error) +
                           R"(,"samples":)" + std::to_string(samples) + R"(,"steps":)" + std::to_string(step) + "}";
  return webai_value_from_json(webai_call_context(call), info.data(), info.size(), nullptr, 0, result, nullptr);
}

Handle parameters_of(webai_value* net) {
  Handle all;
  REQUIRE(webai_network_get_parameters(net, all.out(), nullptr) == WEBAI_OK);
  return all;
}

constexpr const char* wide_model = R"({"layers":[2,8,1],"activation":"tanh"})";

}  // namespace

TEST_CASE("API-21 EXT-03 AdamW of a host written in C trains as the built-in one does") {
  Kit kit;
  define(kit, webai_define_train, R"({"name":"AdamW","domain":"core"})", adamw);
  const Handle built_in = kit.network(wide_model), own = kit.network(wide_model);
  const Handle expected = train(kit.context.get(), built_in, xor_data,
                                R"({"optimizer":"adamw","learningRate":0.02,"batchSize":4,"maxIterations":100})");
  const Handle info = train(kit.context.get(), own, xor_data,
                            R"({"type":"AdamW","learningRate":0.02,"batchSize":4,"maxIterations":100,"mine":1})");
  CHECK(number_at(info, "iterations") == 100);
  CHECK(number_at(info, "steps") == 100);  // what the function says itself is kept
  CHECK(number_at(info, "samples") == 400);
  CHECK(text_of(webai_value_get(info, "stopReason", 10)) == "maxIterations");
  CHECK(number_at(info, "error") == Approx(number_at(expected, "error")).epsilon(1e-3));
  const Handle mine = parameters_of(own), theirs = parameters_of(built_in);
  for (std::size_t p = 0; p < webai_value_size(mine); ++p) {
    const View a = numbers_of(webai_value_at(mine, p, nullptr, nullptr));
    const View b = numbers_of(webai_value_at(theirs, p, nullptr, nullptr));
    for (std::size_t i = 0; i < a.size; ++i) CHECK(a.data[i] == Approx(b.data[i]).margin(1e-4));
  }
}

TEST_CASE("EX-17 a training of a host that is called back-propagation is the one of models that name none") {
  Kit kit;
  define(kit, webai_define_train, R"({"name":"back-propagation"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"iterations":7,"error":0})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle net = kit.network(wide_model);
  for (const char* options : {R"({"maxIterations":2})", R"({"maxIterations":2,"type":"back-propagation"})"}) {
    INFO(options);
    CHECK(number_at(train(kit.context.get(), net, xor_data, options), "iterations") == 7);
  }
}

TEST_CASE("API-21 a training of a domain serves the models of that domain") {
  Kit kit;
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32","defaultOperationType":"core#neurons"})");
  define(kit, webai_define_train, R"({"name":"nothing","domain":"mine"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"iterations":7,"error":0})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const char* const options = R"({"type":"nothing"})";
  CHECK(number_at(train(kit.context.get(), kit.network(R"({"domain":"mine","layers":[2,1]})"), xor_data, options), "iterations") == 7);
  const Handle other = kit.network(R"({"layers":[2,1]})"), data = json(kit.context.get(), xor_data), opts = json(kit.context.get(), options);
  CHECK(failing([&](webai_value** out, webai_error** err) {
          webai_future* future = nullptr;
          const webai_status status = webai_network_train(other, data, opts, nullptr, &future, err);
          return status ? (*out = nullptr, status) : webai_await(future, out, err);
        }).reason() == "TRAIN_TYPE");
}

TEST_CASE("API-21 a training of a host is told to stop, is cancelled, and excludes another") {
  Kit kit;
  static webai_value* network;
  static webai_status train_inside;
  static webai_value* kept;
  define(kit, webai_define_train, R"({"name":"patient"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    if (!kept) kept = webai_retain(args[0]);
    Handle out;
    webai_future* future = nullptr;
    train_inside = webai_network_train(args[0], args[1], nullptr, nullptr, &future, nullptr);
    webai_release(future);
    for (int i = 0; i < 5; ++i) {
      if (webai_cancel_fired(args[3])) return webai_value_from_json(webai_call_context(call), R"({"error":0.25,"iterations":3})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
      webai_network_stop_training(network);
    }
    return WEBAI_OK;
  });
  const Handle net = kit.network(wide_model);
  network = net;
  kept = nullptr;
  const Handle info = train(kit.context.get(), net, xor_data, R"({"type":"patient"})");
  CHECK(train_inside == WEBAI_BUSY);
  CHECK(text_of(webai_value_get(info, "stopReason", 10)) == "stopTraining");
  CHECK(number_at(info, "errorPercent") == 25);
  // The network of the call is good for the call alone.
  const Handle owned(kept), in = json(kit.context.get(), "[1,0]");
  CHECK(failing([&](webai_value** out, webai_error** err) { return webai_network_run_now(kept, in, nullptr, nullptr, nullptr, out, err); }).reason() == "INNER_OVER");
  webai_future* future = nullptr;
  CHECK(webai_network_export(kept, nullptr, nullptr, &future, nullptr) == WEBAI_INVALID_ARGUMENT);
  // A fired token rejects the future.
  const Handle data = json(kit.context.get(), xor_data), opts = json(kit.context.get(), R"({"type":"patient"})");
  Handle cancel;
  REQUIRE(webai_cancel_create(kit.context.get(), cancel.out()) == WEBAI_OK);
  REQUIRE(webai_network_train(net, data, opts, cancel, &future, nullptr) == WEBAI_OK);
  webai_cancel_fire(cancel);
  Handle out;
  CHECK(webai_await(future, out.out(), nullptr) == WEBAI_CANCELLED);
  CHECK(kit.untrained(net, R"({"type":"nobody"})").reason() == "TRAIN_TYPE");
}

TEST_CASE("TRAIN-13 a stop reaches a training of a host that has not begun, and no later one") {
  Kit kit;
  define(kit, webai_define_train, R"({"name":"asking"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    const char* const info = webai_cancel_fired(args[3]) ? R"({"iterations":0,"error":1})" : R"({"iterations":7,"error":1})";
    return webai_value_from_json(webai_call_context(call), info, WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  });
  const Handle net = kit.network(wide_model);
  const Handle data = json(kit.context.get(), xor_data), opts = json(kit.context.get(), R"({"type":"asking"})");
  webai_network_stop_training(net);
  CHECK(number_at(train(kit.context.get(), net, xor_data, R"({"type":"asking"})"), "iterations") == 7);
  webai_future* future = nullptr;
  REQUIRE(webai_network_train(net, data, opts, nullptr, &future, nullptr) == WEBAI_OK);
  webai_network_stop_training(net);
  const Handle info = await(future);
  CHECK(number_at(info, "iterations") == 0);
  CHECK(text_of(webai_value_get(info, "stopReason", 10)) == "stopTraining");
  CHECK(number_at(train(kit.context.get(), net, xor_data, R"({"type":"asking"})"), "iterations") == 7);
}

TEST_CASE("API-19 API-20 API-22 EXT-01 EXT-02 EXT-04 runs, verifications and exports of a host see the network from inside") {
  Kit kit;
  define(kit, webai_define_run, R"({"name":"plus"})", [](void*, webai_call*, webai_value* const* args, std::size_t count, webai_value** result) -> webai_status {
    if (count != 3 || args[2]) return WEBAI_INVALID_ARGUMENT;
    if (const webai_status s = webai_network_run_now(args[0], args[1], nullptr, nullptr, nullptr, result, nullptr)) return s;
    numbers_of(*result).data[0] += 100;
    return WEBAI_OK;
  });
  define(kit, webai_define_verify, R"({"name":"upside-down"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    webai_future* future = nullptr;
    Handle info;
    if (const webai_status s = webai_network_verify(args[0], args[1], nullptr, nullptr, &future, nullptr)) return s;
    if (const webai_status s = webai_await(future, info.out(), nullptr)) return s;
    const std::string text = R"({"error":)" + std::to_string(-number_at(info, "error")) + R"(,"samples":4,"asked":)" +
                             std::to_string(number_at(args[2], "how")) + "}";
    return webai_value_from_json(webai_call_context(call), text.data(), text.size(), nullptr, 0, result, nullptr);
  });
  define(kit, webai_define_export, R"({"name":"to-sizes"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle about;
    if (const webai_status s = webai_network_describe(args[0], about.out(), nullptr)) return s;
    return webai_value_number(webai_call_context(call), number_at(about, "parameterCount") * number_at(args[1], "times"), result);
  });
  const Handle net = kit.network(wide_model), in = json(kit.context.get(), "[1,0]");
  const Handle data = json(kit.context.get(), xor_data);
  const Handle plus = json(kit.context.get(), R"({"type":"plus","strict":true,"own":1})");
  Handle plain, other, out;
  REQUIRE(webai_network_run_now(net, in, nullptr, nullptr, nullptr, plain.out(), nullptr) == WEBAI_OK);
  REQUIRE(webai_network_run_now(net, in, nullptr, plus, nullptr, other.out(), nullptr) == WEBAI_OK);
  CHECK(floats(other)[0] == Approx(floats(plain)[0] + 100));
  webai_future* future = nullptr;
  REQUIRE(webai_network_run(net, in, nullptr, plus, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(floats(await(future))[0] == Approx(floats(plain)[0] + 100));
  const Handle upside = json(kit.context.get(), R"({"type":"upside-down","how":7})"), sizes = json(kit.context.get(), R"({"to":"to-sizes","times":2})");
  REQUIRE(webai_network_verify(net, data, nullptr, nullptr, &future, nullptr) == WEBAI_OK);
  const double error = number_at(await(future), "error");
  REQUIRE(webai_network_verify(net, data, upside, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle info = await(future);
  CHECK(number_at(info, "error") == Approx(-error).epsilon(1e-4));
  CHECK(number_at(info, "asked") == 7);
  REQUIRE(webai_network_export(net, sizes, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number(await(future)) == 2 * (2 * 8 + 8 + 8 + 1));
  // Of a domain: for its models alone, before the core's own of that name.
  kit.domain(R"({"domainName":"mine","defaultDataType":"fp32"})");
  define(kit, webai_define_export, R"({"name":"to-sizes","domain":"mine"})", [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) -> webai_status {
    return webai_value_number(webai_call_context(call), -1, result);
  });
  REQUIRE(webai_network_export(kit.network(R"({"domain":"mine","layers":[2,{"type":"core#neurons","size":1}]})"), sizes, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number(await(future)) == -1);
  REQUIRE(webai_network_export(net, sizes, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number(await(future)) == 2 * (2 * 8 + 8 + 8 + 1));
  // What another domain calls "json" leaves the core's "json" and its options alone.
  define(kit, webai_define_export, R"({"name":"json","domain":"mine"})",
         [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) -> webai_status {
           return webai_value_number(webai_call_context(call), -2, result);
         });
  const Handle renamed = json(kit.context.get(), R"({"to":"json","renamed":true})");
  REQUIRE(webai_network_export(net, renamed, nullptr, &future, nullptr) == WEBAI_OK);
  const Handle answer = await(future);
  CHECK(webai_value_kind(webai_value_get(answer, "model", WEBAI_NUL_TERMINATED)) == WEBAI_STRING);
  const Handle odd = json(kit.context.get(), R"({"to":"json","strict":true,"sauce":1})");
  CHECK(webai_network_export(net, odd, nullptr, &future, nullptr) == WEBAI_INVALID_ARGUMENT);
}

TEST_CASE("EXT-04 a verifier of a host goes through samples that name their inputs, as the network reads them") {
  Kit kit;
  define(kit, webai_define_verify, R"({"name":"counting"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle stream;
    if (const webai_status s = webai_dataset_iterate(args[1], nullptr, stream.out(), nullptr)) return s;
    int batches = 0;
    for (;; ++batches) {
      webai_future* next = nullptr;
      Handle batch;
      if (const webai_status s = webai_stream_next(stream, &next, nullptr)) return s;
      const webai_status more = webai_await(next, batch.out(), nullptr);
      if (more == WEBAI_END) break;
      if (more) return more;
    }
    const std::string info = R"({"error":0,"samples":)" + std::to_string(batches) + "}";
    return webai_value_from_json(webai_call_context(call), info.data(), info.size(), nullptr, 0, result, nullptr);
  });
  const Handle net = kit.network(R"({"layers":[{"pipes":[{"name":"a","size":1},{"name":"b","size":1}]},1]})");
  const Handle data = json(kit.context.get(), R"([[{"a":1,"b":2},[3]],[{"b":5,"a":4},[6]],[{"a":7,"b":8},[9]]])");
  const Handle how = json(kit.context.get(), R"({"type":"counting"})");
  webai_future* future = nullptr;
  REQUIRE(webai_network_verify(net, data, how, nullptr, &future, nullptr) == WEBAI_OK);
  CHECK(number_at(await(future), "samples") == 3);
}

TEST_CASE("EXT-02 what a runner of a host gives in another size than the model's is handed over as it is") {
  Kit kit;
  define(kit, webai_define_run, R"({"name":"few"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    const std::size_t count = static_cast<std::size_t>(numbers_of(args[1]).data[0]);
    std::string text = "{\"output\":[";
    for (std::size_t i = 0; i < count; ++i) text += (i ? "," : "") + std::to_string(i + 7);
    text += "]}";
    return webai_value_from_json(webai_call_context(call), text.data(), text.size(), nullptr, 0, result, nullptr);
  });
  const Handle how = json(kit.context.get(), R"({"type":"few"})");
  const auto given = [&](const Handle& net, double count) {
    const Handle in = json(kit.context.get(), "[" + std::to_string(count) + ",0]");
    Handle out;
    REQUIRE(webai_network_run_now(net, in, nullptr, how, nullptr, out.out(), nullptr) == WEBAI_OK);
    return out;
  };
  const Handle two = kit.network(R"({"layers":[2,{"name":"g","size":2},{"name":"h","size":1}],"outputs":[{"pipeFrom":"g","name":"g"},{"pipeFrom":"h","name":"h"}]})");
  const Handle named = kit.network(R"({"layers":[2,{"name":"only","size":3}],"outputs":[{"pipeFrom":"only","name":"only"}]})");
  const Handle labelled = kit.network(R"({"layers":[2,2],"io":{"output":{"denormalize":{"type":"one-hot-to-label","labels":["a","b"]}}}})");
  for (const Handle* net : {&two, &named, &labelled})
    for (const double count : {1, 5}) {
      const Handle out = given(*net, count);
      REQUIRE(webai_value_kind(out) == WEBAI_TENSOR);
      CHECK(floats(out).size() == count);
      CHECK(floats(out)[0] == 7);
    }
  const Handle split = given(two, 3);
  CHECK(floats(webai_value_get(split, "h", WEBAI_NUL_TERMINATED))[0] == 9);
}

TEST_CASE("EXT-02 a runner of a host is given the internal state, and the next run begins with the one that it gives") {
  Kit kit;
  define(kit, webai_define_run, R"({"name":"going-back"})", [](void*, webai_call* call, webai_value* const* args, std::size_t, webai_value** result) -> webai_status {
    Handle output;
    if (const webai_status s = webai_network_run_now(args[0], args[1], nullptr, nullptr, nullptr, output.out(), nullptr)) return s;
    const webai_str keys[] = {{"output", 6}, {"newState", 8}};
    webai_value* const values[] = {output, args[2]};
    return webai_value_map(webai_call_context(call), keys, values, 2, result);
  });
  const Handle net = kit.network(summing_model), in = json(kit.context.get(), "[4]");
  const Handle back = json(kit.context.get(), R"({"type":"going-back"})");
  const auto sum = [&](webai_value* how) {
    Handle out;
    REQUIRE(webai_network_run_now(net, in, nullptr, how, nullptr, out.out(), nullptr) == WEBAI_OK);
    return floats(out)[0];
  };
  CHECK(sum(nullptr) == 4);
  CHECK(sum(back) == 8);
  CHECK(sum(back) == 8);
  CHECK(sum(nullptr) == 8);
}

TEST_CASE("EXT-03 TRAIN-01 an algorithm of a host that tells no error ends without one, and finalError is one") {
  Kit kit;
  const auto answer = [](void* text, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), static_cast<const char*>(text), WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  };
  static char silent[] = R"({"iterations":2,"mine":7})", final[] = R"({"finalError":0.25})";
  for (char* const text : {silent, final}) {
    const std::string name = text == silent ? "silent" : "final";
    for (const Define how : {webai_define_train, webai_define_verify}) {
      const Handle given = json(kit.context.get(), "{\"name\":\"" + name + "\"}");
      Handle function;
      REQUIRE(webai_function_create(kit.context.get(), answer, text, nullptr, 0, function.out()) == WEBAI_OK);
      REQUIRE(how(kit.context.get(), given, function, nullptr) == WEBAI_OK);
    }
    const Handle net = kit.network(wide_model), data = json(kit.context.get(), xor_data);
    const Handle type = json(kit.context.get(), "{\"type\":\"" + name + R"(","errorThreshold":1})"), verify = json(kit.context.get(), "{\"type\":\"" + name + "\"}");
    webai_future* future = nullptr;
    REQUIRE(webai_network_train(net, data, type, nullptr, &future, nullptr) == WEBAI_OK);
    const Handle trained = await(future);
    REQUIRE(webai_network_verify(net, data, verify, nullptr, &future, nullptr) == WEBAI_OK);
    const Handle verified = await(future);
    for (webai_value* const info : {static_cast<webai_value*>(trained), static_cast<webai_value*>(verified)}) {
      const bool told = webai_value_get(info, "error", WEBAI_NUL_TERMINATED) != nullptr;
      CHECK(told == (text == final));
      CHECK((webai_value_get(info, "errorPercent", WEBAI_NUL_TERMINATED) != nullptr) == told);
      if (told) CHECK(number_at(info, "error") == 0.25);
    }
    CHECK(text_of(webai_value_get(trained, "stopReason", WEBAI_NUL_TERMINATED)) == "finished");
    if (text == silent) CHECK(number_at(trained, "mine") == 7);
  }
}

TEST_CASE("EXT-05 what a host's algorithm gives wrong is told, and names stand once in a domain") {
  Kit kit;
  const auto nothing = [](void*, webai_call*, webai_value* const*, std::size_t, webai_value**) { return webai_status{WEBAI_OK}; };
  const auto word = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value** result) {
    return webai_value_from_json(webai_call_context(call), R"({"error":"low","output":"word","iterations":-1})", WEBAI_NUL_TERMINATED, nullptr, 0, result, nullptr);
  };
  const auto fails = [](void*, webai_call* call, webai_value* const*, std::size_t, webai_value**) {
    return webai_call_fail(call, WEBAI_DENIED, "not today", WEBAI_NUL_TERMINATED, nullptr);
  };
  const Define all[] = {webai_define_train, webai_define_run, webai_define_verify, webai_define_export};
  for (const Define how : all) {
    define(kit, how, R"({"name":"empty"})", nothing);
    define(kit, how, R"({"name":"wrong"})", word);
    define(kit, how, R"({"name":"failing"})", fails);
    const auto refused = [&](const char* description) {
      const Handle given = json(kit.context.get(), description), function = kit.function(nothing);
      return failing([&](webai_value** out, webai_error** err) { return *out = nullptr, how(kit.context.get(), given, function, err); });
    };
    CHECK(refused(R"({"name":"empty"})").reason() == "ALGORITHM_EXISTS");
    CHECK(refused(R"({"name":"x","domain":"nowhere"})").reason() == "DOMAIN");
    CHECK(refused(R"({"domain":"core"})").reason() == "NAME");
    CHECK(refused("[]").reason() == "KIND");
    const Handle description = json(kit.context.get(), R"({"name":"x"})");
    CHECK(how(kit.context.get(), description, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
    CHECK(how(nullptr, description, nullptr, nullptr) == WEBAI_INVALID_ARGUMENT);
    CHECK(how(kit.context.get(), nullptr, kit.core, nullptr) == WEBAI_INVALID_ARGUMENT);
  }
  const Handle net = kit.network(wide_model), in = json(kit.context.get(), "[1,0]");
  const Handle data = json(kit.context.get(), xor_data);
  for (const char* name : {"empty", "wrong", "failing"}) {
    INFO(name);
    const bool failing_one = std::string(name) == "failing";
    const Handle type = json(kit.context.get(), std::string(R"({"type":")") + name + R"("})"), to = json(kit.context.get(), std::string(R"({"to":")") + name + R"("})");
    const auto check = [&](const Failure& failure) {
      CHECK(failure.status == (failing_one ? WEBAI_DENIED : WEBAI_HOST_ERROR));
      if (!failing_one) CHECK(failure.reason() == "ALGORITHM_RESULT");
    };
    check(failing([&](webai_value** out, webai_error** err) { return webai_network_run_now(net, in, nullptr, type, nullptr, out, err); }));
    webai_future* future = nullptr;
    REQUIRE(webai_network_train(net, data, type, nullptr, &future, nullptr) == WEBAI_OK);
    check(failing([&](webai_value** out, webai_error** err) { return webai_await(future, out, err); }));
    REQUIRE(webai_network_verify(net, data, type, nullptr, &future, nullptr) == WEBAI_OK);
    check(failing([&](webai_value** out, webai_error** err) { return webai_await(future, out, err); }));
    if (std::string(name) == "wrong") continue;  // an export may be anything
    REQUIRE(webai_network_export(net, to, nullptr, &future, nullptr) == WEBAI_OK);
    check(failing([&](webai_value** out, webai_error** err) { return webai_await(future, out, err); }));
  }
}
