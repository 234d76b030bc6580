// sweep: which noise level would break a run's memory, and at what price.
//
// For every sigma the run's weights are trained on, on the same pairs, with that noise in the
// interpolant (its own kind; constant where it has none), for so many steps, and looked at again
// (snapshot.h). sigma = 0 is the control: what more training alone does. Generalisation is the
// energy distance between the points that fresh sources become and held-out targets, over disjoint
// sets, lower is better; its floor is that between two sets of held-out targets.
//
// Recommended is the smallest sigma whose generalisation is within its interval of the best: for
// which the 95 % Student interval over sets of its difference to the best, set by set, reaches down
// to 0; and at which the run does not memorise, for a flow that memorises may have a fine law.
// Where no sigma does both, the smallest that breaks the memory is named with its price. What a
// warm start forgets in so many steps may take another number of steps from the beginning: it is
// advice for another run, not a measurement of one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tools/diagnose/diagnosis.h"

namespace gradvar {

struct SweepPoint {
  double sigma = 0;
  Snapshot snapshot{};
  std::vector<double> energy{};  // by set; empty without held-out targets
  bool within = true;            // of the best, as above
};

struct Sweep {
  std::int64_t steps = 0;
  std::vector<SweepPoint> points{};     // by rising sigma
  std::vector<double> floor{};          // by set
  std::optional<std::size_t> best{};    // by generalisation; nothing without held-out targets
  std::optional<std::size_t> breaks{};  // the smallest sigma at which the run does not memorise
  std::optional<std::size_t> recommended{};  // nothing where none breaks it
};

struct SweepOptions {
  std::vector<double> sigmas{};  // empty: usual_sigmas
  std::int64_t steps = 0;        // 0: half as many as the run has taken, 200 at least
  std::string levels{};          // a file that keeps finished levels (sweep_levels.h); may be empty
  // Takes what the sweep will cost, from the time of its first steps, and where levels of other
  // settings were put; may be empty.
  std::function<void(const std::string&)> note{};
};

// 0 and five levels, at which noise moves a point by from a fiftieth to a half of the distance
// between random partners.
[[nodiscard]] std::vector<double> usual_sigmas(double random_partner, std::int64_t dim);
[[nodiscard]] std::int64_t sweep_steps(const SweepOptions& options, std::int64_t taken);
// Throws std::invalid_argument for an interpolant that takes no noise (trigonometric).
[[nodiscard]] std::string with_sigma(const std::string& interpolant, double sigma);

// Marks what is within, and chooses. Points in rising sigma, all with as many sets or none.
void recommend(Sweep& sweep);

// `tick` is called after every training step; levels of an earlier sweep that options.levels keeps
// are taken as they are, and count for none. The weights of `run` stay as they are.
template <class Real>
[[nodiscard]] Sweep sweep_noise(TrainingRun<Real>& run, const Diagnosis& diagnosis,
                                const SweepOptions& options, const SnapshotOptions& snapshot,
                                const Tick& tick);

}  // namespace gradvar
