#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "cli/terminal.h"

namespace webai::cli {
namespace {

constexpr double width = 760, left = 64, right = 24, panel_height = 200, panel_gap = 56, top = 72;
constexpr std::size_t most_drawn = 600;  // more points than pixels show nothing

constexpr const char* style = R"(
  svg { background: #ffffff; font: 13px system-ui, 'Segoe UI', Roboto, sans-serif; }
  text { fill: #475569; } .title { font-size: 18px; font-weight: 600; fill: #0f172a; } .name { font-weight: 600; }
  .grid { stroke: #e2e8f0; } .loss { stroke: #2563eb; } .accuracy { stroke: #059669; }
  .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
  .area { stroke: none; opacity: .1; } .area.loss { fill: #2563eb; } .area.accuracy { fill: #059669; }
  .dot.loss { fill: #2563eb; } .dot.accuracy { fill: #059669; }
  .test { fill: none; stroke: #d97706; stroke-width: 1.5; stroke-dasharray: 5 4; } .testname { fill: #b45309; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0f172a; } text { fill: #94a3b8; } .title { fill: #f1f5f9; } .grid { stroke: #1e293b; }
    .loss { stroke: #60a5fa; } .accuracy { stroke: #34d399; } .area.loss { fill: #60a5fa; } .area.accuracy { fill: #34d399; }
    .dot.loss { fill: #60a5fa; } .dot.accuracy { fill: #34d399; } .testname { fill: #fbbf24; }
  })";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return result;
}

// 1, 2 or 5 times a power of ten, so that about `count` steps span the range.
double round_step(double range, double count) {
  const double raw = std::max(range, 1e-12) / count, power = std::pow(10, std::floor(std::log10(raw)));
  const double ratio = raw / power;
  return (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10) * power;
}

struct Axis {
  double low = 0, high = 1, step = 1;
  double share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

Axis nice_axis(double low, double high, double count) {
  if (high - low < 1e-12) high = low + (std::fabs(low) > 1e-12 ? std::fabs(low) : 1);
  const double step = round_step(high - low, count);
  return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
}

struct Panel {
  const char* name;
  const char* style_class;
  std::vector<std::pair<double, double>> points;  // epoch, value
  std::optional<double> test;
  std::function<std::string(double)> text_of;
};

std::string draw(const Panel& panel, const Axis& epochs, double y0) {
  double low = panel.test.value_or(panel.points.front().second), high = low;
  for (const auto& [epoch, value] : panel.points) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const Axis values = nice_axis(low, high, 4);
  const double x1 = width - right, bottom = y0 + panel_height;
  const auto x = [&](double epoch) { return left + epochs.share(epoch) * (x1 - left); };
  const auto y = [&](double value) { return bottom - values.share(value) * panel_height; };
  std::string svg = fmt::format("<text class='name' x='{}' y='{}'>{}</text>\n", left, y0 - 12, panel.name);
  for (double value = values.low; value <= values.high + values.step / 2; value += values.step)
    svg += fmt::format("<path class='grid' d='M{0} {2:.1f}H{1}'/><text x='{3}' y='{4:.1f}' text-anchor='end'>{5}</text>\n", left,
                       x1, y(value), left - 8, y(value) + 4, panel.text_of(value));
  std::string path;
  for (const auto& [epoch, value] : panel.points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(epoch), y(value));
  const auto& [last_epoch, last_value] = panel.points.back();
  if (panel.points.size() > 1)
    svg += fmt::format("<path class='area {0}' d='{1}L{2:.1f} {4}L{3:.1f} {4}Z'/><path class='curve {0}' d='{1}'/>\n",
                       panel.style_class, path, x(last_epoch), x(panel.points.front().first), bottom);
  if (panel.test)
    svg += fmt::format("<path class='test' d='M{0} {2:.1f}H{1}'/><text class='testname' x='{0}' y='{3:.1f}' dx='6'>test {4}</text>\n",
                       left, x1, y(*panel.test), y(*panel.test) - 6, panel.text_of(*panel.test));
  svg += fmt::format("<circle class='dot {}' cx='{:.1f}' cy='{:.1f}' r='3.5'/><text x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>\n",
                     panel.style_class, x(last_epoch), y(last_value), x1, y0 - 12, panel.text_of(last_value));
  return svg;
}

std::string draw_epochs(const Axis& epochs, double y0) {
  std::string svg;
  for (double epoch = std::ceil(epochs.low / epochs.step) * epochs.step; epoch <= epochs.high + 1e-9; epoch += epochs.step)
    if (epoch >= epochs.low)
      svg += fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{}</text>\n",
                         left + epochs.share(epoch) * (width - right - left), y0,
                         thousands(static_cast<std::uint64_t>(epoch)));
  return svg + fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>epoch</text>\n", (left + width - right) / 2, y0 + 20);
}

}  // namespace

std::string plot_svg(const std::vector<CurvePoint>& curve, const PlotLabels& labels) {
  Panel loss{"loss", "loss", {}, labels.test_loss, loss_text};
  Panel accuracy{"accuracy", "accuracy", {}, labels.test_accuracy, percent_text};
  const std::size_t stride = std::max<std::size_t>(1, curve.size() / most_drawn);
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (i % stride != 0 && i + 1 != curve.size()) continue;
    loss.points.emplace_back(curve[i].epoch, curve[i].loss);
    if (curve[i].accuracy) accuracy.points.emplace_back(curve[i].epoch, *curve[i].accuracy);
  }
  std::vector<const Panel*> panels;
  for (const Panel* panel : {&loss, &accuracy})
    if (!panel->points.empty()) panels.push_back(panel);
  const double height = top + static_cast<double>(panels.size()) * (panel_height + panel_gap);
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' width='{0}' height='{1}' viewBox='0 0 {0} {1}' role='img'>\n"
      "<title>{2}</title>\n<style>{3}\n</style>\n<text class='title' x='{4}' y='30'>{2}</text>\n"
      "<text x='{5}' y='30' text-anchor='end'>{6}</text>\n",
      width, height, escaped(labels.title), style, left, width - right, escaped(labels.subtitle));
  Axis epochs;
  if (!curve.empty()) {
    epochs.low = static_cast<double>(curve.front().epoch);
    epochs.high = static_cast<double>(curve.back().epoch);
    epochs.step = std::max(1.0, round_step(epochs.high - epochs.low, 8));
  } else {
    svg += fmt::format("<text x='{}' y='{}'>no epoch was finished</text>\n", left, top - 12);
  }
  double y0 = top + 4;
  for (const Panel* panel : panels) {
    svg += draw(*panel, epochs, y0);
    y0 += panel_height + panel_gap;
  }
  if (!panels.empty()) svg += draw_epochs(epochs, y0 - panel_gap + 20);
  return svg + "</svg>\n";
}

}  // namespace webai::cli
