// sample_moments: many samples of a distribution from a fixed stream, and their moments.
#pragma once

#include <gtest/gtest.h>

#include "data/distribution.h"

namespace gradvar::testing {

inline constexpr std::int64_t kManySamples = 40'000;

inline Tensor<double> many_samples(const Distribution& distribution) {
  return distribution.draw(RandomStream(3, Purpose::kTest), 5, 0, kManySamples);
}

struct Moments {
  Tensor<double> mean;        // [d]
  Tensor<double> covariance;  // [d,d], population
};

inline Moments moments_of(const Tensor<double>& x) {
  const std::int64_t n = x.rows(), d = x.row_size();
  Moments moments{Tensor<double>(Shape{d}), Tensor<double>(Shape{d, d})};
  for (std::int64_t r = 0; r < n; ++r) {
    for (std::int64_t i = 0; i < d; ++i) moments.mean[i] += x[r * d + i] / static_cast<double>(n);
  }
  for (std::int64_t r = 0; r < n; ++r) {
    for (std::int64_t i = 0; i < d; ++i) {
      for (std::int64_t j = 0; j < d; ++j) {
        moments.covariance[i * d + j] += (x[r * d + i] - moments.mean[i]) *
                                         (x[r * d + j] - moments.mean[j]) / static_cast<double>(n);
      }
    }
  }
  return moments;
}

// Rows 0..9 at once are rows 0..4 and 5..9, and other steps and streams give other rows.
inline void expect_layout_independence(const Distribution& distribution) {
  const RandomStream stream(11, Purpose::kTarget);
  const Tensor<double> whole = distribution.draw(stream, 7, 0, 10);
  for (const std::int64_t first : {0, 5}) {
    const Tensor<double> half = distribution.draw(stream, 7, first, 5);
    for (std::int64_t i = 0; i < half.size(); ++i) {
      EXPECT_EQ(half[i], whole[first * whole.row_size() + i]);
    }
  }
  const Tensor<double> step = distribution.draw(stream, 8, 0, 10);
  const Tensor<double> other = distribution.draw(RandomStream(12, Purpose::kTarget), 7, 0, 10);
  int same_step = 0, same_other = 0;
  for (std::int64_t i = 0; i < whole.size(); ++i) {
    same_step += whole[i] == step[i];
    same_other += whole[i] == other[i];
  }
  EXPECT_LT(same_step, whole.size() / 2);
  EXPECT_LT(same_other, whole.size() / 2);
}

}  // namespace gradvar::testing
