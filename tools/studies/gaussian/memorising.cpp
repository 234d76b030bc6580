#include "tools/studies/gaussian/memorising.h"

#include <algorithm>
#include <cmath>

#include "autograd/random.h"
#include "flow/affine_gaussian.h"
#include "flow/field.h"
#include "flow/pair_fields.h"
#include "flow/solver.h"

namespace gradvar::gaussian {

namespace {

using nlohmann::json;

constexpr std::int64_t kPaths = 6;

// Notes whether a solver asks at t = 1/2, where all lines of Counter-example 1 meet.
class HalfwayWatch final : public Field<double> {
 public:
  explicit HalfwayWatch(const Field<double>& field) : field_(field) {}
  [[nodiscard]] Shape sample_shape() const override { return field_.sample_shape(); }
  void velocity(std::span<const double> x, std::span<const double> t, std::int64_t rows,
                std::span<double> out) const override {
    for (const double time : t) asked_ = asked_ || std::abs(time - 0.5) < 1e-9;
    field_.velocity(x, t, rows, out);
  }
  [[nodiscard]] bool asked() const { return asked_; }

 private:
  const Field<double>& field_;
  mutable bool asked_ = false;
};

std::vector<SolverOptions> solvers() {
  std::vector<SolverOptions> list;
  for (const std::int64_t steps : {1, 2, 3, 4, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, 500, 501}) {
    list.push_back({.method = SolverMethod::euler, .steps = steps});
  }
  for (const SolverMethod method :
       {SolverMethod::midpoint, SolverMethod::heun, SolverMethod::rk4}) {
    for (const std::int64_t steps : {10, 11}) list.push_back({.method = method, .steps = steps});
  }
  list.push_back({.method = SolverMethod::dopri5});
  return list;
}

double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

json row_of(const Field<double>& field, const SolverOptions& solver, const Tensor<double>& x0,
            const Tensor<double>& x1) {
  const HalfwayWatch watched(field);
  json row = {{"solver", solver.spec()},
              {"euler", solver.method == SolverMethod::euler},
              {"steps", solver.steps},
              {"error", nullptr}};
  try {
    const Tensor<double> ends = solve<double>(watched, solver, x0).end;
    const std::int64_t n = x0.rows();
    double sum = 0, largest = 0, random = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double to_partner = distance(ends.row(i), x1.row(i));
      sum += to_partner;
      largest = std::max(largest, to_partner);
      random += distance(x1.row(i), x1.row((i + 1) % n));
    }
    row["mean"] = sum / random;
    row["largest"] = largest / (random / static_cast<double>(n));
  } catch (const std::exception& refusal) {
    row["error"] = refusal.what();
  }
  row["at_half"] = watched.asked();
  return row;
}

json paths_of(const Field<double>& field, std::int64_t steps, const Tensor<double>& x0) {
  const SolverOptions euler{.method = SolverMethod::euler, .steps = steps};
  const Solution<double> way =
      solve<double>(field, euler, x0.rows_copy(0, kPaths), 0, 1, {.every_step = true, .times = {}});
  json paths = json::array();
  for (std::int64_t n = 0; n < kPaths; ++n) {
    json path = json::array();
    for (std::size_t k = 0; k < way.trajectory.times.size(); ++k) {
      const double* at =
          way.trajectory.states.data() + (static_cast<std::int64_t>(k) * kPaths + n) * 2;
      path.push_back({at[0], at[1]});
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

const std::vector<MemorisingCase>& memorising_cases() {
  static const std::vector<MemorisingCase> cases = {
      {"random-2", "*d* = 2", 2, false},
      {"random-10", "*d* = 10", 10, false},
      {"random-50", "*d* = 50", 50, false},
      {"crossing", "all lines cross, *d* = 2", 2, true}};
  return cases;
}

json integrate_memorising(const MemorisingCase& c, std::int64_t pairs) {
  Tensor<double> x0(Shape{pairs, c.dim}), x1(Shape{pairs, c.dim});
  RandomStream(0, Purpose::kSource).normals<double>(0, 0, x0.values());
  RandomStream(0, Purpose::kTarget).normals<double>(0, 0, x1.values());
  AffineMap half_turn{rotation_matrix(c.dim, 180, 1), Tensor<double>(Shape{c.dim})};
  std::ranges::fill(half_turn.offset.values(), 5.0);
  if (c.crossing) x1 = half_turn.apply(x0);

  const NearestLineField<double> memorising(x0, x1);
  json results = {{"rows", json::array()}};
  for (const SolverOptions& solver : solvers()) {
    results["rows"].push_back(row_of(memorising, solver, x0, x1));
  }
  if (!c.crossing) return results;
  LanePool pool(1);
  const AffineGaussianField<double> affine(half_turn);
  const NetworkField<double> field(affine, pool);
  for (const SolverOptions& solver : solvers()) {
    results["affine"].push_back(row_of(field, solver, x0, x1));
  }
  results["paths"] = {{"odd", paths_of(memorising, 11, x0)},
                      {"even", paths_of(memorising, 10, x0)}};
  return results;
}

}  // namespace gradvar::gaussian
