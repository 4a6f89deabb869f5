// Declares options and positional arguments of a command. The parser itself stays in arguments.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace webai::cli {

enum class Need : bool { optional, required };

/// `names` are spelt "--out" or "-j,--json"; `value` stands for the value in the help, `doc` says what it does.
class Arguments {
 public:
  explicit Arguments(CLI::App& app) : app_(app) {}

  void positional(std::string& into, const char* name, const char* doc, Need need = Need::required);
  void text(std::string& into, const char* names, const char* value, const char* doc, Need need = Need::optional);
  /// May be given several times.
  void texts(std::vector<std::string>& into, const char* names, const char* value, const char* doc);
  void flag(bool& into, const char* names, const char* doc);
  void count(std::uint64_t& into, const char* names, const char* doc);
  void count(std::optional<std::uint64_t>& into, const char* names, const char* doc);
  void number(double& into, const char* names, const char* value, const char* doc);

 private:
  CLI::App& app_;
};

/// Reads the command line, runs the command it names and answers the exit status; throws what the command throws.
int run_command_line(int argc, const char* const* argv);

}  // namespace webai::cli
