#include "tools/problem.h"

#include <stdexcept>
#include <utility>

#include "flow/assignment.h"
#include "flow/distances.h"
#include "tools/choices.h"
#include "tools/limits.h"
#include "tools/pairs_file.h"

namespace gradvar {

namespace {

// Fixed pairs come from step 0 of their streams, resampled ones from step 1 on.
constexpr std::uint64_t kFixedStep = 0;

std::optional<GaussianMoments> gaussian_moments(const Distribution& distribution) {
  check_gaussian_law("--target:", distribution);
  std::optional<GaussianLaw> law = distribution.gaussian_law();
  if (!law) return std::nullopt;
  return GaussianMoments{std::move(law->mean), std::move(law->covariance)};
}

void check_same_samples(const Distribution& source, const Distribution& target) {
  if (source.sample_shape() == target.sample_shape()) return;
  throw std::invalid_argument("--target: a sample has shape " + target.sample_shape().to_string() +
                              ", one of --source has " + source.sample_shape().to_string() +
                              ": a flow needs the same on both sides");
}

// A permutation of given points takes each of them once, where there are as many as pairs.
Tensor<double> target_rows(const Distribution& target, const Coupling& coupling,
                           const RandomStream& stream, std::int64_t count) {
  if (!coupling.uses_targets()) return {};
  const Tensor<double>* points = target.points();
  if (!coupling.row_by_row() && points != nullptr) {
    if (points->rows() < count) {
      throw std::invalid_argument(
          "--pairs is " + std::to_string(count) + ", but --target has " +
          std::to_string(points->rows()) +
          " points and the coupling pairs each of them once; ask for fewer pairs, or "
          "--coupling independent, which repeats points");
    }
    return points->rows_copy(0, count);
  }
  return target.draw(stream, kFixedStep, 0, count);
}

Tensor<double> source_rows(const Distribution& source, const Coupling& coupling,
                           const RandomStream& stream, std::int64_t count) {
  const Tensor<double>* points = source.points();
  if (!coupling.sources_once() || points == nullptr) {
    return source.draw(stream, kFixedStep, 0, count);
  }
  if (points->rows() < count) {
    throw std::invalid_argument("--pairs is " + std::to_string(count) + ", but --source has " +
                                std::to_string(points->rows()) + " points and the coupling '" +
                                coupling.spec() + "' takes each of them once; ask for fewer pairs");
  }
  return points->rows_copy(0, count);
}

// New pairs at every step.
template <class Real>
class ResampledPairs final : public PairSource<Real> {
 public:
  ResampledPairs(const Problem& problem, std::uint64_t seed)
      : problem_(problem),
        sources_(seed, Purpose::kSource),
        targets_(seed, Purpose::kTarget),
        pairing_(seed, Purpose::kPairing) {}

  [[nodiscard]] Shape sample_shape() const override { return problem_.sample_shape(); }

  void draw(std::uint64_t step, std::int64_t first, std::int64_t count, std::span<Real> x0,
            std::span<Real> x1) const override {
    const std::uint64_t at = kFixedStep + 1 + step;
    const Tensor<double> from = problem_.source().draw(sources_, at, first, count);
    Tensor<double> to;
    if (problem_.coupling().uses_targets()) to = problem_.target().draw(targets_, at, first, count);
    to = problem_.coupling().partners(from, std::move(to), pairing_);
    for (std::int64_t i = 0; i < from.size(); ++i) {
      x0[i] = static_cast<Real>(from[i]);
      x1[i] = static_cast<Real>(to[i]);
    }
  }

