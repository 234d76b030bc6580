// gradvar report.

#include "tools/commands/commands.h"

namespace gradvar::commands {

void add_report(CLI::App&) {}

}  // namespace gradvar::commands
