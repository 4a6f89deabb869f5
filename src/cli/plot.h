// The curves of a training as one SVG file that needs nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/progress.h"

namespace webai::cli {

struct PlotLabels {
  std::string title;     ///< "clothing"
  std::string subtitle;  ///< "10 epochs, 1.9 s"
  std::optional<double> test_accuracy;
  std::optional<double> test_loss;
};

std::string plot_svg(const std::vector<CurvePoint>& curve, const PlotLabels& labels);

}  // namespace webai::cli
