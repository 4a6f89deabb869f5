// What a BatchIterator hands out: views, assembled blocks, forms of outputs.
#include <catch2/catch.hpp>

#include <algorithm>

#include "host/background_thread.h"
#include "support.h"

using namespace webai;
using namespace webai::test;

TEST_CASE("the braces of the first five minutes make a dataset") {
  const auto data = Dataset::from({{{0, 0}, {0}}, {{0, 1}, {1}}, {{1, 0}, {1}}, {{1, 1}, {0}}});
  CHECK(data.size() == 4);
  CHECK(data.input_shape() == Shape{2});
  CHECK(data.output_shape() == Shape{1});
  CHECK(data.output_kind() == OutputKind::values);
  CHECK(data.class_count() == 2);
  CHECK(data.describe() == "4 samples, input 2 fp64, output 1 fp64");
  const Epoch epoch = read_epoch(make_context(), data);
  CHECK(epoch.inputs == std::vector<float>{0, 0, 0, 1, 1, 0, 1, 1});
  CHECK(epoch.outputs == std::vector<double>{0, 1, 1, 0});
}

TEST_CASE("DATA-20 a function is a source: it is asked from 0 in each epoch, until it has no more") {
  const Context context = make_context();
  BatchIterator iterator(context, counting_stream(70, context), {});
  const Epoch expected = read_epoch(context, counting(70));
  for (const std::uint64_t epoch : {0u, 1u, 2u}) CHECK(read_epoch(iterator, epoch, 64) == expected);
}

TEST_CASE("small data in order is a view that is the same memory in each epoch") {
  BatchIterator iterator(make_context(), Dataset::sample("xor"), {.batch = 2});
  REQUIRE(iterator.is_view());
  CHECK(iterator.preferred_samples() == 4);
  Block first, again;
  iterator.begin_epoch(0);
  REQUIRE(iterator.next(first, 100));
  CHECK(first.samples == 4);
  CHECK_FALSE(iterator.next(again, 100));
  iterator.begin_epoch(1);
  REQUIRE(iterator.next(again, 3));
  CHECK(again.samples == 2);
  CHECK(again.inputs == first.inputs);
  REQUIRE(iterator.next(again, 3));
  CHECK(again.samples == 2);
  CHECK(again.inputs == static_cast<const float*>(first.inputs) + 4);
  CHECK_FALSE(iterator.next(again, 3));
}

TEST_CASE("fp32 tensors are handed out without a copy") {
  const Context context = make_context();
  Tensor inputs(context, DType::fp32, Shape{5, 3}), outputs(context, DType::fp32, Shape{5, 2});
  const auto data = Dataset::from(inputs, outputs);
  BatchIterator iterator(context, data.skip(2), {});
  Block block;
  REQUIRE(iterator.next(block, 8));
  CHECK(block.samples == 3);
  CHECK(block.inputs == inputs.span<float>().data() + 6);
  CHECK(block.outputs == outputs.span<float>().data() + 4);
}

TEST_CASE("an epoch of four samples costs almost nothing") {
  BatchIterator iterator(make_context(), Dataset::sample("xor"), {});
  constexpr int epochs = 100'000;
  std::size_t samples = 0;
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {  // the best of some
    const double start = processor_seconds();
    for (int i = 0; i < epochs; ++i) {
      iterator.begin_epoch(static_cast<std::uint64_t>(i));
      Block block;
      while (iterator.next(block, 4)) samples += block.samples;
    }
    best = std::min(best, 1e9 * (processor_seconds() - start));
  }
  CHECK(samples == 5 * 4 * epochs);
#ifdef NDEBUG
  CHECK(best / epochs < 400);  // some 30 ns where nothing disturbs
#endif
}

TEST_CASE("labels come as indices, one-hot rows or values") {
  const Context context = make_context();
  const Pictures made = pictures(6, 2, 2, 3);
  const auto data = Dataset::idx(file("x", made.images), file("y", made.labels));
  CHECK(data.output_kind() == OutputKind::label);
  CHECK(data.class_count() == 3);
  CHECK(data.input_type() == DType::u8);
  CHECK(data.input_shape() == Shape{2, 2});
  CHECK(read_epoch(context, data).outputs == std::vector<double>{0, 1, 2, 0, 1, 2});
  CHECK(read_epoch(context, data, 0, {.outputs = OutputForm::values}).outputs ==
        std::vector<double>{0, 1, 2, 0, 1, 2});
  const Epoch rows = read_epoch(context, data.take(3), 0, {.outputs = OutputForm::one_hot, .classes = 4});
  CHECK(rows.outputs == std::vector<double>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0});
  CHECK(rows.inputs == std::vector<float>{0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5});
  const Epoch mapped = read_epoch(context, data.shuffle().batch(2), 0, {.classes = 9, .label_map = {8, 7, 6}});
  for (std::size_t i = 0; i < 6; ++i) CHECK(mapped.outputs[i] == 8 - static_cast<int>(mapped.inputs[i * 4]) % 3);
}

