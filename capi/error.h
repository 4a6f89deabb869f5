// Errors as values: a status, a message, and what else is known by name.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/guard.h"
#include "capi/object.h"
#include "webai/error.hpp"

namespace webai::capi {

class ErrorValue : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_ERROR;
  virtual webai_status status() const noexcept = 0;
  virtual std::string_view message() const noexcept = 0;  // a NUL follows it
  /// "reason", "hint", "path", "layer", "operation", "expected", "actual", "cause"; null when not known.
  virtual webai_value* get(std::string_view key) const noexcept = 0;

 protected:
  explicit constexpr ErrorValue(bool is_static) : webai_value(WEBAI_ERROR, is_static) {}
};

/// A failure that the host reported, with its own exception along.
class HostFailure : public Error {
 public:
  HostFailure(Code code, ErrorDetails details, Value cause)
      : Error(code, std::move(details)), cause_(std::move(cause)) {}
  const Value& cause() const noexcept { return cause_; }

 private:
  Value cause_;
};

/// `context` may be null. Throws bad_alloc.
Ref<ErrorValue> make_error(webai_context* context, const Error& error, Value cause = {});
/// The error that needs no memory.
webai_error* out_of_memory() noexcept;

}  // namespace webai::capi
