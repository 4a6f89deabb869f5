// A neural network from JSON: train it, verify it, run it, save it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webai/context.hpp"
#include "webai/dataset.hpp"
#include "webai/dtype.hpp"
#include "webai/error.hpp"
#include "webai/export.hpp"
#include "webai/profile.hpp"
#include "webai/tensor.hpp"
#include "webai/training.hpp"
#include "webai/weights.hpp"

namespace webai {

class ControlSignal;
class DataEncoder;
class InputValues;
class InternalModel;
class Json;
class RunStream;
struct StreamOptions;
struct InternalLayer;
struct SampleForm;

/// An input or output by name, with the shape of one sample. Open dimensions (null in the model) are symbols.
struct PortInfo {
  std::string name;
  Shape shape;
  std::string label = {};  ///< a foreign name that it may be called by as well
  /// What messages call it: the label, else the name, in quotes.
  WEBAI_EXPORT std::string title() const;
};
/// The place of an input or output by its name, else by its label; the empty name and `kind` ("input", "output") mean the
/// only one. Throws NOT_FOUND with all of them and the nearest name.
WEBAI_EXPORT std::size_t find_port(std::span<const PortInfo> ports, std::string_view name, std::string_view kind);

/// What a run gives: the output tensor and, where the model's `io` names labels, the label of the largest output.
class WEBAI_EXPORT Output {
 public:
  Output() = default;
  explicit Output(Tensor tensor) : tensor_(std::move(tensor)) {}
  Output(Tensor tensor, std::vector<PortInfo> ports) : tensor_(std::move(tensor)), ports_(std::move(ports)) {}

  const Tensor& tensor() const noexcept { return tensor_; }
  operator const Tensor&() const noexcept { return tensor_; }
  std::size_t size() const noexcept { return tensor_.elements(); }
  /// As numbers: of a model of an integer type what its codes stand for, 0 to 1 or -1 to 1.
  double operator[](std::size_t index) const { return tensor_.at(index) / full_; }
  std::vector<double> values() const;
  /// The label of the largest output of the first sample; empty without labels or past their end.
  const std::string& label() const noexcept { return label_; }
  /// Index of the largest output of the first sample.
  std::size_t index() const;
  /// Labels (or indices as text) with their outputs, greatest first.
  std::vector<std::pair<std::string, double>> ranked() const;
  /// Of a run with RunOptions::debug: what each layer and pipe gave, past its activation, in document order, by name,
  /// or by number ("1", "1/0" for a pipe) where it has none.
  const std::vector<std::pair<std::string, Tensor>>& activations() const noexcept { return activations_; }
  /// The outputs by name, with the shapes that a sample had in this run.
  const std::vector<PortInfo>& ports() const noexcept { return ports_; }

