// What stands behind a NeuralNetwork handle. Private to src/network.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "backends/host/device.h"
#include "compiler/compile.h"
#include "core/model/build.h"
#include "core/model/model.h"
#include "dataset/iterator.h"
#include "dataset/unread.h"
#include "network/devices.h"
#include "network/flat_graph.h"
#include "network/open_lengths.h"
#include "network/recurrent_state.h"
#include "network/turn_mutex.h"
#include "training/measure.h"
#include "training/step_graph.h"
#include "webai/network.hpp"

namespace webai {

/// A forward program for one batch size and one set of lengths, with its bindings made.
struct RunProgram {
  std::int64_t batch = 0;
  OpenLengths lengths;
  bool normalize = true;
  bool debug = false;  ///< gives the output of every layer too
  bool steps = false;  ///< gives what the last iterator carried before each of its steps too
  std::unique_ptr<Executable> executable;
  std::vector<Binding> bindings;
  HostWindow input, output;
  std::vector<HostWindow> states, next_states;  ///< by recurrent state
  std::vector<HostWindow> activations;          ///< of a debug program, by layer
  std::vector<HostWindow> before;               ///< of a program with steps, by state variable
  // What it takes and gives, for models with open dimensions too. Shapes of layers and outputs are without batch.
  std::int64_t inputs = 0, outputs = 0;  ///< values of one sample
  Shape output_shape;
  std::vector<Shape> output_shapes, layer_shapes;
  std::vector<Shape> state_shapes;  ///< [batch, dims...]
  std::uint64_t last_use = 0;
};

/// A program that computes the gradients of one batch, and where they come out.
struct GradientProgram {
  std::int64_t batch = 0;
  OpenLengths lengths;
  std::size_t window = 0, lanes = 0;  ///< of sequences
  std::uint64_t moves = 0;            ///< of the network when it was compiled
  std::vector<std::string> names;     ///< of the parameters
  bool learns = false;                ///< as a step of training
  std::set<std::string, std::less<>> left_alone;  ///< parameters that it must not change then
  std::vector<std::string> learned;   ///< what else it changes then: moving averages, what counts random numbers
  MeasureRequest request;
  std::unique_ptr<Executable> executable;
  std::map<std::string, std::unique_ptr<Buffer>> outputs;
};

/// Parameters and states by name.
using Buffers = std::map<std::string, std::unique_ptr<Buffer>, std::less<>>;
inline Buffer* find_buffer(const Buffers& buffers, std::string_view name) {
  const auto at = buffers.find(name);
  return at == buffers.end() ? nullptr : at->second.get();
}

/// The update of an optimizer that apply_gradients was given, and what that remembers for the next one.
struct AppliedUpdate {
  std::string key;          ///< optimizer, options and parameters: another one begins anew
  std::uint64_t moves = 0;  ///< of the network when it was compiled
  std::unique_ptr<Executable> executable;
  Buffers memory;           ///< the optimizer's states
};

inline void write_buffer(Buffer& buffer, const Tensor& tensor) {
  buffer.write(0, std::as_bytes(std::span(static_cast<const char*>(tensor.data()), tensor.bytes())));
}

/// The rules of an output by its name or label, and where its values stand among those of all.
struct OutputPart {
  const IoRules* rules;
  std::string name;
  std::size_t first, size;
};

struct NeuralNetwork::State : std::enable_shared_from_this<NeuralNetwork::State> {
  Context context;
  NetworkOptions options;
  std::shared_ptr<const Registry> registry;
  DeviceList devices;            ///< changed under the turn and devices_mutex
  std::vector<DeviceList> left;  ///< where it was before: programs compiled for them may still be at work
  std::uint64_t moves = 0;       ///< how often it was moved; read and written under the turn
  std::function<void()> recompile_training;  ///< of the training under way, or nothing; called under the turn
  mutable std::mutex devices_mutex;
  Model model;
  BuiltModel built;          ///< for running, batch symbolic, io applied; its initial tensors are released
  Graph graph;               ///< built.graph behind the flat interface: for example lengths, where some are open
  Buffers buffers;                                    ///< of parameters, random_step and learned normalisations
  RecurrentState recurrent;                           ///< read and written under the turn
  std::vector<std::unique_ptr<RunProgram>> programs;  ///< bounded in number and bytes: the least recently used goes
  std::uint64_t uses = 0;
  std::size_t precompiled = 0;  ///< programs that shapeHints asked for
  std::shared_ptr<GradientProgram> gradient_program;  ///< the last one; used under the turn
  std::unique_ptr<AppliedUpdate> applied_update;      ///< the last one; used under the turn
  std::int64_t inputs = 0, outputs = 0;  ///< values of one sample; 0 where open dimensions decide
  std::int64_t normalized_inputs = 0;    ///< the same behind io.input.normalize
  DType type = DType::fp32;              ///< of values between the model's layers: see computed_in
  /// One word for both, so that a stop meets the training it was meant for or none.
  enum class Activity : std::uint8_t { idle, training, stopping };
  std::atomic<Activity> activity{Activity::idle};
  std::atomic<bool> own_training{false};  ///< while a training of the program's own is at work: gradients are for learning
  TurnMutex turn;            ///< held during each step of training and each run
  /// Of a model without layers: what stands in its place since build_for, and who owns it. Set once, under the turn.
  std::atomic<State*> later{nullptr};
  std::shared_ptr<State> later_owner;

