#include "nn/convolution.h"

#include <algorithm>
#include <cmath>

#include "autograd/ops.h"
#include "nn/linear.h"

namespace gradvar {

namespace {

template <class Real>
void fill_fresh(ParameterSet<Real>& parameters, ParameterId weight, ParameterId bias, bool zero,
                std::uint64_t seed) {
  const auto fan_in = static_cast<double>(parameters.info(weight).shape.row_size());
  for (const ParameterId parameter : {weight, bias}) {
    fill_uniform(parameters, parameter, zero ? 0 : 1 / std::sqrt(fan_in), seed);
  }
}

}  // namespace

template <class Real>
Convolution<Real>::Convolution(ParameterSet<Real>& parameters, const std::string& prefix,
                               const ConvolutionOptions& options)
    : options_(options),
      weight_(parameters.add(prefix + ".weight",
                             {options.out, options.in, options.kernel, options.kernel})),
      bias_(parameters.add(prefix + ".bias", {options.out})) {}

template <class Real>
Value Convolution<Real>::forward(Tape<Real>& tape, Value x) const {
  if (options_.kernel == 1 && options_.stride == 1) return dense(tape, x, weight_, bias_);
  return conv2d(tape, x, weight_, bias_, options_.stride);
}

template <class Real>
void Convolution<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  fill_fresh(parameters, weight_, bias_, options_.zero, seed);
}

template <class Real>
Projection<Real>::Projection(ParameterSet<Real>& parameters, const std::string& prefix,
                             const ConvolutionOptions& options)
    : options_(options),
      weight_(parameters.add(prefix + ".weight", {options.out, options.in, 1})),
      bias_(parameters.add(prefix + ".bias", {options.out})) {}

template <class Real>
Value Projection<Real>::forward(Tape<Real>& tape, Value x) const {
  return dense(tape, x, weight_, bias_);
}

template <class Real>
void Projection<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  fill_fresh(parameters, weight_, bias_, options_.zero, seed);
}

template <class Real>
Normalization<Real>::Normalization(ParameterSet<Real>& parameters, const std::string& prefix,
                                   std::int64_t channels, std::int64_t groups)
    : groups_(groups),
      weight_(parameters.add(prefix + ".weight", {channels})),
      bias_(parameters.add(prefix + ".bias", {channels})) {}

template <class Real>
Value Normalization<Real>::forward(Tape<Real>& tape, Value x) const {
  return group_norm(tape, x, groups_, weight_, bias_);
}

template <class Real>
void Normalization<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t) const {
  std::ranges::fill(parameters.values(weight_), Real(1));
  std::ranges::fill(parameters.values(bias_), Real(0));
}

template class Convolution<float>;
template class Convolution<double>;
template class Projection<float>;
template class Projection<double>;
template class Normalization<float>;
template class Normalization<double>;

}  // namespace gradvar
