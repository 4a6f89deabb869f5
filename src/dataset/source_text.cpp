// Data named by a line of text, as the command line takes it: KIND:WHERE.
#include <algorithm>
#include <charconv>

#include "core/base/names.h"
#include "dataset/source.h"
#include "webai/error.hpp"

namespace webai {

namespace {

using OpenFile = std::function<DataFile(const std::string& path)>;

[[noreturn]] void refuse(std::string_view source, std::string expected, std::string hint) {
  throw Error(Code::invalid_argument, {.message = "this is not a source of data",
                                       .reason = "SOURCE_TEXT",
                                       .expected = std::move(expected),
                                       .actual = "\"" + std::string(source) + "\"",
                                       .hint = std::move(hint)});
}

std::pair<std::string, std::string> two_files(std::string_view kind, std::string_view rest) {
  const std::size_t comma = rest.find(',');
  if (comma == std::string_view::npos || comma == 0 || comma + 1 == rest.size()) {
    refuse(rest, "two files: " + std::string(kind) + (kind == "idx" ? ":IMAGES,LABELS" : ":INPUTS,OUTPUTS"),
           "a comma divides the two names");
  }
  return {std::string(rest.substr(0, comma)), std::string(rest.substr(comma + 1))};
}

void set_csv_option(CsvOptions& options, std::string_view name, std::string_view value) {
  if (name == "target") {
    options.target.emplace_back(value);
  } else if (name == "delimiter" && (value.size() == 1 || value == "tab")) {
    options.delimiter = value == "tab" ? '\t' : value.front();
  } else if (name == "header" && (value == "present" || value == "absent")) {
    options.header = value == "present" ? CsvHeader::present : CsvHeader::absent;
  } else {
    refuse(std::string(name) + "=" + std::string(value),
           "target=COLUMN, delimiter=CHARACTER (or tab), header=present or header=absent after csv:FILE?",
           "csv:flowers.csv?target=species&delimiter=; for example");
  }
}

Dataset open_csv(std::string_view rest, const OpenFile& file) {
  CsvOptions options;
  // The last question mark: earlier ones may belong to the name.
  const std::size_t question = rest.rfind('?');
  std::string_view query = question == std::string_view::npos ? std::string_view() : rest.substr(question + 1);
  while (!query.empty()) {
    const std::string_view option = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), option.size() + 1));
    const std::size_t equals = option.find('=');
    if (equals == std::string_view::npos) refuse(option, "an option with a value, such as target=4", "options stand behind ?, divided by &");
    set_csv_option(options, option.substr(0, equals), option.substr(equals + 1));
  }
  return Dataset::csv(file(std::string(rest.substr(0, question))), std::move(options));
}

Dataset open_idx(std::string_view rest, const OpenFile& file) {
  const auto [images, labels] = two_files("idx", rest);
  return Dataset::idx(file(images), file(labels));
}

Dataset open_npy(std::string_view rest, const OpenFile& file) {
  const auto [inputs, outputs] = two_files("npy", rest);
  return Dataset::npy(file(inputs), file(outputs));
}

Dataset open_json(std::string_view rest, const OpenFile& file) { return Dataset::json(file(std::string(rest))); }

Dataset open_lines(std::string_view rest, const OpenFile& file) { return Dataset::text_file(file(std::string(rest))); }

Dataset open_running_text(std::string_view rest, const OpenFile& file) {
  std::size_t sequences = 32;
  const std::size_t question = rest.rfind('?');
  if (question != std::string_view::npos) {
    constexpr std::string_view option = "sequences=";
    const std::string_view query = rest.substr(question + 1);
    const std::string_view number = query.substr(std::min(query.size(), option.size()));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), sequences);
    if (!query.starts_with(option) || error != std::errc() || end != number.data() + number.size() || sequences == 0)
      refuse(query, "sequences=NUMBER after text:FILE?", "leave it out for 32");
  }
  return Dataset::text_file(file(std::string(rest.substr(0, question))), sequences);
}

Dataset open_sample(std::string_view rest, const OpenFile&) { return Dataset::sample(rest); }

struct Kind {
  std::string_view name;
  Dataset (*open)(std::string_view rest, const OpenFile& file);
};
constexpr Kind kinds[] = {{"idx", open_idx}, {"csv", open_csv}, {"npy", open_npy}, {"json", open_json},
                          {"lines", open_lines}, {"text", open_running_text}, {"sample", open_sample}};

}  // namespace

Dataset Dataset::open(std::string_view source, const std::function<DataFile(const std::string& path)>& file) {
  const OpenFile of_system = [](const std::string& path) { return DataFile(path); };
  const std::size_t colon = source.find(':');
  const std::string_view name = source.substr(0, colon);
  std::vector<std::string> known;
  for (const Kind& kind : kinds) {
    if (colon != std::string_view::npos && kind.name == name && colon + 1 < source.size()) {
      return kind.open(source.substr(colon + 1), file ? file : of_system);
    }
    known.emplace_back(kind.name);
  }
  const std::string guess = nearest_name(name, known);
  refuse(source, "idx:IMAGES,LABELS, csv:FILE?target=COLUMN, npy:INPUTS,OUTPUTS, json:FILE, lines:FILE, text:FILE?sequences=NUMBER or sample:NAME",
         guess.empty()   ? "the word in front of the colon says what kind of data it is: csv:table.csv?target=kind"
         : guess == name ? "what is to be read stands behind the colon: " + guess + ":..."
                         : "did you mean \"" + guess + ":\"?");
}

}  // namespace webai
