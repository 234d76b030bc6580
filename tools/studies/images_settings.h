// images_settings: Tables 2 and 3: the paper's numbers, and which networks the study of images
// trains on which pairs.
#pragma once

#include <array>
#include <cstdint>

#include "tools/progress.h"
#include "tools/studies/cell.h"
#include "tools/studies/study.h"

namespace gradvar::images {

inline constexpr std::array kSigmas = {0.0, 0.05};

// What the paper gives for 5K pairs: mean distances, training partner and optimal partner.
struct PaperTable {
  const char* id;
  const char* name;
  const char* partner;                            // what the training partner is called
  std::array<double, 2> to_training, to_optimal;  // sigma 0, sigma 0.05
};
inline constexpr std::array kTables = {
    PaperTable{"shuffled", "Table 2", "shuffled partner", {28.57, 55.02}, {50.40, 34.25}},
    PaperTable{"reflow", "Table 3", "generated partner", {8.63, 25.08}, {43.35, 31.35}}};

struct Preset {
  int seeds;
  std::int64_t pairs, size, steps, base_steps, batch;
  const char* model;
};

[[nodiscard]] Preset preset_of(const StudyOptions& options);

// Throws std::invalid_argument "--images: ..." unless every pair has an image of its own, of a
// shape that the preset's network takes.
void check_images(const StudyOptions& options, ProgressMode reading);

// Few steps, as they are used, and enough that more change little.
[[nodiscard]] SolverOptions coarse_steps();
[[nodiscard]] SolverOptions fine_steps();

// The flow whose images are the partners of Table 3.
[[nodiscard]] TrainingCell base(const StudyOptions& options, int seed);
[[nodiscard]] TrainingCell cell(const StudyOptions& options, const PaperTable& table, double sigma,
                                int seed);

}  // namespace gradvar::images
