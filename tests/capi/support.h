// What the tests of the C ABI share: handles that release themselves, JSON in one line, a host that keeps account.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "webai/webai.h"

namespace capi_test {

class Handle {
 public:
  Handle() = default;
  explicit Handle(webai_value* value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Handle() { webai_release(value_); }
  operator webai_value*() const { return value_; }
  /// For an `out` or `err` parameter: what was held is released first.
  webai_value** out() {
    webai_release(std::exchange(value_, nullptr));
    return &value_;
  }

 private:
  webai_value* value_ = nullptr;
};

struct ContextEnd {
  void operator()(webai_context* context) const { webai_context_release(context); }
};
using ContextHandle = std::unique_ptr<webai_context, ContextEnd>;

inline std::string text_of(webai_value* value) {
  std::size_t size = 0;
  const char* text = webai_value_as_string(value, &size);
  return text ? std::string(text, size) : std::string();
}
inline std::string detail(webai_error* error, const char* key) {
  return text_of(webai_value_get(error, key, WEBAI_NUL_TERMINATED));
}

inline webai_config plain_config() {
  webai_config config{};
  config.struct_size = sizeof config;
  config.threads = 1;
  return config;
}

inline ContextHandle make_context(const webai_config& config) {
  webai_context* context = nullptr;
  Handle error;
  const webai_status status = webai_context_create(&config, &context, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return ContextHandle(context);
}
inline ContextHandle make_context() { return make_context(plain_config()); }

inline Handle json(webai_context* context, const std::string& text, std::vector<webai_value*> leaves = {}) {
  Handle value, error;
  const webai_status status =
      webai_value_from_json(context, text.data(), text.size(), leaves.data(), leaves.size(), value.out(), error.out());
  INFO(text << ": " << webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return value;
}

inline std::string to_json(webai_value* value, webai_value* options = nullptr) {
  Handle text, error;
  const webai_status status = webai_value_to_json(value, options, text.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return text_of(text);
}

inline double number(webai_value* value) {
  double result = 0;
  REQUIRE(webai_value_as_number(value, &result) == WEBAI_OK);
  return result;
}
inline double number_at(webai_value* map, const char* key) {
  return number(webai_value_get(map, key, WEBAI_NUL_TERMINATED));
}

/// The status of a call that fails, with its error checked to agree and `out` to be NULL.
struct Failure {
  webai_status status = WEBAI_OK;
  Handle error;
  std::string reason() const { return detail(error, "reason"); }
};
template <class Call> Failure failing(Call&& call) {
  Failure failure;
  webai_value* out = reinterpret_cast<webai_value*>(&failure);  // whatever stood there before
  webai_value* err = reinterpret_cast<webai_value*>(&failure);
  failure.status = call(&out, &err);
  failure.error = Handle(err);
  REQUIRE(failure.status < 0);
  REQUIRE(out == nullptr);
  REQUIRE(err != nullptr);
  REQUIRE(webai_value_kind(err) == WEBAI_ERROR);
  REQUIRE(webai_error_status(err) == failure.status);
  REQUIRE(std::strlen(webai_error_message(err, nullptr)) > 0);
  return failure;
}

inline Handle make_network(webai_context* context, const std::string& model) {
  const Handle description = json(context, model);
  Handle network, error;
  const webai_status status = webai_network_create(context, description, network.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return network;
}

inline Handle await(webai_value* future_owned) {
  Handle result, error;
  const webai_status status = webai_await(future_owned, result.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return result;
}

inline Handle run_now(webai_value* network, webai_value* in, webai_value* into = nullptr,
                      webai_value* options = nullptr) {
  Handle out, error;
  const webai_status status = webai_network_run_now(network, in, into, options, nullptr, out.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return out;
}

inline Handle train(webai_context* context, webai_value* network, const std::string& data, const std::string& options) {
  const Handle samples = json(context, data), opts = json(context, options);
  webai_future* future = nullptr;
  Handle error;
  const webai_status status = webai_network_train(network, samples, opts, nullptr, &future, error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return await(future);
}

inline Handle make_tensor(webai_context* context, std::vector<float> values, std::vector<std::int64_t> shape) {
  webai_tensor_view view{};
  view.data = values.data();
  view.device_type = 1;
  view.ndim = static_cast<std::int32_t>(shape.size());
  view.type_code = 2;
  view.type_bits = 32;
  view.type_lanes = 1;
  view.shape = shape.data();
  Handle tensor, error;
  const webai_status status = webai_tensor_create(context, &view, tensor.out(), error.out());
  INFO(webai_error_message(error, nullptr));
  REQUIRE(status == WEBAI_OK);
  return tensor;
}
inline std::vector<float> floats(webai_value* tensor) {
  webai_tensor_view view;
  REQUIRE(webai_tensor_get_view(tensor, &view) == WEBAI_OK);
  REQUIRE(view.type_code == 2);
  REQUIRE(view.type_bits == 32);
  const auto* data = static_cast<const float*>(view.data);
  return {data, data + webai_value_size(tensor)};
}

inline constexpr const char* xor_model = R"({"layers":[2,3,1],"activation":"tanh"})";
inline constexpr const char* xor_data = "[[[0,0],[0]],[[0,1],[1]],[[1,0],[1]],[[1,1],[0]]]";
/// Gives the sum of what it was given.
inline constexpr const char* summing_model =
    R"({"layers":[1,{"name":"sum","size":1,"weights":[1,1],"bias":false,"to":["sum",2]},{"type":"identity"}]})";

/// A host that counts its memory, can refuse the n-th allocation, and keeps log lines and posted tasks.
struct CountingHost {
  std::size_t calls = 0, refuse_call = 0;
  std::int64_t live_bytes = 0, live_blocks = 0;
  int destroyed = 0;
  double time = 0;
  std::vector<std::pair<int, std::string>> lines;
  std::vector<webai_task*> tasks;
  std::mutex mutex;

  webai_host host() {
    webai_host result{};
    result.struct_size = sizeof result;
    result.user_data = this;
    result.destroy = [](void* self) { ++static_cast<CountingHost*>(self)->destroyed; };
    result.alloc = [](void* self, std::size_t size, std::size_t align) -> void* {
      auto& host = *static_cast<CountingHost*>(self);
      const std::lock_guard guard(host.mutex);
      if (++host.calls == host.refuse_call) return nullptr;
      void* memory = std::aligned_alloc(align, (size + align - 1) / align * align);
      std::memset(memory, 0xcd, size);
      host.live_bytes += static_cast<std::int64_t>(size);
      ++host.live_blocks;
      return memory;
    };
    result.dealloc = [](void* self, void* memory, std::size_t size, std::size_t) {
      auto& host = *static_cast<CountingHost*>(self);
      const std::lock_guard guard(host.mutex);
      host.live_bytes -= static_cast<std::int64_t>(size);
      --host.live_blocks;
      std::free(memory);
    };
    result.log = [](void* self, std::int32_t level, const char* text, std::size_t size) {
      try {  // the sweep over operator new may meet this line: it is lost then
        static_cast<CountingHost*>(self)->lines.emplace_back(level, std::string(text, size));
      } catch (const std::bad_alloc&) {
      }
    };
    return result;
  }
  void take_posts(webai_host& host) {
    host.post = [](void* self, webai_task* task) {
      auto& own = *static_cast<CountingHost*>(self);
      const std::lock_guard guard(own.mutex);
      own.tasks.push_back(task);
    };
  }
  /// Runs what was posted, and what that posts, until nothing is left.
  std::size_t run_posts() {
    std::size_t count = 0;
    for (;;) {
      std::vector<webai_task*> now;
      {
        const std::lock_guard guard(mutex);
        now.swap(tasks);
      }
      if (now.empty()) return count;
      for (webai_task* task : now) webai_task_run(task);
      count += now.size();
    }
  }
};

}  // namespace capi_test
