// Runs that are left in the middle: what a fired token ends, when, and what is there behind it.
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "network/operations.h"
#include "support/refusals.h"
#include "support/values.h"

using namespace webai;
using namespace webai::test;

namespace {

using Values = std::vector<double>;

/// "step": x + 1, by the host; at its call `at` it fires the token.
struct Steps {
  int calls = 0, at = 0;
  std::stop_source source;
  Context context = with_domain();

  Steps() {
    OperationDefinition step = OperationDefinition::from_json(
        context, R"({"name": "step", "domain": "mine", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]}})");
    define_operation(context, step, [this](Numbers x) {
      if (++calls == at) source.request_stop();
      Values y(x.begin(), x.end());
      for (double& value : y) value += 1;
      return y;
    });
  }

  /// From now on; the call counts from 1.
  std::stop_token fire_at(int call) {
    calls = 0;
    at = call;
    source = std::stop_source();
    return source.get_token();
  }

  template <class Call> void check_cancelled(int call, const Call& run) {
    const std::stop_token token = fire_at(call);
    const Error error = error_of([&] { run(token); });
    CHECK(error.code() == Code::cancelled);
    CHECK(error.reason() == "CANCELLED");
    CHECK((error.expected() == "no stop before the end" && error.actual() == "a stop"));
    CHECK(!error.hint().empty());
    CHECK(calls == call);
    at = 0;
  }
};

const char* const thousand = R"({"domain": "mine", "layers": [{"name": "x", "size": 1}, {"type": "core#iterator", "steps": 1000, "state": [{"name": "s", "pipeFrom": "x"}],
  "net": {"domain": "mine", "layers": [{"pipeFrom": "s"}, {"type": "step", "to": "s"}]}}]})";

}  // namespace

TEST_CASE("ERR-27 a fired token ends a run before its next node, and nothing was changed") {
  Steps steps;
  NeuralNetwork net = NeuralNetwork::from_json(
      R"({"domain": "mine", "layers": [2, {"type": "step"}, {"type": "step", "history": 1, "historyTo": 3}, {"type": "step"}]})", steps.context);
  const auto memory = net.get_internal_state();
  steps.check_cancelled(1, [&](std::stop_token stop) { net.run({1, 2}, {.stop = stop}); });
  steps.check_cancelled(2, [&](std::stop_token stop) { net.run({1, 2}, {.stop = stop}); });
  steps.check_cancelled(2, [&](std::stop_token stop) {
    net.run_named({{net.inputs()[0].name, Tensor::from(net.context(), DType::fp32, Shape{2}, Values{1, 2})}}, {.stop = stop});
  });
  CHECK(net.get_internal_state() == memory);
  CHECK(net.run({1, 2}).values() == Values{4, 5, 1, 1});  // no history yet
  // A token that was fired before lets nothing begin; one that is not fired changes nothing.
  std::stop_source source;
  steps.calls = 0;
  CHECK(net.run({1, 2}, {.stop = source.get_token()}).values().size() == 4);
  source.request_stop();
  steps.calls = 0;
  CHECK(error_of([&] { net.run({1, 2}, {.stop = source.get_token()}); }).code() == Code::cancelled);
  CHECK(steps.calls == 0);
}

TEST_CASE("ERR-27 a fired token ends loops, verifications, gradients and streams in the middle") {
  Steps steps;
  NeuralNetwork net = NeuralNetwork::from_json(thousand, steps.context);
  steps.check_cancelled(3, [&](std::stop_token stop) { net.run({1}, {.stop = stop}); });
  const Dataset data = Dataset::from({{{1}, {1}}, {{2}, {2}}});
  steps.check_cancelled(4, [&](std::stop_token stop) { net.verify(data, VerifyOptions{}, stop); });
  steps.check_cancelled(5, [&](std::stop_token stop) {
    RunStream stream = net.run_stream(Tensor::from(net.context(), DType::fp32, Shape{1}, Values{1}), StreamOptions{.stop = stop});
    while (stream.next()) {
    }
  });
  CHECK(net.run({1}).values() == Values{1001});
}