 private:
  friend class NeuralNetwork;
  Tensor tensor_;
  double full_ = 1;  // what stands for the number 1
  std::string label_;
  std::vector<std::string> labels_;
  std::vector<std::pair<std::string, Tensor>> activations_;
  std::vector<PortInfo> ports_;
};

/// "[0.97]", "cat (0.98)" where there is a label.
WEBAI_EXPORT std::ostream& operator<<(std::ostream& stream, const Output& output);

struct NetworkOptions {
  std::string device = "auto";  ///< "auto", "reference", "cpu", "opencl"
  bool require = false;         ///< what the device cannot run is UNSUPPORTED instead of going to another
  bool json5 = false;           ///< comments, trailing commas and so on are allowed in the model's text
  std::optional<std::uint64_t> seed = {};  ///< of the initial weights and of shuffles, instead of the model's
  WeightFiles weights = {};  ///< where setup.data that names a file is read from; load: the model's folder
  std::vector<std::string> devices = {};  ///< what "auto" may choose for a model with `minMops`; none: all
};

struct RunOptions {
  bool normalize = true;    ///< apply `io` to the input
  bool denormalize = true;  ///< apply `io` to the output
  bool debug = false;       ///< also give what each layer computed: Output::activations
  std::string type = {};    ///< a run of one's own (define_run); empty: the library's
  std::stop_token stop = {};  ///< ends it with CANCELLED before the next node of its program; then nothing was changed
};

struct VerifyOptions {
  std::string error_measure_type = {};  ///< as for training
  std::size_t batch_size = 0;           ///< 0: chosen by the library
  std::string type = {};                ///< a verification of one's own (define_verify); empty: the library's
  std::vector<std::string> to_train = {}, to_skip = {};  ///< of compute_gradients: which layers, as for training
  /// Of compute_gradients: whether a network with a memory remembers the data afterwards, as if it had been run with it.
  bool commit_state = false;
  /// Of compute_gradients: as a step of training works, with dropout, and with the batch's own statistics in batchNorm,
  /// whose moving averages then learn. Empty: inside of a training of the program's own (define_train), and nowhere else.
  std::optional<bool> training = {};
};

struct SaveOptions {
  /// "array"; "given": the text as it came, not the current weights (what stood in a file is put into the text); save
  /// also takes "file": the weights in a file beside the model.
  std::string setup_data_as = "base64";
  bool pretty = false;                   ///< indented text
  std::string setup_file = {};           ///< name of that file, relative to the model; empty: the model's, with ".weights"
};

struct ExportOptions {
  std::string to = "json";               ///< or a program for one sample: "python-numpy", "c", "javascript"
  /// Of stored weights: "base64", "array", "given" (none where there were none), or "file": export_model gives them apart.
  std::string setup_data_as = "base64";
  std::string setup_file = "model.weights";  ///< what the model calls that file
  std::string optimize = {};             ///< none: as it was given; "minify"; "pretty": all values in the layers
  std::string from = {}, upto = {};      ///< a part, both ends included: layers by name, or by index in digits
  bool keep_names = true;                ///< minify leaves the names of inputs and outputs
  std::string name = "model";            ///< what a program defines: name_run in C, a function name in JavaScript
  std::string weights = {};              ///< "u8": in C, one byte for each number of weight matrices
  bool indent = false;                   ///< line breaks and indentation; "pretty" has them anyway
};

/// Gradients of the loss by parameter name ("1.weights"), and what they were computed from.
struct Gradients {
  double error = 0;
  std::uint64_t samples = 0;
  std::map<std::string, Tensor> gradients;
  std::string model_hash = {};  ///< of the layers, sizes and pipes; where it is set, apply_gradients takes those of its own alone
};
/// As JSON text, to send and to keep: {"version", "loss", "samples", "modelHash", "gradients": {name: {"dataType", "dims", "data"}}}.
WEBAI_EXPORT std::string gradients_to_json(const Gradients& gradients);
/// Throws INVALID_JSON or INVALID_ARGUMENT with the place of what is wrong.
WEBAI_EXPORT Gradients gradients_from_json(const Context& context, std::string_view text);

struct ApplyOptions {
  double scale = 1;             ///< W <- W - scale * gradient, when no optimizer is named
  /// "adam", ...: its update. What it remembers (momentum, moments) stays with the network from call to call, until
  /// another optimizer, other options than its rate or other parameters begin anew.
  std::string optimizer = {};
  TrainOptions options = {};    ///< rate and so on of that optimizer
};

/// One row of a model's description.
struct LayerInfo {
  std::string place;            ///< "input", "1", "output"; pipes "1/0"
  std::string name, type, activation;
  Shape input, output;          ///< without the batch
  std::uint64_t parameters = 0, bytes = 0;
  std::string note;             ///< "normalised 0..255 -> 0..1", "as one of 10 labels"
  bool inner = false;           ///< of the net in the row above, "1 > 2": counted there; sizes as far as they are written
};

/// A dimension that each run binds: null in the size of an input.
struct OpenDimensionInfo {
  std::string path;      ///< of the null: "/layers/0/size/1"
  int symbol = 0;        ///< that it reads as in shapes
  std::int64_t counted = 0;           ///< the length that flops, run_bytes and the like are for
  std::optional<std::int64_t> max;    ///< by shapeHints
};

struct NetworkInfo {
  std::vector<LayerInfo> layers;
  std::uint64_t parameters = 0, bytes = 0;
  double flops = 0;             ///< of one run with one sample; 1 multiply-add = 2
  std::uint64_t run_bytes = 0;  ///< most that intermediate values of one sample take at a time
  std::uint64_t state_values = 0;  ///< that one sample keeps from run to run; 0: the model has no memory
  std::string table;            ///< all of it as text, for people
  std::vector<OpenDimensionInfo> open;
  std::uint64_t nodes = 0;      ///< of the compiled graph, views not counted
  std::uint64_t on_device = 0;  ///< how many of them run on the device that was asked for
};

/// A handle; copies are the same network. All calls may come from any thread: while one trains, run, verify, export and
/// the setters act between two steps on the last finished one; a second train is BUSY. Every failure is an Error.
class WEBAI_EXPORT NeuralNetwork {
 public:
  /// Builds the network a model describes; weights from its setup.data, or random by its seed.
  static NeuralNetwork from_json(std::string_view model, const Context& context, const NetworkOptions& options = {});
  static NeuralNetwork from_json(std::string_view model, const NetworkOptions& options = {});
  /// The same from a file.
  static NeuralNetwork load(const std::string& path, const Context& context, const NetworkOptions& options = {});
  static NeuralNetwork load(const std::string& path, const NetworkOptions& options = {});

