// Models that ask for too much: each has to end in LIMIT_EXCEEDED within 100 ms and 100 MB beyond its own text. The
// exit status is 1 when one does not.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "webai/webai.hpp"

namespace {

// All memory of this program, as long as it lives, and the most since the last look.
std::atomic<std::size_t> now{0}, peak{0};

constexpr std::size_t usual = 16;  // bytes in front of each piece, where its size stands

void* counted(std::size_t bytes, std::size_t room) {
  const std::size_t all = (bytes + room + room - 1) / room * room;
  auto* const memory = static_cast<char*>(std::aligned_alloc(room, all));
  if (!memory) throw std::bad_alloc();
  *reinterpret_cast<std::size_t*>(memory) = all;
  const std::size_t sum = now += all;
  std::size_t most = peak;
  while (sum > most && !peak.compare_exchange_weak(most, sum)) {
  }
  return memory + room;
}

void uncounted(void* piece, std::size_t room) noexcept {
  if (!piece) return;
  char* const memory = static_cast<char*>(piece) - room;
  now -= *reinterpret_cast<std::size_t*>(memory);
  std::free(memory);
}

std::size_t room_of(std::align_val_t alignment) { return std::max(usual, static_cast<std::size_t>(alignment)); }

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, usual); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return counted(bytes, room_of(alignment)); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  try {
    return counted(bytes, room_of(alignment));
  } catch (...) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { uncounted(memory, usual); }
void operator delete(void* memory, std::size_t) noexcept { uncounted(memory, usual); }
void operator delete(void* memory, std::align_val_t alignment) noexcept { uncounted(memory, room_of(alignment)); }
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  uncounted(memory, room_of(alignment));
}

