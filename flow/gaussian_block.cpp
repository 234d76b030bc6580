#include "flow/gaussian_block.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "autograd/blas.h"

namespace gradvar {

namespace {

double squares_of(std::span<const double> values) {
  double sum = 0;
  for (const double x : values) sum += x * x;
  return sum;
}

// The interpolant's, with all digits of the rest: on straight lines it stands in a as it is, in a
// bridge's noise as its root.
Interpolant::Coefficients coefficients_at(const Interpolant& interpolant, UnitTime at) {
  Interpolant::Coefficients c = interpolant.coefficients(at.t);
  const double rounded = 1 - at.t;
  if (interpolant.kind == InterpolantKind::kTrigonometric || !(rounded > 0)) return c;
  c.a = at.rest;
  if (interpolant.kind == InterpolantKind::kBridge) {
    const double root = std::sqrt(at.rest / rounded);
    c.c *= root;
    c.dc /= root;
  }
  return c;
}

// Sets of coordinates, by the first of each.
class Components {
 public:
  explicit Components(std::int64_t d) : parent_(d) {
    std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
  }
  std::int64_t first(std::int64_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::int64_t i, std::int64_t j) {
    const auto [low, high] = std::minmax({first(i), first(j)});
    parent_[high] = low;
  }

 private:
  std::vector<std::int64_t> parent_;
};

}  // namespace

struct GaussianBlock::Factors {
  Tensor<double> lu;
  std::vector<int> pivots;
  double condition = 0;
};

struct GaussianBlock::Rows {
  Tensor<double> x, u;
};

GaussianBlock::GaussianBlock(Tensor<double> theta, Tensor<double> map, Tensor<double> x0,
                             Tensor<double> x1)
    : theta_(std::move(theta)), map_(std::move(map)), x0_(std::move(x0)), x1_(std::move(x1)) {}

bool GaussianBlock::absorb(const GaussianBlock& other) {
  const auto same = [](const Tensor<double>& a, const Tensor<double>& b) {
    return a.shape() == b.shape() && std::ranges::equal(a.values(), b.values());
  };
  if (!same(theta_, other.theta_) || !same(map_, other.map_) || !same(x0_, other.x0_) ||
      !same(x1_, other.x1_)) {
    return false;
  }
  copies_ += other.copies_;
  return true;
}

GaussianBlock::Rows GaussianBlock::rows(const Interpolant& interpolant, UnitTime at) const {
  const Interpolant::Coefficients c = coefficients_at(interpolant, at);
  const std::int64_t d = dim(), noise = interpolant.needs_noise() ? d : 0, own = x0_.rows() - 1;
  const Shape shape{own + noise + 1, d};
  Rows rows{Tensor<double>(shape), Tensor<double>(shape)};
  for (std::int64_t k = 0; k <= own; ++k) {
    const std::int64_t row = k < own ? k : own + noise;
    for (std::int64_t i = 0; i < d; ++i) {
      rows.x.row(row)[i] = c.a * x0_.row(k)[i] + c.b * x1_.row(k)[i];
      rows.u.row(row)[i] = c.da * x0_.row(k)[i] + c.db * x1_.row(k)[i];
    }
  }
  for (std::int64_t i = 0; i < noise; ++i) {
    rows.x.row(own + i)[i] = c.c;
    rows.u.row(own + i)[i] = c.dc;
  }
  return rows;
}

GaussianBlock::Factors GaussianBlock::factorise(UnitTime at) const {
  const std::int64_t d = dim();
  Factors factors{map_, std::vector<int>(d)};
  double size = 0;
  for (std::int64_t i = 0; i < d; ++i) {
    double row_sum = 0;
    for (double& x : factors.lu.row(i)) {
      row_sum += std::abs(x);
      x *= at.t;
    }
    size = std::max(size, std::abs(at.rest) + at.t * row_sum);
    factors.lu.row(i)[i] += at.rest;
  }
  blas::lu_factor(d, factors.lu.data(), factors.pivots.data());
  factors.condition = size * blas::lu_inverse_norm(d, factors.lu.data());
  return factors;
}

double GaussianBlock::condition(UnitTime at) const { return factorise(at).condition; }

GaussianBlock::Moments GaussianBlock::moments(const Interpolant& interpolant, UnitTime at) const {
  const std::int64_t d = dim();
  Rows here = rows(interpolant, at);
  Tensor<double>&z = here.x, &a = here.u;
  const std::int64_t normals = z.rows() - 1;
  const Factors factors = factorise(at);
  for (std::int64_t i = 0; i < d; ++i) z.row(normals)[i] -= at.t * theta_[i];  // y
  blas::lu_solve(blas::Transpose::kNo, d, normals + 1, factors.lu.data(), factors.pivots.data(),
                 z.data());
  // r = u - th - (M - I) z.
  Tensor<double> mapped(z.shape());
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, z.rows(), d, d, 1.0, z.data(), d,
             map_.data(), d, 0.0, mapped.data(), d);
  // What is left of a residual of zero after rounding (Proposition 1) is zero: A^-T would make
  // something of it near a singular time. A small one carries that rounding along. Pairs, noise and
  // mean may be of very different sizes, so each is judged on its own.
  Moments m;
  const auto settle = [&](std::int64_t first, std::int64_t last, bool is_mean) {
    double largest = 0, residual = 0;
    for (std::int64_t i = first * d; i < last * d; ++i) {
      const double v = mapped[i] - z[i];
      largest = std::max(largest, std::abs(a[i]) + std::abs(v));
      a[i] -= v + (is_mean ? theta_[i - first * d] : 0);
      residual = std::max(residual, std::abs(a[i]));
    }
    const double rounding =
        8 * std::numeric_limits<double>::epsilon() * factors.condition * largest;
    if (residual <= rounding) {
      std::fill(a.data() + first * d, a.data() + last * d, 0.0);
      return;
    }
    m.residual = std::max(m.residual, residual);
    m.rounding = std::max(m.rounding, rounding);
  };
  const std::int64_t pairs = x0_.rows() - 1;  // rows of noise follow those of the pairs
  settle(0, pairs, false);
  settle(pairs, normals, false);
  settle(normals, normals + 1, true);
  m.loss = squares_of(a.values());
  blas::lu_solve(blas::Transpose::kYes, d, normals + 1, factors.lu.data(), factors.pivots.data(),
                 a.data());

