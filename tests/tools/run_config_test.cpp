#include "tools/run_config.h"

#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::run_config_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

// Another value than the default for every key.
RunConfig unusual() {
  return {.source = "gaussian:mean=\"1,2\"",
          .target = "csv:a \"b\"\\c.csv",
          .coupling = "rotation:angle=120",
          .pairs = 17,
          .pairs_file = "p.safetensors",
          .pairing = "resampled",
          .interpolant = "constant:sigma=0.05",
          .model = "mlp:width=8",
          .steps = 9,
          .batch = 5,
          .learning_rate = 0.1 + 0.2,
          .optimizer = "sgd:momentum=0.9",
          .schedule = "cosine:warmup=3",
          .clip = 1.5,
          .ema = 0.99,
          .seed = 18446744073709551615u,
          .threads = 3,
          .lanes = 4,
          .precision = "f64",
          .checkpoint_every = 6,
          .monitor_every = 7,
          .monitor_spectrum = 9,
          .samples_every = 11,
          .keep = 8};
}

std::string read_refusal(const std::string& text) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "run.toml";
  write_file(path, text);
  RunConfig config;
  const std::string error = error_of([&] { read_run_toml(path, config); });
  return error.starts_with(path) ? "run.toml" + error.substr(path.size()) : error;
}

std::string check_refusal(const std::string& key, const std::string& value) {
  return error_of([&] {
    RunConfig config;
    for (const RunField& field : run_fields()) {
      if (field.key == key) set_field(config, field, value, "--" + key);
    }
    check_run(config);
  });
}

TEST(RunConfig, EveryKeyRoundTripsThroughToml) {
  const ScratchDirectory scratch;
  const RunConfig before = unusual();
  write_run_toml(scratch / "run.toml", before);
  RunConfig after;
  read_run_toml(scratch / "run.toml", after);
  for (const RunField& field : run_fields()) {
    EXPECT_EQ(field_text(after, field), field_text(before, field)) << field.key;
    EXPECT_NE(field_text(after, field), field_text(RunConfig{}, field)) << field.key;
  }
  EXPECT_EQ(after.learning_rate, 0.1 + 0.2);  // to the last bit
}

TEST(RunConfig, KeysThatAreNotThereKeepTheirValues) {
  const ScratchDirectory scratch;
  write_file(scratch / "run.toml", "batch = 1_000\n");
  RunConfig config = unusual();
  read_run_toml(scratch / "run.toml", config);
  EXPECT_EQ(config.batch, 1000);
  EXPECT_EQ(config.pairs, 17);
}

TEST(RunConfig, UnknownKeysAreRefusedWithTheList) {
  const std::string error = read_refusal("pairs = 3\nbatchsize = 4\n");
  EXPECT_EQ(error.substr(0, 64),
            "run.toml:2: unknown key 'batchsize', expected one of source, tar");
  for (const RunField& field : run_fields()) {
    EXPECT_NE(error.find(field.key), std::string::npos) << field.key;
  }
}

TEST(RunConfig, ValuesOfTheWrongTypeAreRefusedWithTheLine) {
  EXPECT_EQ(read_refusal("batch = \"4\""),
            "run.toml:1: batch is \"4\", expected a number without quotes");
  EXPECT_EQ(read_refusal("\nmodel = mlp"), "run.toml:2: model is mlp, expected text in quotes");
  EXPECT_EQ(read_refusal("batch = 4.5"),
            "run.toml:1: batch is '4.5', expected a whole number of at most 9223372036854775807");
  EXPECT_EQ(read_refusal("clip = abc"), "run.toml:1: clip is 'abc', expected a finite number");
  EXPECT_EQ(read_refusal("clip = inf"), "run.toml:1: clip is 'inf', expected a finite number");
  EXPECT_EQ(read_refusal("batch = 4\nbatch = 4"),
            "run.toml:2: the key 'batch' stands twice, first in line 1");
}

