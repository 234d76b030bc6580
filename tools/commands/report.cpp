// gradvar report: writes the report of a `gradvar reproduce` directory again, from its results.

#include <filesystem>
#include <iostream>
#include <memory>

#include "io/atomic_file.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/studies/compose.h"

namespace gradvar::commands {

void add_report(CLI::App& app) {
  auto directory = std::make_shared<std::string>();
  auto output = std::make_shared<OutputOptions>();
  CLI::App* command = app.add_subcommand(
      "report", "Write the report of a reproduce directory again, from its results");
  command->add_option("directory", *directory, "what gradvar reproduce wrote with --out")
      ->required();
  add_output_options(*command, *output);
  command->callback([directory, output] {
    if (!std::filesystem::exists(std::filesystem::path(*directory) / "reproduce.json")) {
      throw std::invalid_argument("'" + *directory +
                                  "' holds no reproduce.json: gradvar reproduce did not write it");
    }
    compose_report(*directory, read_reproduction(*directory));
    if (output->json) {
      std::cout << read_file((std::filesystem::path(*directory) / "summary.json").string());
    } else if (!output->quiet) {
      std::cout << "The report: " << *directory << "/report.html\n";
    }
  });
}

}  // namespace gradvar::commands
