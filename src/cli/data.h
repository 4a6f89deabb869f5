// Data as commands take it, and how training wants it served.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"
#include "webai/dataset.hpp"

namespace webai::cli {

/// --data or --test; errors name the option's text where they name no file. Adds the files it reads to `files`.
Dataset open_data(const std::string& source, std::vector<NamedFile>* files = nullptr);
/// In a new random order each epoch, batches made ahead. The order is over all samples where they are known to fit
/// into `most_bytes`, else over a buffer of that size.
Dataset shuffled(const Dataset& data, std::uint64_t most_bytes = std::uint64_t{48} << 20);
/// "60,000 pictures" or "150 samples"; "samples" where the number is unknown.
std::string describe_count(const Dataset& data);
bool are_pictures(const Dataset& data);

}  // namespace webai::cli
