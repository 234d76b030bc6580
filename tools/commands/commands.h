// commands: what the program can do. Each function adds one subcommand to the command line; its
// file says what it reads, writes and prints.
#pragma once

#include <CLI/App.hpp>

namespace gradvar::commands {

void add_train(CLI::App& app);
void add_pairs(CLI::App& app);
void add_sample(CLI::App& app);
void add_images(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_diagnose(CLI::App& app);
void add_reflow(CLI::App& app);
void add_gradients(CLI::App& app);
void add_velocity(CLI::App& app);
void add_variance(CLI::App& app);
void add_theory(CLI::App& app);
void add_verify(CLI::App& app);
void add_reproduce(CLI::App& app);
void add_report(CLI::App& app);

}  // namespace gradvar::commands
