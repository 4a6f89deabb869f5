#include "training/best_weights.h"

namespace webai {
namespace {

void copy(Buffer& from, Buffer& to) {
  to.write(0, {static_cast<const std::byte*>(from.host()), from.size()});  // networks keep their buffers in host memory
}

}  // namespace

void BestWeights::keep(const NamedBuffers& from, const Allocate& allocate) {
  if (copies_.empty())
    for (const auto& [name, buffer] : from) copies_.push_back(allocate(buffer->size()));
  for (std::size_t i = 0; i < from.size(); ++i) copy(*from[i].second, *copies_[i]);
}

void BestWeights::restore(const NamedBuffers& to) const {
  for (std::size_t i = 0; i < copies_.size(); ++i) copy(*copies_[i], *to[i].second);
}

}  // namespace webai
