// set_couplings: partners chosen by looking at all sources and all targets, by squared distance.
//
//   assignment    the pairing of least total cost, exactly (assignment.h)
//   minibatch     the same within batches of `size` pairs: targets in a random order, then batch by
//                 batch (Fatras et al., "Learning with minibatch Wasserstein", 2020). The last
//                 batch may be smaller
//   adversarial   the optimal pairing, in which a random `fraction` of the targets have then been
//                 handed on in one random circle, so that none of their sources keeps its own. A
//                 fraction that rounds to one target moves two, where there are two: one alone has
//                 nowhere to go
//   entropic      by the plan of sinkhorn.h, epsilon in units of the mean cost: a target drawn from
//                 each source's row, so that targets may repeat, or the mean of that row
//                 (barycentric), which is no target in general
//
// x0, targets [N, ...]; choosing holds N x N numbers at least. Everything here throws
// std::invalid_argument when the two sets differ in shape or hold numbers that are not finite.
#pragma once

#include <functional>
#include <utility>

#include "flow/coupling.h"

namespace gradvar {

// How partners are looked for; never changes a number.
struct SetSearch {
  int threads = 1;
  // Called often, by the calling thread; what it throws goes through: the place to stop.
  std::function<void()> tick{};
};

class SetCoupling : public Coupling {
 public:
  void set_search(SetSearch search) { search_ = std::move(search); }
  [[nodiscard]] bool row_by_row() const final { return false; }
  [[nodiscard]] bool sources_once() const final { return true; }

 protected:
  [[nodiscard]] const SetSearch& search() const { return search_; }

 private:
  SetSearch search_;
};

class AssignmentCoupling final : public SetCoupling {
 public:
  [[nodiscard]] std::string spec() const override { return "assignment"; }
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] double numbers_held(std::int64_t pairs) const override;
};

class MinibatchCoupling final : public SetCoupling {
 public:
  // Throws std::invalid_argument unless size >= 1.
  explicit MinibatchCoupling(std::int64_t size);
  [[nodiscard]] std::string spec() const override;
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] double numbers_held(std::int64_t pairs) const override;

 private:
  std::int64_t size_;
};

class AdversarialCoupling final : public SetCoupling {
 public:
  // Throws std::invalid_argument unless 0 <= fraction <= 1.
  explicit AdversarialCoupling(double fraction);
  [[nodiscard]] std::string spec() const override;
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] double numbers_held(std::int64_t pairs) const override;

 private:
  double fraction_;
};

class EntropicCoupling final : public SetCoupling {
 public:
  // Throws std::invalid_argument unless epsilon > 0, finite.
  EntropicCoupling(double epsilon, bool barycentric);
  [[nodiscard]] std::string spec() const override;
  // Throws std::runtime_error as sinkhorn does when epsilon is too small to reach its tolerance.
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] double numbers_held(std::int64_t pairs) const override;

 private:
  double epsilon_;
  bool barycentric_;
};

}  // namespace gradvar
