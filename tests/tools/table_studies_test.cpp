// The paper's tables: what is said follows from the numbers, whichever they are.

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>

#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"
#include "tools/studies/compose.h"
#include "tools/studies/cost.h"
#include "tools/studies/training_study.h"

namespace gradvar::table_studies_test {
namespace {

using nlohmann::json;
using report::Verdict;
using testing::error_of;
using testing::ScratchDirectory;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A number of each run: by its id, with a spread over seeds of one per cent.
using NumberOf = std::function<double(const std::string& id)>;
double with_seed(double value, const std::string& id) {
  const double step = 0.01 * (id.back() - '1');
  return value * (id.find("sigma-0.05") == std::string::npos ? 1 + step : 1 - step);
}

// Every run of the study with these numbers, whatever the solver.
TaskResults made_up(const Study& study, const StudyOptions& options,
                    const std::map<std::string, NumberOf>& numbers) {
  TaskResults results;
  for (const Task& task : study.tasks(options)) {
    json final = json::array();
    for (const SolverOptions& solver : {euler(5), euler(40), euler(100), finest()}) {
      json evaluation = {{"solver", solver.spec()}};
      for (const auto& [pointer, number] : numbers) {
        evaluation[json::json_pointer(pointer)] = with_seed(number(task.id), task.id);
      }
      final.push_back(evaluation);
    }
    results[task.id] = {{"final", final}, {"information", {{"share", 1.0}}}};
  }
  return results;
}

bool noisy(const std::string& id) { return has(id, "sigma-0.05"); }

// The verdicts of findings whose claim holds `part`.
std::vector<Verdict> verdicts(const std::vector<Finding>& findings, const std::string& part) {
  std::vector<Verdict> list;
  for (const Finding& f : findings) {
    if (has(f.claim, part)) list.push_back(f.verdict);
  }
  return list;
}

std::vector<Finding> mixture_findings(double clean, double with_noise, double floor,
                                      double held_out_clean, double held_out_noisy) {
  const auto study = make_mixture_study();
  const auto either = [](double without, double with) {
    return [=](const std::string& id) { return noisy(id) ? with : without; };
  };
  return study->findings({}, made_up(*study, {},
                                     {{"/training_mmd/biased", either(clean, with_noise)},
                                      {"/training_mmd/floor_biased", either(floor, floor)},
                                      {"/mmd", either(held_out_clean, held_out_noisy)},
                                      {"/mmd_floor", either(1e-4, 1e-4)}}));
}

using Two = std::vector<Verdict>;  // d = 3, d = 50

TEST(MixtureStudy, ThePapersOwnOrderIsShown) {
  const auto found = mixture_findings(2e-6, 3e-5, 1e-3, 3e-3, 2e-3);
  EXPECT_EQ(verdicts(found, "less is memorised"), Two(2, Verdict::kShown));
  EXPECT_EQ(verdicts(found, "nearer to the target's law"), Two(2, Verdict::kShown));
}

TEST(MixtureStudy, TheOtherOrderIsNotShown) {
  const auto found = mixture_findings(3e-5, 2e-6, 1e-3, 2e-3, 3e-3);
  EXPECT_EQ(verdicts(found, "less is memorised"), Two(2, Verdict::kNotShown));
  EXPECT_EQ(verdicts(found, "nearer to the target's law"), Two(2, Verdict::kNotShown));
  EXPECT_EQ(verdicts(found, "by how much"), Two(2, Verdict::kNotShown));
}

TEST(MixtureStudy, WhereNothingIsMemorisedNothingIsShown) {
  const auto found = mixture_findings(2e-3, 3e-2, 1e-3, 3e-3, 2e-3);
  EXPECT_EQ(verdicts(found, "less is memorised"), Two(2, Verdict::kNotShown));
}

TEST(MixtureStudy, TheRatioIsHeldAgainstThePapers) {
  // 17.66 in d = 3, 6.70 in d = 50.
  const auto found = mixture_findings(1e-6, 17.66e-6, 1e-3, 3e-3, 2e-3);
  EXPECT_EQ(verdicts(found, "by how much"), (Two{Verdict::kShown, Verdict::kPartly}));
}

TEST(MixtureStudy, TheValuesThemselvesAreNotComparable) {
  const auto found = mixture_findings(2e-6, 3e-5, 1e-3, 3e-3, 2e-3);
  EXPECT_EQ(verdicts(found, "the values"), Two{Verdict::kNotComparable});
}

// Training and optimal distances, without and with noise.
std::vector<Finding> image_findings(double train, double train_noisy, double best,
                                    double best_noisy) {
  const auto study = make_images_study();
  const auto either = [](double without, double with) {
    return [=](const std::string& id) { return noisy(id) ? with : without; };
  };
  return study->findings({}, made_up(*study, {},
                                     {{"/to_training_partner/mean", either(train, train_noisy)},
                                      {"/to_optimal_partner/mean", either(best, best_noisy)},
                                      {"/between_random_partners", either(60, 60)}}));
}

TEST(ImagesStudy, EachTableHasItsOwnOrder) {
  // Table 2: shuffled 0 < optimal 0.05 < optimal 0 < shuffled 0.05.
  const auto second = image_findings(10, 60, 50, 20);
  EXPECT_EQ(verdicts(second, "order"), (Two{Verdict::kShown, Verdict::kNotShown}));
  // Table 3: generated 0 < generated 0.05 < optimal 0.05 < optimal 0.
  const auto third = image_findings(10, 20, 60, 50);
  EXPECT_EQ(verdicts(third, "order"), (Two{Verdict::kNotShown, Verdict::kShown}));
  EXPECT_EQ(verdicts(third, "farther from"), Two(2, Verdict::kShown));
}

TEST(ImagesStudy, NoiseThatChangesNothingIsNotShownAndExplained) {
  const auto found = image_findings(10, 10, 50, 50);
  EXPECT_EQ(verdicts(found, "farther from"), Two(2, Verdict::kNotShown));
  EXPECT_EQ(verdicts(found, "nearer to the optimal"), Two(2, Verdict::kNotShown));
  EXPECT_TRUE(has(found[1].measured, "of log *N*")) << found[1].measured;
  EXPECT_TRUE(has(found[1].measured, "paired difference")) << found[1].measured;
}

// A verdict without its rule is an opinion.
TEST(PaperTables, EveryVerdictStatesItsRule) {
  for (const Finding& f : image_findings(10, 60, 50, 20)) {
    EXPECT_EQ(f.rule.starts_with("Shown when "), f.verdict != Verdict::kNotComparable) << f.claim;
  }
  for (const std::string preset : {"quick", "middle"}) {
    const auto study = make_mixture_study();
    const auto all = [](double value) { return [=](const std::string&) { return value; }; };
    const auto found =
        study->findings({.preset = preset}, made_up(*study, {.preset = preset},
                                                    {{"/training_mmd/biased", all(1e-6)},
                                                     {"/training_mmd/floor_biased", all(1e-3)},
                                                     {"/mmd", all(1e-3)},
                                                     {"/mmd_floor", all(1e-4)}}));
    EXPECT_EQ(verdicts(found, "Beyond the table").size(), preset == "quick" ? 0u : 2u);
    for (const Finding& f : found) {
      EXPECT_EQ(f.rule.starts_with("Shown when "), f.verdict != Verdict::kNotComparable) << f.claim;
    }
  }
}

TEST(ImagesStudy, SaysWhichRowsOfTheTableAreLeftOut) {
  EXPECT_TRUE(has(make_images_study()->presets(), "Table 2's rows of 50K pairs are left out"));
}

TEST(ImagesStudy, PairsOfItsOwnMakingComeAfterTheFlowThatMakesThem) {
  for (const Task& task : make_images_study()->tasks({})) {
    EXPECT_EQ(task.stage, has(task.id, "reflow") ? 1 : 0) << task.id;
  }
}

TEST(ImagesOption, IsRefusedWhereNoSubjectIsAboutImages) {
  EXPECT_EQ(error_of([] { (void)check_reproduction({"mixture"}, {.images = "celeba:dir=x"}); }),
            "--images: none of mixture is about images");
  EXPECT_EQ(check_reproduction({"images"}, {.images = "celeba:dir=x"}).command(),
            "gradvar reproduce images --preset quick --images celeba:dir=x");
}

TEST(ImagesOption, TakesSetsOfImagesOnly) {
  const std::string error = error_of([] { (void)make_images_study()->tasks({.images = "moons"}); });
  EXPECT_TRUE(error.starts_with("--images: ")) << error;
  EXPECT_TRUE(has(error, "expected one of images, celeba, cifar10, mnist")) << error;
}

// Everything that cannot be trained on is refused before anything is trained.
TEST(ImagesOption, IsHeldAgainstWhatThePresetNeeds) {
  const auto refusal = [](const StudyOptions& options) {
    return error_of([&] { make_images_study()->check(options, ProgressMode::kSilent); });
  };
  EXPECT_EQ(refusal({.images = "faces:count=32,size=8"}), "no error");
  EXPECT_EQ(refusal({}), "no error");
  EXPECT_EQ(
      refusal({.images = "faces:count=31,size=8"}),
      "--images: 'faces:count=31,size=8' holds 31 images, the quick preset needs at least 32, "
      "one for each pair");
  EXPECT_EQ(refusal({.images = "faces:size=8"}),
            "--images: 'faces:size=8' is no set of given images, the quick preset needs one of at "
            "least 32: faces take count=32");
  const std::string odd = refusal({.images = "faces:count=32,size=9"});
  EXPECT_TRUE(
      odd.starts_with("--images: 'faces:count=32,size=9' holds images of 3x9x9, the quick "
                      "preset needs square ones that its network 'unet:"))
      << odd;
}

TEST(ImagesStudy, NewPairsAreLearnedAnewWhenTheFlowThatMakesThemChanges) {
  std::string base;
  for (const Task& task : make_images_study()->tasks({})) {
    if (task.id == "images-base-seed-1") base = task.settings;
  }
  for (const Task& task : make_images_study()->tasks({})) {
    if (!task.id.ends_with("seed-1")) continue;
    EXPECT_EQ(task.made_from, has(task.id, "reflow") ? base : "") << task.id;
  }
}

TEST(DefaultSet, LeavesOutWhatTakesLong) {
  const std::vector<std::string> subjects = check_reproduction({}, {}).subjects;
  for (const std::unique_ptr<Study>& study : studies()) {
    EXPECT_EQ(std::count(subjects.begin(), subjects.end(), study->name()),
              study->in_default_set() ? 1 : 0)
        << study->name();
  }
  EXPECT_EQ(std::count(subjects.begin(), subjects.end(), "images"), 0);
}

TEST(Stages, LaterTasksFindWhatEarlierOnesLeft) {
  const ScratchDirectory directory;
  bool left = false, found = false;
  Task second{.id = "a", .settings = "s", .units = 9, .run = {}, .stage = 1};
  second.run = [&](const std::filesystem::path&, TaskProgress&) {
    found = left;
    return json::object();
  };
  Task first{.id = "b", .settings = "s", .units = 1, .run = {}};
  first.run = [&](const std::filesystem::path&, TaskProgress&) {
    left = true;
    return json::object();
  };
  (void)run_tasks({second, first}, directory.path(), 1, ProgressMode::kSilent);
  EXPECT_TRUE(found);
}

TEST(ExpectedCost, TriesOneTaskOfEachKindAndCountsWhatIsLeft) {
  const ScratchDirectory directory;
  int tried = 0;
  std::vector<Task> tasks;
  for (const char* id : {"k-seed-0", "k-seed-1", "k-seed-2"}) {
    tasks.push_back(
        {.id = id,
         .settings = "s",
         .units = 1,
         .run = [](const std::filesystem::path&, TaskProgress&) { return json::object(); },
         .trial =
             [&tried](double) {
               ++tried;
               return 7.0;
             },
         .kind = "k"});
  }
  (void)run_tasks({tasks[0]}, directory.path(), 1, ProgressMode::kSilent);
  const Cost cost = expected_cost(tasks, directory.path());
  EXPECT_EQ(tried, 1);
  EXPECT_EQ(cost.tasks, 2u);
  EXPECT_EQ(cost.seconds, 14);
  EXPECT_EQ(cost.with_threads(1), 14);
  EXPECT_EQ(cost.with_threads(8), 7);                        // a task is on one thread
  EXPECT_EQ(cost.each, (std::vector<double>{0.001, 7, 7}));  // the first is finished
}

TEST(GeometricRatio, IsTheMeanOfLogarithms) {
  const Interval i = geometric_ratio({{1, 100}}, {{1, 1}});
  EXPECT_NEAR(i.mean, 10, 1e-12);
  EXPECT_LT(i.low, 1);
  EXPECT_GT(i.high, 100);
  EXPECT_EQ(geometric_ratio({{2}}, {{1}}).low, 0);  // one seed says nothing
}

}  // namespace
}  // namespace gradvar::table_studies_test
