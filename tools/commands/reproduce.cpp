// gradvar reproduce.

#include "tools/commands/commands.h"

namespace gradvar::commands {

void add_reproduce(CLI::App&) {}

}  // namespace gradvar::commands
