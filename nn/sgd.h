// sgd: stochastic gradient descent, as torch.optim.SGD has it (dampening 0).
//
//   d = g + weight_decay p     b = momentum b + d     p -= rate b
//   nesterov                                          p -= rate (d + momentum b)
//
// State: momentum_buffer b, which starts at zero; none when momentum is 0.
#pragma once

#include <string>
#include <string_view>

#include "nn/optimizer.h"

namespace gradvar {

struct SgdOptions {
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;

  // Throws std::invalid_argument unless 0 <= momentum < 1, weight_decay >= 0 and finite, and
  // nesterov comes with a momentum.
  void validate() const;
  // "sgd:momentum=0,nesterov=false,weight-decay=0".
  [[nodiscard]] std::string spec() const;
  [[nodiscard]] static SgdOptions parse(std::string_view spec);
};

template <class Real>
class Sgd final : public Optimizer<Real> {
 public:
  explicit Sgd(const ParameterLayout& layout, const SgdOptions& options = {});
  [[nodiscard]] std::string spec() const override { return options_.spec(); }

 private:
  void update(Real* p, const Real* g, std::int64_t offset, std::int64_t n,
              double learning_rate) override;

  SgdOptions options_;
};

}  // namespace gradvar