  /// Trains until a stop condition holds. Blocks; a fired token ends it with CANCELLED after the current batch, the
  /// weights stay those of the last finished one.
  TrainInfo train(const Dataset& data, const TrainOptions& options = {}, std::stop_token stop = {});
  /// Gives a model without "layers" those that the data ask for: [inputs, max(3, inputs / 2), outputs], with "sigmoid" where
  /// it names no activation. Any other stays as it is. Training does it by itself; before, what needs layers throws
  /// INVALID_MODEL (reason NOT_BUILT) and sizes are 0.
  void build_for(const Dataset& data);
  bool is_built() const noexcept;  ///< false: a model without "layers" that was not trained yet
  /// Options as JSON text with the seeds' names: {"errorThreshold": 0.5, "maxIterations": 20000}.
  template <std::convertible_to<std::string_view> Text>  // so that {} means the options above
  TrainInfo train(const Dataset& data, const Text& options, std::stop_token stop = {}) {
    return train_by_text(data, options, std::move(stop));
  }
  /// From now on on this device, by its name or "auto"; `require` as in NetworkOptions, `min_mops` instead of the
  /// model's. Weights, memory and a training or verification under way go along, between two batches. Throws NOT_FOUND,
  /// UNSUPPORTED, with nothing moved; what does not fit the device fails here.
  void move_to(const std::string& device, bool require = false, std::optional<double> min_mops = {});
  std::string device() const;  ///< the one it is on: "cpu" where another one was wished for that is absent
  /// Ends a training under way after its current batch; its info says "stopTraining". No-op when idle.
  void stop_training() noexcept;
  bool is_training() const noexcept;

  /// Data that only a network can read (texts, inputs by name) as this one reads them; labels that have names get the
  /// numbers that this model gives those; any other data as they are. All that takes data does so by itself.
  Dataset read_data(const Dataset& data) const;
  VerifyInfo verify(const Dataset& data, const VerifyOptions& options = {}, std::stop_token stop = {});

  /// Runs one sample, or a batch when there are n times as many values (n x inputs).
  Output run(std::span<const double> input, const RunOptions& options = {});
  Output run(std::initializer_list<double> input, const RunOptions& options = {}) {
    return run(std::span<const double>(input.begin(), input.size()), options);
  }
  Output run(const Tensor& input, const RunOptions& options = {});
  /// The numbers that run takes for a value as people write it: nested arrays, objects that name inputs, texts where the
  /// model's `io` makes numbers of them (InputValues).
  Tensor input_of(const Json& value) const;
  /// The same as a tensor for each input by name, as run_named takes them.
  std::vector<std::pair<std::string, Tensor>> inputs_of(const Json& value) const;
  /// The hot path: fp32 in, fp32 out (raw outputs, `io` applied to the input), no allocation once warm.
  void run_into(std::span<const float> input, std::span<float> output);
  /// The same for values of that shape, one sample's or a batch's: what a model with open dimensions has to know.
  void run_into(const Shape& shape, std::span<const float> input, std::span<float> output);
  /// Runs with a tensor for each input, by name: one sample each, or batches of one size.
  Output run_named(const std::vector<std::pair<std::string, Tensor>>& inputs, const RunOptions& options = {});

  /// A run that gives one result after the other (webai/stream.hpp): the input is a sequence, each of its samples a step,
  /// or as many as the iterator has whose result the output is;
  /// with StreamOptions::generate tokens are drawn from what the network gives and fed back to it. A text is a sequence of
  /// tokens by the model's `io`.
  RunStream run_stream(const Tensor& input, const StreamOptions& options) const;
  RunStream run_stream(const Json& input, const StreamOptions& options) const;

