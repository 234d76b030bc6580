#include "nn/linear.h"

#include <cmath>
#include <vector>

#include "autograd/check.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {

namespace {

// Before anything is added to the set, so that a refused layer leaves it as it was.
std::int64_t checked_size(const std::string& prefix, const char* what, std::int64_t size) {
  check(size >= 1, "linear",
        prefix + " has " + std::to_string(size) + " " + what + " features, expected 1 or more");
  return size;
}

}  // namespace

template <class Real>
Linear<Real>::Linear(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t in,
                     std::int64_t out)
    : in_(checked_size(prefix, "input", in)),
      out_(checked_size(prefix, "output", out)),
      weight_(parameters.add(prefix + ".weight", {out, in})),
      bias_(parameters.add(prefix + ".bias", {out})) {}

template <class Real>
Value Linear<Real>::forward(Tape<Real>& tape, Value x) const {
  return dense(tape, x, weight_, bias_);
}

template <class Real>
void Linear<Real>::initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const {
  const double bound = 1.0 / std::sqrt(static_cast<double>(in_));
  fill_uniform(parameters, weight_, bound, seed);
  fill_uniform(parameters, bias_, bound, seed);
}

template <class Real>
void fill_uniform(ParameterSet<Real>& parameters, ParameterId parameter, double bound,
                  std::uint64_t seed) {
  const std::span<Real> values = parameters.values(parameter);
  std::vector<double> draws(values.size());
  RandomStream(seed, Purpose::kInitialisation)
      .uniforms<double>(static_cast<std::uint64_t>(parameter.index), 0, draws);
  for (std::size_t i = 0; i < draws.size(); ++i) {
    values[i] = static_cast<Real>(bound * (2.0 * draws[i] - 1.0));
  }
}

template class Linear<float>;
template class Linear<double>;
template void fill_uniform(ParameterSet<float>&, ParameterId, double, std::uint64_t);
template void fill_uniform(ParameterSet<double>&, ParameterId, double, std::uint64_t);

}  // namespace gradvar
