#include "flow/straightness.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

template <class Real>
void check_trajectory(const Field<Real>& field, const Trajectory<Real>& trajectory) {
  const std::vector<double>& times = trajectory.times;
  const Shape& shape = trajectory.states.shape();
  check(times.size() >= 2, "straightness",
        "the trajectory has " + std::to_string(times.size()) + " times, expected 2 or more");
  for (std::size_t k = 1; k < times.size(); ++k) {
    const bool in_order =
        times.back() > times.front() ? times[k] > times[k - 1] : times[k] < times[k - 1];
    check(in_order, "straightness",
          "the time " + number_text(times[k]) + " follows " + number_text(times[k - 1]) +
              " on the way from " + number_text(times.front()) + " to " +
              number_text(times.back()) + ", expected times strictly in order");
  }
  check(shape.rank() >= 2 && shape[0] == static_cast<std::int64_t>(times.size()) &&
            shape.sample().sample() == field.sample_shape(),
        "straightness",
        "the states are " + shape.to_string() + ", expected " + std::to_string(times.size()) +
            " times, rows, then samples of shape " + field.sample_shape().to_string());
}

}  // namespace

template <class Real>
std::vector<double> straightness(const Field<Real>& field, const Trajectory<Real>& trajectory) {
  check_trajectory(field, trajectory);
  const std::vector<double>& times = trajectory.times;
  const Tensor<Real>& states = trajectory.states;
  const std::size_t last = times.size() - 1;
  const std::int64_t rows = states.shape()[1], size = field.sample_shape().size();
  std::vector<double> result(rows);
  std::vector<Real> row_times(rows), v(rows * size);
  const double duration = times[last] - times[0];
  for (std::size_t k = 0; k <= last; ++k) {
    const double before = k > 0 ? times[k] - times[k - 1] : 0;
    const double after = k < last ? times[k + 1] - times[k] : 0;
    const double weight = std::abs(before + after) / 2;
    std::fill(row_times.begin(), row_times.end(), static_cast<Real>(times[k]));
    field.velocity(states.row(static_cast<std::int64_t>(k)), row_times, rows, v);
    for (std::int64_t i = 0; i < rows * size; ++i) {
      const double moved = static_cast<double>(states.row(static_cast<std::int64_t>(last))[i]) -
                           static_cast<double>(states[i]);
      const double bend = static_cast<double>(v[i]) - moved / duration;
      result[i / size] += weight * bend * bend;
    }
  }
  return result;
}

template std::vector<double> straightness(const Field<float>&, const Trajectory<float>&);
template std::vector<double> straightness(const Field<double>&, const Trajectory<double>&);

}  // namespace gradvar
