// gradvar verify.

#include "tools/commands/commands.h"

namespace gradvar::commands {

void add_verify(CLI::App&) {}

}  // namespace gradvar::commands
