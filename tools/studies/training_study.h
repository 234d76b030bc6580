// training_study: what the studies of training runs share: how they name and read their cells, and
// the words they judge by.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "tools/report/figure.h"
#include "tools/report/palette.h"
#include "tools/studies/cell.h"
#include "tools/studies/spread.h"
#include "tools/studies/study.h"

namespace gradvar {

// A group of cells that differ by seed alone.
struct Group {
  std::string label;  // markup: "*σ* = 0.05"
  report::Style style;
  std::vector<std::string> ids;  // one a seed
};

// "sigma-0.05".
[[nodiscard]] std::string sigma_id(double sigma);
// "*σ* = 0.05".
[[nodiscard]] std::string sigma_label(double sigma);
// "linear", or constant noise.
[[nodiscard]] std::string interpolant_spec(double sigma);

[[nodiscard]] SolverOptions euler(std::int64_t steps);
// The adaptive one: the reference for "what the learned field does".
[[nodiscard]] SolverOptions finest();
// "Euler, 5 steps", "adaptive (dopri5)".
[[nodiscard]] std::string solver_label(const SolverOptions& solver);

// A number of every seed's evaluation with one solver at the end: "to_training_partner" reads its
// mean, other names themselves, "training_mmd/biased" one inside another.
[[nodiscard]] Spread at_the_end(const TaskResults& results, const Group& group,
                                const SolverOptions& solver, const std::string& what);
// Distance to the training partner over the distance between random partners.
[[nodiscard]] Spread memorisation_ratio(const TaskResults& results, const Group& group,
                                        const SolverOptions& solver);
// A number of the variance measurement at the end of training: "trace", "loss".
[[nodiscard]] Spread last_measured(const TaskResults& results, const Group& group,
                                   const std::string& what);

// A number of every seed's results by its JSON pointer; NaN where it is not there.
[[nodiscard]] Spread of_results(const TaskResults& results, const Group& group,
                                const std::string& pointer);
// Why noise that should break memorisation may not: "At *σ* = 0.05 a training point still tells
// which pair it is of to 97 % of log *N*". Empty where that was not measured (cell.h).
[[nodiscard]] std::string information_text(const TaskResults& results, const Group& group,
                                           double sigma);

// A run memorises when its generated points lie, on average, within this share of the distance
// between random partners from their training partners; memorisation is broken above the second.
// The 95 % interval over seeds must lie on that side as a whole.
inline constexpr double kMemorisesBelow = 0.10;
inline constexpr double kBrokenAbove = 0.50;
[[nodiscard]] bool memorises(const Spread& ratio);
[[nodiscard]] bool is_broken(const Spread& ratio);

// Whether `less` lies below `more`: shown when their 95 % intervals are disjoint, partly when only
// the paired difference over seeds is above 0 as a whole, else not shown.
[[nodiscard]] report::Verdict order_verdict(const Spread& less, const Spread& more);
inline constexpr const char* kOrderRule =
    "Shown when the two intervals are disjoint, in that order; partly when only that of the paired "
    "difference lies on that side as a whole";

// Whether a number lies above 0.
[[nodiscard]] report::Verdict sign_verdict(const Spread& number);
// "Shown when the interval of the paired difference lies above 0, ...".
[[nodiscard]] std::string sign_rule(const std::string& of_what);

// "quick: 3 seeds, half a minute; middle: ...": what `size` says of each preset, and about how long
// it takes on two cores.
[[nodiscard]] std::string presets_text(
    const std::function<std::string(const StudyOptions& options)>& size,
    const std::array<std::string, 3>& durations);

// "5.9 %", mean over seeds.
[[nodiscard]] std::string percent(const Spread& ratio);

// Curves over training steps, one a group, with the band of lowest and highest seed. Steps start at
// 1 on a logarithmic axis: step 0 is drawn there.
[[nodiscard]] std::vector<report::Series> training_curves(const TaskResults& results,
                                                          const std::vector<Group>& groups,
                                                          const std::string& what);
// The same for an evaluation on the way, divided by the distance between random partners.
[[nodiscard]] std::vector<report::Series> distance_curves(const TaskResults& results,
                                                          const std::vector<Group>& groups,
                                                          const SolverOptions& solver,
                                                          const std::string& what);

// Memorisation and exact gradient variance through training: a column for each kind of runs.
struct TrainingColumn {
  std::string title;  // "*d* = 3"
  std::vector<Group> groups;
};
[[nodiscard]] report::Figure through_training(const TaskResults& results,
                                              const std::vector<TrainingColumn>& columns,
                                              const SolverOptions& solver);

// "5 seeds", and what a band is.
[[nodiscard]] std::string seeds_text(const Group& group);
inline constexpr const char* kBandText = "line: mean; band: lowest and highest seed";

}  // namespace gradvar