  /// A stateful model (history, pipes backward, recurrent cells) remembers: its next run goes on from the last one. Each
  /// sample of a batch is a lane with a memory of its own; a run with another number of samples than the last one
  /// starts from the beginning. A run that fails leaves the memory as it was.
  bool is_stateful() const noexcept;
  /// Forgets: histories and delayed pipes are zeros again, cells start anew. Weights stay.
  void reset();
  /// The memory as JSON text: {"version", "modelHash", "entries": [{"path", "dataType", "dims", "data"}]}.
  std::string get_internal_state() const;
  /// Puts it back; "" and "null" reset. STATE_MISMATCH, and nothing is changed, when it is of another model.
  void set_internal_state(std::string_view state);
  /// Throws what set_internal_state would, and changes nothing.
  void check_internal_state(std::string_view state) const;

  Gradients compute_gradients(const Dataset& batch, const VerifyOptions& options = {}, std::stop_token stop = {});
  void apply_gradients(const Gradients& gradients, const ApplyOptions& options = {});

  /// The model as JSON with the current weights: the same structure and key order as it was given.
  std::string to_json(const SaveOptions& options = {}) const;
  /// The model in another form, or a part of it, with the current weights. `renamed` takes old and new names where
  /// they differ; a new one is empty where nothing needs a name. `file` takes the bytes that belong into the file
  /// `setup_file`, u8; it stays empty where no weights are stored.
  std::string export_model(const ExportOptions& options,
                           std::vector<std::pair<std::string, std::string>>* renamed = nullptr,
                           Tensor* file = nullptr) const;
  /// Writes it to a file, whole or not at all.
  void save(const std::string& path, const SaveOptions& options = {}) const;

  /// What define_export defined under that name, else export_model. Options as JSON: {"setupDataAs": "array"}.
  std::string export_as(std::string_view to, std::string_view options = {});

  NetworkInfo info() const;
  /// Runs made-up samples for about so long and says what each node of the compiled run takes, in running order.
  std::vector<NodeProfile> profile(std::size_t batch = 1, double milliseconds = 500);
  /// The graph after each pass, the placement and the memory plan, as text. Batch of the plan: `batch`.
  std::string inspect(bool passes = false, std::size_t batch = 1) const;
  /// The compiled graph in Graphviz's language.
  std::string graph_dot(std::size_t batch = 1) const;
  std::size_t input_size() const noexcept;   ///< values of one sample; 0 where open dimensions decide
  std::size_t output_size() const noexcept;  ///< likewise
  std::size_t target_size() const;           ///< of a sample's output in data: numbers that `io` takes as bits are fewer
  bool has_open_dimensions() const noexcept; ///< lengths that each run brings: null in the size of an input
  Shape input_shape() const;                 ///< without the batch; open dimensions are symbols
  Shape output_shape() const;
  std::vector<PortInfo> inputs() const;      ///< in the order in which run takes their values
  std::vector<PortInfo> outputs() const;     ///< in the order in which run gives their values
  const std::string& domain() const noexcept;  ///< whose operations and algorithms the model means: "core" if it names none
  DType data_type() const noexcept;          ///< of inputs, outputs and parameters
  DType number_type() const noexcept;        ///< that plain numbers come in: data_type, or fp32 or fp64 where it is integer
  /// Tensors of an integer data_type hold codes: the largest stands for 1. From numbers to data_type, and back; a tensor
  /// that is not of an integer data_type holds numbers already.
  Tensor encoded(const Tensor& numbers) const;
  Tensor decoded(const Tensor& tensor) const;
  std::vector<std::string> labels() const;   ///< of the only output, by the model's io
  std::vector<std::string> labels(std::string_view output) const;  ///< of an output by its name
  std::vector<std::pair<std::string, Tensor>> parameters() const;  ///< copies
  void set_parameter(const std::string& name, const Tensor& value);
  const Context& context() const noexcept;

 private:
  struct State;
  /// Leads to what is built: of a model without layers, to what build_for made of it.
  class StatePointer {
   public:
    explicit StatePointer(std::shared_ptr<State> state) : state_(std::move(state)) {}
    State& operator*() const;  ///< throws NOT_BUILT
    State* operator->() const { return &**this; }
    std::shared_ptr<State> shared() const;
    State& as_far_as_built() const noexcept;
    State& first() const noexcept { return *state_; }

