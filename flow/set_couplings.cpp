#include "flow/set_couplings.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "autograd/check.h"
#include "autograd/lanes.h"
#include "flow/assignment.h"
#include "flow/distances.h"
#include "flow/pairwise.h"
#include "flow/sinkhorn.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

namespace {

double squared(std::int64_t n) { return static_cast<double>(n) * static_cast<double>(n); }

std::vector<std::int64_t> random_order(std::int64_t count, const RandomStream& stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  stream.permutation(0, order);
  return order;
}

std::vector<std::int64_t> assigned(const Tensor<double>& x0, const Tensor<double>& targets,
                                   const SetSearch& search) {
  LanePool pool(search.threads);
  return optimal_assignment(x0, targets, &pool, search.tick).partner;
}

}  // namespace

Tensor<double> AssignmentCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                            const RandomStream&) const {
  check_same_shape("assignment", "the source set", x0.shape(), "the target set", targets.shape());
  return select_rows(targets, assigned(x0, targets, search()));
}

double AssignmentCoupling::numbers_held(std::int64_t pairs) const { return squared(pairs); }

MinibatchCoupling::MinibatchCoupling(std::int64_t size) : size_(size) {
  check(size >= 1, "minibatch",
        [&] { return "size is " + std::to_string(size) + ", expected 1 or more"; });
}

std::string MinibatchCoupling::spec() const {
  return SpecWriter("minibatch").integer("size", size_).text();
}

Tensor<double> MinibatchCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                           const RandomStream& stream) const {
  check_same_shape("minibatch", "the source set", x0.shape(), "the target set", targets.shape());
  const std::vector<std::int64_t> order = random_order(targets.rows(), stream);
  std::vector<std::int64_t> chosen(order.size());
  LanePool pool(search().threads);
  for (std::int64_t begin = 0; begin < x0.rows(); begin += size_) {
    const std::int64_t count = std::min(size_, x0.rows() - begin);
    const std::span<const std::int64_t> batch(order.data() + begin, count);
    const Assignment found = optimal_assignment(x0.rows_copy(begin, count),
                                                select_rows(targets, batch), &pool, search().tick);
    for (std::int64_t i = 0; i < count; ++i) chosen[begin + i] = batch[found.partner[i]];
  }
  return select_rows(targets, chosen);
}

double MinibatchCoupling::numbers_held(std::int64_t pairs) const {
  return squared(std::min(size_, pairs));
}

AdversarialCoupling::AdversarialCoupling(double fraction) : fraction_(fraction) {
  check(fraction >= 0 && fraction <= 1, "adversarial",
        [&] { return "fraction is " + number_text(fraction) + ", expected a number from 0 to 1"; });
}

std::string AdversarialCoupling::spec() const {
  return SpecWriter("adversarial").number("fraction", fraction_).text();
}

Tensor<double> AdversarialCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                             const RandomStream& stream) const {
  check_same_shape("adversarial", "the source set", x0.shape(), "the target set", targets.shape());
  const std::vector<std::int64_t> best = assigned(x0, targets, search());
  const std::vector<std::int64_t> order = random_order(x0.rows(), stream);
  auto moved =
      static_cast<std::size_t>(std::llround(fraction_ * static_cast<double>(order.size())));
  if (moved == 1) moved = std::min<std::size_t>(2, order.size());
  std::vector<std::int64_t> chosen = best;
  for (std::size_t i = 0; i < moved; ++i) chosen[order[i]] = best[order[(i + 1) % moved]];
  return select_rows(targets, chosen);
}

double AdversarialCoupling::numbers_held(std::int64_t pairs) const { return squared(pairs); }

EntropicCoupling::EntropicCoupling(double epsilon, bool barycentric)
    : epsilon_(epsilon), barycentric_(barycentric) {
  check(std::isfinite(epsilon) && epsilon > 0, "entropic",
        [&] { return "epsilon is " + number_text(epsilon) + ", expected a number above 0"; });
}

std::string EntropicCoupling::spec() const {
  return SpecWriter("entropic")
      .number("epsilon", epsilon_)
      .word("partner", barycentric_ ? "barycentric" : "sampled")
      .text();
}

Tensor<double> EntropicCoupling::partners(const Tensor<double>& x0, Tensor<double> targets,
                                          const RandomStream& stream) const {
  check_same_shape("entropic", "the source set", x0.shape(), "the target set", targets.shape());
  LanePool pool(search().threads);
  const SinkhornPlan plan =
      sinkhorn(squared_distances(x0, targets, &pool), {.epsilon = epsilon_}, &pool, search().tick);
  if (barycentric_) return barycentric_partners(plan, targets);
  return select_rows(targets, sampled_partners(plan, stream));
}

// Costs, the same turned, the plan; and two matrices of Newton's steps.
double EntropicCoupling::numbers_held(std::int64_t pairs) const { return 5 * squared(pairs); }

}  // namespace gradvar
