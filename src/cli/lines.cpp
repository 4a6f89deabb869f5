#include "cli/lines.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <list>
#include <span>
#include <system_error>
#include <vector>

#include "cli/command.h"
#include "cli/job.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/tensor_types.h"
#include "cli/terminal.h"
#include "cli/values.h"
#include "webai/error.hpp"
#include "webai/json.hpp"

namespace webai::cli {
namespace {

constexpr std::size_t most_models = 16;

[[noreturn]] void refuse_job(std::string message, std::string expected = {}) {
  throw Error(Code::invalid_argument, {.message = std::move(message), .reason = "JOB", .expected = std::move(expected)});
}

// What tells one content of a file from the next.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};
FileMark mark_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

std::vector<FileMark> marks_of(std::span<const NamedFile> files) {
  std::vector<FileMark> marks;
  for (const NamedFile& file : files) marks.push_back(mark_of(file.second));
  return marks;
}

// The last models by path and device, until their files change.
class ModelCache {
 public:
  explicit ModelCache(const CommonOptions& common) : common_(common), context_(common.context()) {}

  struct Entry {
    std::string path, device;
    std::vector<FileMark> marks;  // of its files
    NeuralNetwork network;
    std::uint64_t nodes, on_device;
    std::vector<NamedFile> files;  // it and its weights
  };

  Entry& get(const std::string& path, const std::string& device) {
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->path != path || entry->device != device) continue;
      if (entry->marks != marks_of(entry->files)) {
        entries_.erase(entry);
        break;
      }
      entries_.splice(entries_.begin(), entries_, entry);
      return entries_.front();
    }
    NetworkOptions options = common_.network();
    options.device = device;
    std::vector<NamedFile> files = {{"the model", path}};
    std::vector<FileMark> marks = marks_of(files);  // before it is read: what changes meanwhile is seen at the next job
    NeuralNetwork network = build_network(read_model(context_, path), context_, options, &files);
    const NetworkInfo info = network.info();
    for (std::size_t i = marks.size(); i < files.size(); ++i) marks.push_back(mark_of(files[i].second));
    entries_.push_front({path, device, std::move(marks), std::move(network), info.nodes, info.on_device, std::move(files)});
    if (entries_.size() > most_models) entries_.pop_back();
    return entries_.front();
  }

 private:
  const CommonOptions& common_;
  Context context_;
  std::list<Entry> entries_;  // the last used first
};

// The members a job may have; a misspelt one would be passed over without a word.
constexpr std::string_view job_members[] = {"id",     "model",       "device",       "input", "inputs",
                                            "outputs", "input_types", "output_types", "reset"};

void check_members(const Json& job) {
  for (const auto& [key, value] : job.members()) {
    if (std::ranges::find(job_members, key) == std::end(job_members))
      refuse_job("a job has no member \"" + key + "\"", fmt::format("{}", fmt::join(job_members, ", ")));
  }
}

const std::string& text_of(const Json& object, const char* key) {
  const Json* const member = object.find(key);
  if (!member) refuse_job(std::string("\"") + key + "\" is missing");
  if (!member->is_text()) refuse_job(std::string("\"") + key + "\" is no text");
  return member->as_text();
}

std::span<const Json::Member> members_of(const Json& job, const char* key) {
  const Json* const member = job.find(key);
  if (!member || member->is_null()) return {};
  if (!member->is_object()) refuse_job(std::string("\"") + key + "\" is no object");
  return member->members();
}

// The types that a job declares for its inputs or outputs, by the port's place; empty where it says nothing.
using PortIndex = std::size_t (*)(const NeuralNetwork& network, const std::string& name);
std::vector<std::string> types_of_job(const NeuralNetwork& network, const Json& job, const char* key,
                                        std::size_t ports, PortIndex index) {
  std::vector<std::string> types(ports);
  for (const auto& [name, type] : members_of(job, key)) {
    if (!type.is_text()) refuse_job("the type of \"" + name + "\" is no text");
    types[index(network, name)] = type.as_text();
  }
  return types;
}

class Server {
 public:
  explicit Server(const CommonOptions& common) : common_(common), models_(common), limits_(common.context().limits()) {}

  std::string answer(const std::string& line) {
    std::string id = "null";
    try {
      return work(line, id);
    } catch (const Error& error) {
      return failure(id, error.code() == Code::unsupported ? "unsupported" : "error", error.what());
    } catch (const std::bad_alloc&) {
      return failure(id, "error", "out of memory");
    } catch (const std::exception& error) {
      return failure(id, "error", error.what());
    }
  }

  /// The longest line that is a job.
  std::uint64_t most_bytes() const { return limits_.json_bytes; }

 private:
  static std::string failure(const std::string& id, std::string_view kind, std::string_view text) {
    return JsonObject().raw("id", id).boolean("ok", false).text("kind", kind).text("error", text).str();
  }

