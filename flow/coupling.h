// coupling: who is paired with whom.
//
//   independent   x1 drawn from the target by itself
//   permutation   the drawn targets in a random order: as random as independent pairs, but every
//                 target stands in exactly one pair, which matters when targets are given points
//   map           x1 = A x0 + b: any affine map; between Gaussians the optimal one or a rotated
//                 one (affine_map.h)
//   of a flow     where a trained flow goes, or comes from (tools/flow_coupling.h)
//   of sets       exact assignment, entropic plan, ... between drawn points (set_couplings.h)
//
// A coupling chooses partners. Whether the pairs are then kept through training or drawn anew at
// every step is the pairing (pairs.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "autograd/random.h"
#include "autograd/tensor.h"
#include "flow/affine_map.h"
#include "flow/pairs.h"

namespace gradvar {

class Coupling {
 public:
  virtual ~Coupling() = default;

  // The spec that makes this coupling again: "rotation:angle=180,planes=1".
  [[nodiscard]] virtual std::string spec() const = 0;
  // Row n of the result is the partner of row n of x0. `targets` are as many independent draws of
  // the target; they may be empty when uses_targets() is false. `stream` is for the coupling's own
  // randomness.
  [[nodiscard]] virtual Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                                const RandomStream& stream) const = 0;
  [[nodiscard]] virtual bool uses_targets() const { return true; }
  // Whether pairs are made from the target's side, by sources() of drawn targets.
  [[nodiscard]] virtual bool from_targets() const { return false; }
  // Row n of the result is the source of row n of x1. REQUIRES: from_targets().
  [[nodiscard]] virtual Tensor<double> sources(const Tensor<double>& x1) const;
  // Whether a partner depends on its own row alone, so that pairs can be resampled row by row.
  [[nodiscard]] virtual bool row_by_row() const { return true; }
  // Whether given sources are taken once each, as many as there are pairs, and not drawn.
  [[nodiscard]] virtual bool sources_once() const { return false; }
  // How many numbers choosing so many partners holds at once, beside the pairs: for a refusal
  // before memory is taken.
  [[nodiscard]] virtual double numbers_held(std::int64_t) const { return 0; }
  // The map, where the coupling is one.
  [[nodiscard]] virtual const AffineMap* map() const { return nullptr; }
  // Whether further pairs can be made: false where what made the first ones is gone.
  [[nodiscard]] virtual bool at_hand() const { return true; }
  // Where pairs came from, beyond the spec, by name.
  [[nodiscard]] virtual std::map<std::string, std::string> provenance() const { return {}; }
};

class IndependentCoupling final : public Coupling {
 public:
  [[nodiscard]] std::string spec() const override { return "independent"; }
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
};

class PermutationCoupling final : public Coupling {
 public:
  [[nodiscard]] std::string spec() const override { return "permutation"; }
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] bool row_by_row() const override { return false; }
};

class MapCoupling final : public Coupling {
 public:
  // `spec` is what spec() returns.
  MapCoupling(AffineMap map, std::string spec);
  [[nodiscard]] std::string spec() const override { return spec_; }
  [[nodiscard]] Tensor<double> partners(const Tensor<double>& x0, Tensor<double> targets,
                                        const RandomStream& stream) const override;
  [[nodiscard]] bool uses_targets() const override { return false; }
  [[nodiscard]] const AffineMap* map() const override { return &map_; }

 private:
  AffineMap map_;
  std::string spec_;
};

}  // namespace gradvar
