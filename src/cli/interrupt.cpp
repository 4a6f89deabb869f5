#include "cli/interrupt.h"

#include <signal.h>

#include <initializer_list>

namespace webai::cli {
namespace {

volatile sig_atomic_t was_interrupted = 0;

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { was_interrupted = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

void survive_closed_pipes() { ::signal(SIGPIPE, SIG_IGN); }

bool interrupted() noexcept { return was_interrupted != 0; }

const char* interruption() noexcept {
  return was_interrupted == SIGTERM ? "SIGTERM" : was_interrupted == SIGHUP ? "SIGHUP" : "Ctrl-C";
}

}  // namespace webai::cli
