// Ties some parameters of a model: setup.instructions give them the same elements.
#pragma once

#include <string>
#include <vector>

#include "core/model/build.h"
#include "core/model/setup_instructions.h"
#include "core/op/registry.h"
#include "support/random_numbers.h"
#include "webai/json.hpp"

namespace webai::test {

class RandomTies : public RandomNumbers {
 public:
  using RandomNumbers::RandomNumbers;

  /// The same text where no two parameters have equally many elements.
  std::string tied(const std::string& text) {
    static const Context context = Context::system({.threads = 1, .log_level = 0});
    static const Registry registry = make_registry();
    const BuiltModel built = build_model(context, registry, parse_model(context, registry, text), {.fill = false});
    std::vector<BuiltParameter> stored;
    for (const BuiltParameter& parameter : built.parameters)
      if (parameter.stored) stored.push_back(parameter);
    std::vector<TableEntry> entries;
    bool ties = false;
    for (const BuiltParameter& parameter : stored) {
      const std::size_t mine = entries.size(), like = alike(stored, mine);
      const std::size_t first = entries.empty() || like == mine ? mine : entries[like].stored;
      ties = ties || first != mine;
      entries.push_back({parameter.table_owner, parameter.table_index, first});
    }
    return ties ? with_table(text, write_instructions(stored, entries)) : text;
  }

 private:
  // One in front that may be the same, by lot; else itself.
  std::size_t alike(const std::vector<BuiltParameter>& stored, std::size_t mine) {
    const auto may_be_tied = [&](const BuiltParameter& other) {
      return other.trainable && other.type.type == stored[mine].type.type &&
             other.type.shape.elements() == stored[mine].type.shape.elements();
    };
    for (std::size_t i = 0; i < mine && stored[mine].trainable; ++i)
      if (may_be_tied(stored[i]) && chance(2)) return i;
    return mine;
  }

  static std::string with_table(const std::string& text, Json table) {
    const Json model = read_json(text, Limits{});
    const Json* setup = model.find("setup");
    const Json before = setup && setup->is_object() ? *setup : Json::object({});
    return write_json(model.with("setup", before.with("instructions", std::move(table))));
  }
};

}  // namespace webai::test
