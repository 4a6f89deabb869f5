// webai ops: the words a model may use.
#include <algorithm>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/json_text.h"
#include "cli/terminal.h"
#include "webai/error.hpp"

namespace webai::cli {
namespace {

class Ops final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(name_, "name", "NAME: the one to explain", Need::optional);
    arguments.text(domain_, "--domain", "D", "core, ...; default: core");
    common_.declare(arguments);
  }

  int run() override {
    std::vector<OperationDescription> all = operations(domain_);
    if (all.empty()) throw Error(Code::not_found, {.message = "there is no domain \"" + domain_ + "\"", .reason = "DOMAIN"});
    if (!name_.empty()) {
      std::erase_if(all, [&](const OperationDescription& one) { return one.name != name_; });
      if (all.empty())
        throw Error(Code::not_found, {.message = "there is no operator or layer \"" + name_ + "\" in domain " + domain_,
                                      .reason = "OPERATION", .hint = "see webai ops"});
    }
    print(common_.json ? as_json(all) : name_.empty() ? as_list(all) : as_pages(all));
    return exit_done;
  }

 private:
  static std::string as_json(const std::vector<OperationDescription>& all) {
    std::vector<std::string> items;
    for (const OperationDescription& one : all)
      items.push_back(JsonObject().text("name", one.name).text("domain", one.domain).text("kind", one.kind)
                          .text("doc", one.doc).text("page", one.page).str());
    return JsonObject().raw("operations", json_list(items)).str() + "\n";
  }

  static std::string as_pages(const std::vector<OperationDescription>& all) {
    std::string text;
    for (const OperationDescription& one : all) text += (text.empty() ? "" : "\n") + one.page;
    return text;
  }

  static std::string as_list(const std::vector<OperationDescription>& all) {
    std::size_t names = 0;
    for (const OperationDescription& one : all) names = std::max(names, one.name.size());
    std::string text, kind;
    for (const OperationDescription& one : all) {
      if (one.kind != kind) text += (text.empty() ? "" : "\n") + one.kind + "s\n";
      kind = one.kind;
      text += "  " + one.name + std::string(names - one.name.size() + 2, ' ') + one.doc + "\n";
    }
    return text;
  }

  std::string name_, domain_ = "core";
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_ops() { return std::make_unique<Ops>(); }

}  // namespace webai::cli
