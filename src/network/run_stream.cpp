// Streams of runs: a sequence step by step, tokens fed back as they are drawn.
#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>

#include "core/base/random.h"
#include "core/op/op_def.h"
#include "network/sampling.h"
#include "network/own_run.h"
#include "network/state.h"
#include "webai/error.hpp"
#include "webai/stop.hpp"
#include "webai/stream.hpp"
#include "webai/values.hpp"

namespace webai {
namespace {

constexpr std::uint64_t family_of_tokens = std::uint64_t{0x4745} << 48;  // random numbers apart from all others

[[noreturn]] void refuse(Code code, const char* reason, std::string message, std::string hint) {
  throw Error(code, {.message = "runStream: " + std::move(message), .reason = reason, .hint = std::move(hint)});
}

// How many tokens a step sees: one where the model remembers those before by itself.
std::size_t open_window(const BuiltModel& built) {
  if (!built.states.empty()) return 1;
  return static_cast<std::size_t>(built.open.front().hint.max.value_or(std::numeric_limits<std::int32_t>::max()));
}

// Of the model itself: behind the flat interface outputs of integers are rounded as well.
bool ends_in_softmax(const BuiltModel& built) {
  const NodeId producer = built.graph.value(built.output).producer;
  return producer >= 0 && built.graph.node(producer).op->name == "softmax";
}

}  // namespace

/// Rows of input to be run one by one; with generate, rows that are made of the last one and what was drawn.
struct RunStream::State {
  NeuralNetwork network;
  StreamOptions options;
  std::vector<double> rows;  // that are given
  // Of a model with open dimensions: the shape of a step, or, for tokens, how many of them a step sees at most; the n-th
  // sees those up to the n-th then.
  Shape sample;
  std::size_t most_tokens = 0;
  std::size_t width = 0, next_row = 0, first_row = 0;
  std::uint64_t step = 0, most_steps = 0;
  bool ended = false;

  std::deque<Output> iterated;  // steps of the iterator that the output comes from, made and not yet given

  // Of generate.
  std::size_t first = 0, span = 0;            // where the sequence stands in a row
  bool one_hot = false, logarithmic = false;  // the sequence takes a row of numbers for each token; outputs are no probabilities
  std::uint64_t seed = 0;
  std::vector<double> row;                    // the one to be run next
  std::optional<std::size_t> before;          // the token before the next one, among the outputs
  std::vector<std::string> labels;
  const TextLookup* heard = nullptr;          // of the input
  const TextLookup* said = nullptr;           // of the output
  std::string text;                           // made so far, as much as `until` needs
  std::size_t longest_until = 0;

  explicit State(NeuralNetwork given) : network(std::move(given)) {}

  void prepare_generation();
  void find_last_token();

  void check_stop() const {
    if (options.stop.stop_requested())
      refuse(Code::cancelled, "CANCELLED", "the stream was cancelled", "items given before are whole; begin another stream for more");
  }

  bool is_open() const { return network.state_->is_open(); }
  /// The numbers of a step in their shape.
  Tensor input_of(std::span<const double> values) const {
    const auto count = static_cast<std::int64_t>(values.size());
    const Shape shape = !is_open()                ? Shape{count}
                        : most_tokens == 0        ? sample
                        : one_hot                 ? Shape{count / static_cast<std::int64_t>(span), static_cast<std::int64_t>(span)}
                                                  : Shape{count};
    return Tensor::from(network.state_->context, network.state_->type, shape, values);
  }
  Output run(std::span<const double> values) {
    check_stop();
    return network.run(input_of(values), options.run);
  }
  std::size_t row_count() const { return rows.size() / width; }
  std::span<const double> given_row(std::size_t index) const {
    const std::size_t first_of_row = most_tokens == 0 ? index : index + 1 - std::min(index + 1, most_tokens);
    return std::span(rows).subspan(first_of_row * width, (index + 1 - first_of_row) * width);
  }

  // Steps of a model with open dimensions: a batch of samples.
  void take_steps(const Tensor& given) {
    const SampleForm form = network.state_->form_of(given.shape(), options.run.normalize);
    const bool tokens = options.generate.has_value();  // one after the other, whether they came as a sample or as steps
    sample = form.batched ? given.shape().without(0) : given.shape();
    most_tokens = tokens ? most_tokens : 0;
    take_rows(given, tokens ? span : given.elements() / static_cast<std::size_t>(form.samples));
  }

  // A text for an input of any length.
  void take_text(std::span<const std::size_t> tokens, const StreamOptions& chosen) {
    options = chosen;
    most_tokens = open_window(network.state_->built);
    if (options.generate) prepare_generation();
    const std::vector<double> numbers(tokens.begin(), tokens.end());
    take_rows(Tensor::from(network.context(), DType::fp64, Shape{static_cast<std::int64_t>(numbers.size())}, numbers), 1);
    find_last_token();
  }

