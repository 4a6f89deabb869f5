#include "capi/support.h"

using namespace capi_test;

TEST_CASE("json becomes values of its kinds, in the order of its keys") {
  const ContextHandle context = make_context();
  const Handle map = json(context.get(), R"({"b":true,"a":[1,"x",null,{"y":2.5}],"n":null,"s":"h\u00e9"})");
  REQUIRE(webai_value_kind(map) == WEBAI_MAP);
  REQUIRE(webai_value_size(map) == 4);
  const char* key = nullptr;
  std::size_t key_size = 0;
  webai_value* first = webai_value_at(map, 0, &key, &key_size);
  CHECK(std::string(key, key_size) == "b");
  CHECK(key[key_size] == 0);
  CHECK(webai_value_kind(first) == WEBAI_BOOL);
  CHECK(number(first) == 1);
  webai_value* list = webai_value_get(map, "a", 1);
  REQUIRE(webai_value_kind(list) == WEBAI_LIST);
  CHECK(webai_value_size(list) == 4);
  CHECK(number(webai_value_at(list, 0, nullptr, nullptr)) == 1);
  CHECK(text_of(webai_value_at(list, 1, &key, &key_size)) == "x");
  CHECK(key == nullptr);
  CHECK(key_size == 0);
  CHECK(webai_value_kind(webai_value_at(list, 2, nullptr, nullptr)) == WEBAI_NULL);
  CHECK(number_at(webai_value_at(list, 3, nullptr, nullptr), "y") == 2.5);
  CHECK(webai_value_at(list, 4, nullptr, nullptr) == nullptr);
  CHECK(webai_value_get(map, "absent", WEBAI_NUL_TERMINATED) == nullptr);
  CHECK(webai_value_size(webai_value_get(map, "s", 1)) == 3);  // bytes
  CHECK(to_json(map) == R"({"b":true,"a":[1,"x",null,{"y":2.5}],"n":null,"s":"hé"})");
}

TEST_CASE("a list of numbers gives the same value for the same place") {
  const ContextHandle context = make_context();
  const Handle list = json(context.get(), "[1,2.5,-3]");
  CHECK(webai_value_size(list) == 3);
  webai_value* second = webai_value_at(list, 1, nullptr, nullptr);
  CHECK(number(second) == 2.5);
  CHECK(webai_value_at(list, 1, nullptr, nullptr) == second);
  CHECK(to_json(list) == "[1,2.5,-3]");
}

TEST_CASE("values made one by one equal those of json") {
  const ContextHandle context = make_context();
  Handle one, text, list, map;
  REQUIRE(webai_value_number(context.get(), 1.5, one.out()) == WEBAI_OK);
  REQUIRE(webai_value_string(context.get(), "hello", WEBAI_NUL_TERMINATED, text.out()) == WEBAI_OK);
  webai_value* items[] = {one, nullptr, text};
  REQUIRE(webai_value_list(context.get(), items, 3, list.out()) == WEBAI_OK);
  const webai_str keys[] = {{"k", 1}, {"long key", WEBAI_NUL_TERMINATED}};
  webai_value* values[] = {list, one};
  REQUIRE(webai_value_map(context.get(), keys, values, 2, map.out()) == WEBAI_OK);
  one = Handle();  // the map keeps it
  CHECK(to_json(map) == R"({"k":[1.5,null,"hello"],"long key":1.5})");
  Handle empty;
  REQUIRE(webai_value_list(context.get(), nullptr, 0, empty.out()) == WEBAI_OK);
  CHECK(to_json(empty) == "[]");
}

TEST_CASE("json null is the NULL pointer") {
  const ContextHandle context = make_context();
  const Handle value = json(context.get(), "null");
  CHECK(value == nullptr);
  CHECK(webai_value_kind(nullptr) == WEBAI_NULL);
  CHECK(webai_value_size(nullptr) == 0);
  CHECK(to_json(nullptr) == "null");
}

TEST_CASE("bad json is refused with its place") {
  const ContextHandle context = make_context();
  const auto status_of = [&](const std::string& text) {
    return failing([&](webai_value** out, webai_error** err) {
             return webai_value_from_json(context.get(), text.data(), text.size(), nullptr, 0, out, err);
           })
        .status;
  };
  CHECK(status_of("[1,") == WEBAI_INVALID_JSON);
  CHECK(status_of("") == WEBAI_INVALID_JSON);
  CHECK(status_of("{'a':1}") == WEBAI_INVALID_JSON);
  CHECK(status_of(R"({"a":1,"a":2})") == WEBAI_INVALID_JSON);
  CHECK(status_of("\"\xff\"") == WEBAI_INVALID_JSON);
  CHECK(status_of("\"\xed\xa0\x80\"") == WEBAI_INVALID_JSON);
  const Failure failure = failing([&](webai_value** out, webai_error** err) {
    return webai_value_from_json(context.get(), "{\"a\":\n[1,,2]}", WEBAI_NUL_TERMINATED, nullptr, 0, out, err);
  });
  CHECK(detail(failure.error, "path") == "line 2, column 4");
}

