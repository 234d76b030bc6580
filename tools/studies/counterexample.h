// counterexample: T(x) = R_180 x + 5 with a Gaussian source, N fixed pairs (Counter-example 1 and
// Figure 6 of the paper). All lines cross at t = 1/2. The same network is trained on the linear
// interpolant and with noise of 0.05 (Remark 2).
//
// counterexample.cpp holds the runs and what they say; counterexample_figures.cpp the pictures.
#pragma once

#include <array>
#include <vector>

#include "tools/studies/training_study.h"

namespace gradvar::counterexample {

inline constexpr std::array kSigmas = {0.0, 0.05};

struct Preset {
  int seeds;
  std::int64_t pairs, steps;
};
[[nodiscard]] Preset preset_of(const StudyOptions& options);

// The run of one noise level and one seed, and all seeds of a level.
[[nodiscard]] TrainingCell cell(const StudyOptions& options, double sigma, int seed);
[[nodiscard]] Group group(const StudyOptions& options, double sigma);
[[nodiscard]] std::vector<Group> groups(const StudyOptions& options);

// Every solver that is asked at the end; Euler's rows are these many steps.
inline constexpr std::array<std::int64_t, 8> kEulerSteps = {5, 10, 20, 50, 100, 200, 500, 1000};
[[nodiscard]] std::vector<SolverOptions> solvers();

void tell_figures(const StudyOptions& options, const TaskResults& results, Paper& paper);

}  // namespace gradvar::counterexample
