#include "cli/data.h"

#include <algorithm>

#include "cli/terminal.h"

namespace webai::cli {

Dataset open_data(const std::string& source, std::vector<NamedFile>* files) {
  return Dataset::open(source, [files](const std::string& path) {
    if (files) files->emplace_back("the data", path);
    return DataFile(path);
  });
}

Dataset shuffled(const Dataset& data, std::uint64_t most_bytes) {
  const std::uint64_t input = static_cast<std::uint64_t>(data.input_shape().elements()) * size_of(data.input_type());
  const std::uint64_t sample = input + static_cast<std::uint64_t>(data.output_shape().elements()) * sizeof(double);
  // A file that fits is kept whole and only numbers are shuffled; of others each sample held has a cost of its own.
  constexpr std::uint64_t cost_of_holding = 96;
  const bool fits = data.size() && *data.size() <= most_bytes / std::max<std::uint64_t>(1, sample);
  const std::uint64_t held = std::max<std::uint64_t>(1, most_bytes / (sample + cost_of_holding));
  return data.shuffle(fits ? Dataset::all : static_cast<std::size_t>(held)).prefetch(4);
}

bool are_pictures(const Dataset& data) { return data.input_shape().rank() >= 2 && data.input_type() == DType::u8; }

std::string describe_count(const Dataset& data) {
  const char* const noun = are_pictures(data) ? "picture" : "sample";
  return data.size() ? plural(*data.size(), noun) : std::string(noun) + "s";
}

}  // namespace webai::cli
