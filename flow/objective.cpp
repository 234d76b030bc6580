#include "flow/objective.h"

#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

template <class Real>
Value flow_losses(Tape<Real>& tape, const Model<Real>& model, const Interpolant& interpolant,
                  const FlowRows<Real>& rows, std::int64_t count) {
  const Shape shape = model.sample_shape().batched(count);
  const std::int64_t size = shape.size();
  check(static_cast<std::int64_t>(rows.x0.size()) == size, "objective", [&] {
    return "x0 has " + std::to_string(rows.x0.size()) + " numbers, the model's " +
           std::to_string(count) + " samples are " + shape.to_string();
  });
  Real* x_t = tape.arena().template allocate<Real>(size);
  Real* u_t = tape.arena().template allocate<Real>(size);
  const std::span<Real> x_span(x_t, static_cast<std::size_t>(size));
  const std::span<Real> u_span(u_t, static_cast<std::size_t>(size));
  interpolant.interpolate<Real>(count, rows.x0, rows.x1, rows.t, rows.z, x_span, u_span);
  const Value v =
      model.forward(tape, tape.input(x_span, shape), tape.input(rows.t, Shape{count, 1}));
  return squared_error(tape, v, tape.input(u_span, shape));
}

template Value flow_losses(Tape<float>&, const Model<float>&, const Interpolant&,
                           const FlowRows<float>&, std::int64_t);
template Value flow_losses(Tape<double>&, const Model<double>&, const Interpolant&,
                           const FlowRows<double>&, std::int64_t);

}  // namespace gradvar
