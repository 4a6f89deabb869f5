#include <catch2/catch.hpp>

#include "core/base/memory_source.h"
#include "webai/error.hpp"

using namespace webai;

TEST_CASE("memory reads in pieces, ends, and reads again") {
  MemorySource source("letters", std::string("abcde"));
  CHECK(source.name() == "letters");
  for (int round = 0; round < 2; ++round) {
    std::byte piece[3];
    CHECK(source.read(piece) == 3);
    CHECK(piece[2] == std::byte{'c'});
    CHECK(source.read(piece) == 2);
    CHECK(piece[1] == std::byte{'e'});
    CHECK(source.read(piece) == 0);
    source.rewind();
  }
  const std::byte bytes[2] = {std::byte{1}, std::byte{2}};
  CHECK(read_all(*MemorySource::over("borrowed", bytes), 10).size() == 2);
  MemorySource empty("empty", std::string());
  CHECK(read_text(empty, 0).empty());
}

TEST_CASE("a whole source is read up to the limit and refused past it") {
  const std::string text(200'000, 'x');
  MemorySource source("text", text);
  CHECK(read_text(source, text.size()) == text);
  source.rewind();
  try {
    read_text(source, text.size() - 1);
    FAIL("the limit did not hold");
  } catch (const Error& error) {
    CHECK(error.code() == Code::limit_exceeded);
    CHECK(error.path() == "text");
  }
}
