// gaussian: Gaussian to Gaussian, where everything about gradient variance is known in closed form.
// What the paper shows by sampling is settled here, and sampled beside it: each topic (gaussian/)
// states a claim, its exact value, what was measured, and the verdict.

#include "tools/report/number.h"
#include "tools/studies/gaussian/topic.h"

namespace gradvar {

namespace gaussian {

namespace {

std::vector<std::unique_ptr<Topic>> topics() {
  std::vector<std::unique_ptr<Topic>> list;
  list.push_back(make_proposition_1());
  list.push_back(make_figure_4());
  list.push_back(make_phase());
  list.push_back(make_figure_5());
  list.push_back(make_dimension());
  list.push_back(make_meeting());
  list.push_back(make_over_time());
  list.push_back(make_lemma_2());
  list.push_back(make_proposition_2());
  return list;
}

class GaussianStudy final : public Study {
 public:
  [[nodiscard]] std::string name() const override { return "gaussian"; }
  [[nodiscard]] std::string question() const override {
    return "Between Gaussians the gradient variance is known in closed form: which of the paper's "
           "statements hold, and from where on?";
  }

  [[nodiscard]] std::string presets() const override {
    return "quick: 8 batches of 4000 samples, seconds; middle: 20 batches, half a minute; full: 20 "
           "batches of 40000, minutes";
  }

  [[nodiscard]] std::vector<Task> tasks(const StudyOptions& options) const override {
    std::vector<Task> list;
    for (const std::unique_ptr<Topic>& topic : topics()) {
      for (Task& task : topic->tasks(preset_of(options))) list.push_back(std::move(task));
    }
    return list;
  }

  [[nodiscard]] std::vector<Finding> findings(const StudyOptions& options,
                                              const TaskResults& results) const override {
    std::vector<Finding> list;
    for (const std::unique_ptr<Topic>& topic : topics()) {
      for (const Statement& s : topic->statements(preset_of(options), results)) {
        list.push_back(
            {s.claim, "Exact: " + s.exact + ". Measured: " + s.measured, s.rule, s.verdict});
      }
    }
    return list;
  }

  void tell(const StudyOptions& options, const TaskResults& results, Paper& paper) const override {
    const Preset preset = preset_of(options);
    paper.report.section("Gaussian to Gaussian, exactly");
    paper.report.paragraph(
        "Sources are N(0, *I*), targets N(*m*, *S*); pairs are those of the optimal map "
        "*S*^{1/2} *x* + *m*, of a rotated one, *S*^{1/2} *R* *x* + *m*, or random. The field is "
        "the affine one of Lemma 1, with parameters *θ* and *Θ*: that of the optimal map, or that "
        "of the pairs' own. The gradient of one sample's loss then has moments in closed form at "
        "every *t*, and its variance over *t* is an integral known to rounding. Variance is the "
        "trace of the covariance of one sample's gradient.");
    paper.report.definitions(
        {{"Exact", "the closed form, integrated over *t* to about twelve digits"},
         {"Measured", "unbiased variance of the engine's per-sample gradients, f64, over " +
                          seeds_text(preset) + " with *t* uniform; the same samples in every cell"},
         {"Intervals", "Student's, 95 %, of the mean over batches"}});
    for (const std::unique_ptr<Topic>& topic : topics()) topic->tell(preset, results, paper);
  }
};

}  // namespace
}  // namespace gaussian

std::unique_ptr<Study> make_gaussian_study() { return std::make_unique<gaussian::GaussianStudy>(); }

}  // namespace gradvar
