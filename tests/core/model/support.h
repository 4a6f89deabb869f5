// What the tests of the model language share: a context that records warnings, shortcuts to parse and build.
#pragma once

#include <catch2/catch.hpp>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/base/caller_executor.h"
#include "core/model/build.h"
#include "core/model/model.h"
#include "core/op/registry.h"
#include "webai/error.hpp"

namespace webai::test {

class RecordingHost final : public Host {
 public:
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    largest = std::max(largest, bytes);
    return ::operator new(bytes, std::align_val_t(alignment), std::nothrow);
  }
  void deallocate(void* memory, std::size_t, std::size_t alignment) noexcept override {
    ::operator delete(memory, std::align_val_t(alignment));
  }
  double now() noexcept override { return 0; }
  bool entropy(void* bytes, std::size_t size) noexcept override {
    for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(bytes)[i] = ++drawn;
    return has_entropy;
  }
  void log(int, std::string_view text) noexcept override { lines.emplace_back(text); }

  std::vector<std::string> lines;
  std::size_t largest = 0;
  unsigned char drawn = 0;
  bool has_entropy = true;
};

/// A context of its own for each test, and the operators.
struct World {
  std::shared_ptr<RecordingHost> host = std::make_shared<RecordingHost>();
  Context context;
  Registry registry = make_registry();

  explicit World(Context::Options options = {}) : context(host, std::make_shared<CallerExecutor>(), options) {}

  Model parse(std::string_view text, ModelOptions options = {}) const {
    return parse_model(context, registry, text, options);
  }
  BuiltModel build(std::string_view text, BuildOptions options = {}) const {
    return build_model(context, registry, parse(text), options);
  }
  /// The error that building this text ends in; fails the test when there is none.
  Error error_of(std::string_view text, BuildOptions options = {}) const {
    try {
      build(text, std::move(options));
    } catch (const Error& error) {
      return error;
    }
    FAIL("no error for " << text);
    return Error(Code::internal, "unreachable");
  }
};

inline std::vector<double> values_of(const Tensor& tensor) {
  std::vector<double> values;
  for (std::size_t i = 0; i < tensor.elements(); ++i) values.push_back(tensor.at(i));
  return values;
}

}  // namespace webai::test
