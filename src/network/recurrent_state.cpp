#include "network/recurrent_state.h"

#include <algorithm>
#include <utility>

#include "core/base/names.h"
#include "core/model/tensor_json.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::int64_t state_version = 1;

[[noreturn]] void refuse_state(std::string message, std::string path, std::string expected,
                               std::string actual, std::string hint) {
  throw Error(Code::invalid_argument, {.message = std::move(message),
                                       .reason = "STATE_MISMATCH",
                                       .path = std::move(path),
                                       .expected = std::move(expected),
                                       .actual = std::move(actual),
                                       .hint = std::move(hint)});
}

}  // namespace

void RecurrentState::fill(Lanes& lanes) const {
  for (std::size_t i = 0; i < lanes.tensors.size(); ++i) {
    const std::vector<double>& initial = states_[i].initial;
    for (std::size_t k = 0; k < lanes.tensors[i].elements(); ++k) lanes.tensors[i].set(k, initial[k % initial.size()]);
  }
}

bool RecurrentState::holds(const Lanes& lanes, std::span<const Shape> shapes) noexcept {
  return std::ranges::equal(lanes.tensors, shapes, {}, &Tensor::shape);
}

RecurrentState::Lanes RecurrentState::fresh(std::span<const Shape> shapes) const {
  Lanes lanes{shapes.empty() ? 0 : shapes.front()[0], {}};
  for (std::size_t i = 0; i < states_.size(); ++i) lanes.tensors.emplace_back(context_, states_[i].type.type, shapes[i]);
  fill(lanes);
  return lanes;
}

void RecurrentState::begin_anew(Lanes& lanes, std::span<const Shape> shapes) const {
  lanes.count = shapes.empty() ? 0 : shapes.front()[0];
  lanes.tensors.resize(states_.size());
  lanes.room.resize(states_.size());
  for (std::size_t i = 0; i < states_.size(); ++i) {
    Tensor& room = lanes.room[i];
    const std::int64_t count = shapes[i][0];
    const bool fits = room.data() && room.shape().rank() == shapes[i].rank() && room.shape()[0] >= count && room.shape().with(0, count) == shapes[i];
    if (!fits) room = Tensor(context_, states_[i].type.type, shapes[i]);
    lanes.tensors[i] = room.rows(0, count);
  }
  fill(lanes);
}

void RecurrentState::begin(std::span<const Shape> shapes, std::span<HostWindow> now, std::span<HostWindow> next) {
  starts_ = !holds(now_, shapes);
  if (starts_ && begun_ && !shapes.empty() && now_.count == shapes.front()[0]) refuse_lengths(shapes);
  if (starts_) begin_anew(started_, shapes);
  if (!holds(next_, shapes)) begin_anew(next_, shapes);
  const Lanes& from = starts_ ? started_ : now_;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    now[i].look_at(from.tensors[i].data(), from.tensors[i].bytes());
    next[i].look_at(next_.tensors[i].data(), next_.tensors[i].bytes());
  }
}

void RecurrentState::commit() {
  if (starts_) std::swap(now_, started_);
  starts_ = false;
  begun_ = true;
  std::swap(now_, next_);
}

std::vector<std::optional<std::vector<double>>> RecurrentState::initials() const {
  std::vector<std::optional<std::vector<double>>> initials(states_.size());
  Json given;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const BuiltState& state = states_[i];
    if (state.again && (i == 0 || states_[i - 1].again != state.again)) given = (*state.again)();
    if (state.again) initials[i] = initial_again(state, given);
  }
  return initials;
}

void RecurrentState::reset(std::vector<std::optional<std::vector<double>>> initials) {
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (initials[i]) states_[i].initial = std::move(*initials[i]);
  fill(now_);
  begun_ = false;
}

void RecurrentState::refuse_lengths(std::span<const Shape> shapes) const {
  std::size_t i = 0;
  while (i + 1 < shapes.size() && now_.tensors[i].shape() == shapes[i]) ++i;
  throw Error(Code::shape_mismatch, {.message = "what the model remembers as \"" + states_[i].name + "\" is of another length than this run",
                                     .reason = "STATE_SHAPE",
                                     .path = states_[i].path,
                                     .expected = now_.tensors[i].shape().text(),
                                     .actual = shapes[i].text(),
                                     .hint = "call reset() first, or keep to one length between resets"});
}

// Shapes of one lane; nothing where an open dimension has no length yet.
std::vector<Shape> RecurrentState::shapes_of_one() const {
  std::vector<Shape> shapes;
  for (const BuiltState& state : states_) shapes.push_back(state.type.shape.with(0, 1));
  return std::ranges::all_of(shapes, &Shape::is_concrete) ? shapes : std::vector<Shape>();
}

