// What minify keeps of a model: its layers and pipes by which something reaches an output, what they are called now,
// and how flows name them. Private to core/model.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/export.h"

namespace webai {

class KeptLayers {
 public:
  KeptLayers(const Model& model, const BuiltModel& built, bool keep_names);

  bool lives(int id) const { return alive_[at(id)]; }
  /// The layer itself or one of its pipes.
  bool is_written(const Layer& layer) const;
  /// What it is called now; empty where nothing needs a name.
  const std::string& name_of(int id) const { return names_[at(id)]; }
  /// Its parameters that flows reach by a label, and this label.
  std::vector<std::pair<std::string, std::string>> labels_of(int id) const;
  /// Where the layer of that index stands now; -1: nowhere.
  std::int64_t number_of(int layer_index) const { return numbers_[at(layer_index)]; }
  const std::vector<const Route*>& arrivals_at(int id) const { return arrivals_[at(id)]; }

  bool keeps_names() const { return keep_names_; }
  bool is_last(const Layer& source) const { return at(source.layer_index) + 1 == model_.layers.size(); }
  /// It is the last layer of what is written.
  bool nothing_follows(const Layer& source) const;
  /// Its values come from outside or leave.
  bool is_port(const Layer& layer) const;
  /// Whether the model's `io` has rules for it.
  bool io_names(std::string_view name) const;
  /// What `to` or `historyTo` lists, or nothing where the document's order does it.
  std::optional<std::vector<Json>> targets(const Layer& source, bool history) const;

  /// By old id, of all that is written; 0: it is not.
  std::vector<int> new_ids() const;
  RenamedLayers renamed() const;
  Json renamed_io(const Json& io) const;
  Json renamed_outputs(const Json& outputs) const;

 private:
  static std::size_t at(int id) { return static_cast<std::size_t>(id); }
  void find_alive();
  void number_layers();
  void give_names();
  std::set<std::string, std::less<>> labels_of_io() const;
  bool keeps_name(const ModelOutput& output) const;
  bool is_counted_inside(const Route& route) const;
  std::set<int> ports() const;
  std::string port_name(int id) const;
  bool takes_label(const Route& route) const;
  Json target(const Route& route) const;
  bool next_pulls(const Layer& source) const;
  bool alive_target(const Route& route) const;

  const Model& model_;
  const BuiltModel& built_;
  bool keep_names_;
  std::vector<char> alive_;                                    // by id
  std::vector<std::string> names_;                             // by id: the new ones
  std::map<std::pair<int, std::string>, std::string> labels_;  // by id and parameter
  std::vector<std::int64_t> numbers_;                          // by index of the layer: the new one, or -1
  std::vector<std::vector<const Route*>> flows_;               // by id of the source
  std::vector<std::vector<const Route*>> arrivals_;            // by id of the target; 0: the outputs
};

/// The minified model with nets in which only those have names that something names.
Json drop_names_inside(const Json& document);

}  // namespace webai
