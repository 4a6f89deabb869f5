// What each language calls the functions that expressions use, and the texts of those that it lacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interchange/program.h"

namespace webai {

/// The language's own function, or nothing where the program has to bring one along.
std::string word_for(Language language, bool is_double, std::string_view function);
/// Such a function, ready to stand in front of the program.
std::string library_text(Language language, bool is_double, std::string_view function);
/// How programs spell a function or operator: a name that means nothing else there.
std::string own_name(std::string_view name);
/// Names that mean something in every program of the language and could be made of a parameter's and its layer's: nothing
/// else takes them.
std::vector<std::string> names_of_programs(Language language);
/// Whether programs of the language use what it calls so: a program of this name would hide it from itself.
bool is_used_by_programs(Language language, std::string_view name);

}  // namespace webai
