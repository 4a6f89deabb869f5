// PyTorch's gradients as the judge: every case of conformance/training/gradients.json whose name has a spelling in our
// operators. Cases without one are listed, not dropped.
#include <catch2/catch.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

#include "autodiff/gradients.h"
#include "oracle.h"

using namespace webai;
using namespace webai::test;

namespace {

/// The file writes infinities as Python does, which is not JSON.
Json read_cases() {
  std::ifstream file(std::string(WEBAI_TEST_DATA) + "/conformance/training/gradients.json");
  std::stringstream text;
  text << file.rdbuf();
  std::string cleaned = text.str();
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}}) {
    for (std::size_t at = 0; (at = cleaned.find(from, at)) != std::string::npos; at += to.size())
      cleaned.replace(at, from.size(), to);
  }
  return Json::parse(cleaned).at("cases");
}

/// The first difference above 1e-9 of the larger magnitude, or nothing.
std::string difference(const Tensor& found, const Tensor& expected) {
  if (found.shape() != expected.shape())
    return "shape " + found.shape().text() + ", expected " + expected.shape().text();
  double scale = 1;
  for (std::size_t i = 0; i < expected.elements(); ++i) scale = std::max(scale, std::abs(expected.at(i)));
  for (std::size_t i = 0; i < expected.elements(); ++i)
    if (!(std::abs(found.at(i) - expected.at(i)) <= 1e-9 * scale))
      return "element " + std::to_string(i) + " is " + std::to_string(found.at(i)) + ", expected " +
             std::to_string(expected.at(i));
  return "";
}

/// Everything a case asks for, compared; the first difference in words.
std::string compare(const Json& json, Case& c, const std::vector<Term>& outputs) {
  std::vector<Seed> seeds;
  std::size_t seed = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor expected = tensor_of(json.at("outputs").at(i));
    if (const std::string text = difference(c.tape().value(outputs[i]), expected); !text.empty())
      return "output " + std::to_string(i) + ": " + text;
    seeds.push_back({outputs[i], c.tape().constant(tensor_of(json.at("grad_outputs").at(seed++)))});
  }
  std::vector<Ref> sources;
  std::vector<std::string> paths;
  for (const auto& [path, expected] : json.at("grads").items()) {
    paths.push_back(path);
    sources.push_back(c.at(path));
  }
  const std::vector<Ref> found = gradients(c.tape(), seeds, sources);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const Tensor gradient =
        found[i] ? c.tape().value(found[i]) : Tensor(context(), DType::fp64, c.tape().shape(sources[i]));
    if (const std::string text = difference(gradient, tensor_of(json.at("grads").at(paths[i]))); !text.empty())
      return "gradient of " + paths[i] + ": " + text;
  }
  return "";
}

}  // namespace

TEST_CASE("gradients agree with PyTorch's wherever an operator has a spelling in ours") {
  const Json cases = read_cases();
  const std::map<std::string, Spelling> known = spellings();
  std::map<std::string, int> missing;
  std::size_t agreed = 0;
  for (const Json& json : cases) {
    const std::string op = json.at("op").get<std::string>(), id = json.at("id").get<std::string>();
    const auto spelling = known.find(op);
    Case c(json);
    const std::vector<Term> outputs = spelling == known.end() ? std::vector<Term>{} : spelling->second(c);
    if (outputs.empty()) {
      ++missing[op];
      continue;
    }
    const std::string text = compare(json, c, outputs);
    INFO(id << ": " << text);
    CHECK(text.empty());
    agreed += text.empty();
  }
  std::cout << agreed << " of " << cases.size()
            << " PyTorch gradient cases agree; without a spelling in our operators:";
  int unspelled = 0;
  for (const auto& [op, count] : missing) {
    std::cout << " " << op << " (" << count << ")";
    unspelled += count;
  }
  std::cout << "\n";
  // More operators without a spelling than today would be a step back.
  CHECK(unspelled <= 22);
}
