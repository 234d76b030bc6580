// gradvar verify: are the per-sample gradients exact, on this machine, in this build?
//
// Every op and every kind of model, in f64 and f32, against finite differences, the loop over
// single samples, and closed forms. Exit status 0 when all is within the promised bounds, else 1.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>

#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/exit_status.h"
#include "tools/json_text.h"
#include "tools/machine.h"
#include "tools/verify/verification.h"

namespace gradvar::commands {

namespace {

void run(const OutputOptions& output) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<VerificationRow> rows = verify_everything();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const auto within = std::ranges::count_if(rows, &VerificationRow::within);
  if (output.json) {
    std::cout << json_text(to_json(rows)) << '\n';
  } else if (!output.quiet) {
    std::cout << describe_machine().line() << "\n\n";
    print_verification(std::cout, rows);
    std::printf("\n%td of %zu within their bounds, in %.1f s\n", within, rows.size(),
                seconds.count());
  }
  if (!all_within(rows)) {
    throw Stopped(kFailed, "gradvar: " + std::to_string(rows.size() - within) + " of " +
                               std::to_string(rows.size()) +
                               " checks are outside the promised bounds");
  }
}

}  // namespace

void add_verify(CLI::App& app) {
  auto options = std::make_shared<OutputOptions>();
  CLI::App* command =
      app.add_subcommand("verify", "Check that per-sample gradients are exact, here and now");
  add_output_options(*command, *options);
  command->callback([options] { run(*options); });
}

}  // namespace gradvar::commands
