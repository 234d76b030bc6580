#include "tools/reflow/rounds.h"

#include <algorithm>
#include <stdexcept>

#include "io/atomic_file.h"
#include "tools/commands/options.h"
#include "tools/diagnose/sweep.h"
#include "tools/json_text.h"
#include "tools/reflow/round.h"
#include "tools/run_directory.h"
#include "tools/run_flow.h"
#include "tools/saved_run.h"

namespace gradvar {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kRequest = "reflow.json";

fs::path record_path(const ReflowOptions& options, int round) {
  return fs::path(options.out) / ("measured-" + std::to_string(round) + ".json");
}

json read_json(const fs::path& path) {
  if (!fs::exists(path)) return nullptr;
  json file = json::parse(read_file(path.string()), nullptr, false);
  return file.is_object() ? file : json(nullptr);
}

bool ours(const std::string& file) {
  const std::string name = file.substr(0, file.find(".tmp-"));  // what a killed process left
  return name == kRequest || name.starts_with("round-") || name.starts_with("measured-") ||
         name == "rounds.csv" || name == "summary.json" || name == "figures" ||
         name == "report.html" || name.starts_with('.');
}

}  // namespace

fs::path round_directory(const ReflowOptions& options, int round) {
  if (round == 0) return options.run;
  return fs::path(options.out) / ("round-" + std::to_string(round));
}

RunConfig round_config(const ReflowOptions& options, const RunConfig& run, int round) {
  RunConfig config = run;
  const fs::path directory = round_directory(options, round);
  config.coupling = FlowCouplingOptions{.run = round_directory(options, round - 1).string(),
                                        .direction = options.direction,
                                        .solver = options.solver}
                        .spec();
  config.pairs_file = (directory / "pairs.safetensors").string();
  config.pairing = "fixed";
  if (options.pairs > 0) config.pairs = options.pairs;
  if (options.steps > 0) config.steps = options.steps;
  if (options.sigma) {
    try {
      config.interpolant = with_sigma(config.interpolant, *options.sigma);
    } catch (const std::invalid_argument&) {
      throw std::invalid_argument("--sigma: the run's interpolant is '" + config.interpolant +
                                  "', which takes no noise, expected linear, constant or a bridge");
    }
  }
  config.seed = seed_of_next_round(options.run, run) + static_cast<std::uint64_t>(round) - 1;
  config.threads = options.threads;
  config.monitor_every = config.samples_every = 0;
  config.checkpoint_every = std::max<std::int64_t>(config.steps / 10, 1);
  return config;
}

std::string reflow_settings(const ReflowOptions& options) {
  const std::unique_ptr<RunFlow> flow = RunFlow::read(options.run, "--run", options.threads);
  std::string text = run_toml(round_config(options, flow->config(), 1));
  text += "weights " + flow->weights_fingerprint() + " start " + (options.warm ? "warm" : "fresh") +
          " fresh " + std::to_string(options.fresh) + " sets " + std::to_string(options.sets);
  // Threads change no number.
  const std::size_t threads = text.find("threads = ");
  if (threads != std::string::npos) text.erase(threads, text.find('\n', threads) - threads);
  return text;
}

void check_reflow_directory(const ReflowOptions& options, const std::string& settings) {
  const fs::path directory = options.out;
  const json request = read_json(directory / kRequest);
  if (request.is_null()) {
    // Without its request nothing is this command's, but for what a lock leaves.
    check_nothing_foreign("--out", directory, "reflow",
                          [](const std::string& name) { return name.starts_with('.'); });
    return;
  }
  check_nothing_foreign("--out", directory, "reflow", ours);
  if (request.value("settings", "") == settings) return;
  throw std::invalid_argument("--out: '" + options.out +
                              "' holds the results of another command, '" +
                              request.value("command", "") +
                              "', or of a run that was trained on since; give another directory");
}

std::vector<json> rectify(const ReflowOptions& options, const std::string& settings,
                          ProgressMode mode,
                          const std::function<void(const std::vector<json>&)>& after) {
  const RunConfig run = saved_config(options.run);
  write_file((fs::path(options.out) / kRequest).string(),
             json_text(json{{"settings", settings}, {"command", options.command}}) + "\n");
  std::vector<json> records;
  for (int round = 0; round <= options.rounds; ++round) {
    json record = read_json(record_path(options, round));
    if (record.is_null()) {
      with_precision(run.precision, [&](auto real) {
        record = make_round<decltype(real)>(options, run, round, mode);
      });
      write_file(record_path(options, round).string(), json_text(record) + "\n");
    }
    records.push_back(std::move(record));
    if (round > 0) after(records);
  }
  return records;
}

}  // namespace gradvar
