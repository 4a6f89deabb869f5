// A model as JSON: read, checked, built, written.
#include <string>

#include "core/ir/verifier.h"
#include "core/model/build.h"
#include "core/model/json.h"
#include "core/model/model.h"
#include "core/op/registry.h"
#include "fuzz/target.h"
#include "webai/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const webai::Registry registry = webai::make_registry();
  const webai::Context context = webai::fuzz::small_context();
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    const webai::Json json = webai::read_json(text, context.limits());
    // What was read is a value like any other: writing and reading it again changes nothing.
    if (!(webai::read_json(webai::write_json(json), context.limits()) == json)) std::abort();
    // Whatever file of weights it names is these bytes.
    std::string file(200, '\x3c');
    const webai::WeightFiles files = [&](const std::string&) {
      return webai::Tensor::wrap(file.data(), webai::DType::u8, webai::Shape{static_cast<std::int64_t>(file.size())});
    };
    const webai::BuiltModel built =
        webai::build_model(context, registry, webai::parse_model(context, registry, json), {.files = &files});
    webai::verify(built.graph, "fuzz", false);
  } catch (const webai::Error&) {
  }
  return 0;
}
