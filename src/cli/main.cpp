// The webai command: every failure becomes one line on standard error and an exit status.
#include <csignal>
#include <exception>
#include <new>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"
#include "webai/error.hpp"

int main(int argc, char** argv) {
  using namespace webai::cli;
  const auto fail = [](const std::string& text, int status) {
    notice("webai: " + text + "\n");
    return status;
  };
#ifdef SIGXFSZ
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of the write, as a full disk is
#endif
  try {
    return run_command_line(argc, argv);
  } catch (const UsageError& error) {
    return fail(error.what(), exit_usage);
  } catch (const webai::Error& error) {
    return fail(error.what(), exit_failed);
  } catch (const std::bad_alloc&) {
    return fail("out of memory", exit_failed);
  } catch (const std::exception& error) {
    return fail(std::string("internal error: ") + error.what(), exit_failed);
  }
}
