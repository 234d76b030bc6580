#include "tools/commands/theory_question.h"

#include <cmath>
#include <optional>
#include <stdexcept>

#include "io/atomic_file.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "tools/choices.h"
#include "tools/limits.h"
#include "tools/run_config.h"
#include "tools/spec_numbers.h"

namespace gradvar::commands {

namespace {

// Beyond this the closed forms lose digits: a time is singular, or not, by a relative tolerance.
constexpr double kMostMean = 1e6;

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

std::string in_dimensions(std::int64_t dim) {
  return std::to_string(dim) + (dim == 1 ? " dimension" : " dimensions");
}

// S from a file, or c^2 I.
Tensor<double> read_covariance(const TheoryOptions& options, const CLI::App& command) {
  if (options.covariance.empty()) {
    check_memory("--dim:", "matrices in " + in_dimensions(options.dim),
                 24 * sizeof(double) * std::pow(static_cast<double>(options.dim), 2));
    return isotropic_gaussian(options.dim, options.scale).covariance;
  }
  only_with(command, "--scale", false, "a target of c^2 I: --covariance gives the whole matrix");
  return for_option("--covariance", [&] {
    if (!is_numbers_file(options.covariance)) {
      refuse("'" + options.covariance + "' is neither a .npy nor a .csv file");
    }
    Tensor<double> matrix = parse_numbers(SpecReader("gaussian"), "covariance", options.covariance);
    const bool dim_given = command.count("--dim") > 0;
    const std::int64_t d = dim_given ? options.dim : matrix.shape().rank() == 2 ? matrix.rows() : 0;
    if (!(matrix.shape() == Shape{d, d}) || d == 0) {
      refuse_file(
          options.covariance,
          "the matrix is " + matrix.shape().to_string() + ", expected " +
              (dim_given ? Shape{d, d}.to_string() + " in " + in_dimensions(d) : "a square one"));
    }
    for (const double x : matrix.values()) {
      if (!std::isfinite(x)) refuse_file(options.covariance, "a number is not finite");
    }
    (void)symmetric_power(matrix, 0.5, options.covariance.c_str());
    return matrix;
  });
}

Tensor<double> read_mean(const std::string& text, std::int64_t dim) {
  return for_option("--mean", [&] {
    const Tensor<double> numbers = parse_numbers(SpecReader("gaussian"), "mean", text);
    if (numbers.size() != 1 && numbers.size() != dim) {
      refuse("'" + text + "' has " + std::to_string(numbers.size()) + " numbers, expected " +
             (dim == 1 ? "1" : "1 or " + std::to_string(dim)) + " in " + in_dimensions(dim));
    }
    Tensor<double> mean(Shape{dim});
    for (std::int64_t i = 0; i < dim; ++i) {
      mean[i] = numbers[numbers.size() == 1 ? 0 : i];
      if (!(std::abs(mean[i]) <= kMostMean)) {
        refuse("'" + text + "' has a number that is not finite or beyond 1e6");
      }
    }
    return mean;
  });
}

Interpolant read_noise(const TheoryOptions& options, const CLI::App& command) {
  if (options.noise == "none") {
    only_with(command, "--sigma", false, "--noise constant, bridge or bridge-full");
    return {};
  }
  if (command.count("--sigma") == 0 && options.theory == "gaussian") {
    refuse("--sigma is required with --noise " + options.noise);
  }
  return {
      .kind =
          options.noise == "constant" ? InterpolantKind::kConstantNoise : InterpolantKind::kBridge,
      .sigma = options.sigma,
      .target = options.noise == "bridge-full" ? BridgeTarget::kFull : BridgeTarget::kDisplacement};
}

// Who is paired with whom. A plane that is not there is refused here, so that the sentence names
// the option.
void read_rotation(const TheoryOptions& options, const CLI::App& command,
                   GaussianSetting& setting) {
  const bool rotated = options.coupling == "rotation";
  only_with(command, "--angle", rotated, "--coupling rotation");
  only_with(command, "--planes", rotated, "--coupling rotation");
  setting.pairs = rotated                         ? GaussianPairs::kRotated
                  : options.coupling == "optimal" ? GaussianPairs::kOptimal
                                                  : GaussianPairs::kIndependent;
  if (!rotated) return;
  if (command.count("--angle") == 0) {
    refuse("--angle is required with --coupling rotation; the others are optimal and independent");
  }
  const std::int64_t dim = setting.dim();
  if (dim < 2) {
    refuse("--angle: there is no plane to rotate in with 1 dimension, expected --dim 2 or more");
  }
  setting.angle = options.angle;
  setting.planes =
      options.planes == "all" ? dim / 2 : parse_whole("--planes", options.planes, 1, dim / 2);
}

}  // namespace

TheoryQuestion read_question(const TheoryOptions& options, const CLI::App& command) {
  TheoryQuestion question;
  GaussianSetting& setting = question.setting;
  setting.target.covariance = read_covariance(options, command);
  setting.target.mean = read_mean(options.mean, setting.target.covariance.rows());
  read_rotation(options, command, setting);
  if (options.field == "pair" && setting.pairs == GaussianPairs::kIndependent) {
    refuse(
        "--field pair is the field of the pairs' own map, and independent pairs have no map; "
        "expected --field optimal with --coupling independent");
  }
  setting.field = options.field == "pair" ? GaussianField::kPairs : GaussianField::kOptimal;
  setting.interpolant = read_noise(options, command);
  const TimeInterval time = time_interval("--time", options.time);
  question.t_begin = time.begin;
  question.t_end = time.end;
  return question;
}

}  // namespace gradvar::commands
