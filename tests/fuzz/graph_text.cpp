// The text of a graph: what is read prints the same when read again.
#include <string>

#include "core/ir/text.h"
#include "core/ir/verifier.h"
#include "core/op/registry.h"
#include "fuzz/target.h"
#include "webai/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const webai::Registry registry = webai::make_registry();
  const webai::Context context = webai::fuzz::small_context();
  const auto resolve = [](std::string_view name) -> const webai::Operator& { return registry.get(name); };
  try {
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const webai::Graph graph = webai::parse_graph(context, text, resolve);
    webai::verify(graph, "fuzz", false);
    const std::string printed = webai::print(graph);
    if (webai::print(webai::parse_graph(context, printed, resolve)) != printed) std::abort();
  } catch (const webai::Error&) {
  }
  return 0;
}
