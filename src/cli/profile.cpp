#include "cli/profile.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cli/json_text.h"
#include "webai/network.hpp"

namespace webai::cli {
namespace {

constexpr std::size_t longest_operation = 44;  // an optimizer's chain would fill the line
constexpr double calibration_ms = 250;         // for each of the two limits

// Best of the calls that fit into the time, and of no fewer than three: other programs only make it slower.
template <class Work> double best_seconds(Host& host, Work work) {
  double best = 1e30;
  const double end = host.now() + calibration_ms;
  for (int i = 0; i < 3 || host.now() < end; ++i) {
    const double began = host.now();
    work();
    best = std::min(best, (host.now() - began) / 1000);
  }
  return std::max(best, 1e-9);
}

// The library's own product is as close to the processor's peak as a program without tables of processors gets.
double product_rate(const Context& context) {
  constexpr std::size_t size = 512;
  NeuralNetwork network =
      NeuralNetwork::from_json(fmt::format("{{\"layers\": [{0}, {0}]}}", size), context, {.device = "cpu"});
  std::vector<float> input(size * size, 0.5f), output(size * size);
  network.run_into(input, output);
  return 2.0 * size * size * size / best_seconds(context.host(), [&] { network.run_into(input, output); });
}

std::size_t copy_bytes() {
  long cache = -1;
#ifdef _SC_LEVEL3_CACHE_SIZE
  cache = ::sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  const std::size_t wanted = cache > 0 ? 2 * static_cast<std::size_t>(cache) : 0;
  return std::clamp<std::size_t>(wanted, std::size_t{64} << 20, std::size_t{256} << 20);
}

double copy_rate(const Context& context) {
  const std::size_t bytes = copy_bytes(), pieces = context.executor().width(), piece = bytes / pieces;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  const double seconds = best_seconds(context.host(), [&] {
    context.executor().each(pieces, [&](std::size_t i) { std::memcpy(to.data() + i * piece, from.data() + i * piece, piece); });
  });
  return 2 * static_cast<double>(piece * pieces) / seconds;
}

struct Rates {
  double share = 0, flops = 0, bytes = 0, limit = 0;
};

// A node's limit is the longer of the times that its arithmetic and its memory would take at the machine's rates.
Rates rates_of(const NodeProfile& row, const MachineLimits& limits, double total) {
  const double seconds = std::max(row.nanoseconds, 1e-3) * 1e-9;
  Rates rates;
  rates.share = total > 0 ? row.nanoseconds / total : 0;
  rates.flops = row.operations / seconds;
  rates.bytes = static_cast<double>(row.bytes) / seconds;
  rates.limit = std::max(rates.flops / limits.flops, rates.bytes / limits.bytes);
  return rates;
}

double sort_by_time(std::vector<NodeProfile>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const NodeProfile& a, const NodeProfile& b) { return a.nanoseconds > b.nanoseconds; });
  double total = 0;
  for (const NodeProfile& row : rows) total += row.nanoseconds;
  return total;
}

std::string time_text(double nanoseconds) {
  if (nanoseconds < 1e3) return fmt::format("{:.0f} ns", nanoseconds);
  return nanoseconds < 1e6 ? fmt::format("{:.3g} us", nanoseconds / 1e3) : fmt::format("{:.3g} ms", nanoseconds / 1e6);
}

}  // namespace

MachineLimits measure_limits(const Context& context) { return {product_rate(context), copy_rate(context)}; }

std::string profile_text(std::vector<NodeProfile> rows, const MachineLimits& limits, double whole_ms) {
  const double total = sort_by_time(rows);
  constexpr std::size_t columns = 8;
  std::vector<std::array<std::string, columns>> table = {
      {"operator", "layer", "device", "time", "share", "GFLOP/s", "GB/s", "of limit"}};
  for (const NodeProfile& row : rows) {
    const Rates rates = rates_of(row, limits, total);
    std::string operation = row.operation;
    if (operation.size() > longest_operation) operation = operation.substr(0, longest_operation - 3) + "...";
    table.push_back({operation, row.path, row.device, time_text(row.nanoseconds), fmt::format("{:.1f} %", 100 * rates.share),
                     fmt::format("{:.3g}", rates.flops / 1e9), fmt::format("{:.3g}", rates.bytes / 1e9),
                     fmt::format("{:.0f} %", 100 * rates.limit)});
  }
  std::array<std::size_t, columns> widths{};
  for (const auto& row : table)
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text = fmt::format(
      "\nthis machine now: {:.0f} GFLOP/s in a large fp32 product, {:.1f} GB/s in copies larger than its caches (what "
      "stays in caches may pass that)\n{} nodes one by one: {} together; all at once, as timed above: {}\n\n",
      limits.flops / 1e9, limits.bytes / 1e9, rows.size(), time_text(total), time_text(whole_ms * 1e6));
  for (const auto& row : table) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c)
      line += (c == 0 ? "" : "  ") +
              (c < 3 ? fmt::format("{:<{}}", row[c], widths[c]) : fmt::format("{:>{}}", row[c], widths[c]));
    text += line + "\n";
  }
  return text;
}

std::string profile_json(std::vector<NodeProfile> rows, const MachineLimits& limits) {
  const double total = sort_by_time(rows);
  std::vector<std::string> items;
  for (const NodeProfile& row : rows) {
    const Rates rates = rates_of(row, limits, total);
    JsonObject item;
    item.text("operator", row.operation).text("layer", row.path).text("device", row.device);
    item.number("nanoseconds", row.nanoseconds).number("share", rates.share).number("operations", row.operations);
    item.count("bytes", row.bytes).number("gflops_per_s", rates.flops / 1e9).number("gb_per_s", rates.bytes / 1e9);
    items.push_back(item.number("limit_share", rates.limit).str());
  }
  return JsonObject()
      .number("limit_gflops_per_s", limits.flops / 1e9)
      .number("limit_gb_per_s", limits.bytes / 1e9)
      .raw("nodes", json_list(items))
      .str();
}

}  // namespace webai::cli