  void take_rows(const Tensor& given, std::size_t values) {
    const Tensor input = network.state_->takes_codes(options.run.normalize) ? network.decoded(given) : given;
    width = values;
    if (input.elements() == 0 || width == 0 || input.elements() % width)
      throw Error(Code::shape_mismatch, {.message = "runStream: the input is no whole number of steps",
                                         .reason = "INPUT_SIZE",
                                         .expected = std::to_string(width) + " values a step",
                                         .actual = std::to_string(input.elements()),
                                         .hint = "steps stand behind each other, each as long as the input layer"});
    rows.resize(input.elements());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = input.at(i);
    const std::uint64_t count = row_count(), most = network.context().limits().run_steps;
    if (count > most || (options.generate && options.generate->steps > most - count))
      throw Error(Code::limit_exceeded, {.message = "runStream: the run has more steps than the limit allows",
                                         .reason = "RUN_STEPS",
                                         .expected = "at most " + std::to_string(most),
                                         .hint = "a larger limit \"runSteps\""});
    most_steps = !options.generate ? count : options.generate->steps ? options.generate->steps : most - count;
  }

  // The place of an output among the tokens of the input.
  double token_for(std::size_t index) const {
    if (!heard) return static_cast<double>(index);
    if (index < labels.size() && index < heard->size() && heard->tokens()[index] == labels[index]) return static_cast<double>(index);
    const auto place = index < labels.size() ? heard->find(labels[index]) : std::nullopt;
    if (!place)
      refuse(Code::invalid_argument, "TEXT_UNMAPPED",
             "output " + std::to_string(index) + (index < labels.size() ? " (\"" + labels[index] + "\")" : "") + " is no token of the input",
             "give both the same vocabulary");
    return static_cast<double>(*place);
  }

  void feed_back(std::size_t index) {
    if (most_tokens > 0) return append(index);
    const auto sequence = row.begin() + static_cast<std::ptrdiff_t>(first);
    if (one_hot) {
      std::fill_n(sequence, span, 0.0);
      *(sequence + static_cast<std::ptrdiff_t>(index)) = 1;
      return;
    }
    const double token = token_for(index);
    std::shift_left(sequence, sequence + static_cast<std::ptrdiff_t>(span), 1);
    *(sequence + static_cast<std::ptrdiff_t>(span) - 1) = token;
  }

  // Behind what came so far, as much of it as a step may see.
  void append(std::size_t index) {
    if (row.size() / span >= most_tokens) row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(span));
    if (!one_hot) return row.push_back(token_for(index));
    row.resize(row.size() + span);
    row[row.size() - span + index] = 1;
  }

  StreamItem generated() {
    // What comes before the last row only moves a memory on.
    for (; next_row + 1 < row_count(); ++next_row)
      if (network.is_stateful()) run(given_row(next_row));
    if (next_row + 1 == row_count()) {
      const auto last = given_row(next_row++);
      row.assign(last.begin(), last.end());
    }
    StreamItem item;
    item.output = run(row);
    item.step = step++;
    const RandomStream random(seed, family_of_tokens);
    const std::size_t index = draw(item.output.values(), logarithmic, *options.generate, random.uniform_double(item.step));
    item.index = index;
    if (said)
      item.token = said->said_after(before, index);
    else if (index < labels.size())
      item.token = labels[index];
    before = index;
    feed_back(index);
    text += item.token;
    ended = step == most_steps || std::ranges::any_of(options.generate->until, [&](const std::string& end) { return text.ends_with(end); });
    if (text.size() > 2 * longest_until) text.erase(0, text.size() - longest_until);
    return item;
  }

  StreamItem given() {
    if (iterated.empty()) {
      const std::span<const double> values = given_row(next_row++);
      if (!options.run.debug && options.run.type.empty() && network.state_->output_iteration())
        iterate(values);
      else
        iterated.push_back(run(values));
    }
    StreamItem item;
    item.output = std::move(iterated.front());
    iterated.pop_front();
    item.step = step++;
    ended = iterated.empty() && next_row == most_steps;
    return item;
  }

