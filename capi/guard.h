// The one frame around every entry point: outputs cleared first, exceptions turned into a status and an error at the
// end. And the checks of arguments that all entry points share.
#pragma once

#include <string>
#include <string_view>

#include "capi/context.h"
#include "webai/error.hpp"

namespace webai::capi {

/// To be called inside a catch block: the status of the exception under way, with `err` (may be null) set to its error
/// value. A failure that only a bug explains poisons the context (which may be null).
webai_status failure(webai_context* context, webai_error** err) noexcept;

/// Runs `body`, which returns nothing or a status.
template <class Body> webai_status guarded(webai_context* context, webai_error** err, Body&& body) noexcept {
  if (err) *err = nullptr;
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return WEBAI_OK;
    } else {
      return body();
    }
  } catch (...) {
    return failure(context, err);
  }
}

[[noreturn]] void refuse(Code code, const char* reason, std::string message, std::string hint = {});
[[noreturn]] void missing(std::string_view argument);  // it is NULL

template <class T> T& required(T* pointer, std::string_view name) {
  if (!pointer) missing(name);
  return *pointer;
}

/// Runs `body`, which returns a Ref, and hands its object out. The context must be alive.
template <class Out, class Body>
webai_status produced(webai_context* context, Out** out, webai_error** err, Body&& body) noexcept {
  if (out) *out = nullptr;
  return guarded(context, err, [&] {
    required(out, "out");
    if (context) context->check_alive();
    *out = body().detach();
  });
}

/// The context of an object; null for none, so that the body of the entry point can say what is missing.
inline webai_context* context_of(const webai_value* value) noexcept { return value ? value->context : nullptr; }

/// "a list", "a tensor", "null", ...
std::string_view kind_name(std::int32_t kind) noexcept;
inline std::int32_t kind_of(const webai_value* value) noexcept { return value ? value->kind : WEBAI_NULL; }
[[noreturn]] void wrong_kind(std::string_view argument, std::string_view expected, const webai_value* value);

/// The object as a T (which names its kind in T::kind_code): INVALID_ARGUMENT for null, TYPE_MISMATCH for another kind.
template <class T> T& expect(webai_value* value, std::string_view argument) {
  if (!value) missing(argument);
  if (value->kind != T::kind_code) wrong_kind(argument, kind_name(T::kind_code), value);
  return *static_cast<T*>(value);
}

/// produced() for an entry point whose receiver is an object of type T: `body` takes it and its context.
template <class T, class Out, class Body>
webai_status produced_by(webai_value* receiver, std::string_view name, Out** out, webai_error** err,
                         Body&& body) noexcept {
  return produced(context_of(receiver), out, err, [&] {
    T& object = expect<T>(receiver, name);
    return body(object, *object.context);
  });
}

/// Throws WRONG_CONTEXT for an object of another context; null belongs to all.
void check_context(const webai_context& context, const webai_value* value);

/// Text given as pointer and size or NUL_TERMINATED; checks that it is there and valid UTF-8.
std::string_view text_argument(const char* text, std::size_t size, std::string_view argument);
bool is_utf8(std::string_view text) noexcept;

}  // namespace webai::capi
