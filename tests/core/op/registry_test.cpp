// The registry takes whole definitions only, each name once, and answers a wrong name with the nearest.
#include <catch2/catch.hpp>

#include <functional>

#include "core/op/registry.h"
#include "webai/error.hpp"

using namespace webai;

namespace {

OpDef whole() {
  OpDef op;
  op.name = "twice";
  op.domain = "mine";
  op.doc = "The double.";
  op.formula = "2 x";
  op.inputs = {{"x", "a number"}};
  op.shape = [](ShapeContext& context) { context.output(context.type(0), context.shape(0)); };
  op.reference = [](const KernelContext&) {};
  op.gradient = [](GradientContext&) { return std::vector<Ref>(1); };
  op.constraints = {{"C1", "x is a number"}};
  op.samples = {{{Shape{2}}}};
  return op;
}

Error refusal(OpDef op) {
  Registry registry;
  try {
    registry.add(std::move(op));
  } catch (const Error& error) {
    return error;
  }
  return {Code::internal, "it was taken"};
}

}  // namespace

TEST_CASE("the registry refuses a definition with a gap, and names the gap") {
  struct Gap {
    const char* says;
    std::function<void(OpDef&)> make;
  };
  const Gap gaps[] = {
      {"no name", [](OpDef& op) { op.name.clear(); }},
      {"no domain", [](OpDef& op) { op.domain.clear(); }},
      {"no sentence", [](OpDef& op) { op.doc.clear(); }},
      {"no formula", [](OpDef& op) { op.formula.clear(); }},
      {"no shape rule", [](OpDef& op) { op.shape = {}; }},
      {"neither reference kernel nor body", [](OpDef& op) { op.reference = {}; }},
      {"neither gradient nor body nor a reason", [](OpDef& op) { op.gradient = {}; }},
      {"a constraint without label or text", [](OpDef& op) { op.constraints[0].text.clear(); }},
      {"a variadic input that is not the last",
       [](OpDef& op) {
         op.inputs = {{"x", "numbers", InputSpec::variadic}, {"y", "a number"}};
       }},
      {"no sample shapes", [](OpDef& op) { op.samples.clear(); }},
  };
  for (const Gap& gap : gaps) {
    INFO(gap.says);
    OpDef op = whole();
    gap.make(op);
    const Error error = refusal(op);
    CHECK(error.code() == Code::invalid_argument);
    CHECK(error.reason() == "OPERATOR_GAP");
    CHECK(std::string(error.what()).find(gap.says) != std::string::npos);
  }
}

TEST_CASE("the registry takes what is whole: a body instead of a kernel, a reason instead of a gradient, a view") {
  Registry registry;
  registry.add(whole());
  OpDef composite = whole();
  composite.name = "composite";
  composite.reference = {};
  composite.gradient = {};
  composite.body = [](Builder&, std::span<const Ref> inputs, const Attributes&) { return std::vector<Ref>{inputs[0]}; };
  registry.add(composite);
  OpDef stepwise = whole();
  stepwise.name = "stepwise";
  stepwise.gradient = {};
  stepwise.not_differentiable = "it is constant between its steps";
  registry.add(stepwise);
  OpDef view = whole();
  view.name = "view";
  view.reference = {};
  view.view = true;
  registry.add(view);
  CHECK(registry.all("mine").size() == 4);
  CHECK(registry.domains() == std::vector<std::string>{"mine"});
  CHECK(registry.find("mine", "twice") == &registry.get("mine#twice"));
  CHECK(registry.find("mine", "thrice") == nullptr);
}

TEST_CASE("a name is taken once, and a wrong one is answered with the nearest") {
  Registry registry;
  registry.add(whole());
  CHECK_THROWS_WITH(registry.add(whole()), Catch::Contains("exists already"));
  CHECK_THROWS_WITH(registry.get("mine#twise"), Catch::Contains("did you mean \"twice\"?"));
}
