// Checkpoints: exact resume, crashes, damage, and keeping the newest.

#include "nn/checkpoint.h"

#include <fstream>
#include <gtest/gtest.h>
#include <optional>

#include "autograd/collectors/sum.h"
#include "autograd/engine.h"
#include "autograd/ops.h"
#include "nn/mlp.h"
#include "tests/nn/helpers.h"

namespace gradvar::checkpoint_test {
namespace {

namespace fs = std::filesystem;
using testing::copy_of;
using testing::noise;
using testing::refusal;

// A little training run whose batches depend on the step alone.
template <class Real>
class TrainingRun {
 public:
  explicit TrainingRun(const std::string& optimizer_spec, std::uint64_t seed = 1)
      : mlp({.dim = 2, .width = 8, .depth = 2}),
        pool(1),
        engine(mlp.parameters(), pool, 2),
        optimizer(make_optimizer<Real>(optimizer_spec, mlp.parameters().layout())) {
    mlp.initialise(seed);
    ema.emplace(mlp.parameters(), 0.9, true);
  }

  void train(std::int64_t steps) {
    for (; steps > 0; --steps, ++step) {
      const Tensor<Real> x = noise<Real>(3 * step, {7, 2}),
                         target = noise<Real>(3 * step + 1, {7, 2});
      const Tensor<Real> t = noise<Real>(3 * step + 2, {7, 1});
      std::vector<Real> losses(7);
      SumCollector<Real> gradient;
      engine.run(
          7,
          [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
            const auto input = [&](const Tensor<Real>& all) {
              return tape.input(
                  all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size()),
                  all.shape().with_rows(rows.count));
            };
            return squared_error(tape, mlp.forward(tape, input(x), input(t)), input(target));
          },
          {&gradient}, losses);
      optimizer->step(mlp.parameters().flat(), gradient.mean(), 0.01);
      ema->update(mlp.parameters());
    }
  }
  fs::path save(const fs::path& run, int keep = 100) {
    return save_checkpoint<Real>(run, {.step = step, .seed = 1, .specs = {{"model", mlp.spec()}}},
                                 mlp.parameters(), *optimizer, &*ema, keep);
  }
  CheckpointState load(const fs::path& checkpoint) {
    const CheckpointState state =
        load_checkpoint<Real>(checkpoint, mlp.parameters(), *optimizer, &*ema);
    step = state.step;
    return state;
  }
  // Every number there is.
  [[nodiscard]] std::vector<Real> everything() const {
    std::vector<Real> all = copy_of<Real>(mlp.parameters().flat());
    for (const OptimizerState<Real>& state : std::as_const(*optimizer).states()) {
      all.insert(all.end(), state.values.values().begin(), state.values.values().end());
    }
    const std::span<const Real> average = std::as_const(*ema).values();
    all.insert(all.end(), average.begin(), average.end());
    all.push_back(static_cast<Real>(optimizer->steps()));
    all.push_back(static_cast<Real>(ema->updates()));
    return all;
  }

  Mlp<Real> mlp;
  LanePool pool;
  Engine<Real> engine;
  std::unique_ptr<Optimizer<Real>> optimizer;
  std::optional<Ema<Real>> ema;
  std::int64_t step = 0;
};

class Checkpoint : public testing::DirectoryTest {
 protected:
  [[nodiscard]] std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> found;
    for (const CheckpointEntry& entry : list_checkpoints(directory_)) found.push_back(entry.step);
    return found;
  }
  [[nodiscard]] fs::path in_run(const std::string& name) const {
    return directory_ / "checkpoints" / name;
  }
};

template <class Real>
void expect_exact_resume(const fs::path& directory, const std::string& optimizer) {
  TrainingRun<Real> straight(optimizer);
  straight.train(10);
  TrainingRun<Real> first(optimizer);
  first.train(5);
  const fs::path saved = first.save(directory);
  TrainingRun<Real> second(optimizer, 99);  // other weights, which loading must replace
  second.load(saved);
  EXPECT_EQ(second.everything(), first.everything()) << optimizer;
  second.train(5);
  EXPECT_EQ(second.everything(), straight.everything()) << optimizer;
}

TEST_F(Checkpoint, ResumesToTheLastBit) {
  for (const char* optimizer : {"adam", "adamw", "sgd", "sgd:momentum=0.9,nesterov=true"}) {
    expect_exact_resume<float>(directory_, optimizer);
    expect_exact_resume<double>(directory_, optimizer);
  }
}

