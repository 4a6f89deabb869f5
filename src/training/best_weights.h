// A copy of the weights of a training's best epoch.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backends/backend.h"

namespace webai {

/// Buffers by name, not owned.
using NamedBuffers = std::vector<std::pair<std::string, Buffer*>>;

class BestWeights {
 public:
  using Allocate = std::function<std::unique_ptr<Buffer>(std::size_t bytes)>;

  /// Copies all of `from`, always the same ones; memory is allocated the first time only.
  void keep(const NamedBuffers& from, const Allocate& allocate);
  /// Writes the copies back to the same buffers.
  void restore(const NamedBuffers& to) const;
  bool empty() const { return copies_.empty(); }
  /// The copies, in the order of what they were made from.
  const std::vector<std::unique_ptr<Buffer>>& copies() const { return copies_; }

 private:
  std::vector<std::unique_ptr<Buffer>> copies_;
};

}  // namespace webai
