// Shows how training goes on, and keeps what the curves are drawn from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "webai/training.hpp"

namespace webai::cli {

/// One epoch of a training.
struct CurvePoint {
  std::uint64_t epoch = 0;
  double loss = 0;
  std::optional<double> accuracy;
};

/// On a terminal a bar that moves; elsewhere one line per epoch (of many short epochs not more than a few a second).
class ProgressDisplay {
 public:
  ProgressDisplay(bool quiet, std::uint64_t total_samples);
  void show(const Progress& progress);
  /// Ends the line that a bar stands on.
  void finish();
  const Progress& last() const { return last_; }
  const std::vector<CurvePoint>& curve() const { return curve_; }

 private:
  void keep(const Progress& progress);
  std::string line(const Progress& progress, bool bar) const;

  bool quiet_, terminal_;
  std::uint64_t total_samples_;
  bool on_a_bar_ = false;
  double last_line_ms_ = -1e9;
  Progress last_;
  std::vector<CurvePoint> curve_;
  std::uint64_t keep_every_ = 1;  // doubles when the curve gets long
};

}  // namespace webai::cli
