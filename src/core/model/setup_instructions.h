// setup.instructions: a table that says where in setup.data each parameter lies, and which of them are one. Private to
// core/model.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/model/build.h"

namespace webai {

/// Whether the model has such a table; absent, "" and [] mean the positional order.
bool has_instructions(const Model& model);
/// The same, or one of the nets in it has one.
bool has_instructions_inside(const Model& model);
/// Whether the model has a setup.data that is more than an empty text.
bool has_own_data(const Model& model);
/// Whether it, or a net in it, has one.
bool has_data_inside(const Model& model);

/// An entry of the table.
struct PlacedParameter {
  std::string name;  ///< of the parameter
  DType type;
  std::uint64_t offset = 0, count = 0;  ///< in elements of that type
  bool tied = false;                    ///< may have its elements in common with others
};

/// The table of a model whose parameters are all there. Throws INVALID_MODEL for one that does not fit them; setup.data
/// is not looked at.
std::vector<PlacedParameter> placed_parameters(const Model& model, const BuiltModel& built);
/// Parameters that have their elements in common: each name with that of the first of its group. Throws INVALID_MODEL
/// for those that cannot be one.
std::map<std::string, std::string, std::less<>> tied_groups(const Model& model, const BuiltModel& built,
                                                            std::span<const PlacedParameter> places);
/// Gives the parameters of `built` the numbers that they have where none is tied.
void keep_numbers(const BuiltModel& apart, BuiltModel& built);
/// Fills the stored parameters by the table.
void fill_by_instructions(const Context& context, const Model& model, BuiltModel& built,
                          std::span<const PlacedParameter> places, const WeightFiles* files);

/// A parameter by the numbers of the table, and which of the stored ones has its elements.
struct TableEntry {
  int owner = 0, index = 0;
  std::size_t stored = 0;
};
/// Those of `stored`, then those of `ties` that stand in the same setup.data: "" for the model's own.
std::vector<TableEntry> table_entries(std::span<const BuiltParameter> stored, std::span<const BuiltTie> ties,
                                      const std::string& setup);
/// The table for a setup.data in which `stored` follow each other.
Json write_instructions(std::span<const BuiltParameter> stored, std::span<const TableEntry> entries);
/// Whether some parameters of that setup.data are tied.
bool has_ties(const BuiltModel& built, const std::string& setup);

}  // namespace webai
