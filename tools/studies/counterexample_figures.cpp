#include <algorithm>

#include "tools/report/figure.h"
#include "tools/report/number.h"
#include "tools/report/scale.h"
#include "tools/studies/counterexample.h"

namespace gradvar::counterexample {

namespace {

using nlohmann::json;
using namespace report;

constexpr std::size_t kLines = 40;

using Points = std::vector<std::vector<double>>;

std::vector<double> coordinate(const Points& points, std::size_t i, std::size_t count) {
  std::vector<double> values;
  for (std::size_t n = 0; n < std::min(count, points.size()); ++n) values.push_back(points[n][i]);
  return values;
}

const json& kept_paths(const TaskResults& results, const StudyOptions& options, double sigma,
                       const SolverOptions& solver) {
  return with_solver(results.at(cell(options, sigma, 0).id).at("trajectories"), solver.spec());
}

// The lines of the interpolant, in the plane and over time.
Figure crossing(const TaskResults& results, const StudyOptions& options) {
  const json& paths = kept_paths(results, options, 0, euler(5));
  const auto x0 = paths.at("x0").get<Points>(), x1 = paths.at("x1").get<Points>();
  const auto at = [&](const Points& p, std::size_t i) { return coordinate(p, i, kLines); };
  const Style faint = role::kNoNoise.with_width(1).with_opacity(0.45);

  Panel plane;
  plane.title = "in the plane";
  plane.x.label = "first coordinate";
  plane.y.label = "second coordinate";
  plane.equal_aspect = true;
  plane.series = {segments("interpolant", faint, at(x0, 0), at(x0, 1), at(x1, 0), at(x1, 1)),
                  points("source *x*_{0}", role::kSource, at(x0, 0), at(x0, 1)),
                  points("partner *T*(*x*_{0})", role::kTarget, at(x1, 0), at(x1, 1))};

  const std::size_t count = at(x0, 0).size();
  const std::vector<double> zeros(count, 0.0), ones(count, 1.0);
  Panel time;
  time.title = "over time";
  time.x.label = "time *t*";
  time.y.label = "first coordinate";
  time.series = {segments("interpolant", faint, zeros, at(x0, 0), ones, at(x1, 0)),
                 points("source *x*_{0}", role::kSource, zeros, at(x0, 0)),
                 points("partner *T*(*x*_{0})", role::kTarget, ones, at(x1, 0))};
  time.references = {{true, 0.5, "every line crosses"}};
  return {{plane, time}, 2};
}

// Learned paths: noise levels across, a coarse and a fine solver down.
Figure trajectories(const TaskResults& results, const StudyOptions& options) {
  Figure figure;
  figure.columns = 2;
  for (const SolverOptions& solver : {euler(5), euler(200)}) {
    for (const double sigma : kSigmas) {
      const json& kept = kept_paths(results, options, sigma, solver);
      const auto paths = kept.at("points").get<std::vector<Points>>();
      const auto x1 = kept.at("x1").get<Points>();
      Panel panel;
      panel.title = sigma_label(sigma) + ", " + solver_label(solver);
      panel.x.label = "first coordinate";
      panel.y.label = "second coordinate";
      panel.equal_aspect = true;
      panel.x.low = panel.y.low = -3;
      panel.x.high = panel.y.high = 8;
      Series path =
          line("learned path", noise_style(sigma).with_width(0.8).with_opacity(0.5), {}, {});
      std::vector<double> from_x, from_y, end_x, end_y, to_x, to_y;
      const double gap = std::numeric_limits<double>::quiet_NaN();
      for (std::size_t n = 0; n < std::min(kLines, paths.size()); ++n) {
        for (const std::vector<double>& point : paths[n]) {
          path.x.push_back(point[0]);
          path.y.push_back(point[1]);
        }
        path.x.push_back(gap);
        path.y.push_back(gap);
        from_x.push_back(paths[n].front()[0]);
        from_y.push_back(paths[n].front()[1]);
        end_x.push_back(paths[n].back()[0]);
        end_y.push_back(paths[n].back()[1]);
        to_x.push_back(x1[n][0]);
        to_y.push_back(x1[n][1]);
      }
      panel.series = {
          path,
          segments("miss: end to partner", Style{Colour::kGrey, Dash::kSolid}.with_width(1), end_x,
                   end_y, to_x, to_y),
          points("source", role::kSource, from_x, from_y, 0.5),
          points("training partner", role::kTarget, to_x, to_y, 0.5)};
      figure.panels.push_back(panel);
    }
  }
  return figure;
}

Axis training_axis() { return {.label = "training step", .logarithmic = true}; }

Figure through_training(const TaskResults& results, const StudyOptions& options) {
  const auto panel = [&](const std::string& title, const std::string& label,
                         const std::string& what) {
    Panel p;
    p.title = title;
    p.x = training_axis();
    p.y = {.label = label, .logarithmic = true};
    p.series = training_curves(results, groups(options), what);
    return p;
  };
  return {{panel("loss", "loss", "loss"), panel("gradient variance", "tr Cov", "trace"),
           panel("signal-to-noise ratio", "|mean|² / tr Cov", "signal_to_noise"),
           panel("gradient noise scale", "tr Cov / |mean|²", "noise_scale")},
          2};
}

// Variance of each layer through training, one panel a noise level.
Figure by_layer(const TaskResults& results, const StudyOptions& options) {
  Figure figure;
  figure.columns = 2;
  for (const Group& g : groups(options)) {
    Panel panel;
    panel.title = g.label;
    panel.x = training_axis();
    panel.y = {.label = "tr Cov of the layer", .logarithmic = true};
    const json& monitor = results.at(g.ids[0]).at("monitor");
    const std::size_t layers = monitor[0].at("by_layer").size();
    for (std::size_t layer = 0; layer < layers; ++layer) {
      Curve curve;
      for (std::size_t i = 0; i < monitor.size(); ++i) {
        curve.add(std::max(1.0, monitor[i].at("step").get<double>()),
                  over_seeds(results, g.ids, [&](const json& r) {
                    return r.at("monitor")[i].at("by_layer")[layer].at("trace").get<double>();
                  }));
      }
      panel.series.push_back(
          line("`" + monitor[0].at("by_layer")[layer].at("layer").get<std::string>() + "`",
               series_style(static_cast<int>(layer)), curve.x, curve.mean, 3));
    }
    figure.panels.push_back(panel);
  }
  return figure;
}

// Variance given that t lies in a bin, before training and at its end.
Figure over_time(const TaskResults& results, const StudyOptions& options) {
  const auto panel = [&](const std::string& title, bool at_the_end) {
    const auto bins = [&](const json& r) -> const json& {
      const json& monitor = r.at("monitor");
      return (at_the_end ? monitor.back() : monitor.front()).at("by_time");
    };
    Panel p;
    p.title = title;
    p.x.label = "time *t*";
    p.y = {.label = "tr Cov given *t*", .logarithmic = true};
    for (const Group& g : groups(options)) {
      Curve curve;
      const json& first = bins(results.at(g.ids[0]));
      for (std::size_t b = 0; b < first.size(); ++b) {
        curve.add((first[b].at("t_begin").get<double>() + first[b].at("t_end").get<double>()) / 2,
                  over_seeds(results, g.ids,
                             [&](const json& r) { return bins(r)[b].at("trace").get<double>(); }));
      }
      p.series.push_back(band(g.label, g.style, curve.x, curve.mean, curve.low, curve.high, 1));
    }
    p.references = {{true, 0.5, "lines cross", role::kFloor, 0.12}};
    return p;
  };
  return {{panel("before training", false), panel("at the end of training", true)}, 2};
}

// Distance against Euler steps: where the answer changes.
Figure against_steps(const TaskResults& results, const StudyOptions& options) {
  const auto panel = [&](const std::string& title, const std::string& what) {
    Panel p;
    p.title = title;
    p.x = {.label = "Euler steps", .logarithmic = true};
    p.y = {.label = "distance / random partners", .low = 0};
    for (const Group& g : groups(options)) {
      Curve curve;
      for (const std::int64_t steps : kEulerSteps) {
        curve.add(static_cast<double>(steps),
                  ratio(at_the_end(results, g, euler(steps), what),
                        at_the_end(results, g, euler(steps), "between_random_partners")));
      }
      p.series.push_back(band(g.label, g.style, curve.x, curve.mean, curve.low, curve.high, 1));
    }
    p.references = {{false, 1, "random partner"}};
    p.references[0].label_position = clear_position(p, 1);
    return p;
  };
  Panel training = panel("to the training partner", "to_training_partner");
  training.references.push_back({false, kMemorisesBelow, "memorises below"});
  return {{training, panel("to the optimal partner", "to_optimal_partner")}, 2};
}

Figure memorisation_through_training(const TaskResults& results, const StudyOptions& options) {
  const auto panel = [&](std::int64_t steps, const std::string& what, const std::string& title) {
    Panel p;
    p.title = title + ", " + solver_label(euler(steps));
    p.x = training_axis();
    p.y = {.label = "distance / random partners", .logarithmic = true};
    p.series = distance_curves(results, groups(options), euler(steps), what);
    p.references = {{false, 1, "random partner"}};
    p.references[0].label_position = clear_position(p, 1);
    return p;
  };
  return {{panel(5, "to_training_partner", "training partner"),
           panel(5, "to_optimal_partner", "optimal partner"),
           panel(100, "to_training_partner", "training partner"),
           panel(100, "to_optimal_partner", "optimal partner")},
          2};
}

}  // namespace

void tell_figures(const StudyOptions& options, const TaskResults& results, Paper& paper) {
  const std::string seeds = seeds_text(group(options, 0));
  const auto show = [&](const std::string& name, const Figure& figure, const std::string& text,
                        const std::string& how_many, const std::string& spread) {
    paper.report.figure(write_figure(figure, paper.figures, name),
                        {text, how_many, spread, paper.command});
  };
  const std::string ratio_5 = percent(memorisation_ratio(results, group(options, 0), euler(5)));
  const std::string ratio_fine =
      percent(memorisation_ratio(results, group(options, 0), euler(1000)));

  show("crossing", crossing(results, options),
       "Forty of the training pairs and the lines between them. In the plane and over time, all "
       "cross in one point.",
       "seed 0", "");
  paper.report.subsection("What the learned field does depends on who integrates it");
  paper.report.paragraph(
      "A solver of five equal steps asks the field at *t* = 0.4 and again at 0.6, never where the "
      "lines meet: it jumps over the crossing. A solver with many steps goes through it, where all "
      "sources want to leave one point in different directions and a network gives one answer. "
      "Without noise the mean distance to the training partner is " +
      ratio_5 + " of that between random partners with 5 Euler steps, and " + ratio_fine +
      " with 1000 ([[solver-steps]], [[distances]]), with the same weights. A statement that a "
      "flow memorises needs its solver beside it.");
  show("trajectories", trajectories(results, options),
       "Paths of forty training sources through the learned fields. Grey: from where a path ends "
       "to where its training partner is.",
       "seed 0", "");
  show("solver-steps", against_steps(results, options),
       "Mean distance of generated points to their training and optimal partners against the "
       "number of Euler steps, as a share of the distance between random partners.",
       seeds, kBandText);
  show("memorisation-training", memorisation_through_training(results, options),
       "The same distances through training, for a solver that jumps over the crossing and one "
       "that does not. Step 0 is drawn at 1.",
       seeds, kBandText);
  paper.report.subsection("Gradient variance, exactly");
  show("variance-training", through_training(results, options),
       "Loss, trace of the covariance of one sample's gradient, signal-to-noise ratio and gradient "
       "noise scale through training, each the exact population value for the pairs, not an "
       "estimate from a batch. Step 0 is drawn at 1.",
       seeds, kBandText);
  show("variance-time", over_time(results, options),
       "Gradient variance given the time, before and after training, in ten bins of *t*.", seeds,
       kBandText);
  show("variance-layers", by_layer(results, options),
       "The same trace, layer by layer. The layers add up to the whole.", seeds, "mean over seeds");
}

}  // namespace gradvar::counterexample
