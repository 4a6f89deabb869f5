// Files of data. The first byte chooses the format, the rest is the file; for formats of two files it is both.
#include <memory>
#include <span>

#include "core/base/memory_source.h"
#include "dataset/iterator.h"
#include "fuzz/target.h"
#include "webai/dataset.hpp"
#include "webai/error.hpp"

namespace {

webai::Dataset dataset_of(char format, const webai::DataFile& file) {
  switch (format) {
    case 'i': return webai::Dataset::idx(file, file);
    case 'n': return webai::Dataset::npy(file, file);
    case 't': return webai::Dataset::csv(file, {.target = {"0"}});
    default: return webai::Dataset::csv(file);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const webai::Context context = webai::fuzz::small_context();
  const auto contents = std::as_bytes(std::span(bytes, size)).subspan(1);
  const webai::DataFile file("file", [contents] { return webai::MemorySource::over("file", contents); });
  try {
    const webai::Dataset dataset = dataset_of(static_cast<char>(bytes[0]), file).shuffle(7);
    (void)dataset.describe();
    webai::BatchIterator iterator(context, dataset, {.batch = 3});
    iterator.begin_epoch(0);
    webai::Block block;
    for (int i = 0; i < 16 && iterator.next(block, 5); ++i) {
    }
  } catch (const webai::Error&) {
  }
  return 0;
}
