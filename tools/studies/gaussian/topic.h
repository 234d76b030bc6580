// topic: one question of the gaussian study, with its tasks, what they say, and its pictures.
//
// Between Gaussians the gradient variance of an affine field is known in closed form
// (flow/gaussian_theory.h), so every topic has two columns of numbers: the exact ones, and those
// measured on samples with the engine's per-sample gradients, or by integrating fields.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/gaussian_setting.h"
#include "tools/report/figure.h"
#include "tools/studies/spread.h"
#include "tools/studies/study.h"

namespace gradvar::gaussian {

struct Preset {
  int seeds;                // batches of samples, 2 or more
  std::int64_t samples;     // in a batch
  double angle_step;        // degrees, of the phase diagram
  std::int64_t line_pairs;  // looked at for meetings
  std::int64_t sources;     // integrated
};
[[nodiscard]] Preset preset_of(const StudyOptions& options);
[[nodiscard]] std::string seeds_text(const Preset& preset);

// What a figure says.
struct Statement {
  std::string claim, exact, measured, rule;  // as of Finding
  report::Verdict verdict = report::Verdict::kNone;
};

class Topic {
 public:
  virtual ~Topic() = default;
  [[nodiscard]] virtual std::vector<Task> tasks(const Preset& preset) const = 0;
  [[nodiscard]] virtual std::vector<Statement> statements(const Preset& preset,
                                                          const TaskResults& results) const = 0;
  // Its part of the report, under a heading of its own.
  virtual void tell(const Preset& preset, const TaskResults& results, Paper& paper) const = 0;
};

[[nodiscard]] std::unique_ptr<Topic> make_proposition_1();
[[nodiscard]] std::unique_ptr<Topic> make_figure_4();
[[nodiscard]] std::unique_ptr<Topic> make_figure_5();
[[nodiscard]] std::unique_ptr<Topic> make_phase();
[[nodiscard]] std::unique_ptr<Topic> make_dimension();
[[nodiscard]] std::unique_ptr<Topic> make_meeting();
[[nodiscard]] std::unique_ptr<Topic> make_over_time();
[[nodiscard]] std::unique_ptr<Topic> make_lemma_2();
[[nodiscard]] std::unique_ptr<Topic> make_proposition_2();

// A task of pure computation; `settings` is everything that decides its numbers, `units` about how
// many milliseconds it takes. Its results get "seconds".
[[nodiscard]] Task numbers_task(const std::string& id, const std::string& settings,
                                std::int64_t units, std::function<nlohmann::json()> compute);
// "samples=4000 seeds=8".
[[nodiscard]] std::string settings_text(const Preset& preset);

// The table beside the figure `name`: claim, exact, measured, verdict.
void tell_statements(const std::string& name, const std::vector<Statement>& statements,
                     Paper& paper);
void tell_figure(const std::string& name, const report::Figure& figure, const std::string& text,
                 const std::string& how_many, const std::string& spread, Paper& paper);

// Evenly spaced, both ends included.
[[nodiscard]] std::vector<double> grid(double first, double last, int count);
// "4 digits" of an exact number.
[[nodiscard]] std::string exact_text(double value);

}  // namespace gradvar::gaussian
