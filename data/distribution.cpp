#include "data/distribution.h"

#include "autograd/check.h"

namespace gradvar {

namespace {

// [count, sample...]
Shape batch_shape(std::int64_t count, const Shape& sample) {
  std::int64_t axes[Shape::kMaxRank + 1] = {count};
  for (int axis = 0; axis < sample.rank(); ++axis) axes[axis + 1] = sample[axis];
  return Shape(std::span<const std::int64_t>(axes, static_cast<std::size_t>(sample.rank()) + 1));
}

}  // namespace

void Distribution::draw(const RandomStream& stream, std::uint64_t step, std::int64_t first_sample,
                        Tensor<double>& out) const {
  const Shape expected = batch_shape(out.rows(), sample_shape());
  check_same_shape("draw", "out", out.shape(), "the batch of samples", expected);
  constexpr std::int64_t kNumbers = std::int64_t{1} << 32;
  check(first_sample >= 0 && first_sample <= kNumbers - out.rows(), "draw",
        "samples " + std::to_string(first_sample) + " and the " + std::to_string(out.rows() - 1) +
            " after it are asked for, expected numbers of 32 bits");
  for (std::int64_t n = 0; n < out.rows(); ++n) {
    draw_one(stream, step, static_cast<std::uint32_t>(first_sample + n), out.row(n));
  }
}

Tensor<double> Distribution::draw(const RandomStream& stream, std::uint64_t step,
                                  std::int64_t first_sample, std::int64_t count) const {
  Tensor<double> out(batch_shape(count, sample_shape()));
  draw(stream, step, first_sample, out);
  return out;
}

}  // namespace gradvar
