#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "webai/error.hpp"

namespace webai::cli {

std::string spelled(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]), next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // the same once more, behind ASCII
      result += fmt::format("\\u{:04x}", next);
      ++i;
    } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
      result += fmt::format("\\u{:04x}", byte);
    } else {
      result += text[i];
    }
  }
  return result;
}

void print(std::string_view given) {
  const std::string text = spelled(given);
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error(Code::host_error, {.message = "standard output cannot be written: " + std::generic_category().message(errno),
                                   .reason = "FILE"});
}

void notice(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

bool errors_reach_a_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  const char* unit = "kB";
  for (const char* next : {"MB", "GB", "TB"}) {
    if (value < 1000) break;
    value /= 1024;
    unit = next;
  }
  return value < 9.95 ? fmt::format("{:.1f} {}", value, unit) : fmt::format("{:.0f} {}", value, unit);
}

std::string percent_text(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string duration_text(double milliseconds) {
  if (milliseconds < 1) return fmt::format("{:.3g} ms", milliseconds);
  if (milliseconds < 1000) return fmt::format("{:.0f} ms", milliseconds);
  if (milliseconds < 60'000) return fmt::format("{:.1f} s", milliseconds / 1000);
  const auto seconds = static_cast<std::uint64_t>(milliseconds / 1000);
  return fmt::format("{} min {} s", thousands(seconds / 60), seconds % 60);
}

std::string loss_text(double loss) {
  if (loss == 0 || loss >= 10) return fmt::format("{:.4g}", loss);
  return loss < 0.001 ? fmt::format("{:.2e}", loss) : fmt::format("{:.{}f}", loss, loss < 0.1 ? 4 : 3);
}

std::string plural(std::uint64_t number, std::string_view noun) {
  return thousands(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace webai::cli
