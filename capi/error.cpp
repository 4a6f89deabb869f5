#include "capi/error.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "capi/value.h"

namespace webai::capi {
namespace {

// Never written: immortal objects are not counted.
class OutOfMemory final : public ErrorValue {
 public:
  constexpr OutOfMemory() : ErrorValue(true) {}
  webai_status status() const noexcept override { return WEBAI_OUT_OF_MEMORY; }
  std::string_view message() const noexcept override { return "out of memory"; }
  webai_value* get(std::string_view) const noexcept override { return nullptr; }
  void destroy() noexcept override {}
};
constinit const OutOfMemory the_out_of_memory;

class FullError final : public ErrorValue {
 public:
  FullError(webai_status status, std::string message)
      : ErrorValue(false), status_(status), message_(std::move(message)) {}
  webai_status status() const noexcept override { return status_; }
  std::string_view message() const noexcept override { return message_; }
  webai_value* get(std::string_view key) const noexcept override {
    for (const auto& [name, value] : details_)
      if (name == key) return value.get();
    return nullptr;
  }
  void add(std::string_view name, Value value) { details_.emplace_back(name, std::move(value)); }
  void destroy() noexcept override { delete this; }

 private:
  ~FullError() = default;
  webai_status status_;
  std::string message_;
  std::vector<std::pair<std::string_view, Value>> details_;  // the names are literals
};

webai_status report(webai_context* context, const Error& error, Value cause, webai_error** err) {
  if (err) *err = make_error(context, error, std::move(cause)).detach();
  return static_cast<webai_status>(error.code());
}

// The host's own exception, below an error to which a place was added on its way.
Value cause_below(const Error& error) {
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&error);
  if (!nested || !nested->nested_ptr()) return {};
  try {
    nested->rethrow_nested();
  } catch (const HostFailure& host) {
    return host.cause();
  } catch (const Error& inner) {
    return cause_below(inner);
  } catch (...) {
    return {};
  }
}

// Sizes are none of a page's business.
Error coarse(const Error& error) {
  ErrorDetails details;
  details.message = error.code() == Code::limit_exceeded ? "a limit of the context is exceeded" : "out of memory";
  details.reason = error.reason();
  details.path = error.path();
  return Error(error.code(), std::move(details));
}

}  // namespace

webai_error* out_of_memory() noexcept { return const_cast<OutOfMemory*>(&the_out_of_memory); }

Ref<ErrorValue> make_error(webai_context* context, const Error& given, Value cause) {
  const bool sizes = given.code() == Code::limit_exceeded || given.code() == Code::out_of_memory;
  const Error error = context && context->is_private() && sizes ? coarse(given) : given;
  const ErrorDetails& details = error.details();
  // Not counted against the context's memory: an error about a full context must find room.
  auto made = Ref<FullError>::adopt(new FullError(static_cast<webai_status>(error.code()), error.what()));
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"reason", &details.reason}, {"hint", &details.hint},           {"path", &details.path},
      {"layer", &details.layer},   {"operation", &details.operation}, {"expected", &details.expected},
      {"actual", &details.actual}};
  for (const auto& [name, text] : texts)
    if (!text->empty()) made->add(name, make_free_text(*text));
  constexpr std::uint32_t most_causes = 256;  // a chain of them is let go recursively
  if (cause && cause->depth < most_causes) {
    made->depth = cause->depth + 1;
    made->add("cause", std::move(cause));
  }
  if (context) {
    made->context = context;
    context->retain();
  }
  return made;
}

webai_status failure(webai_context* context, webai_error** err) noexcept {
  try {
    try {
      throw;
    } catch (const HostFailure& host) {
      return report(context, host, host.cause(), err);
    } catch (const Error& error) {
      if (error.code() == Code::internal && context) context->poison();
      return report(context, error, cause_below(error), err);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::length_error&) {
      throw std::bad_alloc();
    } catch (const std::exception& other) {
      if (context) context->poison();
      return report(context,
                    Error(Code::internal, {.message = std::string("a bug in the library: ") + other.what(),
                                           .reason = "UNEXPECTED_EXCEPTION"}),
                    {}, err);
    } catch (...) {
      if (context) context->poison();
      return report(context,
                    Error(Code::internal,
                          {.message = "a bug in the library: an unknown exception", .reason = "UNEXPECTED_EXCEPTION"}),
                    {}, err);
    }
  } catch (...) {
    if (err) *err = out_of_memory();
    return WEBAI_OUT_OF_MEMORY;
  }
}

}  // namespace webai::capi

using webai::capi::ErrorValue;

extern "C" webai_status webai_error_status(webai_error* error) {
  return webai::capi::kind_of(error) == WEBAI_ERROR ? static_cast<ErrorValue*>(error)->status() : WEBAI_OK;
}

extern "C" const char* webai_error_message(webai_error* error, size_t* size) {
  const std::string_view message =
      webai::capi::kind_of(error) == WEBAI_ERROR ? static_cast<ErrorValue*>(error)->message() : std::string_view("");
  if (size) *size = message.size();
  return message.data();
}
