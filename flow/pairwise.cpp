#include "flow/pairwise.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"

namespace gradvar {

namespace {

void check_finite(std::string_view where, std::string_view name, const Tensor<double>& set) {
  for (std::int64_t i = 0; i < set.size(); ++i) {
    check(std::isfinite(set[i]), where, [&] {
      return "row " + std::to_string(i / set.row_size()) + " of " + std::string(name) +
             " is not finite";
    });
  }
}

std::vector<double> column_means(const Tensor<double>& rows) {
  std::vector<double> means(rows.row_size());
  for (std::int64_t n = 0; n < rows.rows(); ++n) {
    for (std::size_t i = 0; i < means.size(); ++i) means[i] += rows.row(n)[i];
  }
  for (double& mean : means) mean /= static_cast<double>(rows.rows());
  return means;
}

double squared_distance(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum;
}

// Below this share of the norms, a difference has lost so many digits that it is taken again.
constexpr double kCancelled = 1e-4;

// Subtracts the centre from every row, and returns the squared norms of what is left.
std::vector<double> centre_rows(Tensor<double>& rows, const std::vector<double>& centre) {
  std::vector<double> norms(rows.rows());
  for (std::int64_t n = 0; n < rows.rows(); ++n) {
    const std::span<double> row = rows.row(n);
    for (std::size_t i = 0; i < centre.size(); ++i) {
      row[i] -= centre[i];
      norms[n] += row[i] * row[i];
    }
  }
  return norms;
}

}  // namespace

void check_samples(std::string_view where, const Tensor<double>& x, const Tensor<double>& y) {
  check(x.shape().rank() >= 1 && y.shape().rank() >= 1 && x.shape().sample() == y.shape().sample(),
        where,
        "one set is " + x.shape().to_string() + ", the other " + y.shape().to_string() +
            ": the shapes of their samples must agree");
  check_finite(where, "the first set", x);
  check_finite(where, "the second set", y);
}

PairwiseDistances::PairwiseDistances(const Tensor<double>& x, const Tensor<double>& y,
                                     std::int64_t block_rows)
    : block_rows_(block_rows), x_(x), y_(y) {
  check_samples("distances", x, y);
  check(block_rows >= 1, "distances",
        "a block has " + std::to_string(block_rows) + " rows, expected 1 or more");
  if (x.size() == 0 || y.size() == 0) {
    x_norms_.resize(x.rows());
    y_norms_.resize(y.rows());
    return;
  }
  const std::vector<double> centre = column_means(y);
  x_norms_ = centre_rows(x_, centre);
  y_norms_ = centre_rows(y_, centre);
}

double PairwiseDistances::sum(const std::function<double(const Block&)>& visit,
                              LanePool* pool) const {
  const std::int64_t strips = (x_rows() + block_rows_ - 1) / block_rows_;
  std::vector<double> sums(strips);
  const auto strip = [&](int i) { sums[i] = sum_strip(i, visit); };
  if (pool != nullptr) {
    pool->run(static_cast<int>(strips), strip);
  } else {
    for (int i = 0; i < static_cast<int>(strips); ++i) strip(i);
  }
  double total = 0;
  for (const double s : sums) total += s;
  return total;
}

double PairwiseDistances::sum_strip(std::int64_t strip,
                                    const std::function<double(const Block&)>& visit) const {
  const std::int64_t d = x_.row_size(), begin = strip * block_rows_;
  const std::int64_t count = std::min(block_rows_, x_rows() - begin);
  std::vector<double> squared(count * std::min(block_rows_, y_rows()));
  double total = 0;
  for (std::int64_t other = 0; other < y_rows(); other += block_rows_) {
    const std::int64_t others = std::min(block_rows_, y_rows() - other);
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < others; ++j) {
        squared[i * others + j] = x_norms_[begin + i] + y_norms_[other + j];
      }
    }
    if (d > 0) {  // samples without coordinates are all at distance 0
      blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, count, others, d, -2.0,
                 x_.data() + begin * d, d, y_.data() + other * d, d, 1.0, squared.data(), others);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < others; ++j) {
        double& s = squared[i * others + j];
        if (s < kCancelled * (x_norms_[begin + i] + y_norms_[other + j])) {
          s = squared_distance(x_.row(begin + i), y_.row(other + j));
        }
      }
    }
    const std::span<double> block(squared.data(), count * others);
    total += visit({begin, count, other, others, block});
  }
  return total;
}

Tensor<double> squared_distances(const Tensor<double>& x, const Tensor<double>& y, LanePool* pool) {
  Tensor<double> all(Shape{x.rows(), y.rows()});
  const PairwiseDistances distances(x, y);
  (void)distances.sum(
      [&](const PairwiseDistances::Block& block) {
        for (std::int64_t i = 0; i < block.x_count; ++i) {
          std::copy_n(block.squared.data() + i * block.y_count, block.y_count,
                      all.data() + (block.x_begin + i) * y.rows() + block.y_begin);
        }
        return 0.0;
      },
      pool);
  return all;
}

}  // namespace gradvar
