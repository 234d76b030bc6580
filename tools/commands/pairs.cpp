// gradvar pairs: who is paired with whom, before any training: x0 and x1 to a file with where they
// came from (tools/pairs_file.h), for `gradvar train --pairs-file` and for other programs.

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "io/number_text.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/pairs_file.h"
#include "tools/problem.h"

namespace gradvar::commands {

namespace {

struct PairsCommand {
  RunConfig config;
  std::string out;
  OutputOptions output;
};

void run(const PairsCommand& options) {
  if (!options.out.ends_with(".safetensors")) {
    throw std::invalid_argument("--out: '" + options.out + "' should end in .safetensors");
  }
  check_run(options.config);
  check_writable("--out", options.out,
                 {file_of(options.config.source), file_of(options.config.target)});
  const Problem problem(options.config);
  pairs_writer(problem, options.config).write(options.out);
  const double cost = mean_cost(problem.pairs());
  if (options.output.json) {
    std::cout << nlohmann::json{{"pairs", problem.pairs().x0.rows()},
                                {"source", problem.source().spec()},
                                {"target", problem.target().spec()},
                                {"coupling", problem.coupling().spec()},
                                {"seed", options.config.seed},
                                {"cost", cost},
                                {"out", options.out}}
                     .dump(2)
              << '\n';
  } else if (!options.output.quiet) {
    std::cout << problem.pairs().x0.rows() << " pairs to " << options.out
              << ", mean squared distance " << number_text(cost) << '\n';
  }
}

}  // namespace

void add_pairs(CLI::App& app) {
  auto options = std::make_shared<PairsCommand>();
  CLI::App* command = app.add_subcommand("pairs", "Pair sources with targets, to a file");
  command->footer(
      "Writes x0 and x1 [N, ...], and source, target, coupling, seed and cost, which is the mean\n"
      "|x1 - x0|^2, as the file's metadata. The couplings, with their defaults:\n"
      "  independent   permutation   optimal   rotation:angle=DEGREES,planes=1 (or all)\n"
      "  affine:matrix=1,offset=0   assignment   minibatch:size=256   adversarial:fraction=1\n"
      "  entropic:epsilon=0.05,partner=sampled (or barycentric; epsilon in mean costs)\n"
      "Example\n"
      "  gradvar pairs --target moons --pairs 1000 --coupling assignment --out pairs.safetensors\n"
      "  gradvar train --pairs-file pairs.safetensors --out runs/assigned");
  for (const RunField& field : run_fields()) {
    const std::string& key = field.key;
    if (key != "source" && key != "target" && key != "coupling" && key != "pairs" &&
        key != "seed") {
      continue;
    }
    command
        ->add_option_function<std::string>(
            "--" + key,
            [options, &field](const std::string& text) {
              set_field(options->config, field, text, "--" + field.key);
            },
            key == "pairs" ? "how many" : field.help)
        ->type_name(field.kind)
        ->default_str(field_text(options->config, field));
  }
  add_text(*command, "--out", options->out, "FILE", "safetensors to write")->required();
  add_output_options(*command, options->output);
  command->callback([options] { run(*options); });
}

}  // namespace gradvar::commands
