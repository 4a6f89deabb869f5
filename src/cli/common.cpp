#include "cli/common.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include "cli/command.h"
#include "cli/terminal.h"

namespace webai::cli {
namespace {

// The system's services, and log lines on standard error.
class TalkingHost final : public Host {
 public:
  explicit TalkingHost(Context system) : system_(std::move(system)) {}
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return system_.host().allocate(bytes, alignment);
  }
  void deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    system_.host().deallocate(memory, bytes, alignment);
  }
  double now() noexcept override { return system_.host().now(); }
  bool entropy(void* bytes, std::size_t size) noexcept override { return system_.host().entropy(bytes, size); }
  void log(int level, std::string_view text) noexcept override {
    try {
      notice("webai: " + std::string(level == 0 ? "error: " : level == 1 ? "warning: " : "") + spelled(text) + "\n");
    } catch (...) {  // a line that finds no memory is not worth a failure
    }
  }

 private:
  Context system_;
};

// One row per limit: its name and where it goes.
struct LimitName {
  std::string_view name;
  void (*set)(Limits& limits, std::uint64_t value);
};
constexpr LimitName limit_names[] = {
    {"jsonBytes", [](Limits& l, std::uint64_t v) { l.json_bytes = v; }},
    {"jsonDepth", [](Limits& l, std::uint64_t v) { l.json_depth = static_cast<std::uint32_t>(v); }},
    {"nodes", [](Limits& l, std::uint64_t v) { l.nodes = v; }},
    {"rank", [](Limits& l, std::uint64_t v) { l.rank = static_cast<std::uint32_t>(v); }},
    {"tensorBytes", [](Limits& l, std::uint64_t v) { l.tensor_bytes = v; }},
    {"hostBytes", [](Limits& l, std::uint64_t v) { l.host_bytes = v; }},
    {"deviceBytes", [](Limits& l, std::uint64_t v) { l.device_bytes = v; }},
    {"programBytes", [](Limits& l, std::uint64_t v) { l.program_bytes = v; }},
    {"runSteps", [](Limits& l, std::uint64_t v) { l.run_steps = v; }},
};

// "100000", "64k", "512M", "2G": powers of 1024.
std::uint64_t limit_value(const std::string& text, const std::string& whole) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const int shift = suffix.empty() ? 0 : suffix == "k" ? 10 : suffix == "M" ? 20 : suffix == "G" ? 30 : -1;
  if (error != std::errc{} || shift < 0 || value > (~std::uint64_t{0} >> shift))
    throw UsageError("--limit " + whole + ": a limit is a whole number, with k, M or G after it if you like");
  return value << shift;
}

void set_limit(Limits& limits, const std::string& text) {
  const auto [name, value] = key_and_value("--limit", text);
  std::string known;
  for (const LimitName& limit : limit_names) {
    if (limit.name == name) return limit.set(limits, limit_value(value, text));
    known += (known.empty() ? "" : ", ") + std::string(limit.name);
  }
  throw UsageError("--limit " + text + ": there is no such limit; known are " + known);
}

}  // namespace

void CommonOptions::declare(Arguments& arguments) {
  arguments.text(device, "--device", "NAME", "auto, reference, cpu, opencl, ... (see webai devices)");
  arguments.flag(require, "--require", "Fail where the named device lacks something, instead of using another");
  arguments.count(threads, "--threads", "Threads to work on, at most 1,024; default: as many as the machine has");
  arguments.count(seed, "--seed", "Seed of initial weights and shuffles, instead of the model's");
  arguments.texts(limits, "--limit", "NAME=VALUE", "A bound on what input may ask for, such as nodes=200000");
  arguments.flag(quiet, "--quiet,-q", "No progress and no notices");
  arguments.flag(json, "--json", "One JSON object on standard output, nothing else there");
}

Context CommonOptions::context() const {
  constexpr std::uint64_t most_threads = 1024;
  if (threads > most_threads) throw UsageError("--threads " + std::to_string(threads) + ": at most 1,024");
  Context::Options options;
  options.threads = static_cast<std::size_t>(threads);
  options.log_level = quiet ? 0 : 1;
  for (const std::string& limit : limits) set_limit(options.limits, limit);
  const Context system = Context::system(options);
  const auto executor = std::shared_ptr<Executor>(std::make_shared<Context>(system), &system.executor());
  return Context(std::make_shared<TalkingHost>(system), executor, options);
}

