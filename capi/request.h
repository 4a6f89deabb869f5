// What the caller of an operation gave, for functions of the host that stand in for the library's own way of doing it.
#pragma once

#include <string_view>
#include <thread>

#include "capi/future.h"
#include "capi/network.h"
#include "capi/value.h"

namespace webai::capi {

/// Lives while this thread works on an operation of a network.
class Request {
 public:
  Request(NetworkValue& net, webai_value* opts, webai_value* cancel);
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  /// The latest of this thread. Throws where there is none.
  static Request& current(webai_context& context);

  NetworkValue& net() const noexcept { return net_; }
  webai_value* opts() const noexcept { return opts_.get(); }
  const Cancel* cancel() const noexcept { return cancel_.get(); }

  Value answer;  ///< what the host's function gave, where it was called
  std::shared_ptr<const std::atomic<bool>> stopped = {};  ///< of a training: whether it was told to stop before it began

 private:
  NetworkValue& net_;
  const Value opts_;
  const Ref<Cancel> cancel_;
  const std::thread::id thread_ = std::this_thread::get_id();
};

/// "train", "run", "verify", "export", with the name: how such a function is registered.
std::string algorithm_name(std::string_view kind, std::string_view name);

/// What the library says, then what else the host's function said, as one map.
Value merged(webai_context& context, Value info, const Value& answer);

}  // namespace webai::capi
