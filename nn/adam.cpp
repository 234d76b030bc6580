#include "nn/adam.h"

#include <cmath>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "nn/update_kernels.h"

namespace gradvar {

void AdamOptions::validate() const {
  const std::string name = decoupled ? "adamw" : "adam";
  check(beta1 >= 0 && beta1 < 1, name,
        "beta1 is " + number_text(beta1) + ", expected 0 or more and less than 1");
  check(beta2 >= 0 && beta2 < 1, name,
        "beta2 is " + number_text(beta2) + ", expected 0 or more and less than 1");
  check(std::isfinite(eps) && eps >= 0, name,
        "eps is " + number_text(eps) + ", expected a finite number of 0 or more");
  check(std::isfinite(weight_decay) && weight_decay >= 0, name,
        "weight-decay is " + number_text(weight_decay) + ", expected a finite number of 0 or more");
}

std::string AdamOptions::spec() const {
  return SpecWriter(decoupled ? "adamw" : "adam")
      .number("beta1", beta1)
      .number("beta2", beta2)
      .number("eps", eps)
      .number("weight-decay", weight_decay)
      .text();
}

AdamOptions AdamOptions::parse(std::string_view spec) {
  SpecReader reader(spec);
  check(reader.name() == "adam" || reader.name() == "adamw", "spec",
        "the name is '" + reader.name() + "', expected 'adam' or 'adamw'");
  AdamOptions options = reader.name() == "adamw" ? adamw() : AdamOptions{};
  options.beta1 = reader.number("beta1", options.beta1);
  options.beta2 = reader.number("beta2", options.beta2);
  options.eps = reader.number("eps", options.eps);
  options.weight_decay = reader.number("weight-decay", options.weight_decay);
  reader.done();
  options.validate();
  return options;
}

template <class Real>
Adam<Real>::Adam(const ParameterLayout& layout, const AdamOptions& options)
    : Optimizer<Real>(layout, {"exp_avg", "exp_avg_sq"}), options_(options) {
  options_.validate();
}

template <class Real>
void Adam<Real>::update(Real* p, const Real* g, std::int64_t offset, std::int64_t n,
                        double learning_rate) {
  const double t = static_cast<double>(this->steps());
  kernels::adam(p, g, this->state(0, offset), this->state(1, offset),
                {.rate = learning_rate / (1.0 - std::pow(options_.beta1, t)),
                 .shrink = options_.decoupled ? 1.0 - learning_rate * options_.weight_decay : 1.0,
                 .weight_decay = options_.decoupled ? 0.0 : options_.weight_decay,
                 .beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .root_correction = std::sqrt(1.0 - std::pow(options_.beta2, t)),
                 .eps = options_.eps},
                n);
}

template class Adam<float>;
template class Adam<double>;

}  // namespace gradvar
