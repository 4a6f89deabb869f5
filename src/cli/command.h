// What every command is made of. commands.cpp holds the table of all of them.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>

#include "cli/arguments.h"

namespace webai::cli {

/// Exit statuses of the program.
enum : int { exit_done = 0, exit_failed = 1, exit_usage = 2 };

/// The command line itself is wrong: exit status 2. Everything else that fails throws Error: exit status 1.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Command {
 public:
  virtual ~Command() = default;
  /// Says what the command takes; values are filled in before run.
  virtual void declare(Arguments& arguments) = 0;
  /// Does the work and answers the exit status.
  virtual int run() = 0;
};

struct CommandEntry {
  const char* name;
  const char* summary;
  const char* example;  ///< shown at the end of its --help
  std::unique_ptr<Command> (*make)();
};

/// All commands in the order of the help.
std::span<const CommandEntry> commands();

}  // namespace webai::cli
