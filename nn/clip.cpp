#include "nn/clip.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "autograd/check.h"
#include "autograd/kernels.h"
#include "io/number_text.h"
#include "nn/update_kernels.h"

namespace gradvar {

namespace {

constexpr std::int64_t kPiece = 16384;  // elements; part of the numbers, as it orders the sum
constexpr double kTiny = 1e-6;          // PyTorch's, against a division by zero

}  // namespace

template <class Real>
double gradient_norm(std::span<const Real> gradient, LanePool* pool) {
  const auto size = static_cast<std::int64_t>(gradient.size());
  const int count = static_cast<int>((size + kPiece - 1) / kPiece);
  std::vector<double> sums(count);
  const auto measure = [&](int i) {
    const std::int64_t begin = i * kPiece;
    sums[i] = kernels::sum_of_squares(gradient.data() + begin, std::min(kPiece, size - begin));
  };
  if (pool != nullptr) {
    pool->run(count, measure);
  } else {
    for (int i = 0; i < count; ++i) measure(i);
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

template <class Real>
double clip_by_norm(std::span<Real> gradient, double max_norm, LanePool* pool) {
  check(max_norm >= 0, "clip",
        "the largest norm is " + number_text(max_norm) + ", expected 0 (no clipping) or more");
  const double norm = gradient_norm(std::span<const Real>(gradient), pool);
  if (max_norm == 0 || !std::isfinite(norm)) return norm;
  const double factor = max_norm / (norm + kTiny);
  if (factor < 1) {
    kernels::scale(static_cast<Real>(factor), gradient.data(),
                   static_cast<std::int64_t>(gradient.size()));
  }
  return norm;
}

template double gradient_norm(std::span<const float>, LanePool*);
template double gradient_norm(std::span<const double>, LanePool*);
template double clip_by_norm(std::span<float>, double, LanePool*);
template double clip_by_norm(std::span<double>, double, LanePool*);

}  // namespace gradvar
