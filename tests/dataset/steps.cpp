// The steps of a dataset: order, counts, and that a stream does just what a table does.
#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <thread>

#include "support.h"

using namespace webai;
using namespace webai::test;

namespace {

std::vector<double> order(const Context& context, const Dataset& data, std::uint64_t epoch = 0,
                          std::uint64_t seed = 0) {
  return read_epoch(context, data, epoch, {.seed = seed}).outputs;
}

std::vector<double> numbers(std::size_t first, std::size_t end) {
  std::vector<double> values;
  for (std::size_t i = first; i < end; ++i) values.push_back(static_cast<double>(i));
  return values;
}

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("take, skip and repeat count samples") {
  const Context context = make_context();
  for (const Dataset& data : {counting(10), counting_stream(10, context)}) {
    CHECK(order(context, data.take(3)) == numbers(0, 3));
    CHECK(order(context, data.take(30)) == numbers(0, 10));
    CHECK(order(context, data.skip(7)) == numbers(7, 10));
    CHECK(order(context, data.skip(2).take(3)) == numbers(2, 5));
    CHECK(order(context, data.take(2).repeat(3)) == std::vector<double>{0, 1, 0, 1, 0, 1});
    CHECK(order(context, data.take(2).repeat().take(5)) == std::vector<double>{0, 1, 0, 1, 0});
  }
  CHECK(counting(10).take(4).repeat(3).skip(2).size() == 10);
  CHECK_FALSE(counting(10).repeat().size());
  CHECK(counting(10).repeat().take(5).size() == std::nullopt);
}

TEST_CASE("a shuffle is a permutation, new in each epoch, the same for the same seed") {
  const Context context = make_context();
  const auto data = counting(100).shuffle();
  const auto first = order(context, data, 0, 7);
  CHECK(first != numbers(0, 100));
  CHECK(sorted(first) == numbers(0, 100));
  CHECK(order(context, data, 0, 7) == first);
  CHECK(order(context, data, 1, 7) != first);
  CHECK(order(context, data, 0, 8) != first);
  CHECK(order(context, counting(100).shuffle(100, {.seed = 7}), 0, 99) == first);
  const auto still = counting(100).shuffle(100, {.each_epoch = false});
  CHECK(order(context, still, 5) == order(context, still, 0));
}

TEST_CASE("DATA-22 whole sequences change places: none is lost, torn or twice, and each epoch has another order") {
  const Context context = make_context();
  std::vector<std::vector<Example>> sequences;
  for (int i = 0; i < 20; ++i) {
    const double first = 2 * i;
    sequences.push_back({{{first}, {first}}, {{first + 1}, {first + 1}}});
  }
  const auto order_of = [&](std::uint64_t epoch, std::uint64_t seed, std::size_t buffer) {
    BatchIterator iterator(context, Dataset::sequences(sequences).shuffle(buffer), {.seed = seed, .window = 2, .lanes = 1, .batch = 2});
    return read_epoch(iterator, epoch, 2).outputs;
  };
  const auto first = order_of(0, 7, 20);
  CHECK(sorted(first) == numbers(0, 40));
  for (std::size_t i = 0; i < first.size(); i += 2) CHECK(first[i + 1] == first[i] + 1);
  CHECK(first != numbers(0, 40));
  CHECK(order_of(0, 7, 20) == first);
  CHECK(order_of(1, 7, 20) != first);
  CHECK(sorted(order_of(1, 7, 20)) == numbers(0, 40));
  CHECK(order_of(0, 8, 20) != first);
  CHECK(order_of(0, 7, 1) == numbers(0, 40));
}

TEST_CASE("shuffled orders have the bits they always had") {
  const Context context = make_context();
  CHECK(hash_of(order(context, counting(1000).shuffle(), 0, 1)) == 0x8bdc2b2b9a9c8557);
  CHECK(hash_of(order(context, counting(1000).shuffle(), 1, 1)) == 0xb715e7a2a80bf347);
  CHECK(hash_of(order(context, counting(1000).shuffle(64), 0, 1)) == 0xb47c7f907032d4a3);
}

TEST_CASE("orders do not depend on threads") {
  const Context context = make_context();
  const auto data = counting(1000).shuffle(200);
  const auto alone = order(context, data, 3, 5);
  std::vector<std::vector<double>> seen(4);
  std::vector<std::thread> threads;
  for (auto& result : seen) threads.emplace_back([&] { result = order(context, data, 3, 5); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : seen) CHECK(result == alone);
}

TEST_CASE("a small buffer shuffles nearby samples, and a stream just as a table") {
  const Context context = make_context();
  const auto order_of_table = order(context, counting(500).shuffle(20), 2, 3);
  CHECK(sorted(order_of_table) == numbers(0, 500));
  for (std::size_t i = 0; i < 500; ++i) CHECK(order_of_table[i] < static_cast<double>(i + 20));  // none comes early
  CHECK(order(context, counting_stream(500, context).shuffle(20), 2, 3) == order_of_table);
  CHECK(order(context, counting_stream(500, context).shuffle(), 2, 3) ==
        order(context, counting(500).shuffle(), 2, 3));
  CHECK(order(context, counting(500).shuffle(1)) == numbers(0, 500));
}

TEST_CASE("every position of a shuffle is as likely as any other") {
  const Context context = make_context();
  constexpr std::size_t n = 8, epochs = 8000;
  std::vector<int> counts(n * n);
  BatchIterator iterator(context, counting(n).shuffle(), {});
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
    const Epoch seen = read_epoch(iterator, epoch, n);
    for (std::size_t i = 0; i < n; ++i) ++counts[i * n + static_cast<std::size_t>(seen.outputs[i])];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  CHECK(chi_square < 100);  // 49 degrees of freedom: 85 is passed once in a thousand seeds, and the seed is fixed
}

TEST_CASE("passes of repeat are shuffled anew") {
  const Context context = make_context();
  const auto seen = order(context, counting(50).shuffle().repeat(2));
  const std::vector<double> first(seen.begin(), seen.begin() + 50), second(seen.begin() + 50, seen.end());
  CHECK(first != second);
  CHECK(sorted(first) == numbers(0, 50));
  CHECK(sorted(second) == numbers(0, 50));
  CHECK(sorted(order(context, counting(50).repeat(2).shuffle())) ==
        sorted([] { auto twice = numbers(0, 50); const auto once = twice; twice.insert(twice.end(), once.begin(), once.end()); return twice; }()));
}

TEST_CASE("the parts of a split are disjoint and complete, in every epoch and for every seed") {
  const Context context = make_context();
  const auto [train, test] = counting(101).shuffle().split(0.8);
  CHECK(train.size() == 81);
  CHECK(test.size() == 20);
  const auto held_out = sorted(order(context, test, 0, 1));
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    CHECK(sorted(order(context, test, epoch, epoch)) == held_out);
    auto both = order(context, train.shuffle(), epoch, 17 * epoch);
    both.insert(both.end(), held_out.begin(), held_out.end());
    CHECK(sorted(both) == numbers(0, 101));
  }
  CHECK(order(context, train.shuffle(), 0) != order(context, train.shuffle(), 1));
  CHECK(counting(10).split(0).first.size() == 0);
  CHECK(counting(10).split(1).second.size() == 0);
  CHECK_THROWS_AS(counting(10).split(1.5), Error);
  CHECK(error_of([&] { counting_stream(10, context).split(0.5); }).reason() == "UNKNOWN_SIZE");
}

TEST_CASE("map changes samples, their shape and their type") {
  const Context context = make_context();
  const auto sum = [context](const Item& item) {
    const double total = item.input.at(0) - item.input.at(1);
    return Item{Tensor::from(context, DType::fp32, Shape{1}, std::vector<double>{total}), item.output};
  };
  for (const Dataset& base : {counting(6), counting_stream(6, context)}) {
    const auto data = base.map(sum);
    CHECK(data.input_shape() == Shape{1});
    CHECK(data.input_type() == DType::fp32);
    CHECK(read_epoch(context, data).inputs == std::vector<float>{0, 2, 4, 6, 8, 10});
    CHECK(sorted(order(context, data.shuffle(3).map([](const Item& item) { return item; }).take(6))) == numbers(0, 6));
  }
}

TEST_CASE("a map that changes its mind about the shape is refused") {
  const Context context = make_context();
  const auto data = counting(6).map([context](const Item& item) {
    return item.output.at(0) < 3 ? item : Item{Tensor(context, DType::fp64, Shape{3}), item.output};
  });
  const Error error = error_of([&] { read_epoch(context, data); });
  CHECK(error.code() == Code::shape_mismatch);
  CHECK(error.path() == "map: sample 3");
  CHECK(error.expected() == "fp64 2");
  CHECK(error.actual() == "fp64 3");
}

TEST_CASE("an error in a function of the program arrives as it was thrown, and the iterator can start again") {
  const Context context = make_context();
  int calls = 0;
  const auto data = counting(100).map([&calls](const Item& item) {
    if (++calls == 50) throw std::runtime_error("mine");
    return item;
  });
  BatchIterator iterator(context, data.shuffle(10), {});
  CHECK_THROWS_WITH(read_epoch(iterator, 0, 64), "mine");
  CHECK(read_epoch(iterator, 0, 64).samples == 100);
}

TEST_CASE("a single sample can be asked for") {
  const Context context = make_context();
  CHECK(counting(10).item(context, 7).input.at(1) == -7);
  CHECK(counting_stream(10, context).skip(2).item(context, 7).output.at(0) == 9);
  CHECK(error_of([&] { counting(10).item(context, 10); }).expected() == "an index below 10");
}

TEST_CASE("every error of making a dataset, and of its steps, has a reason, a place, what was expected and there, and a hint") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Dataset data = Dataset::from({{{1}, {2}}, {{3}, {4}}});
  const Dataset endless = Dataset::from([](std::size_t, Item&) { return false; });
  const std::vector<double> nan{1, none};
  const auto tensor = [](const std::vector<double>& values, const Shape& shape) { return Tensor::from(make_context(), DType::fp32, shape, values); };
  const std::pair<const char*, std::function<void()>> mistakes[] = {
      {"no source", [] { (void)Dataset().size(); }},
      {"no samples", [] { (void)Dataset::from(std::vector<Example>{}); }},
      {"no items", [] { (void)Dataset::from(std::vector<Item>{}); }},
      {"no function", [] { (void)Dataset::from(Dataset::ItemFunction()); }},
      {"no map", [&] { (void)data.map({}); }},
      {"an empty function", [&] { (void)endless.describe(); }},
      {"an empty function, mapped", [&] { (void)endless.map([](const Item& item) { return item; }).describe(); }},
      {"an empty input", [] { (void)Dataset::from({{{}, {1}}}); }},
      {"an item without input", [] { (void)Dataset::from(std::vector<Item>{Item{}}); }},
      {"other lengths", [] { (void)Dataset::from({{{1}, {1}}, {{1, 2}, {1}}}); }},
      {"no number", [&] { (void)Dataset::from({{{none}, {1}}}); }},
      {"no number in a tensor", [&] { (void)Dataset::from(tensor(nan, {2, 1}), tensor({1, 2}, {2, 1})); }},
      {"no number in an item", [&] { (void)Dataset::from(std::vector<Item>{{.input = tensor(nan, Shape{2}), .output = tensor({1}, Shape{1})}}); }},
      {"other counts", [&] { (void)Dataset::from(tensor({1, 2}, {2, 1}), tensor({1}, {1, 1})); }},
      {"a shuffle of none", [&] { (void)data.shuffle(0); }},
      {"a batch of none", [&] { (void)data.batch(0); }},
      {"a split of two", [&] { (void)data.split(2); }},
      {"a split of what is not known", [&] { (void)Dataset::from([](std::size_t, Item&) { return true; }).split(0.5); }},
      {"a sample behind the last", [&] { (void)data.item(make_context(), 2); }},
      {"nothing left", [&] { BatchIterator(make_context(), data.take(0), {}); }},
  };
  for (const auto& [what, mistake] : mistakes) {
    INFO(what);
    const Error error = error_of(mistake);
    INFO(error.what());
    CHECK_FALSE(error.reason().empty());
    CHECK_FALSE(error.path().empty());
    CHECK_FALSE(error.expected().empty());
    CHECK_FALSE(error.actual().empty());
    CHECK_FALSE(error.hint().empty());
  }
}

TEST_CASE("DATA-20 labels of a dataset can be named, and keep their numbers and their memory") {
  const Context context = make_context();
  const std::vector<double> inputs{1, 2, 3}, labels{2, 0, 1};
  const Dataset plain = Dataset::from(Tensor::from(context, DType::fp32, Shape{3, 1}, inputs), Tensor::from(context, DType::i32, Shape{3}, labels));
  const Dataset named = plain.with_labels({"x", "y", "z"}).take(3);
  CHECK(plain.labels().empty());
  CHECK(named.labels() == std::vector<std::string>{"x", "y", "z"});
  CHECK(named.class_count() == 3);
  CHECK(order(context, named) == order(context, plain));
  CHECK(plain.with_labels({"a", "b", "c", "d"}).class_count() == 4);
  CHECK(BatchIterator(context, plain.with_labels({"x", "y", "z"}), {}).is_view() == BatchIterator(context, plain, {}).is_view());
  CHECK(named.map([](const Item& item) { return item; }).labels() == named.labels());
  // What has no labels has no names for them.
  CHECK(Dataset::from({{{1}, {2}}}).with_labels({"x"}).labels().empty());
}
