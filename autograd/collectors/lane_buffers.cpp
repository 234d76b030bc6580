#include "autograd/collectors/lane_buffers.h"

#include <algorithm>

namespace gradvar {

template <class Real>
bool LaneBuffers<Real>::begin(const ParameterLayout& layout, int lanes) {
  const bool same_layout = layout_.same_places(layout);
  if (!same_layout || static_cast<int>(lanes_memory_.size()) < lanes) {
    layout_ = layout;
    lanes_memory_.assign(lanes, Tensor<Real>(Shape{layout.padded_size()}));
  }
  lanes_ = lanes;
  seen_.resize(lanes);
  for (std::vector<char>& seen : seen_) seen.assign(layout.count(), 0);
  return !same_layout;
}

template <class Real>
std::span<Real> LaneBuffers<Real>::take(int lane, ParameterId parameter) {
  seen_[lane][parameter.index] = 1;
  return layout_.slice(lanes_memory_[lane].values(), parameter);
}

template <class Real>
void LaneBuffers<Real>::clear_unseen() {
  for (int lane = 0; lane < lanes_; ++lane) {
    for (int k = 0; k < layout_.count(); ++k) {
      if (seen_[lane][k]) continue;
      const std::span<Real> values = layout_.slice(lanes_memory_[lane].values(), ParameterId{k});
      std::fill(values.begin(), values.end(), Real(0));
    }
  }
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
    for (std::int64_t i = 0; i < sample; ++i) out[n * sample + i] = weights[n] * x[n * sample + i];
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
