// The skeleton of a random model: its layers and pipes, what they are called, and where their values go.
#pragma once

#include <string>
#include <vector>

#include "support/random_numbers.h"
#include "webai/json.hpp"

namespace webai::test {

class RandomFlows : public RandomNumbers {
 protected:
  using RandomNumbers::RandomNumbers;
  using Member = Json::Member;
  using Members = std::vector<Member>;

  struct Part {
    std::string name = {};
    int width = 0;   // that arrives, besides what pipes share with their layer
    int fixed = 0;   // its size, where it has been promised
    std::string to = {};  // the label that it goes to instead of a way drawn by lot
  };
  struct Place : Part {
    std::vector<Part> pipes;
    int back_to = -1;   // the layer that gets it in the next run
    int memory = 0;     // earlier values that go the same ways
    int pulled = -1;    // the layer that it pulls its input from
    std::string shift;  // the label under which something is piped into its bias
    bool pipes_only = false;
  };

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  // Names, numbers of pipes, and what goes backwards or by a label are known before the first layer is written. Of the
  // layers the first `front` are no rows of numbers, behind them stands one that makes a row of them.
  void plan(int front) {
    front_ = front;
    last_ = front_ + (front_ ? between(1, 3) : between(1, 6));
    places_.resize(at(last_) + 1);
    for (int i = 0; i <= last_; ++i) plan_place(i);
    for (int i = first_free(1); i <= last_; ++i)
      if (!places_[at(i)].pipes_only && chance(4)) plan_return(i);
    if (chance(5)) plan_label();
    for (int i = first_free(0) + 2; i <= last_; ++i)
      if (chance(6)) plan_pull(i);
  }

  void add_pull(Members& members, const Place& place) {
    if (place.pulled < 0) return;
    const std::string& name = places_[at(place.pulled)].name;
    members.emplace_back("pipeFrom", Json::text(name.empty() || chance(3) ? std::to_string(place.pulled) : name));
  }

  void add_name(Members& members, const Part& part) {
    if (!part.name.empty()) members.emplace_back("name", Json::text(part.name));
    if (chance(12)) members.emplace_back("x-place", Json::numbers({1, 2}));
    if (chance(12)) members.emplace_back("label", Json::text("a:b/c"));
  }

  // Where a value goes: on to the next layer, and perhaps further or elsewhere; pipes may end nowhere.
  void send(int from, int width, bool main, Members* members) {
    const Place& source = places_[at(from)];
    for (Place& place : places_)
      if (main && !source.pipes_only && place.pulled == from) place.width += width;
    const bool returns = main && source.back_to >= 0 && !source.pipes_only;
    if (members && !returns && from > front_ && chance(8)) width += remember(from, width, main, *members);
    if (returns)
      send_back(from, width, *members);
    else if (!members || from == last_ || !chance(3))
      arrive_next(from, width);
    else
      send_far(from, width, main, *members);
  }

  int front_ = 0, last_ = 0;
  std::vector<Place> places_;

 private:
  int first_free(int least) const { return front_ ? front_ + 2 : least; }

  void plan_place(int index) {
    Place& place = places_[at(index)];
    if (chance(3)) place.name = "layer " + std::to_string(index);
    if (front_ ? index <= front_ + 1 : chance(2)) return;
    for (int p = between(1, 3); p > 0; --p) {
      place.pipes.emplace_back();
      if (chance(2)) place.pipes.back().name = std::to_string(p) + "p" + std::to_string(index);
    }
    place.pipes_only = index > 0 && chance(4);
  }

  void plan_return(int from) {
    Place& place = places_[at(from)];
    place.fixed = between(1, 4);
    place.back_to = between(first_free(0), from);
    if (from < last_ && chance(3)) place.memory = between(1, 2);
    places_[at(place.back_to)].width += place.fixed * (1 + place.memory);
  }

  // One pipe goes to the biases of several layers, behind it in this run, before it in the next one.
  void plan_label() {
    const int width = between(1, 4);
    bool used = false;
    for (int i = first_free(1); i <= last_; ++i) {
      Place& place = places_[at(i)];
      if (place.pipes_only || place.fixed > 0 || !chance(2)) continue;
      place.fixed = width;
      place.shift = "shift";
      used = true;
    }
    if (!used) return;
    const int from = between(first_free(0), last_);
    places_[at(from)].pipes.push_back({.fixed = width, .to = "shift"});
  }

  // Nothing comes of itself from the layer in front then.
  void plan_pull(int index) {
    const int from = between(first_free(0), index - 2);
    if (!places_[at(from)].pipes_only) places_[at(index)].pulled = from;
  }

  // Answers how many values of the past go the same way.
  int remember(int from, int width, bool main, Members& members) {
    const int steps = between(1, 3);
    members.emplace_back("history", Json::integer(steps));
    if (!main || from == last_ || !chance(3)) return width * steps;
    const int target = between(from + 1, last_);  // the past goes a way of its own
    members.emplace_back("historyTo", Json::array({Json::integer(target)}));
    places_[at(target)].width += width * steps;
    return 0;
  }

  void arrive_next(int from, int width) {
    if (from < last_ && places_[at(from) + 1].pulled < 0) places_[at(from) + 1].width += width;
  }

  void send_back(int from, int width, Members& members) {
    std::vector<Json> targets;
    if (const int memory = places_[at(from)].memory; memory > 0) {
      members.emplace_back("history", Json::integer(memory));
      width *= 1 + memory;
    }
    if (from < last_) {
      targets.push_back(Json::integer(from + 1));
      places_[at(from) + 1].width += width;
    }
    targets.push_back(Json::integer(places_[at(from)].back_to));
    members.emplace_back("to", Json::array(std::move(targets)));
  }

  void send_far(int from, int width, bool main, Members& members) {
    std::vector<Json> targets;
    const bool leads_on = main || chance(2);
    for (int i = from + 1; i <= last_; ++i) {
      Place& place = places_[at(i)];
      if (i == from + 1 ? leads_on : chance(4)) {
        targets.push_back(place.name.empty() || chance(2)
                              ? Json::integer(i)
                              : Json::text(place.name + (chance(3) && !place.pipes_only ? ".input" : "")));
        place.width += width;
      }
      for (Part& pipe : place.pipes)
        if (!pipe.name.empty() && chance(6)) {
          targets.push_back(Json::text(pipe.name));
          pipe.width += width;
        }
    }
    members.emplace_back("to", targets.size() == 1 && chance(2) ? targets[0] : Json::array(targets));
  }
};

}  // namespace webai::test