  // One run, of which the states after each step of the iterator are kept.
  void iterate(std::span<const double> values) {
    check_stop();
    NeuralNetwork::State& net = *network.state_;
    const Tensor input = input_of(values);
    const SampleForm form = net.form_of(input.shape(), options.run.normalize);
    const BuiltModel bound = is_open() ? net.build(form.lengths, options.run.normalize) : BuiltModel();
    const BuiltModel& built = is_open() ? bound : net.built;
    const Graph& graph = built.graph;
    const BuiltIteration& iteration = *std::ranges::find(built.iterations, net.output_iteration()->layer, &BuiltIteration::layer);
    const auto outputs = static_cast<std::size_t>(built.output_shape.elements()), size = size_of(net.type);
    const Shape shape = graph.value(built.output).type.shape.with(0, 1);
    const std::vector<PortInfo> ports = {{net.built.outputs.front().name, built.output_shapes.front(), net.built.output_labels.front()}};
    std::vector<Tensor> before;
    Tensor last = Tensor::uninitialised(net.context, net.type, shape);
    {
      const std::lock_guard guard(net.turn);
      RunProgram& program = net.program(form.lengths, 1, options.run.normalize, false, true);
      program.input.look_at(input.data(), input.bytes());
      program.output.look_at(last.data(), last.bytes());
      for (std::size_t i = 0; i < iteration.before.size(); ++i) {
        before.push_back(Tensor::uninitialised(net.context, net.type, graph.value(iteration.before[i]).type.shape.with(1, 1)));
        program.before[i].look_at(before[i].data(), before[i].bytes());
      }
      net.execute(program);
      net.wait();
    }
    const auto steps = static_cast<std::size_t>(before.front().shape()[0]);
    std::size_t made = steps;
    if (iteration.ends) {
      while (made > 1 && before.back().at(made - 1) == 0) --made;
      before.pop_back();
    }
    for (std::size_t i = 1; i < made; ++i) {
      Tensor result = Tensor::uninitialised(net.context, net.type, shape);
      std::size_t first = 0;
      for (const Tensor& state : before) {
        const std::size_t bytes = state.bytes() / steps;
        std::memcpy(static_cast<std::byte*>(result.data()) + first, static_cast<const std::byte*>(state.data()) + i * bytes, bytes);
        first += bytes;
      }
      if (first != outputs * size) throw Error(Code::internal, "runStream: the states of the iterator are not its result");
      iterated.push_back(net.finished(std::move(result), 1, false, options.run, ports));
    }
    iterated.push_back(net.finished(std::move(last), 1, false, options.run, ports));
  }
};

// The last token of the input, where the output has the same name for it.
void RunStream::State::find_last_token() {
  if (!said || !heard) return;
  const double last = rows[rows.size() - width + first + span - 1];
  if (last >= 0 && last < static_cast<double>(heard->size())) before = said->find(heard->tokens()[static_cast<std::size_t>(last)]);
}

// Where what is drawn goes to: the input that takes texts, or the only one.
void RunStream::State::prepare_generation() {
  const GenerateOptions& chosen = *options.generate;
  check_generate_options(chosen);
  const NeuralNetwork::State& net = *network.state_;
  if (net.built.outputs.size() != 1) refuse(Code::invalid_argument, "GENERATE", "the model has several outputs: which one gives tokens is not known",
                                            "cut the model, or name one output in \"outputs\"");
  if (!options.run.type.empty() || options.run.debug || !options.run.normalize)
    refuse(Code::invalid_argument, "GENERATE", "tokens are generated by plain runs", "leave out type, debug and normalize");
  const std::vector<PortInfo> ports = network.inputs();
  const auto rules = [&](const PortInfo& port) -> const IoRules& { return net.model.io.input_rules(port.name, port.label); };
  const auto texts = [&](const PortInfo& port) { return text_step(rules(port)) != nullptr; };
  const auto sequence = ports.size() == 1 ? ports.begin() : std::ranges::find_if(ports, texts);
  if (sequence == ports.end() || (ports.size() > 1 && std::ranges::count_if(ports, texts) != 1))
    refuse(Code::invalid_argument, "GENERATE", "the model has several inputs, and not one of them alone takes texts",
           "let the io of one input have a lookup");
  if (net.is_open()) {
    // [null] takes tokens, [null, n] a row of numbers for each.
    const Shape& shape = sequence->shape;
    const bool grows = ports.size() == 1 && shape.rank() > 0 && shape.rank() < 3 && shape.dim(0).is_symbol() && (shape.rank() == 1 || !shape.dim(1).is_symbol());
    if (!grows)
      refuse(Code::invalid_argument, "GENERATE", "with open dimensions tokens go to one input, of size [null] or [null, n]", "give the sizes as numbers");
    one_hot = shape.rank() == 2;
    span = one_hot ? static_cast<std::size_t>(shape[1]) : 1;
    most_tokens = open_window(net.built);
  }
  for (auto port = ports.begin(); !net.is_open() && port != sequence; ++port) first += static_cast<std::size_t>(port->shape.elements());
  if (!net.is_open()) span = static_cast<std::size_t>(sequence->shape.elements());
  if (const IoStep* step = text_step(rules(*sequence))) heard = step->lookup.get();
  if (!net.is_open()) one_hot = !heard && span > 1;
  if (one_hot && span != network.output_size())
    refuse(Code::shape_mismatch, "GENERATE",
           "the input takes " + std::to_string(span) + " numbers, the output has " + std::to_string(network.output_size()),
           "what is drawn is fed back as a number, or as many numbers as there are outputs");
  labels = network.labels();
  for (const std::vector<IoStep>* steps : {&net.output_rules().normalize, &net.output_rules().denormalize})
    for (const IoStep& step : *steps)
      if (step.type == "lookup") said = step.lookup.get();
  if (!chosen.until.empty() && labels.empty())
    refuse(Code::invalid_argument, "GENERATE", "\"until\" needs a model whose io names the tokens of its output",
           "leave it out, or give io.output a lookup");
  for (const std::string& end : chosen.until) longest_until = std::max(longest_until, end.size());
  logarithmic = !ends_in_softmax(net.built);
  seed = chosen.seed.value_or(net.built.seed);
  options.run.denormalize = false;
}

