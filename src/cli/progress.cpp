#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/terminal.h"

namespace webai::cli {
namespace {

constexpr std::uint64_t few_epochs = 100;         // so many get a line each
constexpr std::uint64_t first_epochs = 10;        // of more than that the first ones, then lines are thinned out
constexpr double line_interval = 500;             // milliseconds
constexpr std::size_t most_points = 4096;
constexpr std::size_t bar_width = 10;

double now() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProgressDisplay::ProgressDisplay(bool quiet, std::uint64_t total_samples)
    : quiet_(quiet), terminal_(errors_reach_a_terminal()), total_samples_(total_samples) {}

void ProgressDisplay::keep(const Progress& progress) {
  if (progress.iteration % keep_every_ != 0) return;
  curve_.push_back({progress.iteration, progress.error, progress.accuracy});
  if (curve_.size() < most_points) return;
  keep_every_ *= 2;
  std::erase_if(curve_, [&](const CurvePoint& point) { return point.epoch % keep_every_ != 0; });
}

std::string ProgressDisplay::line(const Progress& progress, bool bar) const {
  std::string text = fmt::format("epoch {}", progress.iteration);
  if (progress.max_iterations) text += fmt::format("/{}", progress.max_iterations);
  const std::uint64_t total = total_samples_ ? total_samples_ : progress.total_samples;
  if (bar && total) {
    const std::size_t filled = static_cast<std::size_t>(std::min(progress.samples, total) * bar_width / total);
    text += fmt::format("  [{:<{}}]", std::string(filled, '#'), bar_width);
  }
  text += "  " + std::to_string(progress.samples) + (total ? "/" + std::to_string(total) : " samples");
  text += "  loss " + loss_text(progress.error);
  if (progress.accuracy) text += "  accuracy " + percent_text(*progress.accuracy);
  if (progress.validation_error) text += "  held out " + loss_text(*progress.validation_error);
  if (progress.validation_accuracy) text += " (" + percent_text(*progress.validation_accuracy) + ")";
  return text + "   " + thousands(static_cast<std::uint64_t>(progress.samples_per_second)) + " samples/s";
}

void ProgressDisplay::show(const Progress& progress) {
  last_ = progress;
  if (progress.epoch_end) keep(progress);
  if (quiet_) return;
  const bool last_epoch = progress.epoch_end && progress.iteration == progress.max_iterations;
  const bool few = progress.max_iterations > 0 && progress.max_iterations <= few_epochs;
  const bool early = few || progress.iteration <= first_epochs;
  const double time = now();
  if (terminal_) {
    const bool line_ends = progress.epoch_end && (last_epoch || few);
    if (!line_ends && time - last_line_ms_ < 50) return;
    // Cut to the width: a line that wraps could not be overwritten.
    const std::string text = line(progress, true).substr(0, terminal_width() - 1);
    notice("\r\033[K" + text + (line_ends ? "\n" : ""));
    on_a_bar_ = !line_ends;
    last_line_ms_ = line_ends ? -1e9 : time;
    return;
  }
  if (!progress.epoch_end || !(early || last_epoch || time - last_line_ms_ >= line_interval)) return;
  notice(line(progress, false) + "\n");
  last_line_ms_ = time;
}

void ProgressDisplay::finish() {
  if (on_a_bar_) notice("\n");
  on_a_bar_ = false;
  const bool kept = !curve_.empty() && curve_.back().epoch == last_.iteration;
  if (last_.epoch_end && !kept) curve_.push_back({last_.iteration, last_.error, last_.accuracy});
}

}  // namespace webai::cli
