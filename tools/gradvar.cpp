// gradvar: the command line.
//
// Exit status: 0 done; 2 bad input, with one sentence on standard error; 1 anything else that went
// wrong; 130 stopped by Ctrl-C after saving what there was.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <stdexcept>

#include "tools/commands/commands.h"
#include "tools/cpu_tuning.h"
#include "tools/exit_status.h"
#include "tools/machine.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app(
      "Exact per-sample gradients and gradient variance of flow models, and who memorised.\n"
      "Choices are spelled name:key=value,key=value; an unknown one is answered with the list.");
  app.name("gradvar");
  app.set_version_flag("--version", "gradvar " + gradvar::describe_machine().gradvar_version);
  app.require_subcommand(1);
  app.get_formatter()->column_width(32);

  namespace commands = gradvar::commands;
  commands::add_reproduce(app);
  commands::add_train(app);
  commands::add_sample(app);
  commands::add_evaluate(app);
  commands::add_variance(app);
  commands::add_gradients(app);
  commands::add_velocity(app);
  commands::add_verify(app);
  commands::add_report(app);

  try {
    app.parse(argc, argv);
    return gradvar::kDone;
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    std::cerr << "gradvar: " << error.what() << '\n';
    return gradvar::kBadInput;
  }
}

}  // namespace

int main(int argc, char** argv) {
  gradvar::use_wide_blas_kernels(argv);
  try {
    return run(argc, argv);
  } catch (const gradvar::Stopped& stopped) {
    std::cerr << stopped.what() << '\n';
    return stopped.status;
  } catch (const std::invalid_argument& error) {
    std::cerr << "gradvar: " << error.what() << '\n';
    return gradvar::kBadInput;
  } catch (const std::bad_alloc&) {
    std::cerr << "gradvar: not enough memory\n";
    return gradvar::kFailed;
  } catch (const std::exception& error) {
    std::cerr << "gradvar: " << error.what() << '\n';
    return gradvar::kFailed;
  }
}
