#include "nn/convolution.h"

#include <algorithm>
#include <cmath>

#include "autograd/check.h"
#include "autograd/ops.h"
#include "nn/linear.h"

namespace gradvar {

namespace {

Shape weight_shape(const ConvolutionOptions& of) {
  check(of.axes == 2 || (of.axes == 1 && of.kernel == 1 && of.stride == 1), "convolution", [&] {
    return std::to_string(of.axes) + " axes with kernel " + std::to_string(of.kernel) +
           " and stride " + std::to_string(of.stride) + ", expected 2, or 1 with 1 and 1";
  });
  return of.axes == 1 ? Shape{of.out, of.in, 1} : Shape{of.out, of.in, of.kernel, of.kernel};
}

}  // namespace

template <class Real>
Convolution<Real>::Convolution(ParameterSet<Real>& parameters, const std::string& prefix,
                               const ConvolutionOptions& options)
    : options_(options),
      weight_(parameters.add(prefix + ".weight", weight_shape(options))),
      bias_(parameters.add(prefix + ".bias", {options.out})) {}

template <class Real>
Value Convolution<Real>::forward(Tape<Real>& tape, Value x) const {
  if (options_.kernel == 1 && options_.stride == 1) return dense(tape, x, weight_, bias_);
  return conv2d(tape, x, weight_, bias_, options_.stride);
}

template <class Real>
void Convolution<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  const auto fan_in = static_cast<double>(parameters.info(weight_).shape.row_size());
  for (const ParameterId parameter : {weight_, bias_}) {
    fill_uniform(parameters, parameter, options_.zero ? 0 : 1 / std::sqrt(fan_in), seed);
  }
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
template class Normalization<float>;
template class Normalization<double>;

}  // namespace gradvar
