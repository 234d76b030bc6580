// jackknife: how far the numbers may be off, were the pairs another draw of as many.
//
// The exact variance takes the N pairs for the whole law. Where they stand for a law behind them,
// leave each pair out in turn: with a_i = E[|g|^2 | i], b_i = <m, m_i>, c_i = |m_i|^2,
//
//   E_{-i}|g|^2 = (N E|g|^2 - a_i) / (N - 1)
//   |m_{-i}|^2  = (N^2 |m|^2 - 2 N b_i + c_i) / (N - 1)^2
//
// so the delete-one jackknife of anything made of the two is exact, from three numbers a pair, and
// no mean gradient but one is held (Efron, "The jackknife, the bootstrap and other resampling
// plans", 1982). All four numbers are positive and
// two are each other's inverse, so intervals are made on the scale of logarithms, with Student's t
// of N - 1 degrees: they stay positive, and that of the inverse is the inverse interval.
#pragma once

#include <span>

namespace gradvar {

struct PairStatistics {
  double loss = 0;               // E[l | pair]
  double squared_norm = 0;       // a_i, E[|g|^2 | pair]
  double mean_squared_norm = 0;  // c_i, |E[g | pair]|^2
  double projection = 0;         // b_i, <E g, E[g | pair]>

  // Trace of the covariance of the gradient within the pair.
  [[nodiscard]] double trace() const { return squared_norm - mean_squared_norm; }
  // Of the pair's mean gradient to the mean of all, whose squared norm is given. NaN when either is
  // zero.
  [[nodiscard]] double cosine(double whole_mean_squared_norm) const;
};

struct Jackknifed {
  double estimate = 0;
  double standard_error = 0;  // sqrt((N - 1) / N sum (theta_{-i} - mean theta_{-i})^2)
  double bias = 0;            // (N - 1) (mean theta_{-i} - estimate): estimate - bias corrects
  double low = 0, high = 0;   // estimate exp(-+ t s), s the standard error of its logarithm
};

struct PairJackknife {
  Jackknifed trace, mean_squared_norm, signal_to_noise, noise_scale;
};

// With a single pair everything but the estimates is NaN. Throws std::invalid_argument unless there
// is a pair and 0 < level < 1.
[[nodiscard]] PairJackknife jackknife_over_pairs(std::span<const PairStatistics> pairs,
                                                 double mean_squared_norm, double level = 0.95);

}  // namespace gradvar
