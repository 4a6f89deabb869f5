// Samples that only a model can read: inputs and outputs by name, texts. They become a table when a model meets them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/model/json.h"
#include "dataset/source.h"

namespace webai {

/// How a model reads them.
struct SampleReader {
  /// The values of one sample or of several, which then are steps of a sequence: fp64 [samples, dims...].
  std::function<Tensor(const Json&)> input;
  /// What belongs to them: i32 [samples], labels, or fp64 [samples, outputs] as they are given.
  std::function<Tensor(const Json&)> output;
  /// A text as tokens of the model's input, and the label that a token is as an output. Throws where the model takes no
  /// texts.
  std::function<std::vector<std::size_t>(std::string_view)> tokens;
  std::function<std::int32_t(std::size_t)> label;
  std::function<bool(std::string_view)> is_token;
  std::size_t span = 1;                 ///< tokens that one input holds
  std::optional<std::size_t> padding = {};  ///< the token that stands in front of a text's beginning
};

/// A source that has to be read by a model before samples come out of it.
class UnreadSource : public Source {
 public:
  const Description& description() const final { return description_; }
  std::unique_ptr<Reader> open() const final;
  std::shared_ptr<const Table> table(const Context&) const final { return nullptr; }
  std::shared_ptr<const Source> read_by(const SampleReader& reader) const final { return read(reader); }

 protected:
  explicit UnreadSource(std::string name);
  virtual std::shared_ptr<const Source> read(const SampleReader& reader) const = 0;
  Description description_;
  std::string name_;
};

/// Rows that come one after the other and become a table; all of one kind.
class RowCollector {
 public:
  explicit RowCollector(std::string name) : name_(std::move(name)) {}
  /// `output` is empty for ignored samples. `place` is where they stand, for messages.
  void add(const Tensor& input, const Tensor& output, bool reset, const std::string& place);
  std::shared_ptr<const Source> finish();

 private:
  std::string name_;
  std::vector<double> inputs_, outputs_;
  std::vector<Marks> marks_;
  Shape input_shape_;
  std::size_t output_width_ = 0;
  bool labels_ = false, any_output_ = false;
};

/// Texts to go on with: each token is to be foretold from those before it. A text is one sequence, or is cut into several
/// of equal length.
std::shared_ptr<const Source> make_text_source(std::string name, std::vector<std::string> texts, std::size_t cuts);

}  // namespace webai