TEST_CASE("whole numbers of a single output can be taken as labels") {
  const auto data = counting(4);
  BatchIterator iterator(make_context(), data, {.outputs = OutputForm::labels});
  CHECK(iterator.outputs_are_labels());
  Block block;
  REQUIRE(iterator.next(block, 4));
  CHECK(static_cast<const std::int32_t*>(block.outputs)[3] == 3);
}

TEST_CASE("blocks are whole batches but for the last") {
  const Context context = make_context();
  for (const Dataset& data : {counting(23), counting(23).shuffle(), counting_stream(23, context)}) {
    BatchIterator iterator(context, data, {.batch = 4});
    std::vector<std::size_t> sizes;
    Block block;
    while (iterator.next(block, 11)) sizes.push_back(block.samples);
    CHECK(sizes == std::vector<std::size_t>{8, 8, 7});
  }
  BackgroundThreads threads;
  BatchIterator ahead(context, counting(23).shuffle().prefetch(2), {.batch = 4, .background = &threads});
  std::vector<std::size_t> sizes;
  Block block;
  while (ahead.next(block, 8)) sizes.push_back(block.samples);
  CHECK(sizes == std::vector<std::size_t>{8, 8, 7});
  for (const Dataset& data : {counting(23), counting(23).shuffle(), counting_stream(23, context)}) {
    const auto dropping = data.batch(4, {.drop_remainder = true});
    CHECK(dropping.batch_size() == 4);
    CHECK(read_epoch(context, dropping, 0, {.batch = 4}).samples == 20);
  }
}

TEST_CASE("every element type can be asked for") {
  const Context context = make_context();
  for (const auto& data : {counting(3), counting(3).shuffle()}) {
    BatchIterator iterator(context, data, {.type = DType::fp16});
    Block block;
    iterator.begin_epoch(0);
    REQUIRE(iterator.next(block, 3));
    double sum = 0;
    for (std::size_t i = 0; i < 6; ++i) sum += std::abs(load_double(DType::fp16, block.inputs, i));
    CHECK(sum == 6);
  }
}

TEST_CASE("what does not fit the model is told before the first sample") {
  const Context context = make_context();
  const Pictures made = pictures(4, 3, 3, 4);
  const auto data = Dataset::idx(file("x", made.images), file("y", made.labels));
  const Error length = error_of([&] { BatchIterator(context, data, {.expected_inputs = 8}); });
  CHECK(length.code() == Code::shape_mismatch);
  CHECK(length.message() == "dataset: the model's input expects 8 values, a sample has 9");
  const Error label = error_of([&] { BatchIterator(context, data, {.classes = 3}); });
  CHECK(label.reason() == "LABEL");
  CHECK(label.expected() == "a whole number from 0 to 2");
  CHECK(label.actual() == "3");
  const Error empty = error_of([&] { BatchIterator(context, data.take(0), {}); });
  CHECK(empty.reason() == "EMPTY_DATASET");
  CHECK_THROWS_AS(BatchIterator(context, Dataset(), {}), Error);
  CHECK_THROWS_AS(BatchIterator(context, data, {.batch = 0}), Error);
  BatchIterator iterator(context, data, {.batch = 3});
  Block block;
  CHECK_THROWS_AS(iterator.next(block, 2), Error);
}

TEST_CASE("a wrong label in a stream names the sample's trouble") {
  const Context context = make_context();
  const auto data = counting_stream(5, context);
  const Error error = error_of([&] { read_epoch(context, data, 0, {.outputs = OutputForm::labels, .classes = 3}); });
  CHECK(error.reason() == "LABEL");
  CHECK(error.actual() == "3");
}

TEST_CASE("steady epochs take nothing from the context or the heap") {
  const Context context = make_context();
  const std::string name = GENERATE(std::string("view"), std::string("shuffled"), std::string("file"));
  const Pictures made = pictures(300, 4, 4, 10);
  const Dataset data = name == "view"       ? counting(100)
                       : name == "shuffled" ? counting(100).shuffle()
                                            : Dataset::idx(file("x", made.images), file("y", made.labels),
                                                           {.cache_bytes = 0}).shuffle(50);
  BatchIterator iterator(context, data, {.batch = 8});
  read_epoch(iterator, 0, 64);
  const std::uint64_t before = context.allocation_count();
  std::size_t samples = 0;
  const std::size_t heap_before = allocations();
  for (std::uint64_t epoch = 1; epoch < 5; ++epoch) {
    iterator.begin_epoch(epoch);
    Block block;
    while (iterator.next(block, 64)) samples += block.samples;
  }
  CHECK(allocations() == heap_before);
  CHECK(context.allocation_count() == before);
  CHECK(samples == 4 * *data.size());
}
