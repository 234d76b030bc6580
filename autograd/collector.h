// collector: what is made of per-sample gradients.
//
// A batch is cut into lanes (engine.h). While a lane walks back, each of its parameters' gradients
// is offered, in factors, to every collector; when all lanes are done, merge() brings the lanes
// together, in lane order. Where factors leave no shorter road a collector folds: it takes every
// sample's gradient whole, and that is made once for all that fold, while it is in cache. Each
// collector's file says what it computes for each form of factor:
//
//   SumCollector          sum_n w_n g_n                                   collectors/sum.h
//   MomentsCollector      weighted mean and sum of squared deviations     collectors/moments.h
//   NormsCollector        |g_n|^2 for each sample                         collectors/norms.h
//   GramCollector         <g_n, g_m> for all pairs of samples             collectors/gram.h
//   GroupNormsCollector   |sum w_n g_n|^2 for groups of samples          collectors/group_norms.h
//   ProjectionCollector   <g_n, u_k> for given directions                 collectors/projection.h
//   PlansCollector        nothing of them: by which formula they are taken collectors/plans.h
//   PerSampleCollector    the g_n themselves: O(B P) memory, only here    collectors/per_sample.h
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "autograd/arena.h"
#include "autograd/factors.h"
#include "autograd/lanes.h"
#include "autograd/parameters.h"

namespace gradvar {

// The rows of the batch that one lane has.
template <class Real>
struct LaneRows {
  int lane;
  std::int64_t begin;             // first row in the batch
  std::int64_t count;             // rows in this lane
  std::span<const Real> weights;  // [count], or empty: every weight is one
};

// What the whole batch looks like.
template <class Real>
struct BatchPlan {
  std::int64_t batch;
  int lanes;
  std::span<const Real> weights;  // [batch], or empty
};

// Takes the samples' gradients of one parameter in one lane, each of them whole.
template <class Real>
class GradientFold {
 public:
  // Sample n of the lane, in order; g [size] as materialise_as_made() leaves it.
  virtual void take(std::int64_t n, const Real* g) = 0;
  // After the last one.
  virtual void finish() = 0;

 protected:
  ~GradientFold() = default;  // an arena has it
};

template <class Real>
class Collector {
 public:
  virtual ~Collector() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Whether it needs samples kept apart; see Tape::backward.
  [[nodiscard]] virtual bool needs_separable_samples() const { return true; }

  // Before a batch: make room. Allocates nothing when the batch is laid out like the last one.
  virtual void begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) = 0;
  // One parameter's gradients in one lane. Called from several threads, never twice at once for
  // the same lane: it may write to its lane's storage and to its rows, nowhere else. `scratch` is
  // the lane's arena: what is taken from it is given back (ArenaScope), or, like the factors
  // themselves, lasts until the lane's next batch.
  virtual void collect(const SampleGradients<Real>& gradients, const LaneRows<Real>& rows,
                       Arena& scratch) = 0;
  // Whether it takes this parameter's gradients whole: then fold() is called instead of collect().
  [[nodiscard]] virtual bool folds(const SampleGradients<Real>&) const { return false; }
  // What takes them, in `scratch`, or null when there is nothing to do. The same rules.
  [[nodiscard]] virtual GradientFold<Real>* fold(const SampleGradients<Real>&,
                                                 const LaneRows<Real>&, Arena& /*scratch*/) {
    return nullptr;
  }
  // After all lanes. The result may depend on the lanes' order, never on the pool's threads.
  virtual void merge(LanePool& pool) = 0;
};

// One parameter's gradients in one lane to every collector: collect(), or fold().
template <class Real>
void offer(std::span<Collector<Real>* const> collectors, const SampleGradients<Real>& gradients,
           const LaneRows<Real>& rows, Arena& scratch);

}  // namespace gradvar
