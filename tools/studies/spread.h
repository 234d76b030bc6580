// spread: one number, measured once a seed.
#pragma once

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flow/intervals.h"
#include "tools/studies/task.h"

namespace gradvar {

struct Spread {
  std::vector<double> values;  // one a seed
  // What a value can be at all: an interval ends there.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();

  [[nodiscard]] double mean() const;
  [[nodiscard]] double lowest() const;
  [[nodiscard]] double highest() const;
  // Unbiased, of one seed; 0 for a single one.
  [[nodiscard]] double standard_deviation() const;
  // Of the mean over seeds, 95 %, Student. A single seed says nothing about its spread: its
  // interval is infinite, so that no verdict that asks for a side is given.
  [[nodiscard]] Interval interval() const;
  // "0.105 ± 0.012": mean and standard deviation over seeds, as markup.
  [[nodiscard]] std::string text() const;
  // "0.105 [0.091, 0.119]": mean and its interval, which a single seed has not.
  [[nodiscard]] std::string interval_text() const;
};

// For correlations, in [-1, 1].
[[nodiscard]] inline Spread no_correlations() { return {.values = {}, .least = -1, .most = 1}; }

// read(results of ids[k]) for every k.
[[nodiscard]] Spread over_seeds(const TaskResults& results, const std::vector<std::string>& ids,
                                const std::function<double(const nlohmann::json&)>& read);
// a_k / b_k and a_k - b_k, seed by seed.
[[nodiscard]] Spread ratio(const Spread& a, const Spread& b);
[[nodiscard]] Spread difference(const Spread& a, const Spread& b);

// The geometric mean of a_k / b_k with Student's interval of its logarithm, 95 %: for ratios that
// spread over orders of magnitude. All numbers must be above 0. From 0 to infinity for one seed.
[[nodiscard]] Interval geometric_ratio(const Spread& a, const Spread& b);
// "17.7 [12, 26]".
[[nodiscard]] std::string interval_text(const Interval& interval);

// The entry of a list of evaluations made with this solver. Throws std::logic_error when there is
// none.
[[nodiscard]] const nlohmann::json& with_solver(const nlohmann::json& evaluations,
                                                const std::string& solver);

// Columns over x (steps, bins of t): a spread at each place.
struct Curve {
  std::vector<double> x, mean, low, high;  // low and high: over seeds

  void add(double at, const Spread& spread);
};

}  // namespace gradvar
