// The one exception of the library: a code for programs, words for people.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "webai/export.hpp"

namespace webai {

/// What kind of failure; the numbers are those of the C ABI (`webai_status`) and are only ever added to.
enum class Code : int {
  invalid_argument = -1,
  invalid_json = -2,
  invalid_model = -3,
  type_mismatch = -4,
  shape_mismatch = -5,
  not_found = -6,
  already_exists = -7,
  unsupported = -8,
  not_differentiable = -9,
  limit_exceeded = -10,
  out_of_memory = -11,
  busy = -12,
  cancelled = -13,
  timed_out = -14,
  device_lost = -15,
  host_error = -16,
  symbolic = -17,
  wrong_context = -18,
  wrong_thread = -19,
  denied = -20,
  shut_down = -21,
  internal = -22,
};

/// "INVALID_MODEL" for Code::invalid_model.
WEBAI_EXPORT std::string_view code_name(Code code) noexcept;

/// Everything an error can say. All texts may be empty; `message` should not be.
struct ErrorDetails {
  std::string message;       ///< one sentence: what failed and why, for people
  std::string reason = {};   ///< stable short text for programs, such as "SETUP_SIZE"
  std::string path = {};     ///< where: JSON pointer into the model ("/layers/2"), or file:line:column
  std::string layer = {};    ///< name of the layer or pipe
  std::string operation = {};///< name of the operator
  std::string expected = {}; ///< what was expected
  std::string actual = {};   ///< what was there
  std::string hint = {};     ///< one sentence: what to try
};

/// Thrown by every call of the C++ API that fails. `what()` reads as the command line prints it:
/// `place: message: expected X, got Y; hint`.
class WEBAI_EXPORT Error : public std::exception {
 public:
  Error(Code code, ErrorDetails details);
  /// Only a message. (A template, so that braces always mean ErrorDetails.)
  template <class Text>
    requires std::is_convertible_v<Text&&, std::string>
  Error(Code code, Text&& message) : Error(code, only_message(std::forward<Text>(message))) {}

  Code code() const noexcept;
  const std::string& message() const noexcept;
  const std::string& reason() const noexcept;
  const std::string& path() const noexcept;
  const std::string& layer() const noexcept;
  const std::string& operation() const noexcept;
  const std::string& expected() const noexcept;
  const std::string& actual() const noexcept;
  const std::string& hint() const noexcept;
  const ErrorDetails& details() const noexcept;
  const char* what() const noexcept override;

  /// The same error with a place put in front where it had none (used while an error travels outwards).
  Error with_path(std::string_view path) const;

 private:
  static ErrorDetails only_message(std::string message);
  struct Body;
  std::shared_ptr<const Body> body_;  // shared: copying an exception must not throw
};

}  // namespace webai
