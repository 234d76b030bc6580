// adam: Adam and AdamW, as torch.optim has them. t is the number of the step, from 1.
//
//   Adam    d = g + weight_decay p                      (weight decay through the gradient)
//   AdamW   p *= 1 - rate weight_decay      d = g       (decoupled: Loshchilov and Hutter, 2019)
//   m = beta1 m + (1 - beta1) d       v = beta2 v + (1 - beta2) d^2
//   p -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//
// States: exp_avg m and exp_avg_sq v, which start at zero.
#pragma once

#include <string>
#include <string_view>

#include "nn/optimizer.h"

namespace gradvar {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;  // AdamW

  // AdamW's own defaults: weight_decay 0.01.
  [[nodiscard]] static AdamOptions adamw() { return {.weight_decay = 0.01, .decoupled = true}; }

  // Throws std::invalid_argument unless 0 <= beta1, beta2 < 1, and eps and weight_decay are finite
  // and 0 or more.
  void validate() const;
  // "adam:beta1=0.9,beta2=0.999,eps=1e-08,weight-decay=0", or "adamw:...".
  [[nodiscard]] std::string spec() const;
  [[nodiscard]] static AdamOptions parse(std::string_view spec);
};

template <class Real>
class Adam final : public Optimizer<Real> {
 public:
  explicit Adam(const ParameterLayout& layout, const AdamOptions& options = {});
  [[nodiscard]] std::string spec() const override { return options_.spec(); }

 private:
  void update(Real* p, const Real* g, std::int64_t offset, std::int64_t n,
              double learning_rate) override;

  AdamOptions options_;
};

}  // namespace gradvar
