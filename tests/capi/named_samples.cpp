// Samples that name their inputs, through the C interface: what JSON says of them is said here, word for word.
#include <string>
#include <vector>

#include "capi/support.h"
#include "webai/error.hpp"
#include "webai/network.hpp"
#include "webai/values.hpp"

using namespace capi_test;

namespace {

// The rows that a value means, or the error that it is.
std::string by_json(const std::string& model, const std::string& in) {
  webai::NeuralNetwork network = webai::NeuralNetwork::from_json(model);
  try {
    const webai::Json value = webai::read_json(in, {});
    const webai::Output output = network.has_open_dimensions() ? network.run_named(network.inputs_of(value)) : network.run(network.input_of(value));
    std::string text = output.tensor().shape().text() + ":";
    for (std::size_t i = 0; i < output.tensor().elements(); ++i) text += " " + std::to_string(output.tensor().at(i));
    return text;
  } catch (const webai::Error& error) {
    return std::string(webai::code_name(error.code())) + " " + error.reason() + " " + error.what();
  }
}

std::string from_c(webai_context* context, const std::string& model, const std::string& in) {
  const Handle network = make_network(context, model), value = json(context, in);
  Handle out, error;
  const webai_status status = webai_network_run_now(network, value, nullptr, nullptr, nullptr, out.out(), error.out());
  if (status != WEBAI_OK)
    return std::string(webai::code_name(static_cast<webai::Code>(status))) + " " + detail(error, "reason") + " " + webai_error_message(error, nullptr);
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(out, &view) == WEBAI_OK);
  std::string text;
  for (std::int32_t d = 0; d < view.ndim; ++d) text += (d ? "x" : "") + std::to_string(view.shape[d]);
  text += ":";
  for (const float number : floats(out)) text += " " + std::to_string(number);
  return text;
}

constexpr const char* two_inputs = R"({"layers": [{"name": "a", "size": 2, "pipes": [{"name": "b", "size": 2, "type": "input"}]}, {"type": "identity"}]})";
constexpr const char* open_inputs = R"({"layers": [{"name": "a", "size": [null, 2], "pipes": [{"name": "b", "size": [null, 2], "type": "input"}]},
    {"type": "identity"}], "outputs": [{"name": "output", "pipeFrom": "1"}]})";
constexpr const char* one_input = R"({"layers": [{"name": "x", "size": 2}, {"type": "identity"}]})";

}  // namespace

TEST_CASE("IO-05 IO-06 samples beside each other, with names and without, mean in C what they mean in JSON") {
  const ContextHandle context = make_context();
  for (const char* model : {two_inputs, open_inputs, one_input})
    for (const char* in : {
             R"([{"a": [1, 2], "b": [3, 4]}, {"b": [7, 8], "a": [5, 6]}])", R"([{"a": [1, 2], "b": [3, 4]}, [5, 6, 7, 8]])",
             R"([{"a": [1, 2], "b": [3, 4]}, [[5, 6], [7, 8]]])", R"([[5, 6, 7, 8], {"a": [1, 2], "b": [3, 4]}])",
             R"([[[5, 6], [7, 8]], {"a": [1, 2], "b": [3, 4]}])", R"([{"a": [1, 2]}, [3, 4]])", R"([[3, 4], {"a": [1, 2]}])",
             R"([{"a": [1, 2]}, {"b": [3, 4]}])", R"([{"a": [1, 2], "b": [3, 4]}, {"a": [5, 6]}])", R"([{"a": [1, 2], "b": [3, 4]}, 5])",
             R"([{"x": [1, 2]}, {"x": [3, 4]}])", R"([{"x": [1, 2]}, [3, 4]])", R"([[3, 4], {"x": [1, 2]}])", R"([{}, {}])", R"([{}, [1, 2, 3, 4]])",
             R"([{"a": {"x": 1}}, {"a": {"x": 2}}])", R"([{"x": 1}, {"x": 2}])", R"([[{"a": [1, 2], "b": [3, 4]}, {"a": [5, 6], "b": [7, 8]}]])",
             R"([{"a": [[1, 2], [3, 4]], "b": [[5, 6], [7, 8]]}, {"a": [[1, 2], [3, 4]], "b": [[5, 6], [7, 8]]}])",
             R"([{"a": [1, 2], "b": [3, 4]}, null])", R"([{"a": null, "b": [3, 4]}, {"a": [1, 2], "b": [3, 4]}])", R"([{"a": 1, "b": [3, 4]}, {"a": 2, "b": [3, 4]}])",
             R"([{"a": [1, 2], "b": [3, 4]}, {"a": [5, 6], "b": [7, 8]}, [1, 2, 3, 4]])",
             R"([{"a": [[1, 2]], "b": [[3, 4]]}, [[[5, 6]], [[7, 8]]]])"}) {
      INFO(model << in);
      CHECK(from_c(context.get(), model, in) == by_json(model, in));
    }
}
