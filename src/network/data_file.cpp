// Files of the system by their path: the one place where data sets and the host meet.
#include "host/files.h"
#include "webai/dataset.hpp"

namespace webai {

DataFile::DataFile(std::string path) : DataFile(std::make_shared<SystemFiles>(), std::move(path)) {}

}  // namespace webai