  State(const Context& given, const NetworkOptions& chosen) : context(given), options(chosen), recurrent(given) {}

  /// Everything that follows from the model.
  void finish_building();

  /// What `io` says of the only output, or of all of them together.
  const IoRules& output_rules() const;
  /// `ports`: the outputs as they are in a run, where open dimensions decide; none: as the model describes them.
  std::vector<OutputPart> output_parts(std::span<const PortInfo> ports = {}) const;
  /// [samples, outputs...] in the user's units. `shape` is that of the result with the batch in front; bits take their last
  /// dimension with them.
  Tensor denormalized(Tensor values, std::int64_t samples, Shape& shape, std::span<const PortInfo> ports) const;
  bool denormalizes() const;  ///< whether that makes other numbers of any output
  /// Makes a sample's target one in the units of the model; the inverse of the above.
  Dataset::MapFunction targets_to_units(std::span<const PortInfo> ports) const;
  /// Makes a sample's codes numbers, of its input, its output or both; what is no code stays as it is.
  Dataset::MapFunction codes_to_numbers(bool of_input, bool of_output) const;

  bool is_stateful() const noexcept { return !built.states.empty(); }
  bool is_open() const noexcept { return !built.open.empty(); }
  /// Throws EXPLICIT_BATCH for more than one sample of a model that has no batch.
  void check_samples(std::int64_t samples) const;
  /// What values of that shape are to a run.
  SampleForm form_of(const Shape& given, bool normalize = true) const;
  /// The model built again for those lengths, without values.
  BuiltModel build(const OpenLengths& lengths, bool normalize, bool training = false) const;

