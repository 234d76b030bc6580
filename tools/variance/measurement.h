// measurement: everything `gradvar variance` measures of one model on one set of pairs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flow/loss_floor.h"
#include "flow/pair_statistics.h"
#include "flow/spectrum.h"
#include "flow/variance.h"

namespace gradvar {

// The two passes: variance.h and pair_statistics.h.
struct ExactVariance {
  VarianceReport first;
  PairReport pairs;
};

struct SpectrumAt {
  std::int64_t step;  // -1: weights that are of no step
  Spectrum spectrum;
};

struct Measurement {
  ParameterLayout layout{};
  VarianceOptions options{};
  std::string interpolant{};  // as a spec
  ExactVariance exact{};
  std::optional<ExactVariance> finer{};  // with twice the nodes in each bin
  std::vector<SpectrumAt> spectra{};     // by rising step
  // What no field gets below on these pairs, and how far the loss lies above; without noise the
  // excess is the loss and no point was needed. Where it is not measured `no_floor` says why.
  std::optional<LossFloor> floor{};
  std::string no_floor{};
};

// Called after each batch with how many gradients of how many are done; what it throws ends the
// measurement.
using MeasurementTick = std::function<void(std::int64_t done, std::int64_t total)>;

// Two passes, and with `check` two more with twice the nodes. What cannot be measured is refused
// before the first (samples_of_a_pair).
template <class Real>
[[nodiscard]] Measurement measure_all(Engine<Real>& engine, const Model<Real>& model,
                                      const Interpolant& interpolant, const Tensor<Real>& x0,
                                      const Tensor<Real>& x1, const VarianceOptions& options,
                                      bool check, const MeasurementTick& tick = {});

// Fills measurement.floor for the measured model as a field, over the times and by the seed of its
// options.
template <class Real>
void add_loss_floor(Measurement& measurement, const Field<Real>& field, LanePool& pool,
                    const Interpolant& interpolant, const Tensor<Real>& x0, const Tensor<Real>& x1);

// Every number that is reported of the whole and of layers, "trace/net.0": what is compared between
// n and 2n nodes.
using NamedNumbers = std::vector<std::pair<std::string, double>>;
[[nodiscard]] NamedNumbers named_numbers(const ExactVariance& exact, const ParameterLayout& layout);

struct Change {
  std::string name;
  double value, twice;  // with n and with 2n nodes
  // |twice - value| against the largest of both and, for parts of a trace, against the trace: a
  // part that is nothing may change by nothing.
  double relative;
};
// Empty without the finer measurement.
[[nodiscard]] std::vector<Change> changes(const Measurement& measurement);
[[nodiscard]] double largest_change(const std::vector<Change>& changes);

}  // namespace gradvar
