#include "flow/pair_identifiability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/random.h"
#include "autograd/vector_math.h"
#include "flow/distances.h"
#include "flow/pair_fields.h"
#include "flow/pairwise.h"
#include "flow/quadrature.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr std::int64_t kStripRows = 128;  // points at a time; part of the numbers: it orders sums

void check_options(const IdentifiabilityOptions& options, bool noisy) {
  check(options.nodes >= 1, "identifiability",
        "nodes is " + std::to_string(options.nodes) + ", expected 1 or more");
  check(!noisy || options.replicates >= 2, "identifiability",
        "replicates is " + std::to_string(options.replicates) +
            ", expected 2 or more for a standard error");
  check(options.t_begin >= 0 && options.t_begin < options.t_end && options.t_end <= 1,
        "identifiability",
        "t goes from " + number_text(options.t_begin) + " to " + number_text(options.t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
}

// Exponents beyond this are weights of 0.
constexpr double kNothing = 700;

// w_j = exp(least - e_j), e_j = D_j / (2 c^2) + P_j / c.
GRADVAR_MULTIVERSION
void exponents(std::span<const double> squared, std::span<const double> products, double c,
               std::span<double> e) {
  const double half = 1 / (2 * c * c), whole = 1 / c;
  const std::size_t count = e.size();
  const double *d = squared.data(), *p = products.data();
  double* to = e.data();
  for (std::size_t j = 0; j < count; ++j) to[j] = d[j] * half + p[j] * whole;
}

GRADVAR_MULTIVERSION
void softmax_terms(std::span<double> e, double least, std::span<double> w) {
  const std::size_t count = e.size();
  double *from = e.data(), *to = w.data();
  for (std::size_t j = 0; j < count; ++j) {
    const double above = from[j] - least;
    from[j] = above > kNothing ? 0 : above;
    to[j] = above > kNothing ? 0 : vector_math::exp_fast(-above);
  }
}

// Fills the posterior of one point of a pair, and returns its entropy in nats. `e` is scratch.
double posterior(std::span<const double> squared, std::span<const double> products, double c,
                 std::span<double> e, std::span<double> w) {
  if (c * c > 0 && std::isfinite(1 / (2 * c * c))) {
    exponents(squared, products, c, e);
  } else {  // the nearest lines: those that are the point's own
    std::transform(squared.begin(), squared.end(), e.begin(),
                   [](double apart) { return apart == 0 ? 0 : 2 * kNothing; });
  }
  softmax_terms(e, *std::min_element(e.begin(), e.end()), w);
  double total = 0, mean_exponent = 0;
  for (std::size_t j = 0; j < w.size(); ++j) {
    total += w[j];
    mean_exponent += w[j] * e[j];
  }
  for (double& weight : w) weight /= total;
  return std::log(total) + mean_exponent / total;
}

// Sums over points of the floor and the entropy, for each replicate and sigma.
struct Sums {
  explicit Sums(std::size_t cells) : floor(cells), entropy(cells) {}
  std::vector<double> floor, entropy;
};

// The lines at one time, and what targets differ by, both about their means.
struct Lines {
  Tensor<double> at, targets;  // [N,d]
};

void subtract_means(Tensor<double>& rows) {
  for (std::int64_t k = 0; k < rows.row_size(); ++k) {
    double mean = 0;
    for (std::int64_t i = 0; i < rows.rows(); ++i) mean += rows.row(i)[k];
    mean /= static_cast<double>(rows.rows());
    for (std::int64_t i = 0; i < rows.rows(); ++i) rows.row(i)[k] -= mean;
  }
}

class IdentifiabilityMeasurement {
 public:
  IdentifiabilityMeasurement(const Tensor<double>& x0, const Tensor<double>& x1,
                             const Interpolant& interpolant, std::span<const double> sigmas,
                             const IdentifiabilityOptions& options)
      : options_(options), x0_(x0), x1_(x1), noise_(options.seed, Purpose::kNoise) {
    for (const double sigma : sigmas) {
      Interpolant one = interpolant;
      one.sigma = sigma;
      one.validate();
      levels_.push_back(one);
      noisy_ = noisy_ || one.needs_noise();
    }
    const PairPosterior checked(x0, x1, levels_.empty() ? interpolant : levels_.front());
    check_options(options, noisy_);
    d_ = x0_.row_size();
    x0_.reshape({x0_.rows(), d_});
    x1_.reshape({x1_.rows(), d_});
    rule_ = gauss_legendre(options.nodes, options.t_begin, options.t_end);
    replicates_ = noisy_ ? options.replicates : 1;
    const std::int64_t drawn = options.pairs_drawn > 0 ? options.pairs_drawn : x0.rows();
    taken_ = random_subset(x0.rows(), drawn, options.seed);
  }

  std::vector<PairIdentifiability> measure(LanePool* pool, const IdentifiabilityTick& tick) {
    const auto taken = static_cast<std::int64_t>(taken_.size());
    const std::int64_t strips = (taken + kStripRows - 1) / kStripRows;
    const auto pieces = static_cast<int>(strips);
    std::vector<PairIdentifiability> results(levels_.size());
    std::vector<std::vector<double>> floors(levels_.size(), std::vector<double>(replicates_));
    std::vector<std::vector<double>> informations = floors;
    std::mutex ticking;
    std::int64_t done = 0;
    for (std::size_t node = 0; node < rule_.nodes.size(); ++node) {
      const Lines lines = lines_at(rule_.nodes[node]);
      std::vector<Sums> sums(pieces, Sums(cells()));
      const auto piece = [&](int i) {
        strip(lines, node, i * kStripRows, std::min(taken, (i + 1) * kStripRows), sums[i]);
        if (!tick) return;
        const std::lock_guard<std::mutex> lock(ticking);
        tick(++done, strips * static_cast<std::int64_t>(rule_.nodes.size()));
      };
      if (pool != nullptr) {
        pool->run(pieces, piece);
      } else {
        for (int i = 0; i < pieces; ++i) piece(i);
      }
      collect(node, sums, results, floors, informations);
    }
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      results[level].loss_floor = estimate_of(floors[level]);
      results[level].information = estimate_of(informations[level]);
    }
    return results;
  }

 private:
  [[nodiscard]] std::size_t cells() const { return levels_.size() * replicates_; }

  [[nodiscard]] Lines lines_at(double t) const {
    // Of noise of size 1: c'/c does not depend on the size.
    Interpolant unit = levels_.empty() ? Interpolant{} : levels_.front();
    if (noisy_) unit.sigma = 1;
    const Interpolant::Coefficients at = unit.coefficients(t);
    const double slope = at.dc == 0 ? 0 : at.dc / at.c;
    Lines lines{Tensor<double>(x0_.shape()), Tensor<double>(x0_.shape())};
    for (std::int64_t i = 0; i < x0_.size(); ++i) {
      lines.at[i] = at.a * x0_[i] + at.b * x1_[i];
      lines.targets[i] = at.da * x0_[i] + at.db * x1_[i] - slope * lines.at[i];
    }
    subtract_means(lines.at);
    subtract_means(lines.targets);
    return lines;
  }

  // The points of taken pairs begin .. end, with all their draws and noise levels.
  void strip(const Lines& lines, std::size_t node, std::int64_t begin, std::int64_t end,
             Sums& sums) const {
    const std::int64_t count = end - begin, pairs = x0_.rows();
    const std::span<const std::int64_t> own = std::span(taken_).subspan(begin, count);
    const Tensor<double> squared = squared_distances(select_rows(lines.at, own), lines.at);
    const Tensor<double> target_squared =
        squared_distances(select_rows(lines.targets, own), lines.targets);
    Tensor<double> products(squared.shape()), w(squared.shape());
    std::vector<double> z(count * d_), means(count * d_), e(pairs), entropy(count);
    for (int replicate = 0; replicate < replicates_; ++replicate) {
      if (noisy_) multiply_noise(lines, node, replicate, own, squared, z, products);
      for (std::size_t level = 0; level < levels_.size(); ++level) {
        const double c = levels_[level].coefficients(rule_.nodes[node]).c;
        const std::size_t cell = level * replicates_ + replicate;
        for (std::int64_t n = 0; n < count; ++n) {
          sums.entropy[cell] += posterior(squared.row(n), products.row(n), c, e, w.row(n));
        }
        sums.floor[cell] += floor_of(lines, own, target_squared, w, means);
      }
    }
  }

  // products[n, j] = z_n . (mu_n - mu_j), and 0 for a line that is the point's own.
  void multiply_noise(const Lines& lines, std::size_t node, int replicate,
                      std::span<const std::int64_t> own, const Tensor<double>& squared,
                      std::vector<double>& z, Tensor<double>& products) const {
    const auto count = static_cast<std::int64_t>(own.size());
    for (std::int64_t n = 0; n < count; ++n) {
      noise_.normals<double>(node * replicates_ + replicate, static_cast<std::uint32_t>(own[n]),
                             std::span(z).subspan(n * d_, d_));
    }
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, count, x0_.rows(), d_, -1.0, z.data(),
               d_, lines.at.data(), d_, 0.0, products.data(), x0_.rows());
    for (std::int64_t n = 0; n < count; ++n) {
      const double of_own = -products.row(n)[own[n]];
      for (std::int64_t j = 0; j < x0_.rows(); ++j) {
        double& product = products.row(n)[j];
        product = squared.row(n)[j] == 0 ? 0 : product + of_own;
      }
    }
  }

  // sum_n sum_j w_nj |u_j - v*_n|^2 = sum_n (sum_j w_nj |u_j - u_n|^2 - |v*_n - u_n|^2).
  [[nodiscard]] double floor_of(const Lines& lines, std::span<const std::int64_t> own,
                                const Tensor<double>& target_squared, const Tensor<double>& w,
                                std::vector<double>& means) const {
    const auto count = static_cast<std::int64_t>(own.size());
    const bool certain = [&] {  // every point names its pair
      for (std::int64_t n = 0; n < count; ++n) {
        if (w.row(n)[own[n]] != 1) return false;
      }
      return true;
    }();
    if (certain) return 0;
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kNo, count, d_, x0_.rows(), 1.0, w.data(),
               x0_.rows(), lines.targets.data(), d_, 0.0, means.data(), d_);
    double total = 0;
    for (std::int64_t n = 0; n < count; ++n) {
      double floor = 0;
      for (std::int64_t j = 0; j < x0_.rows(); ++j) {
        floor += w.row(n)[j] * target_squared.row(n)[j];
      }
      const std::span<const double> target = lines.targets.row(own[n]);
      for (std::int64_t k = 0; k < d_; ++k) {
        const double apart = means[n * d_ + k] - target[k];
        floor -= apart * apart;
      }
      total += std::max(floor, 0.0);
    }
    return total;
  }

  void collect(std::size_t node, const std::vector<Sums>& sums,
               std::vector<PairIdentifiability>& results, std::vector<std::vector<double>>& floors,
               std::vector<std::vector<double>>& informations) const {
    Sums total(cells());
    const auto points = static_cast<double>(taken_.size());
    for (const Sums& part : sums) {
      for (std::size_t cell = 0; cell < cells(); ++cell) {
        total.floor[cell] += part.floor[cell] / points;
        total.entropy[cell] += part.entropy[cell] / points;
      }
    }
    const double most = std::log(static_cast<double>(x0_.rows()));
    const double weight = rule_.weights[node] / (options_.t_end - options_.t_begin);
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      PairIdentifiability::AtTime at{rule_.nodes[node], 0, 0};
      for (int replicate = 0; replicate < replicates_; ++replicate) {
        const std::size_t cell = level * replicates_ + replicate;
        const double information = most - total.entropy[cell];
        floors[level][replicate] += weight * total.floor[cell];
        informations[level][replicate] += weight * information;
        at.loss_floor += total.floor[cell] / replicates_;
        at.information += information / replicates_;
      }
      results[level].by_time.push_back(at);
    }
  }

  IdentifiabilityOptions options_;
  Tensor<double> x0_, x1_;           // [N,d]
  std::vector<Interpolant> levels_;  // one a sigma
  bool noisy_ = false;
  std::int64_t d_ = 0;
  int replicates_ = 1;
  Quadrature rule_;
  std::vector<std::int64_t> taken_;  // pairs whose points are drawn
  RandomStream noise_;
};

}  // namespace

std::vector<PairIdentifiability> measure_identifiability(
    const Tensor<double>& x0, const Tensor<double>& x1, const Interpolant& interpolant,
    std::span<const double> sigmas, const IdentifiabilityOptions& options, LanePool* pool,
    const IdentifiabilityTick& tick) {
  return IdentifiabilityMeasurement(x0, x1, interpolant, sigmas, options).measure(pool, tick);
}

PairIdentifiability measure_identifiability(const Tensor<double>& x0, const Tensor<double>& x1,
                                            const Interpolant& interpolant,
                                            const IdentifiabilityOptions& options, LanePool* pool) {
  const double sigmas[] = {interpolant.sigma};
  return measure_identifiability(x0, x1, interpolant, sigmas, options, pool).front();
}

}  // namespace gradvar