TEST_F(Checkpoint, KeepsStepSeedPrecisionAndSpecs) {
  TrainingRun<double> run("adam");
  const CheckpointState state{.step = 123456789012,
                              .seed = 18446744073709551615U,
                              .specs = {{"model", "mlp:dim=2"}, {"note", "words, = and  spaces "}}};
  const fs::path path =
      save_checkpoint<double>(directory_, state, run.mlp.parameters(), *run.optimizer, nullptr, 1);
  EXPECT_EQ(path, in_run("step-123456789012"));
  EXPECT_FALSE(fs::exists(path / "ema.safetensors"));
  const CheckpointState read = read_checkpoint(path);
  EXPECT_EQ(read.step, state.step);
  EXPECT_EQ(read.seed, state.seed);
  EXPECT_EQ(read.specs, state.specs);
  EXPECT_EQ(read.precision, "f64");
}

TEST_F(Checkpoint, ListsByStepAndFindsTheLatest) {
  EXPECT_TRUE(list_checkpoints(directory_ / "nowhere").empty());
  EXPECT_FALSE(latest_checkpoint(directory_).has_value());
  TrainingRun<float> run("sgd");
  for (const std::int64_t step : {100, 5, 100000000, 0}) {
    run.step = step;
    run.save(directory_);
  }
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{0, 5, 100, 100000000}));
  EXPECT_EQ(latest_checkpoint(directory_)->path, in_run("step-100000000"));
}

TEST_F(Checkpoint, KeepsTheNewestAndLaterOnes) {
  TrainingRun<float> run("sgd");
  for (const std::int64_t step : {1, 2, 3, 4}) {
    run.step = step;
    run.save(directory_, 2);
  }
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{3, 4}));
  run.step = 2;  // set back
  run.save(directory_, 1);
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{2, 3, 4}));
}

TEST_F(Checkpoint, ReplacesOneOfTheSameStep) {
  TrainingRun<float> run("adam");
  run.save(directory_);
  run.train(3);
  run.step = 0;
  const fs::path path = run.save(directory_);
  TrainingRun<float> other("adam", 5);
  other.load(path);
  EXPECT_EQ(other.everything(), run.everything());
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1);
}

TEST_F(Checkpoint, IgnoresWhatIsHalfWrittenAndClearsIt) {
  for (const char* name : {"step-00000007.tmp-1-0", "step-00000003.tmp-deleted"}) {
    fs::create_directories(in_run(name));
    std::ofstream(in_run(name) / "weights.safetensors") << "half";
  }
  for (const char* name : {"step-7", "notes", "step-00000007x", "step-"}) {
    fs::create_directories(in_run(name));
  }
  std::ofstream(in_run("step-00000009")) << "a file";
  EXPECT_TRUE(list_checkpoints(directory_).empty());
  TrainingRun<float> run("sgd");
  run.save(directory_);
  EXPECT_EQ(steps(), std::vector<std::int64_t>{0});
  EXPECT_FALSE(fs::exists(in_run("step-00000007.tmp-1-0")));
  EXPECT_FALSE(fs::exists(in_run("step-00000003.tmp-deleted")));
  EXPECT_TRUE(fs::exists(in_run("notes"))) << "what is not ours stays";
}

TEST_F(Checkpoint, RecoversAnOldOneWhoseReplacementNeverCame) {
  TrainingRun<float> run("sgd");
  const fs::path path = run.save(directory_);
  fs::rename(path, path.string() + ".old");
  EXPECT_EQ(steps(), std::vector<std::int64_t>{0});
  EXPECT_NO_THROW((void)read_checkpoint(path));
}

TEST_F(Checkpoint, RemovesAnOldOneWhoseReplacementCame) {
  TrainingRun<float> run("sgd");
  const fs::path path = run.save(directory_);
  fs::copy(path, path.string() + ".old");
  remove_unfinished_checkpoints(directory_);
  EXPECT_FALSE(fs::exists(path.string() + ".old"));
  EXPECT_NO_THROW((void)read_checkpoint(path));
}

void change_byte(const fs::path& path, std::int64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const char byte = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 1));
}

