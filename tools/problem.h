// problem: what a run is about: source, target, coupling and pairs, and who belongs to whom.
//
// A training source has a partner in training. It also has an optimal partner: where the optimal
// transport from source to target would send it, which is known in closed form between Gaussians
// and by exact assignment among the training targets otherwise. Distance to the first is
// memorisation, distance to the second generalisation.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/distribution.h"
#include "flow/affine_map.h"
#include "flow/coupling.h"
#include "flow/pair_source.h"
#include "flow/pairs.h"
#include "tools/flow_coupling.h"
#include "tools/run_config.h"

namespace gradvar {

class Problem {
 public:
  // Draws the pairs by config.seed, or takes the first of config.pairs_file. Throws
  // std::invalid_argument, naming the option, for specs that do not fit together.
  // `use` says how a flow is followed, where one makes the pairs; `reading` how the decoding of a
  // folder of images is shown.
  explicit Problem(const RunConfig& config, FlowUse use = {},
                   ProgressMode reading = ProgressMode::kSilent);

  [[nodiscard]] Shape sample_shape() const { return source_->sample_shape(); }
  [[nodiscard]] const Distribution& source() const { return *source_; }
  [[nodiscard]] const Distribution& target() const { return *target_; }
  [[nodiscard]] const Coupling& coupling() const { return *coupling_; }
  [[nodiscard]] Pairing pairing() const { return pairing_; }
  // The fixed pairs; with resampling, the pairs of a step that training never takes.
  [[nodiscard]] const Pairs& pairs() const { return pairs_; }
  // The optimal partners of the pairs' sources, [N, sample...]: found when first asked for, on any
  // thread. Empty without a closed form and with more than kMostAssigned pairs, for exact
  // assignment takes N^3.
  static constexpr std::int64_t kMostAssigned = 5000;
  [[nodiscard]] const Tensor<double>& optimal_partners() const;
  // "closed form", "assignment" or "too many pairs": how they are found.
  [[nodiscard]] const char* optimal_partners_by() const;
  // How given points became pairs, a sentence a side: "--target has 300 points: the first 100 are
  // taken, each once". Empty for laws, and where every point stands in one pair.
  [[nodiscard]] std::vector<std::string> points_used() const;
  // The optimal map, where there is a closed form.
  [[nodiscard]] const std::optional<AffineMap>& optimal_map() const { return optimal_map_; }
  // Held-out samples, the same for every model of one seed; targets of `from`, when it is given.
  [[nodiscard]] Tensor<double> fresh_sources(std::int64_t count, std::uint64_t set = 0) const;
  [[nodiscard]] Tensor<double> fresh_targets(std::int64_t count, std::uint64_t set = 0,
                                             const Distribution* from = nullptr) const;

 private:
  void read_pairs(const RunConfig& config);
  void draw_pairs(const RunConfig& config);

  std::uint64_t seed_;
  bool pairs_given_;  // by a file
  Pairing pairing_;
  std::unique_ptr<Distribution> source_, target_;
  std::unique_ptr<Coupling> coupling_;
  Pairs pairs_;
  std::optional<AffineMap> optimal_map_;
  mutable std::once_flag optimal_once_;
  mutable Tensor<double> optimal_partners_;
};

// The pairs of each step: the problem's, kept, or new ones.
template <class Real>
[[nodiscard]] std::unique_ptr<PairSource<Real>> make_pair_source(const Problem& problem,
                                                                 std::uint64_t seed);

}  // namespace gradvar