 private:
  const Problem& problem_;
  RandomStream sources_, targets_, pairing_;
};

}  // namespace

Problem::Problem(const RunConfig& config, FlowUse use, ProgressMode reading)
    : seed_(config.seed),
      pairs_given_(!config.pairs_file.empty()),
      pairing_(config.pairing == "fixed" ? Pairing::kFixed : Pairing::kResampled),
      source_(make_distribution("--source", config.source, reading)),
      target_(make_distribution("--target", config.target, reading)) {
  check_same_samples(*source_, *target_);
  use.threads = config.threads;
  coupling_ = make_coupling("--coupling", config.coupling, *source_, *target_, use);
  if (pairing_ == Pairing::kResampled && !coupling_->row_by_row()) {
    throw std::invalid_argument("--pairing resampled: the coupling '" + coupling_->spec() +
                                "' needs a whole set of pairs at once" +
                                (coupling_->sources_once()
                                     ? ": keep the pairs, --pairing fixed"
                                     : "; with new targets at every step it is --coupling "
                                       "independent"));
  }
  const double numbers = static_cast<double>(sample_shape().size());
  check_memory("--pairs:",
               std::to_string(config.pairs) + " pairs of " + std::to_string(sample_shape().size()) +
                   " coordinates",
               3 * sizeof(double) * static_cast<double>(config.pairs) * numbers);
  // A law holds a matrix: given points, which have none, are asked first.
  const std::optional<GaussianMoments> to = gaussian_moments(*target_);
  const std::optional<GaussianMoments> from = to ? gaussian_moments(*source_) : std::nullopt;
  if (from && to) optimal_map_ = gradvar::optimal_map(*from, *to);

  if (!config.pairs_file.empty()) {
    read_pairs(config);
    return;
  }
  check_memory("--coupling:",
               "the costs between " + std::to_string(config.pairs) + " pairs for '" +
                   coupling_->spec() + "'",
               sizeof(double) * coupling_->numbers_held(config.pairs));
  draw_pairs(config);
}

void Problem::draw_pairs(const RunConfig& config) {
  Tensor<double> targets =
      target_rows(*target_, *coupling_, RandomStream(seed_, Purpose::kTarget), config.pairs);
  if (coupling_->from_targets()) {
    pairs_.x0 = coupling_->sources(targets);
    pairs_.x1 = std::move(targets);
    return;
  }
  pairs_.x0 =
      source_rows(*source_, *coupling_, RandomStream(seed_, Purpose::kSource), config.pairs);
  pairs_.x1 =
      coupling_->partners(pairs_.x0, std::move(targets), RandomStream(seed_, Purpose::kPairing));
}

void Problem::read_pairs(const RunConfig& config) {
  PairsFile file = read_pairs_file(config.pairs_file);
  const Shape& shape = file.pairs.x0.shape();
  if (!(shape.sample() == sample_shape())) {
    throw std::invalid_argument("--pairs-file: a row of x0 in '" + config.pairs_file + "' is " +
                                shape.sample().to_string() + ", one of --source is " +
                                sample_shape().to_string());
  }
  if (config.pairs > shape[0]) {
    throw std::invalid_argument("--pairs is " + std::to_string(config.pairs) +
                                ", but --pairs-file '" + config.pairs_file + "' holds " +
                                std::to_string(shape[0]));
  }
  pairs_.x0 = file.pairs.x0.rows_copy(0, config.pairs);
  pairs_.x1 = file.pairs.x1.rows_copy(0, config.pairs);
}

std::vector<std::string> Problem::points_used() const {
  std::vector<std::string> sentences;
  if (pairs_given_) return sentences;
  const std::int64_t count = pairs_.x0.rows();
  const auto side = [&](const char* option, const Distribution& distribution, bool used,
                        bool once) {
    const Tensor<double>* points = distribution.points();
    if (points == nullptr || !used || (once && points->rows() == count)) return;
    const std::string text = std::to_string(count);
    sentences.push_back(std::string(option) + " has " + std::to_string(points->rows()) +
                        " points: " +
                        (once ? "the first " + text + " are taken, each once"
                              : text + " are drawn from them, with replacement"));
  };
  side("--source", *source_, !coupling_->from_targets(), coupling_->sources_once());
  side("--target", *target_, coupling_->uses_targets(), !coupling_->row_by_row());
  return sentences;
}

const Tensor<double>& Problem::optimal_partners() const {
  std::call_once(optimal_once_, [&] {
    if (optimal_map_) {
      optimal_partners_ = optimal_map_->apply(pairs_.x0);
    } else if (pairs_.x0.rows() <= kMostAssigned) {
      optimal_partners_ = select_rows(pairs_.x1, optimal_assignment(pairs_.x0, pairs_.x1).partner);
    }
  });
  return optimal_partners_;
}

const char* Problem::optimal_partners_by() const {
  if (optimal_map_) return "closed form";
  return pairs_.x0.rows() <= kMostAssigned ? "assignment" : "too many pairs";
}

Tensor<double> Problem::fresh_sources(std::int64_t count, std::uint64_t set) const {
  return source_->draw(RandomStream(seed_, Purpose::kFreshSource), set, 0, count);
}

Tensor<double> Problem::fresh_targets(std::int64_t count, std::uint64_t set,
                                      const Distribution* from) const {
  return (from != nullptr ? *from : *target_)
      .draw(RandomStream(seed_, Purpose::kFreshTarget), set, 0, count);
}

template <class Real>
std::unique_ptr<PairSource<Real>> make_pair_source(const Problem& problem, std::uint64_t seed) {
  if (problem.pairing() == Pairing::kResampled) {
    return std::make_unique<ResampledPairs<Real>>(problem, seed);
  }
  return std::make_unique<FixedPairs<Real>>(problem.pairs().x0, problem.pairs().x1, seed);
}

template std::unique_ptr<PairSource<float>> make_pair_source(const Problem&, std::uint64_t);
template std::unique_ptr<PairSource<double>> make_pair_source(const Problem&, std::uint64_t);

}  // namespace gradvar
