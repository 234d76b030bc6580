// run_config: everything that decides a training run's numbers, in one place.
//
// The fields below are at once the options of `gradvar train`, the keys of run.toml and what a
// checkpoint is checked against: run_fields() lists them once. DIR/run.toml is written with every
// key, so that `gradvar train --config DIR/run.toml --out OTHER` makes the run again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace gradvar {

inline constexpr std::int64_t kMostThreads = 1024;
inline constexpr std::int64_t kMostLanes = 4096;  // what the engine takes

struct RunConfig {
  std::string source = "gaussian:dim=2";
  std::string target = "gaussian:dim=2,mean=5";
  std::string coupling = "independent";
  std::int64_t pairs = 500;
  std::string pairs_file = {};  // empty: drawn
  std::string pairing = "fixed";
  std::string interpolant = "linear";
  std::string model = "mlp";
  std::int64_t steps = 10000;
  std::int64_t batch = 256;
  double learning_rate = 1e-3;
  std::string optimizer = "adam";
  std::string schedule = "constant";
  double clip = 0;
  double ema = 0;
  std::uint64_t seed = 0;
  std::int64_t threads = 0;  // 0: as many as there are lanes or cores, whichever is fewer
  std::int64_t lanes = 2;
  std::string precision = "f32";
  std::int64_t checkpoint_every = 0;  // 0: at the end only
  std::int64_t monitor_every = 0;     // 0: never
  std::int64_t monitor_spectrum = 0;  // samples; 0: no spectrum
  std::int64_t samples_every = 0;     // steps; 0: no pictures
  std::int64_t keep = 2;
};

using FieldPointer = std::variant<std::string RunConfig::*, std::int64_t RunConfig::*,
                                  std::uint64_t RunConfig::*, double RunConfig::*>;
struct RunField {
  std::string key;  // "learning-rate", as the option without its dashes
  FieldPointer member;
  std::string kind;  // "SPEC", "N", "X", "fixed|resampled": what stands behind it in --help
  std::string help;
  bool decides_numbers;  // false for what may change on resume without changing a bit
};
[[nodiscard]] const std::vector<RunField>& run_fields();

// The value of a field as text, and back. Setting throws std::invalid_argument
// "<what> is 'abc', expected a whole number".
[[nodiscard]] std::string field_text(const RunConfig& config, const RunField& field);
void set_field(RunConfig& config, const RunField& field, const std::string& text,
               const std::string& what);

// A whole number from `least` to `most`. Throws std::invalid_argument
// "<what> is '0', expected a whole number from 1 to 4096".
[[nodiscard]] std::int64_t parse_whole(const std::string& what, const std::string& text,
                                       std::int64_t least, std::int64_t most);

// Throws std::invalid_argument for numbers outside their range and unknown pairing or precision,
// naming the option: "--batch is 0, expected 1 or more".
void check_run(const RunConfig& config);

// Throws std::invalid_argument naming the first setting that decides numbers and differs:
// "--batch is '128', but the run in 'DIR' was started with '256': ...". The number of steps is one
// where the schedule looks ahead.
void check_same_numbers(const RunConfig& saved, const RunConfig& wanted,
                        const std::string& directory);
// Whether the learning rate of a step depends on how many there will be.
[[nodiscard]] bool schedule_looks_ahead(const RunConfig& config);

// TOML (tools/toml.h). Reading starts from `config` and throws std::invalid_argument with the file,
// the line and the key when a key is unknown, given twice, or its value is of the wrong type.
void read_run_toml(const std::filesystem::path& path, RunConfig& config);
void write_run_toml(const std::filesystem::path& path, const RunConfig& config);
[[nodiscard]] std::string run_toml(const RunConfig& config);

}  // namespace gradvar
