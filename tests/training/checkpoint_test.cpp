// Checkpoints as text: what is written is read, what was damaged is refused.
#include <catch2/catch.hpp>

#include "training/checkpoint.h"
#include "webai/error.hpp"

using namespace webai;

namespace {

std::string written() {
  static const std::string first("abc\n\0def", 8), second;
  const CheckpointPart parts[] = {{"1.weights", std::as_bytes(std::span(first))}, {"none", std::as_bytes(std::span(second))}};
  return write_checkpoint(Json::object({{"iteration", Json::integer(7)}, {"error", Json::number(0.1)}}), parts);
}

std::string refusal(const std::string& text) {
  try {
    read_checkpoint(text, Limits{});
  } catch (const Error& error) {
    CHECK(error.reason() == "CHECKPOINT");
    return error.message();
  }
  return "accepted";
}

// A file whose sum fits, whatever its second line says.
std::string with_head(const std::string& head, const std::string& raw) {
  std::string text = "webai checkpoint 1\n" + head + "\n" + raw;
  std::uint64_t sum = 14695981039346656037u;
  for (const char c : text) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(sum));
  return text + "\nsum " + digits + "\n";
}

}  // namespace

TEST_CASE("a checkpoint gives back state and parts") {
  const std::string text = written();
  const Checkpoint read = read_checkpoint(text, Limits{});
  CHECK(read.count("iteration") == 7);
  CHECK(read.number("error") == 0.1);
  CHECK(static_cast<char>(read.part("1.weights", 8).bytes[0]) == 'a');
  CHECK(read.part("none", 0).bytes.empty());
  CHECK_THROWS_AS(read.part("1.weights", 9), Error);
  CHECK_THROWS_AS(read.part("2.weights", 8), Error);
  CHECK_THROWS_AS(read.count("error"), Error);
  CHECK_THROWS_AS(read.count("step"), Error);
}

TEST_CASE("a checkpoint that was cut, changed or made up is refused") {
  const std::string text = written();
  CHECK(refusal(text) == "accepted");
  CHECK(refusal("").find("no checkpoint") != std::string::npos);
  CHECK(refusal("{\"layers\": [2, 1]}").find("no checkpoint") != std::string::npos);
  for (std::size_t length = 0; length < text.size(); ++length) CHECK(refusal(text.substr(0, length)) != "accepted");
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(refusal(changed) != "accepted");
  }
  CHECK(refusal(with_head(R"({"state": {}, "parts": []})", "")) == "accepted");
  CHECK(refusal(with_head(R"({"state": {}, "parts": []})", "x")).find("no part owns") != std::string::npos);
  CHECK(refusal(with_head(R"({"state": {}, "parts": [{"name": "a", "bytes": 2}]})", "x")).find("past the end") != std::string::npos);
  CHECK(refusal(with_head(R"({"state": {}, "parts": [{"name": "a", "bytes": 9223372036854775807}]})", "x")).find("past the end") != std::string::npos);
  for (const char* head : {"", "[]", "{", R"({"state": 1, "parts": []})", R"({"state": {}})", R"({"state": {}, "parts": [1]})",
                           R"({"state": {}, "parts": [{"name": "a", "bytes": -1}]})", R"({"state": {}, "parts": [{"name": 1, "bytes": 1}]})",
                           R"({"state": {}, "parts": [{"name": "a", "bytes": 0.5}]})", R"({"state": {}, "parts": [{"bytes": 1}]})"})
    CHECK(refusal(with_head(head, "x")) != "accepted");
}
