// architectures: does gradient variance tell who memorises when the networks differ? The same
// random pairs for an affine field, perceptrons by width, depth and activation; and a small U-Net
// on pictures.

#include "tools/studies/association.h"

namespace gradvar {

namespace architectures {

namespace {

struct Preset {
  int seeds;
  std::int64_t pairs, steps;
};

Preset preset_of(const StudyOptions& options) {
  if (options.preset == "middle") return {.seeds = 5, .pairs = 100, .steps = 5000};
  if (options.preset == "full") return {.seeds = 10, .pairs = 500, .steps = 30000};
  return {.seeds = 3, .pairs = 64, .steps = 1500};
}

TrainingCell cell(const StudyOptions& options, const std::string& model,
                  const std::string& pairing) {
  const Preset preset = preset_of(options);
  TrainingCell cell;
  cell.config.source = "gaussian:dim=8";
  cell.config.target = "mixture:dim=8,components=5,spread=4,scale=0.5";
  cell.config.pairs = preset.pairs;
  cell.config.pairing = pairing;
  cell.config.model = model;
  cell.config.steps = preset.steps;
  cell.config.learning_rate = 2e-3;
  cell.config.schedule = "cosine:warmup=100";
  cell.monitor_steps = {0, static_cast<std::uint64_t>(preset.steps)};
  cell.solvers_at_the_end = {euler(100)};
  cell.fresh = 0;
  return cell;
}

// A fifth of the steps and small batches: its steps cost more.
TrainingCell unet_cell(const StudyOptions& options, const std::string& pairing) {
  TrainingCell on_faces =
      cell(options, "unet:channels=8,mult=1-2,groups=4,attention=none", pairing);
  on_faces.config.source = "gaussian:shape=3x8x8";
  on_faces.config.target = "faces:count=32,size=8";
  on_faces.config.pairs = 32;
  on_faces.config.steps /= 5;
  on_faces.config.batch = 32;
  on_faces.config.schedule = "cosine:warmup=20";
  on_faces.monitor_steps.back() = static_cast<std::uint64_t>(on_faces.config.steps);
  on_faces.variance = {.time_bins = 5, .nodes_per_bin = 1};
  return on_faces;
}

std::vector<AssociationPlan::KindGroup> groups(const StudyOptions& options) {
  std::vector<AssociationPlan::KindGroup> list;
  const auto add_group = [&](const char* label) {
    list.push_back({label, report::series_style(static_cast<int>(list.size())), {}});
  };
  const auto add = [&](const std::string& id, const std::string& label, const auto& make) {
    for (const std::string pairing : {"fixed", "resampled"}) {
      list.back().kinds.push_back({id + "-" + pairing, label + ", " + pairing, make(pairing)});
    }
  };
  const auto mlp = [&](int width, int depth, const std::string& activation) {
    const std::string shape = "mlp:width=" + std::to_string(width) +
                              ",depth=" + std::to_string(depth) + ",activation=" + activation;
    const std::string size = std::to_string(width) + "x" + std::to_string(depth);
    add("mlp-" + size + "-" + activation, activation + ", " + size,
        [&](const std::string& pairing) { return cell(options, shape, pairing); });
  };
  add_group("affine field");
  add("affine", "*v* = *A* [*x*, *t*] + *b*",
      [&](const std::string& pairing) { return cell(options, "mlp:depth=0", pairing); });
  add_group("width");
  for (const int width : {16, 64, 192}) mlp(width, 3, "silu");
  add_group("depth");
  for (const int depth : {1, 2, 5}) mlp(64, depth, "silu");
  add_group("activation");
  for (const char* activation : {"relu", "selu"}) mlp(64, 3, activation);
  add_group("U-Net on 8x8 faces");
  add("unet", "U-Net", [&](const std::string& pairing) { return unet_cell(options, pairing); });
  return list;
}

}  // namespace
}  // namespace architectures

std::unique_ptr<Study> make_architectures_study() {
  return make_association_study(
      {.name = "architectures",
       .title = "Other networks: affine, wide, deep, and a U-Net",
       .question = "Over networks from an affine field to a U-Net: does low gradient variance go "
                   "with memorising?",
       .claim = "Low gradient variance goes with memorising over networks of other widths, depths, "
                "activations and kinds",
       .text = "Random pairs of N(0, *I*) and a mixture in 8 dimensions, the same for every "
               "network: an affine field, which can memorise nothing, and perceptrons (width x "
               "depth); beside them a small U-Net on drawn faces of its own. Pairs are kept, or "
               "drawn anew at every step, which leaves nothing to memorise.",
       .durations = {"half a minute", "5 minutes", "hours"},
       .seeds = [](const StudyOptions& options) { return architectures::preset_of(options).seeds; },
       .groups = architectures::groups});
}

}  // namespace gradvar
