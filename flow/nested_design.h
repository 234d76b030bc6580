// nested_design: the law of a training sample on finitely many pairs, as weighted samples.
//
// The law is: a pair, uniform over N; t, uniform on [t_begin, t_end]; z, standard normal. The sum
// over pairs is finite, t is one-dimensional (Gauss-Legendre nodes, weights w_k adding up to one),
// and z, where the interpolant has noise, is replaced by R points with weights h_r adding up to
// one:
//
//   draws    R draws of Philox for each (pair, node), h_r = 1/R, the same at every measurement:
//            what is computed from them has a standard error, of the noise alone
//   nodes    Gauss-Hermite nodes in every coordinate, up to nodes^d, for d <= 3: no error to speak
//            of
//
// Samples come pair by pair: sample (i K + k) R + r is pair i at node k with noise r. So all
// samples of a pair stand together, and all noise of a (pair, node).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "autograd/engine.h"
#include "autograd/random.h"
#include "autograd/tensor.h"
#include "flow/interpolant.h"
#include "flow/objective.h"
#include "flow/quadrature.h"

namespace gradvar {

struct VarianceOptions {
  int time_bins = 10;  // equal parts of [t_begin, t_end], each with its own nodes
  int nodes_per_bin = 2;
  int noise_draws = 1;  // for each pair and node, when the interpolant has noise
  int noise_nodes = 0;  // Gauss-Hermite nodes a coordinate instead of draws; 0: draws
  double t_begin = 0, t_end = 1;
  std::int64_t microbatch = 1024;  // samples at a time
  std::uint64_t seed = 0;          // of the noise

  // Throws std::invalid_argument for what is outside its range, naming it.
  void validate() const;
  // All nodes, bin after bin; the weights add up to one.
  [[nodiscard]] Quadrature times() const;
  [[nodiscard]] int node_count() const { return time_bins * nodes_per_bin; }
};

// How many samples to take at a time when nobody says: the usual number of points, fewer of images,
// since what a network holds for a sample grows with its pixels.
[[nodiscard]] std::int64_t usual_microbatch(const Shape& sample);

// The points that stand for z.
struct NoiseRule {
  std::int64_t points = 1;      // R
  std::vector<double> weights;  // [R], adding up to one
  Tensor<double> nodes;         // [R, d] for Gauss-Hermite, empty otherwise
  bool drawn = false;           // by Philox: results carry an error

  static constexpr std::int64_t kMostDimensions = 3;  // of Gauss-Hermite nodes
  static constexpr std::int64_t kMostPoints = 1 << 20;
  // For samples of d coordinates. Throws std::invalid_argument when d is too large for nodes, or
  // there would be more than kMostPoints.
  [[nodiscard]] static NoiseRule make(const Interpolant& interpolant,
                                      const VarianceOptions& options, std::int64_t d);
};

template <class Real>
class NestedDesign {
 public:
  // The nodes of bins [first_bin, first_bin + bins). x0, x1 [N, sample...]; they, `noise` and
  // `options` must outlive the design. Throws std::invalid_argument when x0 and x1 differ in shape
  // or are empty.
  NestedDesign(const Tensor<Real>& x0, const Tensor<Real>& x1, const NoiseRule& noise,
               const VarianceOptions& options, int first_bin, int bins);

  [[nodiscard]] std::int64_t pairs() const { return x0_.rows(); }
  [[nodiscard]] std::int64_t nodes() const { return static_cast<std::int64_t>(times_.size()); }
  [[nodiscard]] std::int64_t samples_of_a_pair() const { return nodes() * noise_.points; }
  [[nodiscard]] std::int64_t size() const { return pairs() * samples_of_a_pair(); }
  // Weight of each node, adding up to one over all bins of the options.
  [[nodiscard]] std::span<const double> node_weights() const { return node_weights_; }

  // Turns to samples first .. first + count: the batch. Those past the end have weight 0.
  void select(std::int64_t first, std::int64_t count);
  // w_k h_r of the batch's samples.
  [[nodiscard]] std::span<const Real> weights() const { return weights_.values().first(count_); }
  // Rows begin .. begin + count of the batch, made on the calling thread: lanes may ask at once,
  // for rows of their own.
  [[nodiscard]] FlowRows<Real> rows(std::int64_t begin, std::int64_t count);
  // The batch through the engine, weighted: losses [batch], and its gradients to the collectors.
  void run(Engine<Real>& engine, const Model<Real>& model, const Interpolant& interpolant,
           std::initializer_list<Collector<Real>*> collectors, std::span<Real> losses);

 private:
  const Tensor<Real>& x0_;
  const Tensor<Real>& x1_;
  const NoiseRule& noise_;
  RandomStream stream_;
  std::uint64_t first_node_;
  std::vector<double> times_, node_weights_;
  std::int64_t first_ = 0, count_ = 0;
  Tensor<Real> x0_rows_, x1_rows_, z_, t_, weights_;
};

}  // namespace gradvar