TEST_F(Checkpoint, RefusesDamageByNameAndChangesNothing) {
  TrainingRun<double> run("adam");
  run.train(1);
  const fs::path path = run.save(directory_);
  TrainingRun<double> other("adam", 7);
  const std::vector<double> before = other.everything();
  const std::string damaged = "[checkpoint] '" + path.string() + "' is damaged: ";
  for (const char* file :
       {"weights.safetensors", "optimizer.safetensors", "ema.safetensors", "state.txt"}) {
    const auto last = static_cast<std::int64_t>(fs::file_size(path / file)) - 2;
    for (const std::int64_t at : {std::int64_t{0}, std::int64_t{30}, last}) {
      change_byte(path / file, at);
      EXPECT_EQ(refusal([&] { other.load(path); }),
                damaged + "the bytes of " + file + " are not those that were written");
      change_byte(path / file, at);
    }
  }
  const auto size = fs::file_size(path / "weights.safetensors");
  fs::resize_file(path / "weights.safetensors", size - 8);
  EXPECT_EQ(refusal([&] { other.load(path); }), damaged + "weights.safetensors has " +
                                                    std::to_string(size - 8) + " bytes, expected " +
                                                    std::to_string(size));
  fs::remove(path / "weights.safetensors");
  EXPECT_TRUE(refusal([&] { other.load(path); }).starts_with(damaged));
  fs::resize_file(path / "state.txt", 0);
  EXPECT_EQ(refusal([&] { other.load(path); }),
            damaged + "the bytes of state.txt are not those that were written");
  fs::remove(path / "state.txt");
  EXPECT_TRUE(refusal([&] { other.load(path); }).starts_with(damaged));
  EXPECT_EQ(refusal([&] { other.load(directory_ / "none"); }),
            "[checkpoint] '" + (directory_ / "none").string() +
                "' is not there, expected a checkpoint's directory");
  EXPECT_EQ(other.everything(), before);
}

TEST_F(Checkpoint, RefusesARunThatDoesNotSuitIt) {
  TrainingRun<double> adam("adam");
  const fs::path path = adam.save(directory_);
  TrainingRun<double> sgd("sgd:momentum=0.5", 3);
  const std::vector<double> before = sgd.everything();
  EXPECT_NE(refusal([&] { sgd.load(path); }).find("missing: momentum_buffer/net.0.weight"),
            std::string::npos);
  EXPECT_EQ(sgd.everything(), before);
  TrainingRun<float> single("adam");
  EXPECT_EQ(refusal([&] { single.load(path); }),
            "[checkpoint] '" + path.string() +
                "' holds f64 numbers, this run f32: going on exactly needs the same precision");
  const fs::path bare = save_checkpoint<double>(directory_, {.step = 1}, adam.mlp.parameters(),
                                                *adam.optimizer, nullptr, 9);
  EXPECT_EQ(refusal([&] { adam.load(bare); }),
            "[checkpoint] '" + bare.string() + "' holds no moving average, and this run keeps one");
  EXPECT_NO_THROW(load_checkpoint<double>(path, adam.mlp.parameters(), *adam.optimizer, nullptr));
}

TEST_F(Checkpoint, RefusesToSaveWhatCouldNotBeLoaded) {
  TrainingRun<double> run("adam");
  const auto save = [&](const CheckpointState& state, int keep) {
    return refusal([&] {
      save_checkpoint<double>(directory_, state, run.mlp.parameters(), *run.optimizer, &*run.ema,
                              keep);
    });
  };
  EXPECT_EQ(save({.step = -1}, 1), "[checkpoint] the step is -1, expected 0 or more");
  EXPECT_EQ(save({}, 0), "[checkpoint] keep is 0 checkpoints, expected 1 or more");
  EXPECT_EQ(save({.specs = {{"two words", ""}}}, 1),
            "[checkpoint] a spec is called 'two words', expected one word");
  EXPECT_EQ(save({.specs = {{"", "x"}}}, 1), "[checkpoint] a spec is called '', expected one word");
  EXPECT_EQ(save({.specs = {{"a", "x\ny"}}}, 1),
            "[checkpoint] the spec 'a' has a line break in it, expected one line");
  run.ema->swap(run.mlp.parameters());
  EXPECT_EQ(save({}, 1), "[checkpoint] the average is swapped in: swap it out before saving");
  const fs::path nowhere = in_run("step-00000000");
  EXPECT_EQ(refusal([&] { run.load(nowhere); }).find("[checkpoint]"), 0U);
  EXPECT_TRUE(list_checkpoints(directory_).empty());
}

}  // namespace
}  // namespace gradvar::checkpoint_test