Json RecurrentState::to_json(const std::string& model_hash) const {
  const std::vector<Shape> one = shapes_of_one();
  const Lanes first = now_.count == 0 && !one.empty() ? fresh(one) : Lanes{};
  const Lanes& lanes = now_.count == 0 ? first : now_;
  std::vector<Json> entries;
  const bool known = begun_ || !one.empty();
  for (std::size_t i = 0; known && i < states_.size(); ++i) {
    std::vector<Json::Member> members = {{"path", Json::text(states_[i].name)}};
    const Json tensor = tensor_to_json(lanes.tensors[i]);
    members.insert(members.end(), tensor.members().begin(), tensor.members().end());
    entries.push_back(Json::object(std::move(members)));
  }
  return Json::object({{"version", Json::integer(state_version)},
                       {"modelHash", Json::text(model_hash)},
                       {"entries", Json::array(std::move(entries))}});
}

void RecurrentState::from_json(const Json& json, const std::string& model_hash) {
  now_ = read(json, model_hash);
  begun_ = now_.count > 0;
}

RecurrentState::Lanes RecurrentState::read(const Json& json, const std::string& model_hash) const {
  const Json* version = json.find("version");
  if (!version) refuse_state("this is no state of a network", "", "{version, modelHash, entries}", describe(json),
                             "give what get_state gave, or null to begin anew");
  if (!version->is_number() || version->as_number() != static_cast<double>(state_version))
    throw Error(Code::unsupported, {.message = "the state is of a version that this library does not read",
                                    .reason = "VERSION",
                                    .path = "/version",
                                    .expected = std::to_string(state_version),
                                    .actual = describe(*version),
                                    .hint = "take the state with the same version of the library"});
  const Json* hash = json.find("modelHash");
  if (!hash || !hash->is_text() || hash->as_text() != model_hash)
    refuse_state("the state is of another model", "/modelHash", model_hash, hash ? describe(*hash) : "nothing",
                 "layers, sizes and pipes have to be the same; weights may differ");
  const Json* entries = json.find("entries");
  if (entries && entries->is_array() && entries->size() == 0 && shapes_of_one().empty()) return {};
  if (!entries || !entries->is_array() || entries->size() != states_.size())
    refuse_state("the state has another number of entries than the model has states", "/entries",
                 std::to_string(states_.size()), entries ? std::to_string(entries->size()) : "none",
                 "give what get_state of this model gave, unchanged");
  Lanes lanes;
  lanes.tensors.resize(states_.size());
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const Json entry = entries->at(i);
    const std::string place = pointer_to("/entries", i);
    const Json* path = entry.find("path");
    const auto state = std::ranges::find_if(
        states_, [&](const BuiltState& one) { return path && path->is_text() && one.name == path->as_text(); });
    if (state == states_.end()) {
      std::vector<std::string_view> known;
      for (const BuiltState& one : states_) known.push_back(one.name);
      const std::string near = path && path->is_text() ? nearest_name(path->as_text(), known) : std::string();
      refuse_state("the model has no such state", pointer_to(place, "path"), {}, path ? describe(*path) : "nothing",
                   near.empty() ? "give what get_state of this model gave, unchanged" : "did you mean \"" + near + "\"?");
    }
    Tensor& tensor = lanes.tensors[static_cast<std::size_t>(state - states_.begin())];
    if (!tensor.empty()) refuse_state("the state \"" + state->name + "\" is given twice", pointer_to(place, "path"), "one entry for each state",
                                      "two entries", "give what get_state of this model gave, unchanged");
    tensor = tensor_from_json(context_, entry, place);
    const Shape& shape = tensor.shape();
    if (tensor.type() != state->type.type)
      refuse_state("\"" + state->name + "\" has another data type", pointer_to(place, "dataType"),
                   std::string(name_of(state->type.type)), std::string(name_of(tensor.type())),
                   "give what get_state of this model gave, unchanged");
    if (lanes.count == 0 && shape.rank() > 0) lanes.count = shape[0];
    const Shape wanted = state->type.shape.with(0, lanes.count);
    bool fits = lanes.count > 0 && shape.rank() == wanted.rank() && shape.elements() > 0;
    for (std::size_t axis = 0; fits && axis < shape.rank(); ++axis)
      fits = wanted.dim(axis).is_symbol() || wanted.dim(axis) == shape.dim(axis);
    if (!fits)
      refuse_state("\"" + state->name + "\" has another size", pointer_to(place, "dims"),
                   state->type.shape.with(0, std::max<std::int64_t>(lanes.count, 1)).text(), shape.text(),
                   "the first dimension counts samples, alike in all entries");
  }
  return lanes;
}

}  // namespace webai
