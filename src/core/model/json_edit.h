// Many changes to one document by JSON pointers, made in one walk: what is not named stays as given, in its order.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "core/model/json.h"

namespace webai {

class JsonEdit {
 public:
  /// New members go behind those that are there, in the order of the calls.
  void set(std::string_view pointer, Json value);
  /// What is absent may be removed as well.
  void remove(std::string_view pointer);
  /// A layer written as a number or an array becomes {"size": ...}, so that members can be set.
  void spell_out_layer(std::string_view pointer);

  Json apply(const Json& document) const { return changed(document, root_); }

 private:
  // New values by place, as a tree like the document's.
  struct Change {
    std::map<std::string, Change, std::less<>> inside;
    Json value;
    bool replaces = false, removes = false, spells_out = false;
    std::size_t number = 0;  // in order of appearance
  };
  Change& at(std::string_view pointer);
  static Json changed(const Json& json, const Change& change);
  static Json changed_object(const Json& json, const Change& change);

  Change root_;
  std::size_t changes_ = 0;
};

}  // namespace webai
