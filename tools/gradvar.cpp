// gradvar: the command line.
//
// Exit status: 0 done; 2 bad input or a disk that refused, with one sentence on standard error; 1
// anything else that went wrong; 130 or 143 stopped by Ctrl-C or SIGTERM after saving what there
// was.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>
#include <stdexcept>

#include "io/atomic_file.h"
#include "tools/command_line.h"
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
  app.get_formatter()->column_width(34);
  app.get_formatter()->label("OPTIONS", "--option VALUE ...");
  app.footer(
      "Begin with\n"
      "  gradvar train --target moons --steps 2000 --out runs/moons\n"
      "  gradvar sample --run runs/moons --count 1000 --out points.csv\n"
      "'gradvar COMMAND --help' shows a command's options, their defaults and an example.");

  namespace commands = gradvar::commands;
  commands::add_reproduce(app);
  commands::add_train(app);
  commands::add_pairs(app);
  commands::add_sample(app);
  commands::add_images(app);
  commands::add_evaluate(app);
  commands::add_diagnose(app);
  commands::add_reflow(app);
  commands::add_variance(app);
  commands::add_gradients(app);
  commands::add_velocity(app);
  commands::add_theory(app);
  commands::add_verify(app);
  commands::add_report(app);

  gradvar::check_words(app, std::vector<std::string>(argv + 1, argv + argc));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    throw std::invalid_argument(error.what());
  }
  return gradvar::kDone;
}

// Results that did not arrive are an error too.
void flush_results() {
  if (std::cout.flush() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw gradvar::DiskError("cannot write to standard output");
}

int complain(const std::string& sentence, int status) {
  if (!sentence.empty()) std::cerr << "gradvar: " << sentence << '\n';
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  gradvar::use_wide_blas_kernels(argv);
#ifdef SIGXFSZ
  std::signal(SIGXFSZ,
              SIG_IGN);  // a file that may not grow is an error of write(), with a sentence
#endif
  try {
    const int status = run(argc, argv);
    flush_results();
    return status;
  } catch (const gradvar::Stopped& stopped) {
    return complain(stopped.what(), stopped.status);
  } catch (const std::invalid_argument& error) {
    return complain(error.what(), gradvar::kBadInput);
  } catch (const gradvar::DiskError& error) {
    return complain(error.what(), gradvar::kBadInput);
  } catch (const std::bad_alloc&) {
    return complain("not enough memory", gradvar::kFailed);
  } catch (const std::exception& error) {
    return complain(error.what(), gradvar::kFailed);
  }
}
