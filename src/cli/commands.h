// Makers of all commands, one file each.
#pragma once

#include <memory>

#include "cli/command.h"

namespace webai::cli {

std::unique_ptr<Command> make_train();
std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_verify();
std::unique_ptr<Command> make_info();
std::unique_ptr<Command> make_inspect();
std::unique_ptr<Command> make_convert();
std::unique_ptr<Command> make_bench();
std::unique_ptr<Command> make_devices();
std::unique_ptr<Command> make_ops();
std::unique_ptr<Command> make_schema();

}  // namespace webai::cli
