// The command line over CLI11: options into variables, help, and wrong usage as UsageError.
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iterator>

#include "cli/command.h"
#include "cli/terminal.h"

namespace webai::cli {

void Arguments::positional(std::string& into, const char* name, const char* doc, Need need) {
  app_.add_option(name, into, doc)->required(need == Need::required)->type_name("");
}

void Arguments::text(std::string& into, const char* names, const char* value, const char* doc, Need need) {
  // An unset variable in a script must not mean "save nowhere".
  const auto given = [name = std::string(names)](const std::string& text) {
    return text.empty() ? name + ": its value is empty" : std::string();
  };
  app_.add_option(names, into, doc)->required(need == Need::required)->type_name(value)->check(given);
}

void Arguments::texts(std::vector<std::string>& into, const char* names, const char* value, const char* doc) {
  // A function, because CLI11 would take a text in brackets apart when it is to fill a vector.
  const auto append = [&into](const std::string& text) { into.push_back(text); };
  app_.add_option_function<std::string>(names, append, doc)
      ->trigger_on_parse()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->type_name(value);
}

void Arguments::flag(bool& into, const char* names, const char* doc) { app_.add_flag(names, into, doc); }

namespace {

// CLI11 takes a sign and wraps it.
std::uint64_t count_of(const std::string& names, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size())
    throw CLI::ValidationError(names + ": \"" + text + "\" is not a whole number from 0 to 18446744073709551615");
  return value;
}

}  // namespace

void Arguments::count(std::uint64_t& into, const char* names, const char* doc) {
  app_.add_option_function<std::string>(
          names, [&into, name = std::string(names)](const std::string& text) { into = count_of(name, text); }, doc)
      ->type_name("N");
}

void Arguments::count(std::optional<std::uint64_t>& into, const char* names, const char* doc) {
  app_.add_option_function<std::string>(
          names, [&into, name = std::string(names)](const std::string& text) { into = count_of(name, text); }, doc)
      ->type_name("N");
}

void Arguments::number(double& into, const char* names, const char* value, const char* doc) {
  app_.add_option(names, into, doc)->type_name(value);
}

namespace {

void check_command_name(int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::string name = argv[1];
  std::string known;
  for (const CommandEntry& entry : commands()) {
    if (name == entry.name) return;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw UsageError("there is no command \"" + name + "\"; the commands are " + known);
}

// CLI11 says "--data is required" and the like.
std::string in_our_words(const CLI::ParseError& error, const std::string& command) {
  std::string text = error.what();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return (command.empty() ? "" : command + ": ") + text + "; see webai " + (command.empty() ? "" : command + " ") +
         "--help";
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  check_command_name(argc, argv);
  CLI::App app("Trains and runs neural networks written as JSON.", "webai");
  app.set_version_flag("--version", "webai " WEBAI_VERSION);
  app.set_help_flag("--help,-h", "This text");
  app.require_subcommand(1);
  app.footer(
      "Every command has --help with an example. First steps:\n"
      "  webai train xor.json --data sample:xor --out trained.json\n"
      "  webai run trained.json --input \"[1, 0]\"");
  app.get_formatter()->column_width(34);
  std::unique_ptr<Command> chosen;
  std::string name;
  for (const CommandEntry& entry : commands()) {
    CLI::App* const part = app.add_subcommand(entry.name, entry.summary);
    part->footer(std::string("Example:\n") + entry.example);
    if (argc < 2 || std::string_view(argv[1]) != entry.name) continue;
    name = entry.name;
    chosen = entry.make();
    Arguments arguments(*part);
    chosen->declare(arguments);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return exit_done;
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
    return exit_done;
  } catch (const CLI::ParseError& error) {
    throw UsageError(in_our_words(error, name));
  }
  return chosen->run();
}

}  // namespace webai::cli
