// A network as a value, and the rules for who may do what with it while operations on it are unfinished.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "capi/context.h"
#include "capi/future.h"
#include "capi/object.h"
#include "webai/network.hpp"

namespace webai::capi {

class IoFunctions;
class Options;

class NetworkValue final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_NETWORK;
  struct Parameter {
    std::string name;
    DType type;
    Shape shape;
  };
  /// `loop_thread`: it calls functions of the host that live there.
  NetworkValue(NeuralNetwork network, bool output_rules, bool loop_thread, std::shared_ptr<const IoFunctions> functions);
  /// The same network inside an operation on it: calls act at once, until `over`. `network`: the handle for it.
  /// `run`: of a run, how that was asked for.
  NetworkValue(const NetworkValue& outer, NeuralNetwork network, std::shared_ptr<const std::atomic<bool>> over,
               std::optional<RunOptions> run = {});
  void destroy() noexcept override { delete this; }

  NeuralNetwork handle() const;
  NeuralNetwork idle_handle() const;  ///< throws BUSY while any operation is unfinished
  /// True when no operation is unfinished; `or_training`: or a training, which others can come between.
  bool is_idle(bool or_training = false) const;
  void check_idle(bool or_training = false) const;  ///< throws BUSY
  Placement placement(bool training = false);
  bool is_inner() const noexcept { return over_ != nullptr; }
  /// The options of a run as they hold here: inside of one, `io` is the outer run's to apply to the output.
  RunOptions within(RunOptions options) const;
  /// For a training that begins later: becomes true where it is told to stop before.
  std::shared_ptr<const std::atomic<bool>> expect_training();
  void stop_training();

  const bool has_output_rules;  ///< the model's `io` says something about outputs
  const bool loop_thread_only;
  const std::shared_ptr<const IoFunctions> io;  ///< never null
  struct Built {
    std::vector<Parameter> parameters;
    std::vector<PortInfo> inputs, outputs;
  };
  /// Throws NOT_BUILT for a model without layers before its first training.
  const Built& built() const;

 private:
  ~NetworkValue() = default;
  std::shared_ptr<const Built> shared_built() const;  // null before there are layers
  void check_inner() const;  // throws INVALID_ARGUMENT where its operation is over
  const std::shared_ptr<const std::atomic<bool>> over_;
  const std::optional<RunOptions> run_;
  const NeuralNetwork network_;
  mutable std::mutex describing_;
  mutable std::shared_ptr<const Built> built_;  // guarded by describing_; never changes once it is there
  Lane lane_;  // this and the rest are guarded by the context's mutex
  std::shared_ptr<std::atomic<bool>> stopped_;  // of the last training that was expected
};

/// What "auto" may choose from: the context's backends.
std::vector<std::string> allowed_devices(const webai_context& context);
/// Which device options mean by "device"; throws for one outside of the context's backends.
std::string chosen_device(const webai_context& context, Options& opts);

/// What lists of numbers become for a network: 16 bits would lose what is too large for them before it can be told.
DType list_type(const NeuralNetwork& network);
/// Whether all rows of nested lists are alike.
bool is_regular(webai_value* value);
/// The numbers of a tensor, number, or list of such (nested as you like), as one tensor in the network's type; of the
/// list's shape where it has one.
Tensor tensor_from_value(const Context& context, DType type, webai_value* value, std::string_view what);
/// Appends the numbers in `value` to `into`, which has room for `room`; returns how many there are (more than `room`:
/// the rest was only counted). Throws TYPE_MISMATCH for anything without numbers.
std::size_t collect_numbers(webai_value* value, DType type, void* into, std::size_t room, std::string_view what);

/// A job of one piece: `work` does it all and returns the result.
template <class Work> class Once final : public Job {
 public:
  explicit Once(Work work) : work_(std::move(work)) {}
  bool advance() override {
    result_ = work_();
    return false;
  }
  Value result() override { return std::move(result_); }

 private:
  Work work_;
  Value result_;
};
template <class Work> std::unique_ptr<Job> once(Work work) { return std::make_unique<Once<Work>>(std::move(work)); }

}  // namespace webai::capi
