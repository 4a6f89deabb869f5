// Options as callers give them: a map or null; what nobody asked for is reported once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capi/object.h"

namespace webai::capi {

class Options {
 public:
  /// Throws TYPE_MISMATCH unless it is a map or null.
  explicit Options(webai_value* given);

  /// The member, or null; counts as asked for.
  webai_value* find(std::string_view name);
  /// Throw INVALID_ARGUMENT for a member of another kind. A null member is an absent one.
  bool boolean(std::string_view name, bool otherwise);
  double number(std::string_view name, double otherwise);
  std::size_t count(std::string_view name, std::size_t otherwise);  ///< a whole number, 0 or more
  std::string text(std::string_view name, std::string_view otherwise);

  /// Names nobody asked for: INVALID_ARGUMENT with "strict": true, here or around, else one warning in the log.
  void finish(webai_context& context, std::string_view operation, bool strict = false);
  /// The same for names that were found to be unknown elsewhere.
  void finish(webai_context& context, std::string_view operation, const std::vector<std::string>& unknown,
              bool strict = false);

  webai_value* given() const noexcept { return given_; }

 private:
  webai_value* given_;
  std::vector<std::string_view> asked_;
};

}  // namespace webai::capi