TEST_CASE("limits hold for depth and size of json, and for nested lists") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.json_depth = 10;
  limits.json_bytes = 1000;
  webai_config config = plain_config();
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  const auto status_of = [&](const std::string& text) {
    return failing([&](webai_value** out, webai_error** err) {
             return webai_value_from_json(context.get(), text.data(), text.size(), nullptr, 0, out, err);
           })
        .status;
  };
  CHECK(status_of(std::string(11, '[') + std::string(11, ']')) == WEBAI_LIMIT_EXCEEDED);
  CHECK(status_of("\"" + std::string(1000, 'x') + "\"") == WEBAI_LIMIT_EXCEEDED);
  Handle inner = json(context.get(), std::string(10, '[') + std::string(10, ']'));
  webai_value* items[] = {inner};
  Handle outer;
  CHECK(webai_value_list(context.get(), items, 1, outer.out()) == WEBAI_LIMIT_EXCEEDED);
  CHECK(outer == nullptr);
}

TEST_CASE("a list nested without a limit is still bounded") {
  webai_limits limits{};
  limits.struct_size = sizeof limits;
  limits.json_depth = UINT32_MAX;
  webai_config config = plain_config();
  config.limits = &limits;
  const ContextHandle context = make_context(config);
  Handle value;
  REQUIRE(webai_value_number(context.get(), 1, value.out()) == WEBAI_OK);
  webai_status status = WEBAI_OK;
  int levels = 0;
  while (status == WEBAI_OK && levels < 1'000'000) {
    webai_value* items[] = {value};
    Handle outer;
    status = webai_value_list(context.get(), items, 1, outer.out());
    if (status == WEBAI_OK) value = std::move(outer);
    ++levels;
  }
  CHECK(status == WEBAI_LIMIT_EXCEEDED);
  CHECK(levels > 1000);
}

TEST_CASE("leaves stand where a descriptor names them") {
  const ContextHandle context = make_context();
  const Handle tensor = make_tensor(context.get(), {1, 2}, {2});
  const Handle map = json(context.get(), R"({"a":{"$leaf":0},"b":[{"$leaf":1}]})", {tensor, nullptr});
  CHECK(webai_value_get(map, "a", 1) == tensor);
  CHECK(webai_value_at(webai_value_get(map, "b", 1), 0, nullptr, nullptr) == nullptr);
  for (const char* bad : {R"({"$leaf":2})", R"({"$leaf":-1})", R"({"$leaf":0.5})", R"({"$leaf":"0"})"}) {
    webai_value* leaves[] = {tensor, nullptr};
    const Failure failure = failing([&](webai_value** out, webai_error** err) {
      return webai_value_from_json(context.get(), bad, WEBAI_NUL_TERMINATED, leaves, 2, out, err);
    });
    CHECK(failure.status == WEBAI_INVALID_ARGUMENT);
    CHECK(failure.reason() == "LEAF");
  }
  const Handle plain = json(context.get(), R"({"$leaf":7})");  // without leaves nothing is put in
  CHECK(webai_value_kind(plain) == WEBAI_MAP);
}

TEST_CASE("tensors are written as arrays or base64") {
  const ContextHandle context = make_context();
  const Handle tensor = make_tensor(context.get(), {1, 2, 3, 4}, {2, 2});
  const Handle list = json(context.get(), R"([{"$leaf":0}])", {tensor});
  CHECK(to_json(list) == "[[[1,2],[3,4]]]");
  const Handle base64 = json(context.get(), R"({"tensors":"base64"})");
  CHECK(to_json(list, base64) == R"(["AACAPwAAAEAAAEBAAACAQA=="])");
  const Handle pretty = json(context.get(), R"({"pretty":true})");
  CHECK(to_json(list, pretty).find('\n') != std::string::npos);
  const Handle wrong = json(context.get(), R"({"tensors":"hex"})");
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_value_to_json(list, wrong, out, err);
        }).status == WEBAI_INVALID_ARGUMENT);
  Handle cancel;
  REQUIRE(webai_cancel_create(context.get(), cancel.out()) == WEBAI_OK);
  CHECK(failing([&](webai_value** out, webai_error** err) {
          return webai_value_to_json(cancel, nullptr, out, err);
        }).status == WEBAI_TYPE_MISMATCH);
}

TEST_CASE("texts must be utf-8, keys come once") {
  const ContextHandle context = make_context();
  Handle out;
  for (const char* bad : {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3"}) {
    CHECK(webai_value_string(context.get(), bad, WEBAI_NUL_TERMINATED, out.out()) == WEBAI_INVALID_ARGUMENT);
    CHECK(out == nullptr);
  }
  CHECK(webai_value_string(context.get(), "\xf0\x9f\x98\x80", 4, out.out()) == WEBAI_OK);
  const webai_str keys[] = {{"k", 1}, {"k", 1}};
  webai_value* values[] = {nullptr, nullptr};
  CHECK(webai_value_map(context.get(), keys, values, 2, out.out()) == WEBAI_INVALID_ARGUMENT);
  CHECK(out == nullptr);
}

TEST_CASE("large maps find their members") {
  const ContextHandle context = make_context();
  std::string text = "{";
  for (int i = 0; i < 500; ++i)
    text += (i ? ",\"k" : "\"k") + std::to_string(i * 7919 % 500) + "\":" + std::to_string(i);
  const Handle map = json(context.get(), text + "}");
  for (int i = 0; i < 500; ++i) CHECK(number_at(map, ("k" + std::to_string(i * 7919 % 500)).c_str()) == i);
  CHECK(webai_value_get(map, "k500", 4) == nullptr);
}

TEST_CASE("values outlive their context's handle") {
  ContextHandle context = make_context();
  const Handle list = json(context.get(), R"([1,"two",{"three":3}])");
  context.reset();
  CHECK(text_of(webai_value_at(list, 1, nullptr, nullptr)) == "two");
  CHECK(number(webai_value_at(list, 0, nullptr, nullptr)) == 1);
}
