// How many parts a document has, before any of them is read.
#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

class PartCounter {
 public:
  explicit PartCounter(std::uint64_t most) : most_(most) {}

  void count(const Json& model, const std::string& path) {
    for (const std::string_view key : {"outputs", "operations"})
      if (const Json* list = model.find(key); list && list->is_array()) add(parts_, *list, key, pointer_to(path, key));
    const Json* layers = model.find("layers");
    if (!layers || !layers->is_array()) return;
    const std::string place = pointer_to(path, "layers");
    add(elements_, *layers, "layers and pipes", place);
    if (layers->is_packed()) return;
    for (std::size_t i = 0; i < layers->size(); ++i)
      if (const Json layer = layers->at(i); layer.is_object()) count_layer(layer, place, i);
  }

 private:
  void count_layer(const Json& layer, const std::string& place, std::size_t index) {
    for (const auto& [key, value] : layer.members()) {
      const bool pipes = key == "pipes" || key == "pipe";
      if (value.is_array() && (pipes || key == "to" || key == "toLayers" || key == "historyTo" || key == "state"))
        add(pipes ? elements_ : parts_, value, pipes ? "layers and pipes" : "targets, states, outputs and operations",
            pointer_to(pointer_to(place, index), key));
      if (key == "net" && value.is_object()) count(value, pointer_to(pointer_to(place, index), key));
      if (!pipes || !value.is_array() || value.is_packed()) continue;
      for (std::size_t i = 0; i < value.size(); ++i)
        if (const Json pipe = value.at(i); pipe.is_object()) count_layer(pipe, pointer_to(pointer_to(place, index), key), i);
    }
  }

  void add(std::uint64_t& sum, const Json& list, std::string_view what, const std::string& path) const {
    sum += list.size();
    if (sum > most_)
      throw Error(Code::limit_exceeded, {.message = "the model has more than " + std::to_string(most_) + " " + std::string(what),
                                         .reason = "NODES",
                                         .path = path,
                                         .expected = "at most " + std::to_string(most_),
                                         .actual = "at least " + std::to_string(sum),
                                         .hint = "raise the limit \"nodes\" if this is meant"});
  }

  std::uint64_t most_, elements_ = 0, parts_ = 0;
};

}  // namespace

void check_part_counts(const Json& model, std::uint64_t most) { PartCounter(most).count(model, {}); }

}  // namespace webai