namespace {

std::string repeated(const std::string& piece, std::size_t count) {
  std::string text;
  text.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

// "a,a,...,a"
std::string list(const std::string& piece, std::size_t count) { return repeated(piece + ",", count - 1) + piece; }

struct Bomb {
  const char* name;
  std::function<std::string()> text;
};

const Bomb bombs[] = {
    {"a million layers, numbers", [] { return R"({"layers": [)" + list("2", 1'000'000) + "]}"; }},
    {"a million layers, objects", [] { return R"({"layers": [2,)" + list(R"({"size":1})", 1'000'000) + "]}"; }},
    {"a million pipes, numbers",
     [] { return R"({"layers": [2, {"size": 2, "pipes": [)" + list("1", 1'000'000) + "]}]}"; }},
    {"a million pipes, objects",
     [] { return R"({"layers": [2, {"size": 2, "pipes": [)" + list(R"({"size":1})", 1'000'000) + "]}]}"; }},
    {"a million pipes on a thousand layers",
     [] { return R"({"layers": [2,)" + list(R"({"size":2,"pipes":[)" + list("1", 1000) + "]}", 1000) + "]}"; }},
    {"a million pipes in a thousand nets",
     [] {
       return R"({"layers": [2,)" +
              list(R"({"type":"net","net":{"layers":[2,{"size":2,"pipes":[)" + list("1", 1000) + "]}]}}", 1000) + "]}";
     }},
    {"a million arrays in arrays", [] { return repeated("[", 1'000'000) + repeated("]", 1'000'000); }},
    {"a hundred thousand nets in nets",
     [] {
       return repeated(R"({"layers":[1,{"type":"net","net":)", 100'000) + R"({"layers":[1,1]})" +
              repeated("}]}", 100'000);
     }},
    {"nets in nets, as deep as JSON may be",
     [] {
       return repeated(R"({"layers":[1,{"type":"net","net":)", 120) + R"({"layers":[1,1]})" + repeated("}]}", 120);
     }},
    {"a million empty arrays", [] { return R"({"layers": [2, 1], "x-a": [)" + list("[]", 1'000'000) + "]}"; }},
    {"a million texts", [] { return R"({"layers": [2, 1], "x-a": [)" + list("\"\"", 1'000'000) + "]}"; }},
    {"a million keys",
     [] {
       std::string text = R"({"layers": [2, 1], "meta": {)";
       for (int i = 0; i < 1'000'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
       return text + R"("x":0}})";
     }},
    {"a million targets",
     [] {
       std::string text = R"({"layers": [2, {"size": 1, "to": [2)";
       for (int i = 3; i < 1'000'000; ++i) text += "," + std::to_string(i);
       return text + "]}, 1]}";
     }},
    {"a thousand layers that each feed a thousand",
     [] {
       std::string targets = "0";
       for (int i = 1; i < 1000; ++i) targets += "," + std::to_string(i);
       return R"({"layers": [2,)" + list(R"({"size":1,"to":[)" + targets + "]}", 1000) + "]}";
     }},
    {"a million states",
     [] {
       return R"({"layers": [{"type":"iterator","steps":2,"net":{"layers":[1]},"state":[)" + list("1", 1'000'000) +
              "]}]}";
     }},
    {"a million outputs", [] { return R"({"layers": [2, 1], "outputs": [)" + list("1", 1'000'000) + "]}"; }},
    {"a million operations", [] { return R"({"layers": [2, 1], "operations": [)" + list("1", 1'000'000) + "]}"; }},
    {"a million dimensions", [] { return R"({"layers": [2, {"size": [)" + list("1", 1'000'000) + "]}]}"; }},
    {"a layer of 10^12 neurons", [] { return std::string(R"({"layers": [2, 1000000000000]})"); }},
    {"10^12 inputs", [] { return std::string(R"({"layers": [1000000000000, 2]})"); }},
    {"10^6 times 10^6 weights", [] { return std::string(R"({"layers": [1000000, 1000000]})"); }},
    {"1e300 neurons", [] { return std::string(R"({"layers": [1e300, 2]})"); }},
    {"four dimensions of 10^6", [] { return std::string(R"({"layers": [[1000000, 1000000, 1000000, 1000000], 2]})"); }},
    {"2^53 filters",
     [] {
       return std::string(
           R"({"layers": [[4, 4, 1], {"type": "conv2d", "filters": 9007199254740992, "kernelSize": 3}]})");
     }},
    {"filters of 2^53 by 2^53",
     [] {
       return std::string(
           R"({"layers": [[4, 4, 1], {"type": "conv2d", "filters": 1, "kernelSize": 9007199254740992}]})");
     }},
    {"32 GB in five layers", [] { return std::string(R"({"layers": [40000, 40000, 40000, 40000, 40000, 40000]})"); }},
    {"a history of 65535 times 10^9",
     [] { return std::string(R"({"layers": [1000000000, {"type": "flatten", "history": 65535}]})"); }},
    {"2^53 steps",
     [] {
       return std::string(
           R"({"layers": [{"type": "iterator", "steps": 9007199254740992, "state": [{"name": "x", "size": 1}], "net": {"layers": [{"pipeFrom": "x", "to": "x"}]}}]})");
     }},
};

}  // namespace

int main() {
  constexpr double most_ms = 100, most_mb = 100;
  const webai::Context context = webai::Context::system({.threads = 1, .log_level = 0});
  int failures = 0;
  std::printf("%-46s %10s %8s %8s  %s\n", "model", "bytes", "ms", "MB", "ends in");
  for (const Bomb& bomb : bombs) {
    const std::string text = bomb.text();
    double best = 1e300;
    std::size_t most = 0;
    std::string end;
    for (int round = 0; round < 3; ++round) {
      const std::size_t before = now;
      peak = before;
      const std::clock_t start = std::clock();  // of this process: others do not count
      try {
        webai::NeuralNetwork::from_json(text, context, {.device = "cpu"});
        end = "no error";
      } catch (const webai::Error& error) {
        end = (error.code() == webai::Code::limit_exceeded ? "LIMIT_EXCEEDED " : "another error: ") + error.reason();
      }
      best = std::min(best, 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
      most = std::max<std::size_t>(most, peak - before);
    }
    const double mb = static_cast<double>(most) / 1e6;
    const bool good = best <= most_ms && mb <= most_mb && end.starts_with("LIMIT_EXCEEDED");
    failures += !good;
    std::printf("%-46s %10zu %8.2f %8.1f  %s%s\n", bomb.name, text.size(), best, mb, end.c_str(),
                good ? "" : "   <-- too much");
  }
  return failures ? 1 : 0;
}