  std::string work(const std::string& line, std::string& id) {
    const Json job = read_json(line, limits_);
    if (!job.is_object()) refuse_job("this line is no job", "an object");
    if (const Json* const given = job.find("id")) id = write_json(*given);
    check_members(job);
    const std::string device = job.find("device") ? text_of(job, "device") : common_.device;
    ModelCache::Entry& model = models_.get(text_of(job, "model"), device);
    NeuralNetwork& network = model.network;
    const std::vector<Tensor> inputs = read_inputs(network, job);
    const std::span<const Json::Member> outputs = members_of(job, "outputs");
    check_files(job, outputs, model.files);
    const std::vector<std::string> types =
        types_of_job(network, job, "output_types", network.outputs().size(), output_index);
    if (const Json* const reset = job.find("reset")) {
      if (!reset->is_boolean()) refuse_job("\"reset\" is neither true nor false");
      if (reset->as_boolean()) network.reset();
    }
    const auto start = std::chrono::steady_clock::now();
    const Output output = run_inputs(network, inputs);
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    const NamedTensors results = split_outputs(network, output);
    for (std::size_t p = 0; p < results.size(); ++p)
      if (!types[p].empty()) check_declared(results[p].second, types[p], results[p].first);
    JsonObject result;
    result.raw("id", id).boolean("ok", true).number("ms", ms).count("nodes", model.nodes).count("on_device", model.on_device);
    for (const auto& [name, path] : outputs) write_values(path.as_text(), results[output_index(network, name)].second);
    if (outputs.empty()) {  // without a file to go to, values go into the answer
      JsonObject values;
      for (const auto& [name, tensor] : results) values.raw(name, json_array(tensor));
      result.raw("outputs", values.str());
      if (const auto rankings = rank_labels(network, output); rankings.size() == 1 && !is_batch(network, output))
        result.text("label", rankings.front().front().first);
    }
    return result.str();
  }

  // What a job writes takes the place of nothing that it reads.
  static void check_files(const Json& job, std::span<const Json::Member> outputs, std::vector<NamedFile> read) {
    std::vector<NamedFile> written;
    for (const auto& [name, path] : outputs) {
      if (!path.is_text()) refuse_job("output \"" + name + "\" is no path");
      written.emplace_back("output \"" + name + "\"", path.as_text());
    }
    for (const auto& [name, value] : members_of(job, "inputs"))
      if (value.is_text()) read.emplace_back("input \"" + name + "\"", value.as_text());
    keep_apart("run", written, read);
  }

  static std::vector<Tensor> read_inputs(const NeuralNetwork& network, const Json& job) {
    // One value for all of them: texts, objects that name inputs.
    if (const Json* const input = job.find("input")) {
      if (job.find("inputs")) refuse_job("\"input\" and \"inputs\" are both given");
      return inputs_of(network, *input);
    }
    const std::vector<PortInfo> ports = network.inputs();
    const std::vector<std::string> types = types_of_job(network, job, "input_types", ports.size(), input_index);
    std::vector<Tensor> tensors(ports.size());
    std::vector<bool> found(ports.size(), false);
    for (const auto& [name, value] : members_of(job, "inputs")) {
      const std::size_t index = input_index(network, name);
      if (value.is_null())
        throw Error(Code::unsupported, {.message = "input \"" + name + "\" is an empty optional", .reason = "TYPE"});
      const std::string text = value.is_text() ? value.as_text() : write_json(value);
      tensors[index] = value.is_text() ? read_values(network.context(), text, ports[index].shape)
                                         : values_from_json(network.context(), text, "/inputs/" + name);
      const Values from = value.is_text() && text.ends_with(".npy") ? Values::npy : Values::numbers;
      if (!types[index].empty())
        tensors[index] = as_declared(network.context(), tensors[index], from, types[index], ports[index].name);
      found[index] = true;
    }
    for (std::size_t p = 0; p < ports.size(); ++p)
      if (!found[p]) refuse_job("input " + ports[p].title() + " is missing");
    return tensors;
  }

  const CommonOptions& common_;
  ModelCache models_;
  Limits limits_;
};

// The next line, of which no more is kept than a byte over `most`; what follows is read past.
bool next_line(std::istream& in, std::string& line, std::uint64_t most) {
  line.clear();
  std::streambuf& bytes = *in.rdbuf();
  constexpr int end = std::char_traits<char>::eof();
  int next = bytes.sbumpc();
  if (next == end) return false;
  for (; next != end && next != '\n'; next = bytes.sbumpc())
    if (line.size() <= most) line.push_back(static_cast<char>(next));
  return true;
}

}  // namespace

int answer_lines(const CommonOptions& common) {
  Server server(common);
  std::string line;
  while (next_line(std::cin, line, server.most_bytes())) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    print(server.answer(line) + "\n");
  }
  if (std::ferror(stdin) != 0)
    throw Error(Code::host_error, {.message = "standard input cannot be read: " + std::generic_category().message(errno), .reason = "FILE"});
  return exit_done;
}

}  // namespace webai::cli
