// What a dataset handle stands for: a source, the steps after it, and how batches are wanted.
#pragma once

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "dataset/source.h"

namespace webai {

struct Step {
  enum class Kind : std::uint8_t { map, shuffle, take, skip, repeat, draw, leave };
  static constexpr std::uint64_t forever = ~std::uint64_t{0};

  Kind kind;
  std::uint64_t count = 0;  // shuffle: buffer; take, skip: samples; repeat: times; draw, leave: samples that are drawn
  ShuffleOptions shuffle = {};
  Dataset::MapFunction map = {};
  std::uint64_t of = 0;  // draw, leave: samples that are drawn from, by chance; the seed is the shuffle's
  std::vector<std::string> labels = {};  // map: what the labels that it gives are called; none: as before
};

struct Dataset::State {
  std::shared_ptr<const Source> source;
  std::vector<Step> steps;
  std::optional<std::size_t> batch;
  bool drop_remainder = false;
  std::size_t prefetch = 0;  // batches

  /// After all steps. With a map among them the first sample is read and mapped, once.
  const Description& description() const;
  /// Of the samples that the map at steps[index] makes.
  const Description& description_of_map(std::size_t index) const;
  bool calls_back() const;

  State() = default;
  State(const State& other)
      : source(other.source), steps(other.steps), batch(other.batch), drop_remainder(other.drop_remainder),
        prefetch(other.prefetch) {}
  State& operator=(const State&) = delete;

 private:
  void describe() const;
  mutable std::mutex mutex_;  // of the two below, which never change once they are set
  mutable std::optional<Description> description_;
  mutable std::vector<std::optional<Description>> maps_;  // one for each step, empty for those that are no map
};

/// So many samples drawn by chance, wherever they stand in the data, and the rest, each in its order. Shuffles at the
/// end go on in the rest; those that other steps count behind keep one order, so that no sample is ever in both. Holds nothing.
/// Throws UNKNOWN_SIZE.
std::pair<Dataset, Dataset> draw(const Dataset& data, std::uint64_t samples, std::uint64_t seed);

/// Samples whose labels are numbered anew, label i as map[i], and called so.
Dataset relabelled(const Dataset& data, const Context& context, std::vector<std::int32_t> map, std::vector<std::string> names);

/// A sample as the functions of the program see it, over memory that it does not own.
Item view_item(const Description& description, std::byte* input, std::byte* output, Marks marks);
inline Marks marks_of(const Item& item) noexcept {
  return static_cast<Marks>((item.reset ? mark_reset : 0) | (item.ignore ? mark_ignore : 0));
}
/// Which item it is, for messages: "map: sample 3". Only written out when there is one.
struct ItemPlace {
  std::string_view before;
  std::uint64_t index = 0;
  std::string text() const { return std::string(before) + std::to_string(index); }
};
/// What an item made by the program looks like; throws INVALID_ARGUMENT for an empty input.
Description describe_item(const Item& item, ItemPlace place);
/// Copies an item into a row; throws SHAPE_MISMATCH or TYPE_MISMATCH when it is not as `expected`, INVALID_ARGUMENT for
/// values that are not finite.
void store_item(const Item& item, const Description& expected, std::byte* input, std::byte* output, ItemPlace place);

}  // namespace webai
