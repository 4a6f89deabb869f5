// What every object behind the C ABI is: a kind, a reference count and the context it belongs to; and the pointer that
// counts references.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "webai/webai.h"

/// Destroyed by its own destroy() rather than a virtual destructor, so that a static object needs no exit code.
struct webai_value {
  const std::int32_t kind;
  const bool immortal;      ///< static: never counted, never destroyed
  std::uint32_t depth = 0;  ///< levels of lists and maps in it, itself included: bounds every recursion
  std::atomic<std::uint32_t> references{1};
  std::uint64_t charged = 0;         ///< bytes counted against the context's host_bytes
  webai_context* context = nullptr;  ///< kept alive by this object; null for errors outside of any context

  webai_value(const webai_value&) = delete;
  webai_value& operator=(const webai_value&) = delete;
  virtual void destroy() noexcept = 0;

 protected:
  explicit constexpr webai_value(std::int32_t which, bool is_static = false) : kind(which), immortal(is_static) {}
  ~webai_value() = default;
};

namespace webai::capi {

/// What the smallest object counts against host_bytes; texts and arrays come on top.
inline constexpr std::uint64_t object_bytes = 128;

void retain(webai_value* value) noexcept;  // null is allowed in both
void release(webai_value* value) noexcept;

/// A counted pointer to an object.
template <class T> class Ref {
 public:
  constexpr Ref() = default;
  constexpr Ref(std::nullptr_t) {}
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  static Ref share(T* object) noexcept {
    retain(object);
    return adopt(object);
  }
  Ref(const Ref& other) noexcept : object_(other.object_) { retain(object_); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class Derived> Ref(Ref<Derived>&& other) noexcept : object_(other.detach()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() { release(object_); }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  T* detach() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

using Value = Ref<webai_value>;

/// Makes an object of a context: counted first, so that a refused one was never made.
template <class T, class... Arguments>
Ref<T> make(webai_context& context, std::uint64_t extra_bytes, Arguments&&... arguments);

}  // namespace webai::capi
