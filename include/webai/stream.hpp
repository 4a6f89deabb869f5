// Runs that give one result after the other: the steps of a sequence, or tokens that the network makes up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "webai/export.hpp"
#include "webai/network.hpp"

namespace webai {

/// How tokens are drawn. The numbers drawn depend on the seed and the place of the token alone.
struct GenerateOptions {
  std::uint64_t steps = 0;                 ///< tokens at most; 0: until `until`, or the limit runSteps
  double temperature = 1;                  ///< below 1 likely tokens become likelier; 0: always the likeliest
  std::size_t top_k = 0;                   ///< choose among so many of the likeliest; 0: among all
  double top_p = 1;                        ///< choose among the likeliest that make up this share of the probability
  std::optional<std::uint64_t> seed = {};  ///< none: the model's
  std::vector<std::string> until = {};     ///< ends behind a token with which the text made ends in one of these
};

struct StreamOptions {
  RunOptions run = {};
  std::optional<GenerateOptions> generate = {};
  std::stop_token stop = {};  ///< ends the stream with CANCELLED
};

struct StreamItem {
  std::uint64_t step = 0;            ///< from 0
  Output output = {};                ///< of this step; of a generated token what it was drawn from
  std::optional<std::size_t> index;  ///< of the generated token among the outputs
  std::string token = {};            ///< its text, with the space before it where words are spaced; empty without labels
};

/// A run under way. Nothing is computed before it is asked for, but for the steps of an iterator, which are computed together. Each step runs the network as run() does: its memory goes
/// on with each, other runs in between would take part in it. A handle for one thread at a time.
class WEBAI_EXPORT RunStream {
 public:
  ~RunStream();
  RunStream(RunStream&&) noexcept;
  RunStream& operator=(RunStream&&) noexcept;

  /// The next item, or nothing at the end. After an error the stream has ended.
  std::optional<StreamItem> next();
  void close() noexcept;  ///< ends it; the network's memory is that of the last step made

  /// For `for (const StreamItem& item : stream)`; goes over what is left, once.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = StreamItem;
    using difference_type = std::ptrdiff_t;
    using pointer = const StreamItem*;
    using reference = const StreamItem&;
    explicit Iterator(RunStream* stream) : stream_(stream) { ++*this; }
    reference operator*() const { return *item_; }
    pointer operator->() const { return &*item_; }
    Iterator& operator++() {
      item_ = stream_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) { return !a.item_; }

   private:
    RunStream* stream_;
    std::optional<StreamItem> item_;
  };
  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class NeuralNetwork;
  struct State;
  explicit RunStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace webai
