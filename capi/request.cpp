#include "capi/request.h"

#include <algorithm>

#include "capi/guard.h"

namespace webai::capi {

Request::Request(NetworkValue& net, webai_value* opts, webai_value* cancel)
    : net_(net), opts_(Value::share(opts)), cancel_(Ref<Cancel>::share(static_cast<Cancel*>(cancel))) {
  const std::lock_guard guard(net_.context->mutex);
  net_.context->requests.push_back(this);
}

Request::~Request() {
  const std::lock_guard guard(net_.context->mutex);
  std::erase(net_.context->requests, this);
}

Request& Request::current(webai_context& context) {
  const std::lock_guard guard(context.mutex);
  const auto own = std::find_if(context.requests.rbegin(), context.requests.rend(), [](const Request* request) {
    return request->thread_ == std::this_thread::get_id();
  });
  if (own == context.requests.rend()) refuse(Code::unsupported, "REQUEST", "this function belongs to a network that is at work");
  return **own;
}

std::string algorithm_name(std::string_view kind, std::string_view name) {
  return std::string(kind) + " " + std::string(name);
}

Value merged(webai_context& context, Value info, const Value& answer) {
  if (kind_of(answer.get()) != WEBAI_MAP) return info;
  std::vector<Map::Entry> entries = static_cast<Map*>(info.get())->entries();
  for (const Map::Entry& entry : static_cast<Map*>(answer.get())->entries())
    if (std::ranges::find(entries, entry.first, &Map::Entry::first) == entries.end()) entries.push_back(entry);
  return make_map(context, std::move(entries));
}

}  // namespace webai::capi
