#include "cli/data.h"

#include <algorithm>

#include "cli/terminal.h"

namespace webai::cli {

Dataset open_data(const std::string& source) { return Dataset::open(source); }

Dataset shuffled(const Dataset& data, std::uint64_t most_bytes) {
  const std::uint64_t input = static_cast<std::uint64_t>(data.input_shape().elements()) * size_of(data.input_type());
  const std::uint64_t sample = input + static_cast<std::uint64_t>(data.output_shape().elements()) * sizeof(double);
  const std::uint64_t fitting = std::max<std::uint64_t>(1, most_bytes / std::max<std::uint64_t>(1, sample));
  return data.shuffle(data.size() && *data.size() <= fitting ? Dataset::all : static_cast<std::size_t>(fitting)).prefetch(4);
}

bool are_pictures(const Dataset& data) { return data.input_shape().rank() >= 2 && data.input_type() == DType::u8; }

std::string describe_count(const Dataset& data) {
  const char* const noun = are_pictures(data) ? "picture" : "sample";
  return data.size() ? plural(*data.size(), noun) : std::string(noun) + "s";
}

}  // namespace webai::cli
