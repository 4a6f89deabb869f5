// What the tests of definitions share: a context with the library's operations at hand, and definitions in one line.
#pragma once

#include "capi/support.h"

namespace capi_test {

/// A tensor of a callback's context.
inline Handle make_tensor(webai_call& call, const std::vector<float>& values) {
  return make_tensor(webai_call_context(&call), values, {static_cast<std::int64_t>(values.size())});
}

struct Kit {
  explicit Kit(const webai_config& config = plain_config()) : context(make_context(config)), core(operations("{}")) {}

  ContextHandle context;
  Handle core;
  int calls = 0;

  Handle operations(const std::string& query) {
    const Handle given = json(context.get(), query);
    webai_future* future = nullptr;
    Handle error;
    const webai_status status = webai_get_operations(context.get(), given, &future, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    return await(future);
  }

  /// An operation of the library, called as callbacks do.
  webai_status apply(const char* name, std::vector<webai_value*> arguments, webai_value** result) {
    return webai_function_call(webai_value_get(core, name, WEBAI_NUL_TERMINATED), arguments.data(), arguments.size(), result, nullptr);
  }

  Handle function(webai_callback callback, std::uint32_t flags = 0) {
    Handle made;
    REQUIRE(webai_function_create(context.get(), callback, this, nullptr, flags, made.out()) == WEBAI_OK);
    return made;
  }

  void domain(const std::string& description) {
    const Handle given = json(context.get(), description);
    Handle error;
    const webai_status status = webai_define_domain(context.get(), given, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
  }

  Failure refused_domain(const std::string& description) {
    const Handle given = json(context.get(), description);
    return failing([&](webai_value** out, webai_error** err) {
      *out = nullptr;
      return webai_define_domain(context.get(), given, err);
    });
  }

  void define(const std::string& description, webai_callback operation, webai_callback gradient = nullptr,
              std::uint32_t flags = WEBAI_ANY_THREAD | WEBAI_PURE) {
    const Handle given = json(context.get(), description), forward = function(operation, flags);
    const Handle backward = gradient ? function(gradient, flags) : Handle();
    Handle error;
    const webai_status status = webai_define_operation(context.get(), given, forward, backward, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
  }

  Failure refused(const std::string& description, webai_callback operation, webai_callback gradient = nullptr) {
    const Handle given = json(context.get(), description);
    const Handle forward = operation ? function(operation, WEBAI_ANY_THREAD | WEBAI_PURE) : Handle();
    const Handle backward = gradient ? function(gradient, WEBAI_ANY_THREAD) : Handle();
    return failing([&](webai_value** out, webai_error** err) {
      *out = nullptr;
      return webai_define_operation(context.get(), given, forward, backward, err);
    });
  }

  Handle network(const std::string& model) { return make_network(context.get(), model); }

  /// The error after learning the exclusive or.
  double trained(webai_value* net, const std::string& options = R"({"optimizer":"adam","learningRate":0.05,"maxIterations":600})") {
    const Handle data = json(context.get(), xor_data), opts = json(context.get(), options);
    webai_future* future = nullptr;
    Handle error;
    const webai_status status = webai_network_train(net, data, opts, nullptr, &future, error.out());
    INFO(webai_error_message(error, nullptr));
    REQUIRE(status == WEBAI_OK);
    return number_at(await(future), "error");
  }

  Failure untrained(webai_value* net, const std::string& options = R"({"maxIterations":2})") {
    const Handle data = json(context.get(), xor_data), opts = json(context.get(), options);
    return failing([&](webai_value** out, webai_error** err) {
      webai_future* future = nullptr;
      const webai_status status = webai_network_train(net, data, opts, nullptr, &future, err);
      if (status) return *out = nullptr, status;
      return webai_await(future, out, err);
    });
  }
};

}  // namespace capi_test
