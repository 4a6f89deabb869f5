#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace webai::cli {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGHUP};
// Written by the handler, read by threads: without locks both are allowed.
std::atomic<int> was_interrupted = 0;
std::atomic<const char*> last_line = nullptr;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free);

}  // namespace

void end_on_interrupt(const char* line) {
  last_line = line;
  struct sigaction action {};
  action.sa_handler = [](int) {  // only what a handler may call
    const char* const text = last_line;
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
    ::_exit(1);
  };
  for (const int number : signals) ::sigaction(number, &action, nullptr);
}

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { was_interrupted = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  for (const int number : signals) ::sigaction(number, &action, nullptr);
}

void survive_closed_pipes() { ::signal(SIGPIPE, SIG_IGN); }

bool interrupted() noexcept { return was_interrupted != 0; }

const char* interruption() noexcept {
  return was_interrupted == SIGTERM ? "SIGTERM" : was_interrupted == SIGHUP ? "SIGHUP" : "Ctrl-C";
}

}  // namespace webai::cli