TEST(RunConfig, NumbersOutsideTheirRangeAreRefusedByName) {
  for (const char* key : {"pairs", "steps", "batch", "lanes", "keep"}) {
    EXPECT_EQ(check_refusal(key, "0"), "--" + std::string(key) + " is 0, expected 1 or more");
  }
  for (const char* key : {"threads", "checkpoint-every", "monitor-every"}) {
    EXPECT_EQ(check_refusal(key, "-1"), "--" + std::string(key) + " is -1, expected 0 or more");
  }
  EXPECT_EQ(check_refusal("lanes", "4097"), "--lanes is 4097, expected at most 4096");
  EXPECT_EQ(check_refusal("threads", "1025"), "--threads is 1025, expected at most 1024");
  EXPECT_EQ(check_refusal("pairs", "1000000000000"),
            "--pairs is 1000000000000, expected at most 4294967295");
  EXPECT_EQ(check_refusal("batch", "4294967296"),
            "--batch is 4294967296, expected at most 4294967295");
  EXPECT_EQ(check_refusal("monitor-spectrum", "1"),
            "--monitor-spectrum is '1', expected 0 for none, or two samples or more");
  EXPECT_EQ(check_refusal("monitor-spectrum", "8193"),
            "--monitor-spectrum is 8193, expected at most 8192");
  EXPECT_EQ(check_refusal("keep", "1000001"), "--keep is 1000001, expected at most 1000000");
  EXPECT_EQ(check_refusal("steps", "1e99"),
            "--steps is '1e99', expected a whole number of at most 9223372036854775807");
  EXPECT_EQ(check_refusal("seed", "-1"),
            "--seed is '-1', expected a whole number, 0 or more, of at most 18446744073709551615");
  EXPECT_EQ(check_refusal("learning-rate", "0"),
            "--learning-rate is '0', expected a number above 0");
  EXPECT_EQ(check_refusal("learning-rate", "nan"),
            "--learning-rate is 'nan', expected a finite number");
  EXPECT_EQ(check_refusal("clip", "-1"), "--clip is '-1', expected 0 or more");
  EXPECT_EQ(check_refusal("ema", "1"), "--ema is '1', expected a decay from 0 to below 1");
  EXPECT_EQ(check_refusal("pairing", "x"), "--pairing is 'x', expected fixed or resampled");
  EXPECT_EQ(check_refusal("precision", "f16"), "--precision is 'f16', expected f32 or f64");
  EXPECT_EQ(check_refusal("batch", "1"), "no error");
}

TEST(RunConfig, ParseWholeKeepsToItsRange) {
  EXPECT_EQ(parse_whole("--n", "7", 1, 7), 7);
  EXPECT_EQ(parse_whole("--n", "-2", -2, 7), -2);
  const std::string sentence = "', expected a whole number from 1 to 7";
  for (const std::string text : {"0", "8", "", " 7", "7 ", "7.0", "+7", "99999999999999999999"}) {
    EXPECT_EQ(error_of([&] { (void)parse_whole("--n", text, 1, 7); }),
              "--n is '" + text + sentence);
  }
}

TEST(RunConfig, AResumedRunKeepsWhatDecidesItsNumbers) {
  const RunConfig saved;
  for (const RunField& field : run_fields()) {
    RunConfig wanted = saved;
    set_field(wanted, field, field_text(unusual(), field), field.key);
    const std::string error = error_of([&] { check_same_numbers(saved, wanted, "run"); });
    if (!field.decides_numbers) {
      EXPECT_EQ(error, "no error") << field.key;
      continue;
    }
    EXPECT_EQ(error, "--" + field.key + " is '" + field_text(wanted, field) +
                         "', but the run in 'run' was started with '" + field_text(saved, field) +
                         "': a resumed run keeps what decides its numbers");
  }
}

TEST(RunConfig, StepsDecideNumbersWhereTheScheduleLooksAhead) {
  RunConfig saved;
  saved.schedule = "cosine:warmup=3";
  RunConfig wanted = saved;
  wanted.steps = 20000;
  EXPECT_EQ(error_of([&] { check_same_numbers(saved, wanted, "run"); }),
            "--steps is '20000', but the run in 'run' was started with '10000': a resumed run "
            "keeps what decides its numbers, and its schedule depends on the steps");
  saved.schedule = wanted.schedule = "constant:warmup=3";
  EXPECT_EQ(error_of([&] { check_same_numbers(saved, wanted, "run"); }), "no error");
}

}  // namespace
}  // namespace gradvar::run_config_test
