// webai schema: the model language for editors and other programs.
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/terminal.h"

namespace webai::cli {
namespace {

class Schema final : public Command {
 public:
  void declare(Arguments& arguments) override { common_.declare(arguments); }
  int run() override {
    print(model_schema(common_.context()) + "\n");
    return exit_done;
  }

 private:
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_schema() { return std::make_unique<Schema>(); }

}  // namespace webai::cli
