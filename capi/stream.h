// Streams as values: items are pulled one after the other.
#pragma once

#include <memory>
#include <optional>

#include "capi/context.h"
#include "capi/future.h"
#include "capi/object.h"

namespace webai::capi {

/// Where items come from; used by one thread at a time, without any lock.
class ItemSource {
 public:
  virtual ~ItemSource() = default;
  virtual std::optional<Value> next() = 0;  ///< nothing at the end
  virtual Placement placement() const { return {}; }
};

class StreamValue final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_STREAM;
  StreamValue(std::unique_ptr<ItemSource> source, Ref<Cancel> token)
      : webai_value(kind_code), source_(std::move(source)), cancel_(std::move(token)) {}
  void destroy() noexcept override { delete this; }

  /// A future for the next item. Throws BUSY while one is unfinished.
  Ref<Future> next();
  /// The same at once, for what takes the whole stream: nothing at its end. Throws BUSY, WRONG_THREAD, CANCELLED.
  std::optional<Value> pull();

 private:
  class NextJob;
  ~StreamValue() = default;
  std::unique_ptr<ItemSource> source_;  // null once it has ended
  const Ref<Cancel> cancel_;
  std::atomic<bool> busy_{false};
};

}  // namespace webai::capi
