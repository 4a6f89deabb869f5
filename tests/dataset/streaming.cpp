// Large files through small buffers, and blocks made ahead on another thread.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "host/background_thread.h"
#include "support.h"

using namespace webai;
using namespace webai::test;

namespace {

/// An IDX file that is nowhere: `count` samples of `width` bytes, each byte the low byte of its sample's number.
class EndlessImages final : public ByteSource {
 public:
  EndlessImages(std::uint32_t count, std::uint32_t width, std::shared_ptr<std::atomic<std::uint64_t>> read = {})
      : read_(std::move(read)), header_(idx_text(8, {count, width}, "")), width_(width), size_(header_.size() + std::uint64_t{count} * width) {}
  std::size_t read(std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size() && position_ < size_) {
      if (position_ < header_.size()) {
        into[done++] = static_cast<std::byte>(header_[position_++]);
        continue;
      }
      const std::uint64_t pixel = position_ - header_.size();
      const auto run = std::min<std::uint64_t>({width_ - pixel % width_, into.size() - done, size_ - position_});
      std::memset(into.data() + done, static_cast<int>(pixel / width_ & 255), run);
      done += run;
      position_ += run;
    }
    if (read_) read_->store(position_);
    return done;
  }
  void rewind() override { position_ = 0; }
  const std::string& name() const override { return name_; }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> read_;  // how far, for those who watch
  std::string header_, name_ = "endless";
  std::uint64_t width_, size_, position_ = 0;
};

}  // namespace

TEST_CASE("a gigabyte streams through a few megabytes, shuffled or not, ahead or not") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::uint32_t count = 4'096, width = 16'384;  // the same path, in a bearable time
#else
  constexpr std::uint32_t count = 65'536, width = 16'384;
#endif
  const Context context = make_context();
  std::string labels(count, '\0');
  for (std::uint32_t i = 0; i < count; ++i) labels[i] = static_cast<char>(i & 255);
  const auto read = std::make_shared<std::atomic<std::uint64_t>>(0);
  const auto data = Dataset::idx({"x", [=] { return std::make_unique<EndlessImages>(count, width, read); }},
                                 file("y", idx_text(8, {count}, labels)), {.cache_bytes = 16 << 20});
  CHECK(data.size() == count);
  CHECK(read->load() < 20'000'000);
  const bool ahead = GENERATE(false, true);
  BackgroundThreads threads;
  const auto shuffled = data.shuffle(200).prefetch(ahead ? 2 : 0);
  BatchIterator iterator(context, shuffled, {.batch = 32, .background = &threads});
  Block block;
  std::uint64_t samples = 0, peak = 0, wrong = 0, furthest = 0;
  while (iterator.next(block, 32)) {
    // What was read and not handed out is held by somebody, in whosever memory.
    const std::uint64_t reached = read->load(), given = samples * width;
    furthest = std::max(furthest, reached - std::min(reached, given));
    const auto* inputs = static_cast<const float*>(block.inputs);
    for (std::size_t i = 0; i < block.samples; ++i) {
      const auto label = static_cast<float>(static_cast<const std::int32_t*>(block.outputs)[i]);
      wrong += inputs[i * width] != label || inputs[(i + 1) * width - 1] != label;
    }
    samples += block.samples;
    peak = std::max(peak, context.allocated_bytes());
  }
  CHECK(samples == count);
  CHECK(wrong == 0);
  CHECK(peak > 0);
  CHECK(peak < 20'000'000);
  CHECK(furthest > 0);
  CHECK(furthest < 20'000'000);
}

TEST_CASE("prefetch changes nothing but the time") {
  const Context context = make_context();
  BackgroundThreads threads;
  const auto data = counting_stream(1000, context).shuffle(100);
  for (const std::size_t batches : {1, 2, 50, 5000}) {
    BatchIterator ahead(context, data.prefetch(batches), {.batch = 8, .background = &threads});
    BatchIterator plain(context, data, {.batch = 8});
    BatchIterator whole(context, data.take(997).batch(8, {.drop_remainder = true}).prefetch(batches),
                        {.batch = 8, .background = &threads});
    CHECK(read_epoch(whole, 0, 64).samples == 992);
    for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
      CHECK(read_epoch(ahead, epoch, 16 + 8 * epoch) == read_epoch(plain, epoch, 64));
    }
  }
}

TEST_CASE("prefetch works without a thread") {
  class NoThreads final : public BackgroundRunner {
    std::unique_ptr<BackgroundTask> start(std::function<void()>) override { return nullptr; }
  } none;
  const Context context = make_context();
  const auto data = counting(300).shuffle().prefetch(3);
  const Epoch plain = read_epoch(context, data, 1, {.batch = 8});
  CHECK(plain.samples == 300);
  CHECK(read_epoch(context, data, 1, {.batch = 8, .background = &none}) == plain);
}

