// Who sends to whom: targets by index and name, pulls, flows between neighbours, and what is delivered in the next run.
// Private to core/model.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/parse.h"

namespace webai {

/// Where a flow ends: in a layer or pipe, or in one of its parameters.
struct End {
  int id = 0;
  std::string parameter;
  friend auto operator<=>(const End&, const End&) = default;
};

class RouteFinder {
 public:
  RouteFinder(const ParseState& state, Model& model) : state_(state), model_(model) {}
  void run();

 private:
  void collect(const Layer& layer);
  // The author's name, else the number unless some other layer is called so. No name contains a slash.
  void entitle(Layer& layer) const;
  const Layer& element(int id) const { return model_.element(id); }
  int last() const { return static_cast<int>(model_.layers.size()) - 1; }
  enum class Stream : std::uint8_t { own, history, hidden };
  // Its values, then their history, then the hidden inputs that take the same way.
  void routes_of(const Layer& source);
  bool own_of_last(const Layer& source) const { return source.layer_index == last() && !source.is_pipe; }
  // The way of a layer's own values.
  void follow_own(const Layer& source, Stream stream);
  void hidden_routes_of(const Layer& source);
  // To the next layer, or out of the model.
  void follow_order(const Layer& source, Stream stream);
  void follow(const Layer& source, const std::vector<Target>& targets, Stream stream);
  // Hidden inputs are there only where something is piped into the input.
  void drop_empty_hidden_routes();
  // The heads feed the first layer behind them by name when each of them is called like one of its inputs.
  bool heads_by_name(const Layer& next) const;
  // What an iterator starts from and what its net pulls from around it.
  void collect_iterator_pulls(const Layer& target);
  // x of an update step is the state it writes, t the iterator's step, where nothing else is said.
  void add_implied_pulls();
  void check_states_written();
  // Behind the states: what an iterator collects of its net in each step, and what ends it.
  void add_step_results();
  ModelOutput step_result(const std::string& name, const std::string& path, std::size_t states) const;
  void collect_pulls(const Layer& target);
  void collect_pull(const Layer& target, std::string parameter, const std::string& from, const std::string& path,
                    bool may_be_input = false);
  // "producer", "producer:0" or "producer:name"; a layer without a name by its number.
  // In an iterator's net nothing, where the name means what is around it; nor where it may be an input of the model.
  std::optional<std::pair<int, std::string>> find_producer(const std::string& from, const Layer& target,
                                                           const std::string& path, bool may_be_input) const;
  void collect_outputs();
  // One label may stand for many ends: what comes of a few words is bounded too.
  void add(Route route, const Layer& source);
  void check_default_input(const Layer& source, const Layer& target, const std::string& path) const;
  std::vector<End> resolve(const Layer& source, const Target& target, Stream stream);
  End parameter_end(const Layer& source, const Target& target, int id, std::string parameter) const;
  void check_fed(const Layer& layer);

  const ParseState& state_;
  Model& model_;
  std::map<std::string, int, std::less<>> names_;
  std::map<std::string, std::vector<End>, std::less<>> labels_;
  std::map<int, std::vector<Route>> pulls_;  // by the id of their source
  std::set<int> fed_;
};

}  // namespace webai
