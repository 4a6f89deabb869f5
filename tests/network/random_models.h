// Random models: built, run, exported in every form and read again they compute the same bits, and take the same
// inputs.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "../support/random_model.h"
#include "../support/random_values.h"
#include "support/values.h"
#include "webai/webai.hpp"

namespace webai::test {

inline constexpr std::size_t batch_of_two = 2;

inline NeuralNetwork built_of(const std::string& model) { return NeuralNetwork::from_json(model, {.device = "reference"}); }

inline Tensor outputs_of(NeuralNetwork& net, const Tensor& input) { return net.run(input, {.denormalize = false}).tensor(); }

/// A random model as built, and what two runs of it give.
struct Judged {
  NeuralNetwork net;
  std::string text;
  bool trained = false;  // its weights are no longer those it began with
  Tensor input = {}, first = {}, second = {};
  Tensor third = {};  // with what `io` makes of it
  Json spelled = {};  // the same input with names; null where lengths are open
  Tensor read = {};   // what that stands for
};

inline void move_weights(NeuralNetwork& net, RandomNumbers& random) {
  for (const auto& [name, tensor] : net.parameters()) {
    std::vector<double> values(tensor.elements());
    for (double& value : values) value = name.ends_with("movingVariance") ? 1.5 + random.real() : random.real();
    net.set_parameter(name, Tensor::from(net.context(), tensor.type(), tensor.shape(), values));
  }
}

inline Judged make_judged(std::uint64_t seed, RandomModel& random, const std::string& text) {
  Judged one{built_of(text), text, seed % 2 == 0};
  if (one.trained) move_weights(one.net, random);
  const Shape& open = random.sample_shape();
  const bool is_open = open.rank() > 0;
  std::vector<double> values(batch_of_two *
                             (is_open ? static_cast<std::size_t>(open.elements()) : one.net.input_size()));
  for (double& value : values) value = 3 * random.real();
  const Shape row{static_cast<std::int64_t>(values.size())};
  one.input =
      Tensor::from(one.net.context(), one.net.data_type(), is_open ? open.inserted(0, batch_of_two) : row, values);
  one.first = outputs_of(one.net, one.input);
  one.second = outputs_of(one.net, one.input);
  one.third = one.net.run(one.input).tensor();
  if (is_open) return one;
  one.spelled = RandomValues(seed).spelled(one.net.inputs(), values, batch_of_two);
  one.read = one.net.input_of(one.spelled);
  if (!same_bits(one.read, one.net.input_of(Json::numbers(values))))
    FAIL("IO-06: another input is read from " << write_json(one.spelled));
  return one;
}

inline void check_form(const Judged& one, const ExportOptions& form) {
  const std::string exported = one.net.export_model(form);
  INFO("exported " << form.optimize << " " << form.setup_data_as << "\n" << exported);
  NeuralNetwork again = built_of(exported);
  if (!same_bits(outputs_of(again, one.input), one.first) || !same_bits(outputs_of(again, one.input), one.second))
    FAIL("the exported model computes something else");
  if (!same_bits(again.run(one.input).tensor(), one.third)) FAIL("rules of the exported model's outputs are others");
  if (!form.optimize.empty())
    if (const std::string twice = again.export_model(form); twice != exported)
      FAIL("exported again it differs behind\n"
           << twice.substr(0, static_cast<std::size_t>(std::ranges::mismatch(twice, exported).in1 - twice.begin())));
  const bool has_ties = one.text.find("\"instructions\":\"V1NJ") != std::string::npos ||  // which stay in a table
                        one.text.find("\"instructions\": \"V1NJ") != std::string::npos;
  if (form.optimize == "pretty" && !has_ties && exported.find("\"setup\"") != std::string::npos)
    FAIL("values are left in setup");
  if (!form.keep_names) return;
  if (!std::ranges::equal(again.outputs(), one.net.outputs(), {}, &PortInfo::name, &PortInfo::name))
    FAIL("outputs have other names");
  if (!one.spelled.is_null() && !same_bits(again.input_of(one.spelled), one.read))
    FAIL("IO-05: another input is read from " << write_json(one.spelled));
}

inline void check_models(std::uint64_t first, std::uint64_t count) {
  const std::vector<ExportOptions> forms = {{},
                                            {.setup_data_as = "array", .indent = true},
                                            {.optimize = "pretty"},
                                            {.optimize = "minify"},
                                            {.setup_data_as = "array", .optimize = "minify", .keep_names = false}};
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    RandomModel random(seed);
    INFO("seed " << seed);
    try {
      const std::string text = random.text();
      INFO(text);
      const Judged one = make_judged(seed, random, text);
      for (const ExportOptions& form : forms) check_form(one, form);
      if (!one.trained && !random.starts_anew()) check_form(one, {.setup_data_as = "given", .optimize = "minify"});
    } catch (const Error& error) {
      FAIL(error.what());
    }
  }
}

}  // namespace webai::test
