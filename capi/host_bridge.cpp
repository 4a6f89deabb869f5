#include "capi/host_bridge.h"

namespace webai::capi {

std::shared_ptr<HostBridge> HostBridge::make(const webai_host& given, Received& received,
                                             std::optional<Context> system) {
  auto* const bridge = new HostBridge(given, std::move(system));
  const auto let_go = [](HostBridge* last) {
    // The host hears of the end on its own thread where there is a way to get there.
    if (last->destroy_ && last->has_post() && std::this_thread::get_id() != last->loop_thread_)
      last->post(last);
    else
      delete last;
  };
  std::shared_ptr<HostBridge> shared(bridge, let_go);
  bridge->destroy_ = received.take();
  return shared;
}

HostBridge::~HostBridge() {
  if (destroy_) destroy_(host_.user_data);
}

void* HostBridge::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (host_.alloc) return host_.alloc(host_.user_data, bytes, alignment);
  return system_ ? system_->host().allocate(bytes, alignment) : nullptr;
}

void HostBridge::deallocate(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
  if (host_.alloc)
    host_.dealloc(host_.user_data, memory, bytes, alignment);
  else if (system_)
    system_->host().deallocate(memory, bytes, alignment);
}

double HostBridge::now() noexcept {
  if (host_.now) return host_.now(host_.user_data);
  return system_ ? system_->host().now() : 0;
}

bool HostBridge::entropy(void* bytes, std::size_t size) noexcept {
  if (host_.entropy) return host_.entropy(host_.user_data, bytes, size) == 0;
  return system_ && system_->host().entropy(bytes, size);
}

void HostBridge::log(int level, std::string_view text) noexcept {
  // Inside, errors are level 0; in webai_config 0 means the default, so there they are 1.
  if (host_.log) host_.log(host_.user_data, level + 1, text.data(), text.size());
}

}  // namespace webai::capi
