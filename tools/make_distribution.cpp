#include <cmath>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "data/faces.h"
#include "data/gaussian.h"
#include "data/image_set.h"
#include "data/mixture.h"
#include "data/planar.h"
#include "data/point_set.h"
#include "data/student_t.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "tools/choices.h"
#include "tools/image_folder.h"
#include "tools/limits.h"
#include "tools/spec_numbers.h"

namespace gradvar {

namespace {

// Coordinates of a sample are counted in 32 bits where noise is drawn (autograd/random.h).
constexpr double kMostCoordinates = 4294967295.0;

// "3x32x32" as a shape.
Shape parse_shape(const SpecReader& spec, const std::string& text) {
  const auto refuse = [&](const char* expected) {
    throw std::invalid_argument("[" + spec.name() + "] shape is '" + text + "', expected " +
                                expected);
  };
  std::vector<std::int64_t> axes;
  std::string part;
  double coordinates = 1;
  for (const char c : text + "x") {
    if (c != 'x') {
      part += c;
      continue;
    }
    const std::optional<double> size = number_from_text(part);
    if (!size || !(*size >= 1 && *size < 1e18) || *size != std::floor(*size)) {
      refuse("sizes like 3x32x32");
    }
    axes.push_back(static_cast<std::int64_t>(*size));
    coordinates *= *size;
    part.clear();
  }
  if (coordinates > kMostCoordinates) refuse("at most 4294967295 coordinates");
  return Shape(std::span<const std::int64_t>(axes));
}

std::unique_ptr<Distribution> make_gaussian(SpecReader& spec) {
  GaussianOptions options;
  const bool given_size = spec.has("dim") || spec.has("shape");
  const std::int64_t dim = spec.integer("dim", 2);
  const std::string shape = spec.word("shape", "");
  const std::string mean = spec.word("mean", "0");
  const std::string covariance = spec.word("covariance", "");
  options.scale = spec.number("scale", 1);
  spec.done();
  if (dim < 1) {
    throw std::invalid_argument("[gaussian] dim is " + std::to_string(dim) +
                                ", expected 1 or more");
  }
  options.shape = shape.empty() ? Shape{dim} : parse_shape(spec, shape);
  const Tensor<double> means = parse_numbers(spec, "mean", mean);
  if (means.size() == 1 && !is_numbers_file(mean)) {
    options.mean = means[0];
  } else {
    options.mean_vector = means;
    if (is_numbers_file(mean)) options.mean_source = mean;
    if (!given_size) options.shape = Shape{means.size()};
  }
  if (!covariance.empty()) {
    Tensor<double> matrix = parse_numbers(spec, "covariance", covariance);
    if (is_numbers_file(covariance)) options.covariance_source = covariance;
    if (!given_size && means.size() == 1) {
      std::int64_t d = 1;
      while (d * d < matrix.size()) ++d;
      options.shape = Shape{d};
    }
    const std::int64_t d = options.shape.size();
    if (matrix.size() == d * d) matrix.reshape({d, d});
    options.covariance = std::move(matrix);
  }
  return std::make_unique<Gaussian>(options);
}

std::unique_ptr<Distribution> make_mixture(SpecReader& spec) {
  MixtureOptions o;
  o.dim = spec.integer("dim", o.dim);
  o.components = spec.integer("components", o.components);
  o.spread = spec.number("spread", o.spread);
  o.scale = spec.number("scale", o.scale);
  const std::int64_t seed = spec.integer("seed", 0);
  spec.done();
  o.seed = static_cast<std::uint64_t>(seed);
  check_memory(
      "[mixture]",
      std::to_string(o.components) + " centres in " + std::to_string(o.dim) + " dimensions",
      sizeof(double) * static_cast<double>(o.components) * static_cast<double>(o.dim));
  return std::make_unique<Mixture>(o);
}

std::unique_ptr<Distribution> make_student_t(SpecReader& spec) {
  StudentTOptions o;
  o.dim = spec.integer("dim", o.dim);
  o.df = spec.integer("df", o.df);
  o.scale = spec.number("scale", o.scale);
  spec.done();
  return std::make_unique<StudentT>(o);
}

std::unique_ptr<Distribution> make_pinwheel(SpecReader& spec) {
  PinwheelOptions o;
  o.arms = spec.integer("arms", o.arms);
  o.radial = spec.number("radial", o.radial);
  o.tangential = spec.number("tangential", o.tangential);
  o.rate = spec.number("rate", o.rate);
  o.scale = spec.number("scale", o.scale);
  spec.done();
  return std::make_unique<Pinwheel>(o);
}

std::unique_ptr<Distribution> make_spiral(SpecReader& spec) {
  SpiralOptions o;
  o.arms = spec.integer("arms", o.arms);
  o.turns = spec.number("turns", o.turns);
  o.radius = spec.number("radius", o.radius);
  o.noise = spec.number("noise", o.noise);
  spec.done();
  return std::make_unique<Spiral>(o);
}

std::unique_ptr<Distribution> make_eight_gaussians(SpecReader& spec) {
  EightGaussiansOptions o;
  o.radius = spec.number("radius", o.radius);
  o.scale = spec.number("scale", o.scale);
  spec.done();
  return std::make_unique<EightGaussians>(o);
}

std::unique_ptr<Distribution> make_moons(SpecReader& spec) {
  const double noise = spec.number("noise", MoonsOptions{}.noise);
  spec.done();
  return std::make_unique<Moons>(MoonsOptions{.noise = noise});
}

std::unique_ptr<Distribution> make_checkerboard(SpecReader& spec) {
  const double side = spec.number("side", CheckerboardOptions{}.side);
  spec.done();
  return std::make_unique<Checkerboard>(CheckerboardOptions{.side = side});
}

std::unique_ptr<Distribution> make_faces(SpecReader& spec) {
  FacesOptions o;
  o.count = spec.integer("count", o.count);
  o.size = spec.integer("size", o.size);
  o.seed = static_cast<std::uint64_t>(spec.integer("seed", 1));
  spec.done();
  check_memory("[faces]", std::to_string(o.count) + " images of that size",
               3 * sizeof(double) * static_cast<double>(o.count) * static_cast<double>(o.size) *
                   static_cast<double>(o.size));
  return std::make_unique<Faces>(o);
}

// csv:PATH, npy:PATH, safetensors:PATH,key=KEY.
std::unique_ptr<Distribution> make_point_set(SpecReader& spec) {
  const std::string path = spec.positional("PATH");
  const std::string key = spec.name() == "safetensors" ? spec.word("key", "") : "";
  spec.done();
  if (!path.ends_with("." + spec.name())) {
    throw std::invalid_argument("[" + spec.name() + "] the path '" + path + "' does not end in ." +
                                spec.name());
  }
  return std::make_unique<PointSet>(PointSet::read(path, key));
}

std::unique_ptr<Distribution> make_images(SpecReader& spec, ProgressMode reading) {
  const SpecifiedFolder folder = read_specified_folder(spec, reading);
  return std::make_unique<PointSet>(image_points(folder.images, folder.options));
}

// The bytes of a file; 0 where that is not known, which its reader says better.
double file_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<double>(bytes);
}

// A byte of a pixel as it is read, and the number it becomes.
void check_pixels(const SpecReader& spec, double pixels) {
  check_memory("[" + spec.name() + "]", "images in " + bytes_text(pixels) + " of files",
               (1 + sizeof(double)) * pixels);
}

std::unique_ptr<Distribution> make_cifar10(SpecReader& spec) {
  spec.require("dir");
  const std::string directory = spec.word("dir", "");
  spec.done();
  double pixels = 0;
  for (int batch = 1; batch <= kCifar10Batches; ++batch) {
    pixels += file_bytes(cifar10_batch(directory, batch));
  }
  check_pixels(spec, pixels);
  return std::make_unique<PointSet>(read_cifar10(directory));
}

std::unique_ptr<Distribution> make_mnist(SpecReader& spec) {
  spec.require("file");
  const std::string path = spec.word("file", "");
  spec.done();
  check_pixels(spec, file_bytes(path));
  return std::make_unique<PointSet>(read_mnist(path));
}

struct Maker {
  const char* name;
  std::unique_ptr<Distribution> (*make)(SpecReader&);
};
constexpr Maker kMakers[] = {
    {"gaussian", make_gaussian},   {"mixture", make_mixture},
    {"student-t", make_student_t}, {"eight-gaussians", make_eight_gaussians},
    {"moons", make_moons},         {"checkerboard", make_checkerboard},
    {"pinwheel", make_pinwheel},   {"spiral", make_spiral},
    {"faces", make_faces},         {"csv", make_point_set},
    {"npy", make_point_set},       {"safetensors", make_point_set},
    {"cifar10", make_cifar10},     {"mnist", make_mnist},
};

}  // namespace

std::unique_ptr<Distribution> make_distribution(const std::string& option, const std::string& text,
                                                ProgressMode reading) {
  return for_option(option, [&] {
    SpecReader spec(text);
    if (names_image_folder(spec)) return make_images(spec, reading);
    std::vector<std::string> names;
    for (const Maker& maker : kMakers) {
      if (spec.name() == maker.name) return maker.make(spec);
      names.emplace_back(maker.name);
    }
    names.insert(names.end(), {"images", "celeba"});
    spec.unknown_name(names);
  });
}

}  // namespace gradvar
