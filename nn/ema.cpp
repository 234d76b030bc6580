#include "nn/ema.h"

#include <algorithm>

#include "autograd/check.h"
#include "io/number_text.h"
#include "nn/update_kernels.h"

namespace gradvar {

template <class Real>
Ema<Real>::Ema(const ParameterSet<Real>& parameters, double decay, bool warmup)
    : layout_(parameters.layout()),
      average_(Shape{layout_.padded_size()}, parameters.flat()),
      decay_(decay),
      warmup_(warmup) {
  check(decay >= 0 && decay < 1, "ema",
        "decay is " + number_text(decay) + ", expected 0 or more and less than 1");
}

template <class Real>
void Ema<Real>::check_layout(const ParameterSet<Real>& parameters) const {
  const ParameterLayout& other = parameters.layout();
  const bool same =
      std::equal(layout_.infos().begin(), layout_.infos().end(), other.infos().begin(),
                 other.infos().end(), [](const ParameterInfo& a, const ParameterInfo& b) {
                   return a.name == b.name && a.shape == b.shape;
                 });
  check(same, "ema",
        "the average has " + std::to_string(layout_.count()) + " parameters and the set has " +
            std::to_string(other.count()) + ": their names and shapes must agree");
}

template <class Real>
double Ema<Real>::next_decay() const {
  const double k = static_cast<double>(updates_ + 1);
  return warmup_ ? std::min(decay_, (1.0 + k) / (10.0 + k)) : decay_;
}

template <class Real>
void Ema<Real>::update(const ParameterSet<Real>& parameters) {
  check_layout(parameters);
  check(!swapped_, "ema", "an update while the average is swapped in: swap it out first");
  kernels::approach(parameters.flat().data(), average_.data(), 1.0 - next_decay(), average_.size());
  ++updates_;
}

template <class Real>
void Ema<Real>::swap(ParameterSet<Real>& parameters) {
  check_layout(parameters);
  std::swap_ranges(average_.values().begin(), average_.values().end(), parameters.flat().begin());
  swapped_ = !swapped_;
}

template <class Real>
void Ema<Real>::copy_to(ParameterSet<Real>& parameters) const {
  check_layout(parameters);
  check(!swapped_, "ema", "a copy while the average is swapped in: swap it out first");
  std::copy(average_.values().begin(), average_.values().end(), parameters.flat().begin());
}

template <class Real>
void Ema<Real>::set_updates(std::int64_t updates) {
  check(updates >= 0, "ema", std::to_string(updates) + " updates done, expected 0 or more");
  updates_ = updates;
}

template class Ema<float>;
template class Ema<double>;

}  // namespace gradvar