   private:
    std::shared_ptr<State> state_;
  };
  explicit NeuralNetwork(std::shared_ptr<State> state) : state_(std::move(state)) {}
  friend class TrainingSession;
  friend class InternalModel;
  friend class InputValues;
  friend class DataEncoder;
  friend class RunStream;
  std::vector<InternalLayer> internal_layers() const;
  bool each_batch(const Dataset& data, std::uint64_t epoch, std::size_t batch,
                  const std::function<bool(const Dataset& batch)>& take) const;
  TrainInfo train_by_text(const Dataset& data, std::string_view options, std::stop_token stop);
  TrainInfo train_by(const std::function<TrainInfo(InternalModel&, const Dataset&, const TrainOptions&, ControlSignal&)>& function,
                     const Dataset& data, const TrainOptions& options, std::stop_token stop);
  Output run_form(const Tensor& given, const SampleForm& form, const RunOptions& options);
  struct OwnRun;
  Output run_by(const Tensor& given, const RunOptions& options);
  Output run_within(const Tensor& given, const RunOptions& options);
  Output run_named_within(const std::vector<std::pair<std::string, Tensor>>& given, const RunOptions& options);
  StatePointer state_;
  std::shared_ptr<OwnRun> own_run_ = {};  // of a handle that a function of define_run was given
  bool gives_numbers_ = false;            // instead of codes, where the run around it makes others of them
};

/// Training that the caller drives: for event loops and programs without threads.
class WEBAI_EXPORT TrainingSession {
 public:
  /// Throws BUSY when the network trains already.
  TrainingSession(NeuralNetwork network, const Dataset& data, const TrainOptions& options = {});
  ~TrainingSession();
  TrainingSession(const TrainingSession&) = delete;
  TrainingSession& operator=(const TrainingSession&) = delete;

  /// Works for a few milliseconds; false when training has ended.
  bool advance();
  /// Trains for about so long, at least one step, and says what each node of a step takes, in running order. Empty when
  /// training has ended before.
  std::vector<NodeProfile> profile(double milliseconds = 500);
  /// Writes all of the training's state to a file, whole or not at all, to go on from with TrainOptions::resume: in this
  /// or another network of the same model, to the same bits. Between two calls of advance.
  void save_checkpoint(const std::string& path);
  /// So far, or the final account.
  const TrainInfo& info() const;
  /// Ends it with this stop reason.
  void finish(std::string_view reason);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct DeviceDescription {
  std::string name, kind, description;
  std::vector<DType> types;
  std::uint64_t memory_bytes = 0;
  /// Whether elementwise results and sums have the bits that all processors have. Nothing: the device is tested when it
  /// is first used, and inspect() then says what came of it.
  std::optional<bool> same_bits;
  std::string absent;  ///< why it cannot be used; empty when it can
};
/// The devices this library knows, usable or not.
WEBAI_EXPORT std::vector<DeviceDescription> devices(const Context& context);

struct OperationDescription {
  std::string name, domain;
  std::string doc;   ///< one sentence
  std::string page;  ///< the whole documentation as text
  std::string kind;  ///< "layer" or "operator"
};
/// What a model of this domain may name: layers first, then operators, each in alphabetical order.
WEBAI_EXPORT std::vector<OperationDescription> operations(std::string_view domain = "core");

/// The model language as a JSON schema, draft 2020-12, as indented text: with the layer types, activations and steps of
/// this library, and what the context's program defined.
WEBAI_EXPORT std::string model_schema(const Context& context = Context::system());

/// Reads {"errorThreshold": 0.5, ...} with the seeds' names over `base`; an unknown name is an error with the nearest one.
WEBAI_EXPORT TrainOptions train_options_from_json(const Context& context, std::string_view text,
                                                  const TrainOptions& base = {});
/// Export options: {"to": "json", "setupDataAs": "base64", "optimize": "minify", "layers": {"from": "input", "to": 3}, ...}
WEBAI_EXPORT ExportOptions export_options_from_json(const Context& context, std::string_view text);
WEBAI_EXPORT ExportOptions export_options_from_json(const Json& object, std::vector<std::string>* unknown = nullptr);
/// Training options from an object (or null) that was read already. Unknown names are put into `unknown` where that is given.
WEBAI_EXPORT TrainOptions train_options_from_json(const Json& object, const TrainOptions& base = {},
                                                  std::vector<std::string>* unknown = nullptr);

}  // namespace webai
