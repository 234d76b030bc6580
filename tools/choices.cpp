#include "tools/choices.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/distribution.h"
#include "flow/affine_gaussian.h"
#include "flow/affine_map.h"
#include "flow/set_couplings.h"
#include "io/png.h"
#include "io/spec.h"
#include "nn/mlp.h"
#include "nn/unet.h"
#include "tools/commands/options.h"
#include "tools/interrupt.h"
#include "tools/limits.h"
#include "tools/spec_numbers.h"

namespace gradvar {

namespace {

GaussianMoments gaussian_side(const std::string& coupling, const char* side,
                              const Distribution& distribution) {
  check_gaussian_law(side, distribution);
  std::optional<GaussianLaw> law = distribution.gaussian_law();
  if (law) return {std::move(law->mean), std::move(law->covariance)};
  throw std::invalid_argument("[" + coupling + "] the " + side + " is '" + distribution.spec() +
                              "', expected a Gaussian: the map has no closed form otherwise");
}

// How many numbers the weights are, at least.
double parameters_of(const MlpOptions& options) {
  const auto width = static_cast<double>(options.width), dim = static_cast<double>(options.dim);
  const auto depth = static_cast<double>(options.tied ? 2 : options.depth);
  return depth == 0 ? dim * dim : 2 * dim * width + (depth - 1) * width * width;
}

// The spec with another key at its end.
std::string with_key(const std::string& text, const std::string& key, std::int64_t value) {
  return text + (text.find(':') == std::string::npos ? ":" : ",") + key + "=" +
         std::to_string(value);
}

template <class Real>
std::unique_ptr<Model<Real>> make_mlp(const SpecReader& spec, const std::string& text,
                                      const Shape& sample) {
  if (sample.rank() != 1) {
    throw std::invalid_argument("[mlp] a sample is " + sample.to_string() +
                                ", expected a vector: give the points as rows");
  }
  const MlpOptions options =
      MlpOptions::parse(spec.has("dim") ? text : with_key(text, "dim", sample[0]));
  if (options.dim != sample[0]) {
    throw std::invalid_argument("[mlp] dim is " + std::to_string(options.dim) +
                                ", the samples have " + std::to_string(sample[0]) +
                                " coordinates: leave dim out, or make them agree");
  }
  check_memory("[mlp]", "the weights", sizeof(Real) * parameters_of(options));
  return std::make_unique<Mlp<Real>>(options);
}

template <class Real>
std::unique_ptr<Model<Real>> make_affine_gaussian(const SpecReader& spec, const std::string& text,
                                                  const Shape& sample) {
  if (sample.rank() != 1) {
    throw std::invalid_argument("[affine-gaussian] a sample is " + sample.to_string() +
                                ", expected a vector: give the points as rows");
  }
  const auto d = static_cast<double>(sample[0]);
  check_memory("[affine-gaussian]", "the weights", sizeof(Real) * d * d);
  AffineGaussianField<Real> field =
      AffineGaussianField<Real>::parse(spec.has("dim") ? text : with_key(text, "dim", sample[0]));
  if (!(field.sample_shape() == sample)) {
    throw std::invalid_argument("[affine-gaussian] dim is " + field.sample_shape().to_string() +
                                ", the samples have " + std::to_string(sample[0]) +
                                " coordinates: leave dim out, or make them agree");
  }
  return std::make_unique<AffineGaussianField<Real>>(std::move(field));
}

// Size and colors where the spec leaves them out: from planes, or from rows that are square images
// of one color or of three (never both: 3 is no square).
template <class Real>
std::unique_ptr<Model<Real>> make_unet(const SpecReader& spec, const std::string& text,
                                       const Shape& sample) {
  const bool flat = sample.rank() == 1;
  if (!flat && (sample.rank() != 3 || sample[1] != sample[2])) {
    throw std::invalid_argument("[unet] a sample is " + sample.to_string() +
                                ", expected a square image, colors x size x size, or a row");
  }
  std::string full = text;
  if (!spec.has("colors")) {
    full = with_key(full, "colors",
                    !flat                                       ? sample[0]
                    : square_image(sample.size()).channels == 1 ? 1
                                                                : 3);
  }
  if (!spec.has("size")) {
    SpecReader own(full);
    const std::int64_t colors = std::max<std::int64_t>(own.integer("colors", 3), 1);
    const std::int64_t side = flat ? square_side(sample[0] / colors) : sample[1];
    if (side == 0 || (flat && sample[0] % colors != 0)) {
      throw std::invalid_argument("[unet] a sample has " + std::to_string(sample[0]) +
                                  " numbers, which is no square image of " +
                                  std::to_string(colors) +
                                  " colors: give size and colors, as in unet:size=32,colors=3");
    }
    full = with_key(full, "size", side);
  }
  const UNetOptions options = UNetOptions::parse(full);
  const Shape planes{options.colors, options.size, options.size};
  if (!(sample == planes) && !(flat && sample[0] == planes.size())) {
    throw std::invalid_argument("[unet] an image is " + planes.to_string() +
                                ", a sample of the data is " + sample.to_string() +
                                ": leave size and colors out, or make them agree");
  }
  check_memory("[unet]", "the weights", sizeof(Real) * options.rough_parameter_count());
  return std::make_unique<UNet<Real>>(options, flat);
}

std::unique_ptr<Coupling> make_optimal(SpecReader& spec, const Distribution& source,
                                       const Distribution& target) {
  spec.done();
  return std::make_unique<MapCoupling>(optimal_map(gaussian_side("optimal", "source", source),
                                                   gaussian_side("optimal", "target", target)),
                                       "optimal");
}

std::unique_ptr<Coupling> make_rotation(SpecReader& spec, const Distribution& source,
                                        const Distribution& target) {
  const std::int64_t dim = source.sample_shape().size();
  spec.require("angle");
  const double angle = spec.number("angle", 0);
  const bool all = spec.word("planes", "1") == "all";
  const std::int64_t planes = all ? dim / 2 : spec.integer("planes", 1);
  spec.done();
  const Tensor<double> rotation = rotation_matrix(dim, angle, planes);
  return std::make_unique<MapCoupling>(
      rotated_map(gaussian_side("rotation", "source", source),
                  gaussian_side("rotation", "target", target), rotation),
      SpecWriter("rotation").number("angle", angle).integer("planes", planes).text());
}

// affine:matrix=M,offset=b: a number (times the identity, or for every coordinate), a list, a file.
std::unique_ptr<Coupling> make_affine(SpecReader& spec, const Distribution& source,
                                      const Distribution&) {
  const std::int64_t d = source.sample_shape().size();
  check_gaussian_law("[affine]", source);
  const std::string matrix_text = spec.word("matrix", "1"), offset_text = spec.word("offset", "0");
  spec.done();
  Tensor<double> matrix = parse_numbers(spec, "matrix", matrix_text);
  Tensor<double> offset = parse_numbers(spec, "offset", offset_text);
  const auto check_size = [&](const char* key, const Tensor<double>& values, std::int64_t size) {
    if (values.size() == 1 || values.size() == size) return;
    throw std::invalid_argument("[affine] " + std::string(key) + " has " +
                                std::to_string(values.size()) + " numbers, expected 1 or " +
                                std::to_string(size) + " in " + std::to_string(d) + " dimensions");
  };
  check_size("matrix", matrix, d * d);
  check_size("offset", offset, d);
  AffineMap map{Tensor<double>(Shape{d, d}), Tensor<double>(Shape{d})};
  for (std::int64_t i = 0; i < d; ++i) {
    map.offset[i] = offset[offset.size() == 1 ? 0 : i];
    for (std::int64_t j = 0; j < d; ++j) {
      if (matrix.size() == d * d) {
        map.matrix[i * d + j] = matrix[i * d + j];
      } else if (i == j) {
        map.matrix[i * d + j] = matrix[0];
      }
    }
  }
  return std::make_unique<MapCoupling>(
      std::move(map),
      SpecWriter("affine").word("matrix", matrix_text).word("offset", offset_text).text());
}

// Couplings that look at all points of both sides; null for other names.
std::unique_ptr<SetCoupling> make_set_coupling(SpecReader& spec) {
  if (spec.name() == "assignment") {
    spec.done();
    return std::make_unique<AssignmentCoupling>();
  }
  if (spec.name() == "minibatch") {
    const std::int64_t size = spec.integer("size", 256);
    spec.done();
    return std::make_unique<MinibatchCoupling>(size);
  }
  if (spec.name() == "adversarial") {
    const double fraction = spec.number("fraction", 1);
    spec.done();
    return std::make_unique<AdversarialCoupling>(fraction);
  }
  if (spec.name() == "entropic") {
    const double epsilon = spec.number("epsilon", 0.05);
    const std::string partner = spec.choice("partner", "sampled", {"sampled", "barycentric"});
    spec.done();
    return std::make_unique<EntropicCoupling>(epsilon, partner == "barycentric");
  }
  return nullptr;
}

}  // namespace

void check_gaussian_law(const std::string& option, const Distribution& distribution) {
  if (distribution.points() != nullptr) return;
  const auto d = static_cast<double>(distribution.sample_shape().size());
  check_memory(option,
               "matrices in " + std::to_string(distribution.sample_shape().size()) + " dimensions",
               4 * sizeof(double) * d * d);
}

std::unique_ptr<Coupling> make_coupling(const std::string& option, const std::string& text,
                                        const Distribution& source, const Distribution& target,
                                        const FlowUse& use) {
  return for_option(option, [&]() -> std::unique_ptr<Coupling> {
    SpecReader spec(text);
    if (spec.name() == "flow") {
      return std::make_unique<FlowCoupling>(FlowCouplingOptions::parse(spec), use);
    }
    if (spec.name() == "optimal") return make_optimal(spec, source, target);
    if (spec.name() == "rotation") return make_rotation(spec, source, target);
    if (spec.name() == "affine") return make_affine(spec, source, target);
    if (spec.name() == "independent") {
      spec.done();
      return std::make_unique<IndependentCoupling>();
    }
    if (spec.name() == "permutation") {
      spec.done();
      return std::make_unique<PermutationCoupling>();
    }
    if (std::unique_ptr<SetCoupling> coupling = make_set_coupling(spec)) {
      coupling->set_search({.threads = resolve_threads(use.threads, kMostThreads), .tick = [use] {
                              stop_if_interrupted(use.when_stopped);
                              if (use.progress != nullptr) use.progress->advance();
                            }});
      return coupling;
    }
    spec.unknown_name({"independent", "permutation", "affine", "optimal", "rotation", "assignment",
                       "minibatch", "adversarial", "entropic", "flow"});
  });
}

Interpolant make_interpolant(const std::string& option, const std::string& spec) {
  return for_option(option, [&] { return Interpolant::parse(spec); });
}

SolverOptions make_solver(const std::string& option, const std::string& spec) {
  return for_option(option, [&] { return SolverOptions::parse(spec); });
}

template <class Real>
std::unique_ptr<Model<Real>> make_model(const std::string& option, const std::string& text,
                                        const Shape& sample) {
  return for_option(option, [&]() -> std::unique_ptr<Model<Real>> {
    const SpecReader spec(text);
    if (spec.name() == "mlp") return make_mlp<Real>(spec, text, sample);
    if (spec.name() == "unet") return make_unet<Real>(spec, text, sample);
    if (spec.name() == "affine-gaussian") return make_affine_gaussian<Real>(spec, text, sample);
    spec.unknown_name({"mlp", "unet", "affine-gaussian"});
  });
}

template std::unique_ptr<Model<float>> make_model(const std::string&, const std::string&,
                                                  const Shape&);
template std::unique_ptr<Model<double>> make_model(const std::string&, const std::string&,
                                                   const Shape&);

Schedule make_schedule(const std::string& option, const std::string& text, double rate,
                       std::int64_t steps) {
  return for_option(option, [&] {
    SpecReader spec(text);
    Schedule schedule{.peak = rate};
    schedule.warmup = spec.integer("warmup", 0);
    if (spec.name() == "cosine") {
      schedule.kind = Schedule::Kind::cosine;
      schedule.floor = spec.number("floor", 0);
      schedule.steps = steps;
    } else if (spec.name() != "constant") {
      spec.unknown_name({"constant", "cosine"});
    }
    spec.done();
    schedule.validate();
    return schedule;
  });
}

std::string choices_help() {
  return R"(Choices, with their defaults:
  source, target  gaussian:dim=2,mean=0,scale=1   (mean, covariance: a list in quotes or a file)
                  mixture:dim=2,components=8,spread=4,scale=0.5,seed=0
                  student-t:dim=2,df=3,scale=1   (heavy tails; df: whole, 1 to 1000)
                  eight-gaussians:radius=5,scale=0.316   moons:noise=0.1   checkerboard:side=2
                  pinwheel:arms=5,radial=0.3,tangential=0.1,rate=0.25,scale=2
                  spiral:arms=2,turns=1.5,radius=4,noise=0.1
                  faces:count=0,size=32,seed=1   (drawn portraits, 3 x size x size numbers
                  in [-1,1]; count: how many there are, 0 for no end)
                  csv:PATH   npy:PATH   safetensors:PATH,key=NAME
                  images:dir=PATH,size=32,count=0,strict=false   (a folder's PNG and JPEG, the
                  first count or with 0 all: centre square, 3 x size x size; what cannot be read
                  is named and skipped, or strict refuses)
                  celeba:dir=PATH,size=64,count=0,strict=false   (aligned 178x218, centre 148x148)
                  cifar10:dir=PATH   mnist:file=PATH
  coupling        independent   permutation   optimal   rotation:angle=DEGREES,planes=1 (or all)
                  affine:matrix=1,offset=0   between the points drawn, by squared distance:
                  assignment   minibatch:size=256   adversarial:fraction=1   (optimal, shuffled)
                  entropic:epsilon=0.05,partner=sampled   (or barycentric; in mean costs)
                  made by a run's flow: flow:run=DIR,direction=forwards,solver="dopri5:rtol=1e-6"
                  (or backwards, from targets; source, target, pairs are then the run's own)
  interpolant     linear   constant:sigma=0.05   bridge:sigma=0.05,target=displacement (or full)
                  bridge-full:sigma=0.05   trigonometric
  model           mlp:width=64,depth=3,activation=selu,time=column
                  (activation: selu, silu, relu, gelu, tanh; time: column, sinusoidal with
                  time-dim=64; tied=true shares the hidden layers)
                  unet:channels=32,mult=1-2-2,blocks=1,attention=16,heads=1   (size and colors of
                  the images from the data; head-channels=0, scale-shift=false, updown=false,
                  dropout=0, groups=32)
                  affine-gaussian   (the field of an affine map, th + Th (I + t Th)^-1 (x - t th);
                  parameters theta, Theta; zero at first; d x d solved for each time of a batch)
  solver          euler, midpoint, heun, rk4:steps=100   dopri5:rtol=1e-6,atol=1e-6,max-steps=10000
  optimizer       adam:beta1=0.9,beta2=0.999,eps=1e-8,weight-decay=0   adamw:weight-decay=0.01
                  sgd:momentum=0,nesterov=false,weight-decay=0
  schedule        constant:warmup=0   cosine:warmup=0,floor=0
)";
}

}  // namespace gradvar
