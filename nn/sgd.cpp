#include "nn/sgd.h"

#include <cmath>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "nn/update_kernels.h"

namespace gradvar {

namespace {

std::initializer_list<const char*> state_names(bool momentum) {
  static constexpr std::initializer_list<const char*> kBuffer = {"momentum_buffer"};
  static constexpr std::initializer_list<const char*> kNone = {};
  return momentum ? kBuffer : kNone;
}

}  // namespace

void SgdOptions::validate() const {
  check(momentum >= 0 && momentum < 1, "sgd",
        "momentum is " + number_text(momentum) + ", expected 0 or more and less than 1");
  check(std::isfinite(weight_decay) && weight_decay >= 0, "sgd",
        "weight-decay is " + number_text(weight_decay) + ", expected a finite number of 0 or more");
  check(!nesterov || momentum > 0, "sgd", "nesterov is true and momentum 0, expected a momentum");
}

std::string SgdOptions::spec() const {
  return SpecWriter("sgd")
      .number("momentum", momentum)
      .flag("nesterov", nesterov)
      .number("weight-decay", weight_decay)
      .text();
}

SgdOptions SgdOptions::parse(std::string_view spec) {
  SpecReader reader(spec);
  reader.expect_name("sgd");
  SgdOptions options;
  options.momentum = reader.number("momentum", options.momentum);
  options.nesterov = reader.flag("nesterov", options.nesterov);
  options.weight_decay = reader.number("weight-decay", options.weight_decay);
  reader.done();
  options.validate();
  return options;
}

template <class Real>
Sgd<Real>::Sgd(const ParameterLayout& layout, const SgdOptions& options)
    : Optimizer<Real>(layout, state_names(options.momentum > 0)), options_(options) {
  options_.validate();
}

template <class Real>
void Sgd<Real>::update(Real* p, const Real* g, std::int64_t offset, std::int64_t n,
                       double learning_rate) {
  if (options_.momentum > 0) {
    kernels::sgd_momentum(
        p, g, this->state(0, offset),
        {learning_rate, options_.weight_decay, options_.momentum, options_.nesterov}, n);
  } else {
    kernels::sgd(p, g, {learning_rate, options_.weight_decay}, n);
  }
}

template class Sgd<float>;
template class Sgd<double>;

}  // namespace gradvar
