// Options that all commands share, and what they make of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "webai/context.hpp"
#include "webai/network.hpp"

namespace webai::cli {

struct CommonOptions {
  std::string device = "auto";
  bool require = false, quiet = false, json = false;
  std::uint64_t threads = 0;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> limits;

  void declare(Arguments& arguments);
  /// Warnings of the library are notices on standard error, unless quiet.
  Context context() const;
  NetworkOptions network() const;
  /// A notice on standard error, unless quiet.
  void say(std::string_view text) const;
};

/// "key=value" into its halves; throws UsageError naming the option otherwise.
std::pair<std::string, std::string> key_and_value(std::string_view option, const std::string& text);

/// Whether two names lead to one regular file, or would if they were written. Empty names lead nowhere.
bool same_file(const std::string& left, const std::string& right);

/// A file with what it is to the command: {"--plot", "curves.svg"}.
using NamedFile = std::pair<std::string, std::string>;
/// Throws UsageError where something that is to be written would take the place of something that is read, or of something
/// else that is written.
void keep_apart(std::string_view command, const std::vector<NamedFile>& written, const std::vector<NamedFile>& read);

/// Throws UsageError where a file's name promises another form than the one that ends so: "curves.png" for SVG, ".svg". A
/// name without a known ending promises nothing; "-" is no file.
void check_form(std::string_view command, const NamedFile& written, std::string_view form, std::string_view ending);

/// Throws Error where a file of that name could not be written; the hint says what that prevented. An empty name is none.
void check_writable(const std::string& path, const std::string& hint);

/// What stands for a model in file names and headlines: "clothing" for "examples/clothing.json".
std::string stem(const std::string& path);

}  // namespace webai::cli