  DeviceWish wish(const std::string& device, bool require) const {
    return {device, require, model.min_mops.value_or(0), type, options.devices};
  }
  /// Best first. Stays valid when the network moves.
  std::vector<Device*> device_order() const;
  void wait() const;  ///< until the devices are done; under the turn
  /// Zeroed host memory, where parameters, states and results live whatever the device.
  std::unique_ptr<Buffer> allocate(std::size_t bytes) const { return make_host_buffer(context, bytes); }
  /// What a program's own state is bound to: the same memory for each program whose state is of that name and size.
  Buffer* room_for(const Slot& slot, Buffers& memory) const;
  Buffer* buffer(std::string_view name) const { return find_buffer(buffers, name); }
  /// A copy of all of them, of one moment between two steps. Takes the turn.
  Buffers snapshot();
  /// What export writes, of one moment: a tensor for each parameter, mean and scale for each learned normalisation.
  struct Weights {
    std::vector<Tensor> parameters, learned, scales;
  };
  Weights weights();  ///< takes the turn
  /// NeuralNetwork::export_model; what is minified is so again, round by round, until nothing changes.
  std::string exported(const ExportOptions& options, std::vector<std::pair<std::string, std::string>>* renamed, Tensor* file, int round);
  /// Whether inputs of an integer model's own type are its codes: with an `io` they are numbers of the user's own, and
  /// where some say rows of a table, they are such.
  bool takes_codes(bool normalize = true) const;
  bool gives_codes() const;  ///< the same for targets
  Tensor encoded(const Tensor& numbers) const;  ///< as NeuralNetwork has them
  Tensor decoded(const Tensor& tensor) const;
  Tensor input_numbers(const Tensor& given, bool normalize) const;  ///< in `type`, as programs take them
  Tensor tensor_of(const BuiltParameter& parameter) const;  ///< a copy of its current content
  Tensor scale_of(const BuiltParameter& parameter) const;   ///< of its codes; without data where it has none
  /// The numbers that its content stands for, and back: codes are widened where the numbers need it.
  Tensor numbers_of(const BuiltParameter& parameter) const;
  void set_numbers(const BuiltParameter& parameter, const Tensor& numbers);
  /// The same for numbers that are to add up although what is stored is rounded: integers and 16 bits.
  Tensor master_of(const BuiltParameter& parameter) const;
  void set_master(const BuiltParameter& parameter, Tensor numbers);
  /// Room for the master of a parameter in a step of training starts with the parameter's numbers.
  void begin_master(std::string_view slot, Buffer& room) const;
  void keep_masters(const Buffers& rooms);  ///< of such rooms, once what is stored has been written
  /// The update of these parameters, compiled, with its memory from the call before where that was the same one.
  AppliedUpdate& update_by(const TrainOptions& chosen, const std::vector<StepState>& parameters);
  struct Master {
    Tensor numbers, stored, scale;
  };
  std::map<std::string, Master, std::less<>> masters;  ///< of parameters that apply_gradients has changed
  RunProgram& program(const OpenLengths& lengths, std::int64_t batch, bool normalize, bool debug = false,
                      bool steps = false);
  /// Compiles runs of one sample for the lengths that shapeHints name, as far as the bound of programs allows.
  void precompile();
  /// The iterator whose result is the model's only output; nullptr when there is none.
  const BuiltIteration* output_iteration() const;
  /// An output from [samples, outputs...] as the model gives them. `ports`: its outputs in that
  /// run; none: as the model describes them. `numbers`: not as codes of an integer model.
  Output finished(Tensor result, std::int64_t samples, bool batched, const RunOptions& options,
                  std::span<const PortInfo> ports = {}, bool numbers = false) const;
  /// The same from what a runner of the program's own gives. `ports`: the outputs with the sizes that they had.
  Output finished_by_runner(const Tensor& given, const RunOptions& options, const std::vector<PortInfo>& ports) const;
  /// Runs a program whose input and output windows are set, under the turn. The recurrent state goes on by one run, or
  /// stays as it is when the run fails.
  void execute(RunProgram& program);
  /// Tensors for the outputs of all layers by title, where a debug program will write them.
  std::vector<std::pair<std::string, Tensor>> room_for_activations(RunProgram& program) const;
  /// Parameters as they are kept, or as the steps of training have them: in step_type.
  enum class Parameters : std::uint8_t { kept, wide };
  /// The forward graph for one batch size, ready for a step graph: specialised, in the given mode.
  Graph step_forward(const OpenLengths& lengths, std::int64_t batch, bool training_mode, Parameters parameters) const;
  std::unique_ptr<Executable> compile(const Graph& graph, bool training_mode) const;
  /// Whether an input's "auto" waits for its first training; a part of one that learns from data.
  bool learns_normalization() const;
  void learn_normalization_from(const Dataset& data, const std::function<bool()>& interrupted);  ///< throws Interrupted
  struct Chosen {
    std::vector<std::string> to_train;               ///< names of the parameters that gradients change
    std::set<std::string, std::less<>> left_alone;   ///< of layers that are skipped, moving averages too
  };
  Chosen chosen_parameters(const TrainOptions& chosen) const;
  /// Takes out what a training step would write to these parameters beside its updates: moving averages.
  static void leave_alone(Graph& forward, const std::set<std::string, std::less<>>& names);

  /// The data themselves, or, where only a model can read them, what this one reads.
  Dataset read(const Dataset& given) const;
  std::size_t raw_outputs() const;  ///< values of one sample's target as users give it
  std::vector<std::int32_t> labels_in(std::string_view text) const;
  Tensor named_target(const Json& object, std::span<const PortInfo> ports) const;
  Tensor target_of(const Json& value, std::span<const PortInfo> ports) const;

  /// How data meets the model: element type, label form, label names, normalised targets.
  struct DataPlan {
    Dataset data;
    BatchOptions batching;
    MeasureRequest request;
    OpenLengths lengths;
    std::int64_t inputs = 0, outputs = 0;  ///< values of one sample
  };
  DataPlan plan_data(const Dataset& data, std::string_view measure, std::size_t batch, bool accuracy,
                     std::size_t bptt = 0) const;
  /// The forward graph for a batch of that many samples, or for a window of sequences where the data are such.
  Graph batch_forward(const DataPlan& plan, std::int64_t samples, bool training_mode, Parameters parameters) const;
  /// See class_weights; names are those of the model's io, else of the data.
  std::vector<double> weights_of_classes(const TrainOptions& chosen, const Dataset& data, std::size_t classes) const;

  class Verification;  // network/verification.h
  static constexpr std::size_t verification_batch = 64;  ///< samples, where nobody chooses
};

}  // namespace webai
