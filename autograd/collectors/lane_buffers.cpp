#include "autograd/collectors/lane_buffers.h"

#include <algorithm>

#include "autograd/kernels.h"

namespace gradvar {

template <class Real>
bool LaneBuffers<Real>::begin(const ParameterLayout& layout, int lanes) {
  const bool same_layout = layout_.same_places(layout), another = !same_layout || lanes != lanes_;
  if (!same_layout) {
    layout_ = layout;
    lanes_memory_.clear();
  }
  if (static_cast<int>(lanes_memory_.size()) < lanes) lanes_memory_.resize(lanes);
  if (lanes_memory_[0].size() == 0) lanes_memory_[0] = Tensor<Real>(Shape{layout.padded_size()});
  lanes_ = lanes;
  seen_.resize(lanes);
  for (std::vector<char>& seen : seen_) seen.assign(layout.count(), 0);
  return another;
}

template <class Real>
std::span<Real> LaneBuffers<Real>::take(int lane, ParameterId parameter) {
  seen_[lane][parameter.index] = 1;
  Tensor<Real>& memory = lanes_memory_[lane];
  if (memory.size() == 0) memory = Tensor<Real>(Shape{layout_.padded_size()});
  return layout_.slice(memory.values(), parameter);
}

std::vector<Piece> pieces_of(const ParameterLayout& layout) {
  std::vector<Piece> pieces;
  for (int k = 0; k < layout.count(); ++k) {
    const ParameterInfo& info = layout.infos()[k];
    const std::int64_t end = info.offset + info.size();
    for (std::int64_t begin = info.offset; begin < end; begin += kLongestPiece) {
      pieces.push_back({k, begin, std::min(begin + kLongestPiece, end)});
    }
  }
  return pieces;
}

template <class Real>
const Real* weighted_rows(const Real* x, std::int64_t rows_per_sample, std::int64_t columns,
                          std::span<const Real> weights, Arena& scratch) {
  if (weights.empty()) return x;
  const std::int64_t sample = rows_per_sample * columns;
  Real* out = scratch.allocate<Real>(static_cast<std::int64_t>(weights.size()) * sample);
  for (std::size_t n = 0; n < weights.size(); ++n) {
    kernels::scaled(weights[n], x + n * sample, out + n * sample, sample);
  }
  return out;
}

template class LaneBuffers<float>;
template class LaneBuffers<double>;
template const float* weighted_rows(const float*, std::int64_t, std::int64_t,
                                    std::span<const float>, Arena&);
template const double* weighted_rows(const double*, std::int64_t, std::int64_t,
                                     std::span<const double>, Arena&);

}  // namespace gradvar
