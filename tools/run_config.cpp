#include "tools/run_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "flow/spectrum.h"
#include "io/atomic_file.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "tools/toml.h"

namespace gradvar {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& text,
                         const std::string& expected) {
  throw std::invalid_argument(what + " is '" + text + "', expected " + expected);
}

template <class Integer>
std::optional<Integer> whole_from_text(const std::string& text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Integer>
Integer any_whole(const std::string& what, const std::string& text) {
  const std::optional<Integer> value = whole_from_text<Integer>(text);
  if (value) return *value;
  refuse(what, text,
         "a whole number" + std::string(std::is_signed_v<Integer> ? "" : ", 0 or more,") +
             " of at most " + std::to_string(std::numeric_limits<Integer>::max()));
}

bool is_text(const RunField& field) {
  return std::holds_alternative<std::string RunConfig::*>(field.member);
}

}  // namespace

const std::vector<RunField>& run_fields() {
  using C = RunConfig;
  static const std::vector<RunField> fields = {
      {"source", &C::source, "SPEC", "where flows start", true},
      {"target", &C::target, "SPEC", "where they end", true},
      {"coupling", &C::coupling, "SPEC", "who is paired with whom", true},
      {"pairs", &C::pairs, "N", "fixed pairs; those measured when pairs are resampled", true},
      {"pairs-file", &C::pairs_file, "FILE",
       "pairs of gradvar pairs, or x0 and x1 of any safetensors file, instead of drawing them",
       true},
      {"pairing", &C::pairing, "fixed|resampled", "keep the pairs, or draw new ones each step",
       true},
      {"interpolant", &C::interpolant, "SPEC", "the path between a pair, and its noise", true},
      {"model", &C::model, "SPEC", "the network", true},
      {"steps", &C::steps, "N", "training steps in all", false},
      {"batch", &C::batch, "N", "samples a step", true},
      {"learning-rate", &C::learning_rate, "X", "peak learning rate", true},
      {"optimizer", &C::optimizer, "SPEC", "the update rule", true},
      {"schedule", &C::schedule, "SPEC", "the learning rate over the steps", true},
      {"clip", &C::clip, "X", "largest norm of a step's gradient, 0 for no limit", true},
      {"ema", &C::ema, "X", "decay of the average of weights a step, 0 for no average", true},
      {"seed", &C::seed, "N", "seed of everything random", true},
      {"threads", &C::threads, "N", "0 to choose; never changes a number", false},
      {"lanes", &C::lanes, "N", "pieces a batch is cut into; part of the numbers", true},
      {"precision", &C::precision, "f32|f64", "of the model", true},
      {"checkpoint-every", &C::checkpoint_every, "N", "steps; 0: when stopped and at the end only",
       false},
      {"monitor-every", &C::monitor_every, "N",
       "steps between measurements of the exact gradient variance; 0: at the end only (with "
       "bridge-full, where it is infinite up to 0 and 1: over t in [0.01, 0.99])",
       false},
      {"monitor-spectrum", &C::monitor_spectrum, "N",
       "samples whose gradients' covariance spectrum is measured with it; 0: none", false},
      {"samples-every", &C::samples_every, "N",
       "steps between pictures of samples, samples/step-*.png, for images; 0: none", false},
      {"keep", &C::keep, "N", "checkpoints kept", false},
  };
  return fields;
}

std::string field_text(const RunConfig& config, const RunField& field) {
  return std::visit(
      [&](auto member) -> std::string {
        const auto& value = config.*member;
        using Type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Type, std::string>) {
          return value;
        } else if constexpr (std::is_same_v<Type, double>) {
          return number_text(value);
        } else {
          return std::to_string(value);
        }
      },
      field.member);
}

void set_field(RunConfig& config, const RunField& field, const std::string& text,
               const std::string& what) {
  std::visit(
      [&](auto member) {
        auto& value = config.*member;
        using Type = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Type, std::string>) {
          value = text;
        } else if constexpr (std::is_same_v<Type, double>) {
          const std::optional<double> number = number_from_text(text);
          if (!number || !std::isfinite(*number)) refuse(what, text, "a finite number");
          value = *number;
        } else {
          value = any_whole<Type>(what, text);
        }
      },
      field.member);
}