RunStream::RunStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunStream::~RunStream() = default;
RunStream::RunStream(RunStream&&) noexcept = default;
RunStream& RunStream::operator=(RunStream&&) noexcept = default;

std::optional<StreamItem> RunStream::next() {
  if (!state_ || state_->ended) return {};
  state_->ended = true;  // also when it throws
  const TokenScope scope(state_->options.stop);
  return state_->options.generate ? state_->generated() : state_->given();
}

void RunStream::close() noexcept { state_.reset(); }

RunStream NeuralNetwork::run_stream(const Tensor& input, const StreamOptions& options) const {
  auto stream = std::make_unique<RunStream::State>(*this);
  stream->options = options;
  if (own_run_) stream->options.run = own_run_->within(options.run);
  if (options.generate) stream->prepare_generation();
  if (state_->is_open())
    stream->take_steps(input);
  else
    stream->take_rows(input, static_cast<std::size_t>(options.run.normalize ? state_->inputs : state_->normalized_inputs));
  stream->find_last_token();
  return RunStream(std::move(stream));
}

RunStream NeuralNetwork::run_stream(const Json& input, const StreamOptions& options) const {
  const std::vector<PortInfo> ports = inputs();
  const IoStep* const step = ports.size() == 1 && input.is_text() ? text_step(state_->model.io.input_rules(ports.front().name, ports.front().label)) : nullptr;
  // A text is no row of numbers that `io` has made: InputValues says so.
  if (!step || (!options.run.normalize && state_->built.inputs.front().shape != state_->built.inputs.front().dims)) {
    InputValues values(*this, options.run.normalize);
    values.add(input);
    return run_stream(values.finish(), options);
  }
  // A text is read token by token: each step sees as many as its input holds.
  const std::vector<std::size_t> tokens = step->lookup->encode(input.as_text(), step->path);
  if (state_->is_open()) {  // each step sees all of the text that came so far
    if (tokens.empty())
      throw Error(Code::shape_mismatch, {.message = "runStream: the text is too short", .reason = "INPUT_SIZE", .expected = "1 token or more", .actual = "0",
                                         .hint = "begin with a character or a word of the vocabulary"});
    auto stream = std::make_unique<RunStream::State>(*this);
    StreamOptions own = options;
    if (own_run_) own.run = own_run_->within(own.run);
    stream->take_text(tokens, own);
    return RunStream(std::move(stream));
  }
  const auto span = static_cast<std::size_t>(ports.front().shape.elements());
  const std::size_t shortest = step->lookup->padding() ? 1 : span;
  if (tokens.size() < shortest)
    throw Error(Code::shape_mismatch, {.message = "runStream: the text is too short",
                                       .reason = "INPUT_SIZE",
                                       .expected = std::to_string(shortest) + " tokens or more",
                                       .actual = std::to_string(tokens.size()),
                                       .hint = shortest > 1 ? "a token to stand in front of it: \"padding\" of the lookup" : ""});
  const bool only_last = options.generate && !is_stateful();
  std::vector<double> rows;
  for (std::size_t last = only_last ? tokens.size() - 1 : shortest - 1; last < tokens.size(); ++last)
    for (std::size_t back = span; back-- > 0;)
      rows.push_back(static_cast<double>(back > last ? *step->lookup->padding() : tokens[last - back]));
  return run_stream(Tensor::from(context(), DType::fp64, Shape{static_cast<std::int64_t>(rows.size())}, rows), options);
}

}  // namespace webai
