#include "flow/loss_floor.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "autograd/check.h"
#include "autograd/random.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr std::int64_t kBlockPoints = 4096;  // held at a time
constexpr int kBlockPieces = 64;             // of a block, shared out over threads

void check_floor_options(const LossFloorOptions& options) {
  const auto least = [](const char* name, int value, int bound) {
    check(value >= bound, "loss floor",
          std::string(name) + " is " + std::to_string(value) + ", expected " +
              std::to_string(bound) + " or more");
  };
  least("times", options.times, 1);
  least("replicates", options.replicates, 2);
  check(options.t_begin >= 0 && options.t_begin < options.t_end && options.t_end <= 1, "loss floor",
        "t goes from " + number_text(options.t_begin) + " to " + number_text(options.t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
}

// How many pairs a replicate takes.
std::int64_t pairs_taken(const LossFloorOptions& options, std::int64_t pairs, std::int64_t d) {
  const double of_a_pair = static_cast<double>(options.times) * options.replicates *
                           static_cast<double>(pairs) * static_cast<double>(d);
  const double affordable = std::max(options.most_products / of_a_pair, 1.0);
  return affordable >= static_cast<double>(pairs) ? pairs : static_cast<std::int64_t>(affordable);
}

template <class Real>
class FloorMeasurement {
 public:
  FloorMeasurement(const Field<Real>& field, const Tensor<double>& x0, const Tensor<double>& x1,
                   const Interpolant& interpolant, const LossFloorOptions& options, LanePool& pool)
      : field_(field),
        posterior_(x0, x1, interpolant),
        options_(options),
        pool_(pool),
        d_(posterior_.sample_shape().size()),
        taken_(pairs_taken(options, posterior_.pairs(), d_)) {
    check(posterior_.sample_shape() == field.sample_shape(), "loss floor",
          "a sample of the pairs is " + posterior_.sample_shape().to_string() +
              ", one of the field " + field.sample_shape().to_string());
    posterior_.check_time(options.t_begin);
    posterior_.check_time(options.t_end);
  }

  LossFloor measure() {
    std::vector<double> floors(options_.replicates), excesses(options_.replicates);
    const std::int64_t of_a_replicate = taken_ * options_.times;
    for (int replicate = 0; replicate < options_.replicates; ++replicate) {
      choose_pairs(replicate);
      for (std::int64_t first = 0; first < of_a_replicate; first += kBlockPoints) {
        block(replicate, first, std::min(kBlockPoints, of_a_replicate - first));
        floors[replicate] += std::accumulate(floor_.begin(), floor_.end(), 0.0);
        excesses[replicate] += std::accumulate(excess_.begin(), excess_.end(), 0.0);
      }
      floors[replicate] /= static_cast<double>(of_a_replicate);
      excesses[replicate] /= static_cast<double>(of_a_replicate);
    }
    return {estimate_of(floors), estimate_of(excesses), of_a_replicate * options_.replicates};
  }

 private:
  void choose_pairs(int replicate) {
    pairs_.resize(posterior_.pairs());
    if (taken_ == posterior_.pairs()) {
      std::iota(pairs_.begin(), pairs_.end(), 0);
    } else {
      RandomStream(options_.seed, Purpose::kEvaluation).permutation(replicate, pairs_);
    }
  }

  // Points first .. first + count of a replicate, time by time, and what floor and excess are at
  // each.
  void block(int replicate, std::int64_t first, std::int64_t count) {
    x_.resize(count * d_);
    times_.resize(count);
    rounded_.resize(count * d_);
    rounded_times_.resize(count);
    velocity_.resize(count * d_);
    floor_.resize(count);
    excess_.resize(count);
    each_piece(count,
               [&](std::int64_t begin, std::int64_t end) { draw(replicate, first, begin, end); });
    field_.velocity(rounded_, rounded_times_, count, velocity_);
    each_piece(count, [&](std::int64_t begin, std::int64_t end) { compare(begin, end); });
  }

  template <class Function>
  void each_piece(std::int64_t count, const Function& function) {
    const int pieces = static_cast<int>(std::min<std::int64_t>(kBlockPieces, count));
    pool_.run(pieces, [&](int i) {
      const LanePool::Range range = LanePool::piece(count, pieces, i);
      function(range.begin, range.end);
    });
  }

  void draw(int replicate, std::int64_t first, std::int64_t begin, std::int64_t end) {
    const RandomStream times(options_.seed, Purpose::kTime), noise(options_.seed, Purpose::kNoise);
    const double width = (options_.t_end - options_.t_begin) / options_.times;
    std::vector<double> z(d_);
    for (std::int64_t n = begin; n < end; ++n) {
      const std::int64_t time = (first + n) / taken_, pair = pairs_[(first + n) % taken_];
      const auto step = static_cast<std::uint64_t>(replicate) * options_.times + time;
      const auto sample = static_cast<std::uint32_t>(pair);
      times_[n] =
          options_.t_begin + (static_cast<double>(time) + times.uniform(step, sample)) * width;
      if (posterior_.interpolant().needs_noise()) noise.normals<double>(step, sample, z);
      const std::span<double> x = std::span(x_).subspan(n * d_, d_);
      posterior_.point(pair, times_[n], z, x);
      std::transform(x.begin(), x.end(), rounded_.begin() + n * d_,
                     [](double value) { return static_cast<Real>(value); });
      rounded_times_[n] = static_cast<Real>(times_[n]);
    }
  }

  void compare(std::int64_t begin, std::int64_t end) {
    std::vector<double> w(posterior_.pairs()), best(d_);
    for (std::int64_t n = begin; n < end; ++n) {
      const std::span<const double> x = std::span(x_).subspan(n * d_, d_);
      (void)posterior_.weights(x, times_[n], w);
      posterior_.mean_target(x, times_[n], w, best);
      floor_[n] = posterior_.target_variance(x, times_[n], w, best);
      excess_[n] = 0;
      for (std::int64_t k = 0; k < d_; ++k) {
        const double apart = static_cast<double>(velocity_[n * d_ + k]) - best[k];
        excess_[n] += apart * apart;
      }
    }
  }

  const Field<Real>& field_;
  PairPosterior posterior_;
  LossFloorOptions options_;
  LanePool& pool_;
  std::int64_t d_, taken_;
  std::vector<std::int64_t> pairs_;
  std::vector<double> x_, times_, floor_, excess_;        // of a block
  std::vector<Real> rounded_, rounded_times_, velocity_;  // the same as the field sees it
};

}  // namespace

template <class Real>
LossFloor measure_loss_floor(const Field<Real>& field, const Tensor<double>& x0,
                             const Tensor<double>& x1, const Interpolant& interpolant,
                             const LossFloorOptions& options, LanePool& pool) {
  check_floor_options(options);
  return FloorMeasurement<Real>(field, x0, x1, interpolant, options, pool).measure();
}

template LossFloor measure_loss_floor(const Field<float>&, const Tensor<double>&,
                                      const Tensor<double>&, const Interpolant&,
                                      const LossFloorOptions&, LanePool&);
template LossFloor measure_loss_floor(const Field<double>&, const Tensor<double>&,
                                      const Tensor<double>&, const Interpolant&,
                                      const LossFloorOptions&, LanePool&);

}  // namespace gradvar