  const double* mean_a = a.row(normals).data();
  const double* mean_z = z.row(normals).data();
  Tensor<double> s_az(Shape{d, d});
  blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, d, d, normals, 1.0, a.data(), d, z.data(),
             d, 0.0, s_az.data(), d);
  m.a_squares = squares_of(a.values());
  m.z_squares = squares_of(z.values());
  m.az_squares = squares_of(s_az.values());
  m.mean_theta.resize(d);
  m.mean_matrix.resize(d * d);
  const auto copies = static_cast<double>(copies_);
  const double mean_scale = -2 * std::sqrt(copies);
  for (std::int64_t i = 0; i < d; ++i) {
    m.mean_theta[i] = mean_scale * mean_a[i];
    for (std::int64_t j = 0; j < d; ++j) {
      m.mixed += mean_a[i] * s_az[i * d + j] * mean_z[j];
      m.mean_matrix[i * d + j] = mean_scale * (s_az[i * d + j] + mean_a[i] * mean_z[j]);
    }
  }
  for (double* sum : {&m.a_squares, &m.z_squares, &m.az_squares, &m.mixed, &m.loss}) *sum *= copies;
  return m;
}

std::vector<double> GaussianBlock::singular_times() const {
  const std::int64_t d = dim();
  std::vector<double> re(d), im(d), times;
  Tensor<double> copy = map_;
  blas::eigenvalues(d, copy.data(), re.data(), im.data());
  for (std::int64_t i = 0; i < d; ++i) {
    const double rate = 1 - re[i];  // A's eigenvalue is 1 - t rate
    if (rate == 0 || std::abs(im[i]) > 3e-8 * std::abs(rate)) continue;
    // A double eigenvalue may come out as a pair with imaginary parts of sqrt(eps); a rotation near
    // half a turn has such a pair and no singular time.
    if (im[i] != 0 && !(condition(UnitTime::at(1 / rate)) >= kMaxCondition)) continue;
    times.push_back(1 / rate);
  }
  return times;
}

std::vector<GaussianBlock> gaussian_blocks(const Tensor<double>& theta, const Tensor<double>& map,
                                           const Tensor<double>& x0, const Tensor<double>& x1,
                                           bool together) {
  const std::int64_t d = theta.size(), normals = x0.rows() - 1;
  Components components(d);
  for (std::int64_t i = 0; i < d; ++i) {
    if (together) components.join(0, i);
    for (std::int64_t j = 0; j < d; ++j) {
      if (map[i * d + j] != 0) components.join(i, j);
    }
  }
  std::vector<std::int64_t> driven(normals, -1);  // a coordinate of each normal's, if any
  for (std::int64_t k = 0; k < normals; ++k) {
    for (std::int64_t i = 0; i < d; ++i) {
      if (x0.row(k)[i] == 0 && x1.row(k)[i] == 0) continue;
      if (driven[k] >= 0) components.join(driven[k], i);
      driven[k] = i;
    }
  }
  std::vector<std::vector<std::int64_t>> coordinates(d), sources(d);
  for (std::int64_t i = 0; i < d; ++i) coordinates[components.first(i)].push_back(i);
  for (std::int64_t k = 0; k < normals; ++k) {
    if (driven[k] >= 0) sources[components.first(driven[k])].push_back(k);
  }
  std::vector<GaussianBlock> blocks;
  for (std::int64_t first = 0; first < d; ++first) {
    const std::vector<std::int64_t>& own = coordinates[first];
    if (own.empty()) continue;
    std::vector<std::int64_t> rows = sources[first];
    rows.push_back(normals);  // the mean
    const auto b = static_cast<std::int64_t>(own.size()),
               m = static_cast<std::int64_t>(rows.size());
    Tensor<double> part_theta(Shape{b}), part_map(Shape{b, b}), part_x0(Shape{m, b}),
        part_x1(Shape{m, b});
    for (std::int64_t j = 0; j < b; ++j) {
      part_theta[j] = theta[own[j]];
      for (std::int64_t i = 0; i < b; ++i) part_map[i * b + j] = map[own[i] * d + own[j]];
      for (std::int64_t k = 0; k < m; ++k) {
        part_x0[k * b + j] = x0.row(rows[k])[own[j]];
        part_x1[k * b + j] = x1.row(rows[k])[own[j]];
      }
    }
    const GaussianBlock block(std::move(part_theta), std::move(part_map), std::move(part_x0),
                              std::move(part_x1));
    const bool known = std::any_of(blocks.begin(), blocks.end(),
                                   [&](GaussianBlock& other) { return other.absorb(block); });
    if (!known) blocks.push_back(block);
  }
  return blocks;
}

}  // namespace gradvar
