// Steps over datasets of sequences: what begins a sequence stays its beginning, and nothing is torn.
#include <catch2/catch.hpp>

#include <optional>

#include "support.h"
#include "webai/dataset.hpp"
#include "webai/dtype.hpp"

using namespace webai;
using namespace webai::test;

namespace {

struct Read {
  double value;
  bool reset;
  bool operator==(const Read&) const = default;
};

std::vector<Read> items_of(const Context& context, const Dataset& data, std::uint64_t epoch = 0) {
  DatasetReader reader(context, data, epoch, 7);
  std::vector<Read> items;
  while (const std::optional<Item> item = reader.next()) items.push_back({item->input.at(0), item->reset});
  return items;
}

// The inputs of each sequence as training reads them, one after the other.
std::vector<std::vector<double>> sequences_of(const Context& context, const Dataset& data) {
  BatchOptions options;
  options.window = options.lanes = options.batch = 1;
  options.seed = 7;
  BatchIterator iterator(context, data, options);
  iterator.begin_epoch(0);
  std::vector<std::vector<double>> sequences;
  Block block;
  while (iterator.next(block, 1)) {
    if (load_double(options.type, block.kept, 0) == 0) sequences.emplace_back();
    sequences.back().push_back(load_double(options.type, block.inputs, 0));
  }
  return sequences;
}

Item item(double value, bool reset = false) {
  const Context context = make_context();
  Item made{Tensor::from(context, DType::fp32, Shape{1}, std::vector<double>{value}), Tensor::from(context, DType::fp32, Shape{1}, std::vector<double>{0})};
  made.reset = reset;
  return made;
}

// 1 2 3 | 4 5 | 6, in memory and out of a function of the program.
Dataset three_in_memory() { return Dataset::from({item(1), item(2), item(3), item(4, true), item(5), item(6, true)}); }
Dataset three_of_a_function() {
  return Dataset::from([](std::size_t index, Item& made) {
    if (index < 6) made = item(static_cast<double>(index + 1), index == 3 || index == 5);
    return index < 6;
  });
}

using Sequences = std::vector<std::vector<double>>;

}  // namespace

TEST_CASE("A-31 DATA-08 each round of a repeated dataset begins a sequence, as each epoch does") {
  const Context context = make_context();
  const Dataset one = Dataset::from({item(1), item(2)});
  CHECK(sequences_of(context, one.repeat(3)) == Sequences{{1, 2}, {1, 2}, {1, 2}});
  for (const Dataset& data : {three_in_memory(), three_of_a_function()}) {
    CHECK(sequences_of(context, data.repeat(2)) == Sequences{{1, 2, 3}, {4, 5}, {6}, {1, 2, 3}, {4, 5}, {6}});
    CHECK(sequences_of(context, data.skip(1).take(3).repeat(2)) == Sequences{{2, 3}, {4}, {2, 3}, {4}});
    // A row that begins one round and stands in the middle of another.
    CHECK(sequences_of(context, data.take(3).repeat(2).skip(1).repeat(2)) == Sequences{{2, 3}, {1, 2, 3}, {2, 3}, {1, 2, 3}});
    const auto mapped = data.map([](const Item& given) { return item(10 * given.input.at(0), given.reset); });
    CHECK(sequences_of(context, mapped.take(3).repeat(2)) == Sequences{{10, 20, 30}, {10, 20, 30}});
    CHECK(items_of(context, data.repeat(2))[6] == Read{1, true});
  }
  // Samples by themselves are not made a sequence.
  for (const Read& read : items_of(context, one.repeat(2))) CHECK_FALSE(read.reset);
}

TEST_CASE("A-31 a shuffle hands on whole sequences, in the order in which training reads them") {
  const Context context = make_context();
  for (const Dataset& data : {three_in_memory().shuffle(), three_in_memory().repeat(2).shuffle(), three_in_memory().shuffle(2).repeat(2), three_in_memory().skip(1).shuffle()}) {
    for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
      const std::vector<Read> items = items_of(context, data, epoch);
      CHECK(items.size() == data.size());
      Sequences sequences;
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (i == 0 || items[i].reset) sequences.emplace_back();
        sequences.back().push_back(items[i].value);
      }
      for (const std::vector<double>& one : sequences)
        CHECK((one == std::vector<double>{1, 2, 3} || one == std::vector<double>{2, 3} || one == std::vector<double>{4, 5} || one == std::vector<double>{6}));
      if (epoch == 0 && data.size() == 6) CHECK(sequences == sequences_of(context, data));
    }
  }
}
