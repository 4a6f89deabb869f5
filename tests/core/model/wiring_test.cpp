// Ways that flows take where few models send them; and models wired at random: each builds and runs, or ends in an error
// that says where; nothing in between.
#include <random>

#include "core/ir/verifier.h"
#include "steps.h"

using namespace webai;
using test::Row;
using test::Steps;
using test::World;

namespace {

class Wiring {
 public:
  explicit Wiring(unsigned seed) : random_(seed) {}

  std::string model() {
    layers_ = 2 + below(5);
    std::string text = R"({"layers": [)";
    for (int i = 0; i < layers_; ++i) text += (i ? ", " : "") + layer(i);
    return text + "]}";
  }

 private:
  int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool chance(int in) { return below(in) == 0; }

  std::string target() {
    const int index = below(layers_);
    switch (below(5)) {
      case 0:
        return std::to_string(index);
      case 1:
        return "\"p" + std::to_string(index) + "\"";
      case 2:
        return "\"l" + std::to_string(index) + ".bias\"";
      default:
        return "\"l" + std::to_string(index) + "\"";
    }
  }

  std::string element(int index, bool pipe) {
    std::string text = R"({"name": ")" + std::string(pipe ? "p" : "l") + std::to_string(index) + "\"";
    static constexpr const char* types[] = {"neurons", "identity", "gru", "lstm", "flatten", "tanh", "input"};
    const bool first = index == 0;
    const std::string type = first ? "input" : types[below(chance(4) ? 7 : 3)];
    text += R"(, "type": ")" + type + "\"";
    if (type == "input" || ((type == "neurons" || type == "gru" || type == "lstm") && !chance(4)))
      text += ", \"size\": " + std::to_string(1 + below(3));
    if (chance(3)) text += ", \"to\": [" + target() + (chance(2) ? ", " + target() : "") + "]";
    if (chance(4)) {
      text += ", \"history\": " + std::to_string(1 + below(3));
      if (chance(2)) text += ", \"historyTo\": " + target();
    }
    if (!first && chance(6)) text += ", \"pipeFrom\": " + std::string("\"l") + std::to_string(below(layers_)) + "\"";
    return text;
  }

  std::string layer(int index) {
    std::string text = element(index, false);
    if (chance(3)) text += ", \"pipes\": [" + element(index, true) + "}]";
    return text + "}";
  }

  std::mt19937 random_;
  int layers_ = 0;
};

}  // namespace

TEST_CASE("M-PIPE-10 a layer that goes to a parameter alone gives nothing to the next layer") {
  const World world;
  for (const char* ends : {R"("to": "sum.bias", )", R"("to": ["sum.bias"], )", R"("to": "end", )"}) {
    INFO(ends);
    Steps steps(world, R"({"layers": [1, {"type": "identity", )" + std::string(ends) +
                           R"("pipes": [{"size": 1, "weights": [2], "bias": false}]}, {"name": "sum", "size": 1, "weights": [10])" +
                           (ends[7] == 'e' ? R"(, "bias": "end")" : "") + "}]}");
    CHECK(steps.run({{1}}) == Row{21});
  }
}

TEST_CASE("A-12 a pipe shares the input of its layer, whatever that makes of it, and its outputs stand behind the layer's") {
  const World world;
  // Named or not, of each kind of layer, and with one that goes elsewhere in between.
  for (const char* own : {R"("size": 1, "weights": [[10], [100]], "bias": 7)", R"("size": 1, "weights": [[10], [100]], "bias": 7, "name": "own")",
                          R"("type": "net", "net": {"layers": [2, {"size": 1, "weights": [[10], [100]], "bias": 7}]})"}) {
    INFO(own);
    Steps steps(world, R"({"layers": [2, {)" + std::string(own) + R"(, "pipes": [
        {"size": 2, "weights": [[2, 3], [0, 1]], "bias": false}, {"size": 1, "weights": [[1], [1]], "bias": false, "to": "end"},
        {"type": "identity", "name": "same"}]}, {"type": "identity"}, {"name": "end", "type": "identity"}]})");
    // Behind 217 those of the pipes; what goes elsewhere, 3, arrives in document order, before what comes through layer 2.
    CHECK(steps.run({{1, 2}}) == Row{3, 217, 2, 5, 1, 2});
  }
  // A layer with an activation, and one that remembers.
  Steps activated(world, R"({"layers": [1, {"size": 1, "weights": [[1]], "bias": 5, "activation": "relu", "pipes": [
      {"type": "identity", "size": 1}]}, {"type": "identity"}]})");
  CHECK(activated.run({{-9}}) == Row{0, -9});
  Steps back(world, R"({"layers": [1, {"name": "sum", "size": 1, "weights": [[1], [1]], "bias": false, "to": ["sum", 2], "pipes": [
      {"type": "identity", "size": 2}]}, {"type": "identity"}]})");
  CHECK(back.run({{1}}) == Row{1, 1, 0});
  CHECK(back.run({{2}}) == Row{3, 2, 1});
}

TEST_CASE("M-PIPE-07 a layer of pipes only is a target as others are, and all its pipes get what comes") {
  const World world;
  for (const char* target : {R"("both")", R"(["both"])", "2"}) {
    INFO(target);
    Steps steps(world, R"({"layers": [{"size": 1, "pipes": [{"size": 1, "to": )" + std::string(target) + R"(}]}, {"type": "identity"},
        {"name": "both", "pipes": [{"type": "identity"}, {"size": 1, "weights": [10, 100], "bias": false}]}, {"type": "identity"}]})");
    CHECK(steps.run({{1}, {2}}) == Row{2, 1, 10 * 2 + 100 * 1});
  }
}

TEST_CASE("models wired at random build and run, or say what is wrong with them") {
  const World world;
  int built = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    const std::string text = Wiring(seed).model();
    INFO(text);
    try {
      BuiltModel model = world.build(text, {.batch = 2});
      verify(model.graph, "building", true);
      for (const BuiltState& state : model.states) {
        const auto written = [&](const Write& write) { return write.state == state.value; };
        CHECK(std::ranges::count_if(model.graph.writes, written) == 1);
      }
      Steps steps(world, std::move(model));
      std::vector<std::vector<double>> inputs;
      for (const BuiltInput& input : steps.built().inputs)
        inputs.emplace_back(static_cast<std::size_t>(2 * input.shape.elements()), 0.5);
      steps.run(inputs);
      steps.run(inputs);
      ++built;
    } catch (const Error& error) {
      CHECK(error.code() != Code::internal);
      CHECK(error.path().starts_with("/layers/"));
      CHECK_FALSE(error.reason().empty());
    }
  }
  CHECK(built > 250);
}
