#include "tools/studies/images_settings.h"

#include <memory>
#include <stdexcept>
#include <string>

#include "io/spec.h"
#include "tools/choices.h"
#include "tools/studies/training_study.h"

namespace gradvar::images {

namespace {

// "3x64x64", from the spec alone: nothing is read before its task begins.
std::string shape_of(const std::string& spec) {
  return for_option("--images", [&]() -> std::string {
    SpecReader images(spec);
    if (images.name() == "mnist") return "1x28x28";
    if (images.name() == "cifar10") return "3x32x32";
    if (images.name() != "images" && images.name() != "celeba" && images.name() != "faces") {
      images.unknown_name({"images", "celeba", "cifar10", "mnist", "faces"});
    }
    const std::string size =
        std::to_string(images.integer("size", images.name() == "celeba" ? 64 : 32));
    return "3x" + size + "x" + size;
  });
}

TrainingCell cell_of(const StudyOptions& options, int seed) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  const std::string pixels = options.images.empty()
                                 ? "faces:count=" + std::to_string(preset.pairs) +
                                       ",size=" + std::to_string(preset.size) +
                                       ",seed=" + std::to_string(seed + 1)
                                 : options.images;
  cell.config.source = "gaussian:shape=" + shape_of(pixels);
  cell.config.target = pixels;
  cell.config.pairs = preset.pairs;
  cell.config.batch = preset.batch;
  cell.config.model = preset.model;
  cell.config.steps = preset.steps;
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.config.seed = static_cast<std::uint64_t>(seed);
  cell.variance = {.time_bins = 5, .nodes_per_bin = 1};
  cell.fresh = 0;
  return cell;
}

TrainingCell trained_on(const StudyOptions& options, const PaperTable& table, double sigma,
                        int seed) {
  TrainingCell cell = cell_of(options, seed);
  cell.id =
      std::string("images-") + table.id + "-" + sigma_id(sigma) + "-seed-" + std::to_string(seed);
  cell.config.coupling = "adversarial:fraction=1";
  cell.config.interpolant = interpolant_spec(sigma);
  cell.monitor_steps = {0, static_cast<std::uint64_t>(cell.config.steps)};
  cell.solvers_at_the_end = {coarse_steps(), fine_steps()};
  cell.with_information = cell.config.pairs <= 1000;  // takes pairs squared
  return cell;
}

}  // namespace

Preset preset_of(const StudyOptions& options) {
  Preset preset{.seeds = 2,
                .pairs = 32,
                .size = 8,
                .steps = 250,
                .base_steps = 150,
                .batch = 32,
                .model = "unet:channels=16,mult=1-2,groups=8,attention=4"};
  if (options.preset == "middle") {
    preset = {.seeds = 3,
              .pairs = 96,
              .size = 16,
              .steps = 1500,
              .base_steps = 800,
              .batch = 32,
              .model = "unet:channels=16,mult=1-2-2,groups=8,attention=8"};
  }
  if (options.preset == "full") {
    preset = {.seeds = 5,
              .pairs = 5000,
              .size = 64,
              .steps = 100000,
              .base_steps = 100000,
              .batch = 64,
              .model = "unet:channels=64,mult=1-2-2-2,blocks=2,attention=16"};
  }
  if (options.seeds > 0) preset.seeds = options.seeds;
  return preset;
}

void check_images(const StudyOptions& options, ProgressMode reading) {
  const Preset preset = preset_of(options);
  const auto images = make_distribution("--images", options.images, reading);
  const Tensor<double>* points = images->points();
  const std::int64_t count = points == nullptr ? 0 : points->rows();
  const Shape shape = images->sample_shape();
  const auto refuse = [&](const std::string& found, const std::string& needed) {
    throw std::invalid_argument("--images: '" + options.images + "' " + found + ", the " +
                                options.preset + " preset needs " + needed);
  };
  if (points == nullptr) {
    refuse("is no set of given images", "one of at least " + std::to_string(preset.pairs) +
                                            ": faces take count=" + std::to_string(preset.pairs));
  }
  if (count < preset.pairs) {
    refuse("holds " + std::to_string(count) + (count == 1 ? " image" : " images"),
           "at least " + std::to_string(preset.pairs) + ", one for each pair");
  }
  if (shape.to_string() != shape_of(options.images)) {
    refuse("holds images of " + shape.to_string(), shape_of(options.images));
  }
  try {
    (void)make_model<float>("--model", preset.model, shape);
  } catch (const std::invalid_argument& error) {
    refuse("holds images of " + shape.to_string(), "square ones that its network '" +
                                                       std::string(preset.model) + "' takes (" +
                                                       error.what() + ")");
  }
}

SolverOptions coarse_steps() { return euler(5); }
SolverOptions fine_steps() { return euler(40); }

TrainingCell base(const StudyOptions& options, int seed) {
  TrainingCell cell = cell_of(options, seed);
  cell.id = "images-base-seed-" + std::to_string(seed);
  cell.config.coupling = "independent";
  cell.config.pairing = "resampled";
  cell.config.steps = preset_of(options).base_steps;
  cell.leaves_pairs_by = fine_steps();
  return cell;
}

TrainingCell cell(const StudyOptions& options, const PaperTable& table, double sigma, int seed) {
  TrainingCell cell = trained_on(options, table, sigma, seed);
  if (std::string(table.id) != "reflow") return cell;
  const TrainingCell maker = base(options, seed);
  cell.pairs_of = maker.id;
  cell.pairs_made_by = training_task(maker).settings;
  cell.config.coupling = "independent";  // not asked: the pairs are those of the base
  return cell;
}

}  // namespace gradvar::images
