// From a graph to something that runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "backends/backend.h"
#include "core/op/registry.h"

namespace webai {

struct CompileOptions {
  std::map<int, std::int64_t> sizes = {};  ///< numbers for the graph's symbols, by symbol number
  bool training = false;                   ///< the mode of operators that know two
  /// When set, sees the graph after each pass, by the pass's name.
  std::function<void(std::string_view pass, const Graph& graph)> observe = {};
};

/// Runs the passes and compiles for `devices`, best first; the last one takes every node that the others refuse. When
/// only one is given, it must take them all: UNSUPPORTED names the first node that it does not take, and why.
std::unique_ptr<Executable> compile(const Context& context, const Registry& registry, const Graph& graph,
                                    std::span<Device* const> devices, const CompileOptions& options = {});

}  // namespace webai
