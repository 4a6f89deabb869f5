// What the function of an operation fails with, on its way to whoever builds or runs the model: it gets the place, the
// operation, and, where the function does not say them, what every error has to say.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "webai/error.hpp"

namespace webai {

/// The details with all that is missing. An operation that has nothing to say but a message was asked for a result, and
/// said that.
inline ErrorDetails completed(ErrorDetails details, const std::string& operation, const std::string& place) {
  const auto fill = [](std::string& text, const std::string& otherwise) {
    if (text.empty()) text = otherwise;
  };
  fill(details.operation, operation);
  fill(details.path, place);
  fill(details.reason, "OPERATION_FAILED");
  fill(details.expected, "a result of operation \"" + details.operation + "\"");
  fill(details.actual, details.message);
  fill(details.hint, "its function says so: look at what it gets here");
  return details;
}

inline bool is_complete(const ErrorDetails& details) noexcept {
  const std::string* const texts[] = {&details.operation, &details.path, &details.reason, &details.expected, &details.actual, &details.hint};
  for (const std::string* const text : texts)
    if (text->empty()) return false;
  return true;
}

/// Calls the function of an operation. Shortage of memory stays what it is; that there are no numbers yet (SYMBOLIC) is
/// no failure. An error of another type (one that holds the exception of a host) is nested in the one that is thrown.
template <class Function> auto of_operation(const std::string& operation, const std::string& place, Function&& function) {
  try {
    return std::forward<Function>(function)();
  } catch (const Error& error) {
    if (error.code() == Code::symbolic || is_complete(error.details())) throw;
    std::throw_with_nested(Error(error.code(), completed(error.details(), operation, place)));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(Code::host_error, completed({.message = error.what(), .hint = ""}, operation, place));
  } catch (...) {
    throw Error(Code::host_error, completed({.message = "operation \"" + operation + "\" failed without words", .actual = "an exception of a type of its own",
                                             .hint = "throw std::exception, or set the message of the error, to say why"}, operation, place));
  }
}

}  // namespace webai
