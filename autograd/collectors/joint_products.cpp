#include "autograd/collectors/joint_products.h"

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/kernels.h"

namespace gradvar {

template <class Real>
void OfferedGradients<Real>::begin(int parameters, int lanes) {
  lanes_.resize(lanes);
  waiting_.resize(lanes);
  for (auto& lane : lanes_) lane.assign(parameters, LaneGradients<Real>{});
  for (auto& lane : waiting_) lane.assign(parameters, 0);
}

template <class Real>
void OfferedGradients<Real>::keep(const SampleGradients<Real>& gradients,
                                  const LaneRows<Real>& rows, bool waits) {
  lanes_[rows.lane][gradients.parameter.index] = {gradients, rows.weights};
  waiting_[rows.lane][gradients.parameter.index] = waits ? 1 : 0;
}

template <class Real>
const SampleGradients<Real>* OfferedGradients<Real>::first(int parameter) const {
  for (const std::vector<LaneGradients<Real>>& lane : lanes_) {
    if (!lane[parameter].gradients.uses.empty()) return &lane[parameter].gradients;
  }
  return nullptr;
}

template <class Real>
bool OfferedGradients<Real>::waits(int parameter) const {
  const SampleGradients<Real>* first = this->first(parameter);
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const std::span<const Factor<Real>> uses = lanes_[lane][parameter].gradients.uses;
    if (uses.empty()) continue;
    if (waiting_[lane][parameter] == 0 || uses[0].form != first->uses[0].form) return false;
  }
  return true;
}

std::unique_ptr<Arena> TaskArenas::take() {
  std::unique_ptr<Arena> arena;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      idle_.reserve(++made_);  // room to come back to: give_back does not allocate
      return std::make_unique<Arena>();
    }
    arena = std::move(idle_.back());
    idle_.pop_back();
  }
  arena->reset();
  return arena;
}

void TaskArenas::give_back(std::unique_ptr<Arena> arena) noexcept {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(arena));
}

template <class Real>
void add_outer_sums(const LaneGradients<Real>& lane, RowBlock block, Arena& scratch, Real beta,
                    Real* sum) {
  const SampleGradients<Real>& gradients = lane.gradients;
  const std::int64_t p = gradients.fan_out, d = gradients.fan_in;
  for (const Factor<Real>& use : gradients.uses) {
    const ArenaScope scope(scratch);
    const Real* delta = weighted_rows(use.delta, use.positions, p, lane.weights, scratch);
    blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, block.rows(), d,
               gradients.batch * use.positions, Real(1), delta + block.begin, p, use.a, d, beta,
               sum, d);
    beta = 1;
  }
}

template <class Real>
void add_outer_squares(const LaneGradients<Real>& lane, RowBlock block, Arena& scratch, Real beta,
                       Real* sum) {
  const ArenaScope scope(scratch);
  const SampleGradients<Real>& gradients = lane.gradients;
  const Factor<Real>& use = gradients.uses[0];
  const std::int64_t b = gradients.batch, p = gradients.fan_out, d = gradients.fan_in;
  const std::int64_t rows = block.rows();
  Real* delta_squared = scratch.allocate<Real>(b * rows);
  Real* a_squared = scratch.allocate<Real>(b * d);
  if (rows == p && lane.weights.empty()) {
    kernels::square(use.delta, delta_squared, b * p);
  } else {
    for (std::int64_t n = 0; n < b; ++n) {
      kernels::scaled_square(lane.weights.empty() ? Real(1) : lane.weights[n],
                             use.delta + n * p + block.begin, delta_squared + n * rows, rows);
    }
  }
  kernels::square(use.a, a_squared, b * d);
  blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, rows, d, b, Real(1), delta_squared, rows,
             a_squared, d, beta, sum, d);
}

template <class Real>
const Real* row_columns(const LaneGradients<Real>& lane, std::int64_t begin, std::int64_t end,
                        bool weighted, Arena& scratch) {
  const std::int64_t size = lane.gradients.size(), count = end - begin;
  const Real* rows = lane.gradients.uses[0].delta;
  if (count != size) {
    Real* columns = scratch.allocate<Real>(lane.gradients.batch * count);
    for (std::int64_t n = 0; n < lane.gradients.batch; ++n) {
      std::copy_n(rows + n * size + begin, count, columns + n * count);
    }
    rows = columns;
  }
  return weighted ? weighted_rows(rows, 1, count, lane.weights, scratch) : rows;
}

std::vector<Piece> row_pieces_of(const ParameterLayout& layout, int most) {
  std::vector<Piece> pieces;
  for (int k = 0; k < layout.count(); ++k) {
    const ParameterInfo& info = layout.infos()[k];
    if (info.size() == 0) continue;
    const std::int64_t rows = info.shape.rows(), row_size = info.shape.row_size();
    const std::int64_t parts =
        info.shape.rank() < 2 ? 1 : std::clamp<std::int64_t>(rows / kFewestRows, 1, most);
    for (std::int64_t part = 0; part < parts; ++part) {
      const LanePool::Range range =
          LanePool::piece(rows, static_cast<int>(parts), static_cast<int>(part));
      pieces.push_back(
          {k, info.offset + range.begin * row_size, info.offset + range.end * row_size});
    }
  }
  std::stable_sort(pieces.begin(), pieces.end(), [](const Piece& one, const Piece& other) {
    return one.end - one.begin > other.end - other.begin;
  });
  return pieces;
}

RowBlock rows_of(const ParameterLayout& layout, const Piece& piece) {
  const ParameterInfo& info = layout.infos()[piece.parameter];
  const std::int64_t row_size = info.shape.row_size();
  return {(piece.begin - info.offset) / row_size, (piece.end - info.offset) / row_size};
}

template class OfferedGradients<float>;
template class OfferedGradients<double>;
template const float* row_columns(const LaneGradients<float>&, std::int64_t, std::int64_t, bool,
                                  Arena&);
template const double* row_columns(const LaneGradients<double>&, std::int64_t, std::int64_t, bool,
                                   Arena&);
template void add_outer_sums(const LaneGradients<float>&, RowBlock, Arena&, float, float*);
template void add_outer_sums(const LaneGradients<double>&, RowBlock, Arena&, double, double*);
template void add_outer_squares(const LaneGradients<float>&, RowBlock, Arena&, float, float*);
template void add_outer_squares(const LaneGradients<double>&, RowBlock, Arena&, double, double*);

}  // namespace gradvar
