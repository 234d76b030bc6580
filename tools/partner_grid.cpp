#include "tools/partner_grid.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "flow/solver.h"
#include "io/png.h"
#include "tools/choices.h"

namespace gradvar {

namespace {

std::vector<const Tensor<double>*> columns_of(const FollowedPairs& pairs) {
  std::vector<const Tensor<double>*> columns = {&pairs.sources, &pairs.generated, &pairs.partners};
  if (pairs.optimal.size() > 0) columns.push_back(&pairs.optimal);
  return columns;
}

ImageGrid grid_of(std::int64_t numbers, std::int64_t across) {
  return {.channels = square_image(numbers).channels, .columns = 2 * across};
}

void check_count(const Problem& problem, std::int64_t count) {
  const std::int64_t most = problem.pairs().x0.rows();
  if (count <= most) return;
  throw std::invalid_argument("--pairs is " + std::to_string(count) + ", the run has " +
                              std::to_string(most) + " pairs");
}

}  // namespace

template <class Real>
FollowedPairs follow_pairs(const Problem& problem, const Field<Real>& field,
                           const SolverOptions& solver, std::int64_t count) {
  check_count(problem, count);
  const Pairs& pairs = problem.pairs();
  FollowedPairs followed{.sources = pairs.x0.rows_copy(0, count),
                         .generated = {},
                         .partners = pairs.x1.rows_copy(0, count),
                         .optimal = {}};
  const Tensor<double>& optimal = problem.optimal_partners();
  if (optimal.size() > 0) followed.optimal = optimal.rows_copy(0, count);
  followed.generated =
      convert<double>(solve<Real>(field, solver, convert<Real>(followed.sources)).end);
  return followed;
}

std::string describe_columns(const FollowedPairs& pairs) {
  const std::string known = "source | generated | training partner";
  return pairs.optimal.size() > 0 ? known + " | optimal partner" : known;
}

void check_partner_grid(const Problem& problem, std::int64_t count) {
  check_count(problem, count);
  const std::int64_t across = problem.optimal_partners().size() > 0 ? 4 : 3;
  const std::int64_t numbers = problem.sample_shape().size();
  for_option("--pairs", [&] { check_grid(count * across, numbers, grid_of(numbers, across)); });
}

void write_partner_grid(const std::string& path, const FollowedPairs& pairs) {
  const std::vector<const Tensor<double>*> columns = columns_of(pairs);
  const auto across = static_cast<std::int64_t>(columns.size());
  const std::int64_t size = pairs.sources.row_size();
  Tensor<double> images(Shape{pairs.sources.rows() * across, size});
  for (std::int64_t n = 0; n < pairs.sources.rows(); ++n) {
    for (std::int64_t column = 0; column < across; ++column) {
      std::ranges::copy(columns[column]->row(n), images.row(n * across + column).begin());
    }
  }
  write_png(path, images, grid_of(size, across));
}

template FollowedPairs follow_pairs(const Problem&, const Field<float>&, const SolverOptions&,
                                    std::int64_t);
template FollowedPairs follow_pairs(const Problem&, const Field<double>&, const SolverOptions&,
                                    std::int64_t);

}  // namespace gradvar