std::int64_t parse_whole(const std::string& what, const std::string& text, std::int64_t least,
                         std::int64_t most) {
  const std::optional<std::int64_t> value = whole_from_text<std::int64_t>(text);
  if (value && *value >= least && *value <= most) return *value;
  refuse(what, text,
         "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
}

void check_run(const RunConfig& config) {
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  // A sample's number within a step is a counter of 32 bits (autograd/random.h).
  constexpr std::int64_t kSamples = std::numeric_limits<std::uint32_t>::max();
  const auto within = [](const std::string& key, std::int64_t value, std::int64_t least,
                         std::int64_t most) {
    if (value >= least && value <= most) return;
    throw std::invalid_argument(
        "--" + key + " is " + std::to_string(value) + ", expected " +
        (value < least ? std::to_string(least) + " or more" : "at most " + std::to_string(most)));
  };
  within("pairs", config.pairs, 1, kSamples);
  within("steps", config.steps, 1, kAny);
  within("batch", config.batch, 1, kSamples);
  within("threads", config.threads, 0, kMostThreads);
  within("lanes", config.lanes, 1, kMostLanes);
  within("checkpoint-every", config.checkpoint_every, 0, kAny);
  within("monitor-every", config.monitor_every, 0, kAny);
  within("samples-every", config.samples_every, 0, kAny);
  within("monitor-spectrum", config.monitor_spectrum, 0, kMostSpectrumSamples);
  if (config.monitor_spectrum == 1) {
    refuse("--monitor-spectrum", "1", "0 for none, or two samples or more");
  }
  within("keep", config.keep, 1, 1000000);
  if (config.learning_rate <= 0) {
    refuse("--learning-rate", number_text(config.learning_rate), "a number above 0");
  }
  if (config.clip < 0) refuse("--clip", number_text(config.clip), "0 or more");
  if (config.ema < 0 || config.ema >= 1) {
    refuse("--ema", number_text(config.ema), "a decay from 0 to below 1");
  }
  if (config.pairing != "fixed" && config.pairing != "resampled") {
    refuse("--pairing", config.pairing, "fixed or resampled");
  }
  if (!config.pairs_file.empty() && config.pairing == "resampled") {
    throw std::invalid_argument(
        "--pairing resampled draws new pairs at every step, --pairs-file keeps those of a file: "
        "give one of the two");
  }
  if (config.precision != "f32" && config.precision != "f64") {
    refuse("--precision", config.precision, "f32 or f64");
  }
}

bool schedule_looks_ahead(const RunConfig& config) {
  return config.schedule.substr(0, config.schedule.find(':')) != "constant";
}

void check_same_numbers(const RunConfig& saved, const RunConfig& wanted,
                        const std::string& directory) {
  for (const RunField& field : run_fields()) {
    const bool steps = field.key == "steps" && schedule_looks_ahead(saved);
    if (!field.decides_numbers && !steps) continue;
    const std::string before = field_text(saved, field), now = field_text(wanted, field);
    if (before == now) continue;
    throw std::invalid_argument("--" + field.key + " is '" + now + "', but the run in '" +
                                directory + "' was started with '" + before +
                                "': a resumed run keeps what decides its numbers" +
                                (steps ? ", and its schedule depends on the steps" : ""));
  }
}

void read_run_toml(const std::filesystem::path& path, RunConfig& config) {
  for (const TomlEntry& entry : parse_toml(path.string(), read_file(path.string()))) {
    const std::string where = path.string() + ":" + std::to_string(entry.line);
    const auto& fields = run_fields();
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const RunField& f) { return f.key == entry.key; });
    if (field == fields.end()) {
      std::vector<std::string> known;
      for (const RunField& f : fields) known.push_back(f.key);
      refuse_file(where, "unknown key '" + entry.key + "', expected one of " + list_of(known));
    }
    if (entry.is_text != is_text(*field)) {
      refuse_file(where, entry.key + " is " +
                             (entry.is_text ? toml_quoted(entry.value) : entry.value) +
                             ", expected " +
                             (is_text(*field) ? "text in quotes" : "a number without quotes"));
    }
    set_field(config, *field, entry.value, where + ": " + entry.key);
  }
}

std::string run_toml(const RunConfig& config) {
  std::string text = "# gradvar train --config run.toml --out DIR\n";
  for (const RunField& field : run_fields()) {
    const std::string value = field_text(config, field);
    text += field.key + " = " + (is_text(field) ? toml_quoted(value) : value) + "\n";
  }
  return text;
}

void write_run_toml(const std::filesystem::path& path, const RunConfig& config) {
  write_file(path.string(), run_toml(config));
}

}  // namespace gradvar