NetworkOptions CommonOptions::network() const {
  NetworkOptions options;
  options.device = device;
  options.require = require;
  options.seed = seed;
  return options;
}

void CommonOptions::say(std::string_view text) const {
  if (!quiet) notice(text);
}

std::pair<std::string, std::string> key_and_value(std::string_view option, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw UsageError(std::string(option) + " " + text + ": expected KEY=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

bool same_file(const std::string& left, const std::string& right) {
  if (left.empty() || right.empty()) return false;
  const auto same = [](const std::string& a, const std::string& b, bool& exists) {
    struct stat one{}, other{};
    const bool first = ::stat(a.c_str(), &one) == 0, second = ::stat(b.c_str(), &other) == 0;
    exists = first || second;
    if (first && second && !S_ISREG(one.st_mode) && !S_ISDIR(one.st_mode)) return false;  // /dev/null takes anything
    return first && second && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  };
  bool exists = false;
  const bool equal = same(left, right, exists);
  if (exists) return equal;
  const auto halves = [](const std::string& path) {
    const std::size_t begin = path.rfind('/') + 1;  // 0 where there is none
    return std::pair(begin == 0 ? "." : path.substr(0, begin), path.substr(begin));
  };
  const auto [left_folder, left_name] = halves(left);
  const auto [right_folder, right_name] = halves(right);
  return left_name == right_name && (left_folder == right_folder || same(left_folder, right_folder, exists));
}

void keep_apart(std::string_view command, const std::vector<NamedFile>& written, const std::vector<NamedFile>& read) {
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto refuse_if_same = [&](const NamedFile& other) {
      if (same_file(written[i].second, other.second))
        throw UsageError(std::string(command) + ": " + other.first + " and " + written[i].first + " name the same file, " + written[i].second);
    };
    for (std::size_t j = i + 1; j < written.size(); ++j) refuse_if_same(written[j]);
    for (const NamedFile& file : read) refuse_if_same(file);
  }
}

void check_form(std::string_view command, const NamedFile& written, std::string_view form, std::string_view ending) {
  static constexpr std::string_view known[] = {".json", ".onnx", ".pt",  ".pth",  ".safetensors", ".h5",  ".keras", ".tflite",
                                               ".gguf", ".npz",  ".npy", ".csv",  ".c",           ".js",  ".mjs",   ".py",
                                               ".svg",  ".png",  ".jpg", ".jpeg", ".gif",         ".pdf", ".dot",   ".html"};
  const auto& [option, path] = written;
  const bool other = std::ranges::any_of(known, [&](std::string_view one) { return one != ending && path.ends_with(one); });
  if (!other && path != "-") return;
  throw UsageError(std::string(command) + ": " + option + " " + path + ": what is written is " + std::string(form) +
                   " (expected a name that ends in " + std::string(ending) + ")");
}

void check_writable(const std::string& path, const std::string& hint) {
  if (path.empty()) return;
  struct stat about{};
  if (::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode))
    throw Error(Code::host_error, {.message = "cannot be written: it is a folder", .reason = "FILE", .path = path,
                                   .hint = hint});
  if (::stat(path.c_str(), &about) == 0 && S_ISFIFO(about.st_mode))
    throw Error(Code::host_error, {.message = "cannot be written: it is a pipe, which would wait for its reader", .reason = "FILE",
                                   .path = path, .hint = hint});
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const long longest = ::pathconf(folder.c_str(), _PC_NAME_MAX);
  if (longest > 0 && path.size() - (slash + 1) > static_cast<std::size_t>(longest))  // npos + 1 is 0
    throw Error(Code::host_error, {.message = "cannot be written: " + std::generic_category().message(ENAMETOOLONG), .reason = "FILE",
                                   .path = path, .hint = hint});
  const bool exists = ::access(path.c_str(), F_OK) == 0;
  if ((exists && ::access(path.c_str(), W_OK) != 0) || (!exists && ::access(folder.c_str(), W_OK) != 0))
    throw Error(Code::host_error, {.message = "cannot be written: " + std::generic_category().message(errno),
                                   .reason = "FILE", .path = path, .hint = hint});
}

std::string stem(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

}  // namespace webai::cli
