// gradvar report: writes the report of a `gradvar reproduce` directory again, from its results.

#include <filesystem>
#include <iostream>
#include <memory>

#include "tools/commands/commands.h"
#include "tools/studies/compose.h"

namespace gradvar::commands {

void add_report(CLI::App& app) {
  auto directory = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "report", "Write the report of a reproduce directory again, from its results");
  command->add_option("directory", *directory, "what gradvar reproduce wrote with --out")
      ->required();
  command->callback([directory] {
    if (!std::filesystem::exists(std::filesystem::path(*directory) / "reproduce.json")) {
      throw std::invalid_argument("'" + *directory +
                                  "' holds no reproduce.json: gradvar reproduce did not write it");
    }
    compose_report(*directory, read_reproduction(*directory));
    std::cout << "The report: " << *directory << "/report.html\n";
  });
}

}  // namespace gradvar::commands
