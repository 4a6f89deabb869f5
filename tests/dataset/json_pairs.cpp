// Pairs of input and output as JSON.
#include <catch2/catch.hpp>

#include "dataset/support.h"

using namespace webai;
using namespace webai::test;

namespace {

Dataset pairs(const std::string& text) { return Dataset::json(file("pairs.json", text)); }

}  // namespace

TEST_CASE("pairs as JSON are samples in their order") {
  const Context context = make_context();
  const Dataset xor_pairs = pairs("[[[0, 0], [0]], [[0, 1], [1]], [[1, 0], [1]], [[1, 1], 0]]");
  CHECK(xor_pairs.size() == 4);
  CHECK(xor_pairs.input_shape() == Shape{2});
  CHECK(xor_pairs.class_count() == 2);
  const Epoch epoch = read_epoch(context, xor_pairs);
  CHECK(epoch.inputs == std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1});
  CHECK(epoch.outputs == std::vector<double>{0, 1, 1, 0});
}

#if WEBAI_WITH_ZLIB
TEST_CASE("pairs that are packed with gzip are read as they are") {
  const Context context = make_context();
  const std::string text = "[[[0, 0], [0]], [[0, 1], [1]]]";
  CHECK(read_epoch(context, pairs(gzip(text))) == read_epoch(context, pairs(text)));
}
#endif

TEST_CASE("objects with input and output say the same as pairs") {
  const Context context = make_context();
  CHECK(read_epoch(context, pairs(R"([{"input": [1, 2], "output": [3]}, {"output": 6, "input": [4, 5]}])")) ==
        read_epoch(context, pairs("[[[1, 2], [3]], [[4, 5], 6]]")));
}

TEST_CASE("nested arrays keep their shape, and numbers stand for one value") {
  CHECK(pairs("[[[[1, 2, 3], [4, 5, 6]], [1, 0]]]").input_shape() == Shape{2, 3});
  CHECK(pairs("[[[[1, 2, 3], [4, 5, 6]], [1, 0]]]").output_shape() == Shape{2});
  CHECK(pairs("[[5, 6], [7, 8]]").input_shape() == Shape{1});
}

TEST_CASE("texts become labels in byte order") {
  const Dataset animals = pairs(R"([[[1], "dog"], [[2], ["cat"]], [[3], "dog"]])");
  CHECK(animals.labels() == std::vector<std::string>{"cat", "dog"});
  CHECK(animals.output_kind() == OutputKind::label);
  CHECK(read_epoch(make_context(), animals).outputs == std::vector<double>{1, 0, 1});
}

TEST_CASE("DATA-08 DATA-09 RESET between pairs begins a sequence, null ignores an output") {
  const Context context = make_context();
  const auto marks = [&](const std::string& text) {
    const Dataset data = pairs(text);
    std::string result;
    for (std::uint64_t i = 0; i < *data.size(); ++i) {
      const Item item = data.item(context, i);
      result += std::string(item.reset ? "|" : "") + (item.ignore ? "i" : "o");
    }
    return result;
  };
  CHECK(marks(R"([[[1], [1]], [[2], null], "RESET", [[3], [3]], "RESET", "RESET", {"input": [4], "output": null}, "RESET"])") ==
        "oi|o|i");
  CHECK(marks(R"([[[1], null], [[2], "dog"]])") == "io");
  CHECK_THROWS_WITH(pairs(R"(["RESET"])"), Catch::Contains("no samples"));
  CHECK_THROWS_WITH(pairs("[[[1], null]]"), Catch::Contains("no sample has an output"));
  CHECK_THROWS_WITH(pairs(R"([[[1], [1]], "reset"])"), Catch::Contains("/1") && Catch::Contains("this is no sample"));
}

TEST_CASE("a mistake in the pairs is named with file and place") {
  const std::pair<const char*, const char*> mistakes[] = {
      {"{}", "pairs.json: the file holds no list of samples"},
      {"[]", "pairs.json: the file holds no samples"},
      {"[[[1], [2]], [[1]]]", "pairs.json: /1: this is no sample"},
      {"[[[1], [2]], [[1, 2], [2]]]", "pairs.json: /1/0: samples have different shapes"},
      {"[[[1], [2]], [[1], [2, 3]]]", "pairs.json: /1/1: samples have different shapes"},
      {"[[[[1, 2], [3]], [2]]]", "pairs.json: /0/0/1: arrays beside each other have different lengths"},
      {"[[[1, [2]], [2]]]", "pairs.json: /0/0/1: numbers and arrays stand side by side"},
      {"[[[null], [2]]]", "pairs.json: /0/0/0: this is no number"},
      {R"([[[1], "a"], [[1], [2]]])", "pairs.json: /1/1: some outputs are texts, some are numbers"},
      {R"([[[true], [2]]])", "pairs.json: /0/0/0: this is no number"},
      {R"([{"input": [1], "output": [2], "weight": 3}])", "pairs.json: /0/weight: a sample has an input and an output"},
      {R"([{"input": [1]}])", "pairs.json: /0: the output is missing"},
      {"[[[1], [2]],\n [[1] [2]]]", "pairs.json: line 2, column 7"},
  };
  for (const auto& [text, message] : mistakes) {
    INFO(text);
    const Error error = error_of([&] { pairs(text); });
    const std::string what = error.what();
    INFO(what);
    CHECK(what.starts_with(message));
    for (const std::string& detail : {error.reason(), error.path(), error.expected(), error.actual(), error.hint()}) CHECK_FALSE(detail.empty());
  }
}

TEST_CASE("IO-05 texts and names in samples wait for a network") {
  for (const char* const text : {R"([[["a"], [2]]])", R"([[{"x": 1}, [2]], "RESET", [{"x": 2}, null]])", R"([{"input": [1], "output": {"y": 2}}])"}) {
    INFO(text);
    const Dataset data = pairs(text);
    CHECK(data.needs_network());
    CHECK(data.describe().ends_with("to be read by a network"));
    CHECK(error_of([&] { data.item(Context::system(), 0); }).details().reason == "SAMPLES");
  }
  CHECK_FALSE(pairs(R"([[[1], "a"]])").needs_network());
}