TEST_CASE("prefetch makes batches while nobody asks") {
  const Context context = make_context();
  BackgroundThreads threads;
  auto calls = std::make_shared<std::atomic<int>>(0);
  const auto data = Dataset::from([context, calls](std::size_t index, Item& item) {
    if (index == 100'000) return false;
    ++*calls;
    item = {Tensor(context, DType::fp32, Shape{20'000}), Tensor(context, DType::fp32, Shape{1})};
    return true;
  });
  BatchIterator iterator(context, data.prefetch(3), {.batch = 4, .background = &threads});
  Block block;
  REQUIRE(iterator.next(block, 4));
  for (int i = 0; i < 2000 && *calls < 17; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(*calls == 1 + 4 + 3 * 4);  // once to describe; one batch in use, three ready
}

TEST_CASE("an iterator can be left in the middle of an epoch, and begin another") {
  const Context context = make_context();
  BackgroundThreads threads;
  const auto data = counting_stream(100'000, context).shuffle(10).prefetch(2);
  {
    BatchIterator iterator(context, data, {.batch = 4, .background = &threads});
    Block block;
    REQUIRE(iterator.next(block, 4));
    iterator.begin_epoch(1);
    iterator.begin_epoch(2);
    REQUIRE(iterator.next(block, 4));
    const double first = load_double(DType::fp32, block.outputs, 0);
    BatchIterator plain(context, data, {.batch = 4});
    plain.begin_epoch(2);
    REQUIRE(plain.next(block, 4));
    CHECK(load_double(DType::fp32, block.outputs, 0) == first);
  }
  { const BatchIterator unused(context, data, {.batch = 4, .background = &threads}); }
  CHECK(context.allocated_bytes() == 0);
}

TEST_CASE("what fails on the other thread is thrown where batches are asked for") {
  const Context context = make_context();
  BackgroundThreads threads;
  int calls = 0;
  const auto data = counting(1000).map([&calls](const Item& item) {
    if (++calls == 600) throw std::runtime_error("mine");
    return item;
  });
  BatchIterator iterator(context, data.prefetch(2), {.batch = 8, .background = &threads});
  CHECK_THROWS_WITH(read_epoch(iterator, 0, 8), "mine");
  CHECK(read_epoch(iterator, 0, 8).samples == 1000);
}

TEST_CASE("epochs that fail again and again take no more memory") {
  const Context context = make_context();
  const bool in_map = GENERATE(false, true);
  const auto failing = Dataset::from([context, in_map](std::size_t index, Item& item) {
    if (index == 100 && !in_map) throw std::runtime_error("mine");
    item = {Tensor(context, DType::fp32, Shape{1000}), Tensor::from(context, DType::fp32, Shape{1}, std::vector<double>{
                                                           static_cast<double>(index)})};
    return index < 200;
  });
  const auto mapped = failing.map([](const Item& item) {
    if (item.output.at(0) == 100) throw std::runtime_error("mine");
    return item;
  });
  BatchIterator iterator(context, (in_map ? mapped : failing).shuffle(30), {.batch = 4});
  CHECK_THROWS_WITH(read_epoch(iterator, 0, 64), "mine");
  const std::uint64_t before = context.allocated_bytes();
  for (std::uint64_t epoch = 1; epoch < 20; ++epoch) CHECK_THROWS_WITH(read_epoch(iterator, epoch, 64), "mine");
  CHECK(context.allocated_bytes() == before);
}

TEST_CASE("one dataset may be iterated by several threads at once") {
  const Context context = make_context();
  const Pictures made = pictures(500, 6, 6, 5);
  const auto data = Dataset::idx(file("x", made.images), file("y", made.labels))
                        .map([](const Item& item) { return item; }).shuffle(50);
  const Epoch alone = read_epoch(context, data, 1);
  const auto fresh = Dataset::idx(file("x", made.images), file("y", made.labels))
                         .map([](const Item& item) { return item; }).shuffle(50);
  std::vector<Epoch> seen(4);
  std::vector<std::thread> threads;
  for (Epoch& result : seen) threads.emplace_back([&] { result = read_epoch(context, fresh, 1); });
  for (auto& thread : threads) thread.join();
  for (const Epoch& result : seen) CHECK(result == alone);
}

TEST_CASE("shuffled pictures are assembled as fast as memory is written") {
  const Context context = make_context();
  constexpr std::uint32_t count = 20'000;
  const Pictures made = pictures(count, 28, 28, 10);
  const auto data = Dataset::idx(file("x", made.images), file("y", made.labels)).shuffle();
  BatchIterator iterator(context, data, {.batch = 32});
  double best = 1e9;
  for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
    const double start = processor_seconds();
    iterator.begin_epoch(epoch);
    Block block;
    while (iterator.next(block, iterator.preferred_samples())) {
    }
    best = std::min(best, processor_seconds() - start);
  }
  const double rate = count * 784 * 4 / best / 1e9;
  INFO("GB/s of fp32: " << rate);
#ifdef NDEBUG
  CHECK(rate > 1.0);
#else
  CHECK(rate > 0);
#endif
}
