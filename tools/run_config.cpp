#include "tools/run_config.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& text,
                         const std::string& expected) {
  throw std::invalid_argument(what + " is '" + text + "', expected " + expected);
}

template <class Integer>
Integer parse_whole(const std::string& what, const std::string& text) {
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    refuse(what, text, "a whole number");
  }
  return value;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

const std::vector<RunField>& run_fields() {
  using C = RunConfig;
  static const std::vector<RunField> fields = {
      {"source", &C::source, "where flows start, gaussian:dim=2", true},
      {"target", &C::target, "where they end, mixture:dim=3,components=5", true},
      {"coupling", &C::coupling, "who is paired with whom, rotation:angle=180", true},
      {"pairs", &C::pairs, "number of fixed pairs; those measured when pairs are resampled", true},
      {"pairing", &C::pairing, "fixed, or resampled at every step", true},
      {"interpolant", &C::interpolant, "linear, constant:sigma=0.05, bridge:sigma=0.1", true},
      {"model", &C::model, "mlp:width=64,depth=3,activation=selu", true},
      {"steps", &C::steps, "training steps", false},
      {"batch", &C::batch, "samples a step", true},
      {"learning-rate", &C::learning_rate, "peak learning rate", true},
      {"optimizer", &C::optimizer, "adam, adamw:weight-decay=0.01, sgd:momentum=0.9", true},
      {"schedule", &C::schedule, "constant, cosine:warmup=100", true},
      {"clip", &C::clip, "largest gradient norm, 0 for none", true},
      {"ema", &C::ema, "decay of the average of weights, 0 for none", true},
      {"seed", &C::seed, "seed of everything random", true},
      {"threads", &C::threads, "threads, 0 to choose; never changes a number", false},
      {"lanes", &C::lanes, "pieces a batch is cut into", true},
      {"precision", &C::precision, "f32 or f64", true},
      {"checkpoint-every", &C::checkpoint_every, "steps, 0 for the end only", false},
      {"monitor-every", &C::monitor_every, "steps between variance measurements, 0 for none",
       false},
      {"keep", &C::keep, "checkpoints kept", false},
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
          value = parse_whole<Type>(what, text);
        }
      },
      field.member);
}

void check_run(const RunConfig& config) {
  const auto at_least = [&](const std::string& key, std::int64_t value, std::int64_t least) {
    if (value < least) {
      throw std::invalid_argument("--" + key + " is " + std::to_string(value) + ", expected " +
                                  std::to_string(least) + " or more");
    }
  };
  at_least("pairs", config.pairs, 1);
  at_least("steps", config.steps, 1);
  at_least("batch", config.batch, 1);
  at_least("threads", config.threads, 0);
  at_least("lanes", config.lanes, 1);
  at_least("checkpoint-every", config.checkpoint_every, 0);
  at_least("monitor-every", config.monitor_every, 0);
  at_least("keep", config.keep, 1);
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
  if (config.precision != "f32" && config.precision != "f64") {
    refuse("--precision", config.precision, "f32 or f64");
  }
}

void read_run_toml(const std::filesystem::path& path, RunConfig& config) {
  std::istringstream text(read_file(path.string()));
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(text);
  } catch (const CLI::Error& error) {
    refuse_file(path.string(), error.what());
  }
  std::vector<std::string> seen;
  for (const CLI::ConfigItem& item : items) {
    const std::string name = item.fullname();
    const auto& fields = run_fields();
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&](const RunField& f) { return f.key == name; });
    if (field == fields.end()) {
      std::string known;
      for (const RunField& f : fields) known += (known.empty() ? "" : ", ") + f.key;
      refuse_file(path.string(), "unknown key '" + name + "', expected one of " + known);
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      refuse_file(path.string(), "the key '" + name + "' is given twice");
    }
    seen.push_back(name);
    if (item.inputs.size() != 1) {
      refuse_file(path.string(), "the key '" + name + "' has " +
                                     std::to_string(item.inputs.size()) + " values, expected one");
    }
    set_field(config, *field, item.inputs[0], path.string() + ": " + name);
  }
}

std::string run_toml(const RunConfig& config) {
  std::string text = "# gradvar train --config run.toml --out DIR\n";
  for (const RunField& field : run_fields()) {
    const std::string value = field_text(config, field);
    const bool is_text = std::holds_alternative<std::string RunConfig::*>(field.member);
    text += field.key + " = " + (is_text ? quoted(value) : value) + "\n";
  }
  return text;
}

void write_run_toml(const std::filesystem::path& path, const RunConfig& config) {
  write_file(path.string(), run_toml(config));
}

}  // namespace gradvar
