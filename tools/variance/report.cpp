#include "tools/variance/report.h"

#include <algorithm>
#include <cmath>

#include "flow/distances.h"
#include "tools/machine.h"
#include "tools/report/html.h"
#include "tools/report/markup.h"
#include "tools/report/number.h"
#include "tools/variance/figures.h"
#include "tools/variance/json.h"

namespace gradvar {

namespace {

using report::Align;
using report::Cell;
using report::format_integer;
using report::format_number;
using report::Report;
using report::Table;

std::string number_or_dash(double value, int digits = 3) {
  return std::isfinite(value) ? format_number(value, digits) : "–";
}

std::string percent(double part, double whole) {
  return whole > 0 ? format_number(100 * part / whole, 3) + " %" : "–";
}

class Writer {
 public:
  Writer(const std::filesystem::path& directory, const Measurement& measurement,
         const std::string& subject, const std::string& command)
      : directory_(directory),
        m_(measurement),
        first_(measurement.exact.first),
        pairs_(measurement.exact.pairs),
        command_(command),
        page_("Exact gradient variance", subject) {}

  void write() {
    lead();
    numbers();
    attribution();
    over_time();
    by_pair();
    alignment();
    if (!m_.spectra.empty()) spectrum();
    convergence();
    how();
    page_.write(directory_ / "report.html");
  }

 private:
  void figure(const std::string& name, const report::Figure& figure, const std::string& text) {
    page_.figure(write_figure(figure, directory_ / "figures", name), {text, "", "", command_});
  }

  [[nodiscard]] std::string samples() const {
    return format_integer(static_cast<std::int64_t>(pairs_.by_pair.size())) + " pairs × " +
           format_integer(m_.options.node_count()) + " times" +
           (first_.noise_points > 1
                ? " × " + format_integer(first_.noise_points) +
                      (first_.noise_drawn ? " draws of noise" : " Gauss-Hermite nodes of noise")
                : "");
  }

  void lead() {
    const double trace = first_.whole.trace;
    page_.lead("Every number here is a weighted sum over " + samples() + ": " +
               format_integer(first_.samples) +
               " exact per-sample gradients, not an estimate from batches.");
    if (!(trace > 0)) {
      page_.lead(
          "All samples have the same gradient: the trace of its covariance is **0**, so that there "
          "is nothing to split between causes ([[numbers]]).");
      return;
    }
    const VarianceParts parts = pairs_.whole.parts();
    page_.lead(
        "The trace of the covariance of one sample's gradient is **" + format_number(trace, 4) +
        "**, of which " + percent(parts.pair, trace) + " lies between pairs, " +
        percent(parts.time, trace) + " over time" +
        (first_.noise_points > 1 ? " and " + percent(parts.noise, trace) + " over noise" : "") +
        " ([[layers]]). The gradient noise scale is **" +
        number_or_dash(first_.whole.noise_scale()) + "**: a batch of so many samples has " +
        "as much noise as signal ([[numbers]]).");
  }

  void numbers() {
    page_.section("The numbers");
    Table table;
    table.columns = {{"", Align::kLeft},
                     {"exact"},
                     {"error of the noise"},
                     {"95 % interval over pairs"},
                     {"jackknife bias"}};
    const NoiseErrors& noise = pairs_.noise_errors;
    const auto row = [&](const std::string& name, double value, double error,
                         const Jackknifed* over_pairs) {
      std::string interval = "–", bias = "–";
      if (over_pairs != nullptr && std::isfinite(over_pairs->low)) {
        // Both ends with digits of their own: the scale is logarithmic.
        interval =
            "[" + format_number(over_pairs->low) + ", " + format_number(over_pairs->high) + "]";
        bias = number_or_dash(over_pairs->bias, 2);
      }
      table.rows.push_back({name, number_or_dash(value, 5),
                            first_.noise_drawn ? number_or_dash(error, 2) : "none", interval,
                            bias});
    };
    const PairJackknife& jackknife = pairs_.jackknife;
    row("loss", first_.loss, noise.loss, nullptr);
    if (m_.floor) {
      for (const auto& [name, part] :
           {std::pair("its floor: the least any field has", m_.floor->floor),
            std::pair("its excess over the floor", m_.floor->excess)}) {
        table.rows.push_back(
            {name, format_number(part.value, 5),
             m_.floor->points > 0 ? number_or_dash(part.standard_error, 2) : "none", "–", "–"});
      }
    }
    row("trace of the covariance", first_.whole.trace, noise.trace, &jackknife.trace);
    row("|mean|²", first_.whole.mean_squared_norm, noise.mean_squared_norm,
        &jackknife.mean_squared_norm);
    row("signal-to-noise ratio", first_.whole.signal_to_noise(), noise.signal_to_noise,
        &jackknife.signal_to_noise);
    row("gradient noise scale", first_.whole.noise_scale(), noise.noise_scale,
        &jackknife.noise_scale);
    page_.table("numbers", table,
                {"Population values: the pairs are the law. The signal-to-noise ratio is |mean|² / "
                 "trace and the noise scale its inverse. The error of the noise is a standard "
                 "error over its draws alone. The interval is for a reader who takes the pairs for "
                 "a draw from a law behind them: each is left out in turn (delete-one jackknife of "
                 "the logarithm, Student's *t*), and the bias is what *N* pairs add to the number "
                 "of that law. " +
                     floor_note(),
                 "", "", command_});
  }

  [[nodiscard]] std::string floor_note() const {
    if (!m_.floor) return "The floor of the loss is not known: " + m_.no_floor + ".";
    if (m_.floor->points == 0) {
      return "Without noise a point names its pair, so that the floor of the loss is 0.";
    }
    return "The floor is the mean variance of the target given (*x*, *t*), which the pairs have in "
           "closed form, and the excess the mean |*v* − *v*\\*|² to its posterior mean; both at " +
           format_integer(m_.floor->points) +
           " points drawn afresh, with the error of times, noise and points.";
  }

  void attribution() {
    page_.section("Which layer, which cause");
    figure(
        "layers", figure_by_layer(m_),
        "The trace of each layer by the law of total variance: between the mean gradients of "
        "pairs, over time within a pair" +
            std::string(first_.noise_points > 1 ? ", and over noise at one pair and time." : "."));
    Table table;
    table.columns = {
        {"layer", Align::kLeft}, {"trace"}, {"of the whole"}, {"between pairs"}, {"over time"}};
    if (first_.noise_points > 1) table.columns.push_back({"over noise"});
    const auto row = [&](const std::string& name, double trace, const VarianceParts& parts) {
      std::vector<Cell> cells = {name, format_number(trace, 4), percent(trace, first_.whole.trace),
                                 percent(parts.pair, trace), percent(parts.time, trace)};
      if (first_.noise_points > 1) cells.push_back(percent(parts.noise, trace));
      table.rows.push_back(cells);
    };
    const std::vector<std::string> layers = m_.layout.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      row("`" + layers[i] + "`", first_.by_layer[i].trace, pairs_.by_layer[i].parts());
    }
    row("whole", first_.whole.trace, pairs_.whole.parts());
    std::string note;
    if (pairs_.has_unbiased_parts()) {
      const VarianceParts unbiased = pairs_.unbiased_parts(pairs_.whole);
      row("whole, unbiased", unbiased.total(), unbiased);
      note = " The last row is for the law of the noise itself: a mean over " +
             format_integer(first_.noise_points) +
             " draws has noise of its own, which the rows above count as pair and time.";
    }
    const double sum = pairs_.whole.parts().total();
    page_.table("attribution", table,
                {"The parts add up to the trace; they were computed apart from it and differ by " +
                     number_or_dash(std::abs(sum / first_.whole.trace - 1), 2) + " of it." + note,
                 "", "", command_});
  }

  void over_time() {
    page_.section("Over time");
    figure("time", figure_over_time(m_),
           "Trace of the covariance, squared norm of the mean, and loss, given that *t* lies in "
           "one of " +
               format_integer(m_.options.time_bins) + " bins.");
  }

  void by_pair() {
    page_.section("Pair by pair");
    figure("pairs", figure_by_pair(m_),
           "Pairs by their loss, the trace of the covariance within the pair, the squared norm of "
           "the pair's mean gradient, and its cosine to the mean over all pairs. Values of every "
           "pair are in `by_pair.csv`.");
  }

  void alignment() {
    page_.section("Do samples pull the same way?");
    const Alignment& a = pairs_.alignment;
    page_.paragraph("The cosine of a single sample's gradient to the mean gradient is " +
                    number_or_dash(a.mean) + " on average and " + number_or_dash(a.quantile(0.5)) +
                    " in the median; nine in ten lie between " + number_or_dash(a.quantile(0.05)) +
                    " and " + number_or_dash(a.quantile(0.95)) + ", and " +
                    percent(a.share_against, 1) + " of the samples pull against the mean " +
                    "([[alignment]]).");
    figure("alignment", figure_alignment(m_),
           "Cosine of every sample's gradient to the mean gradient, weighted as the law weighs "
           "them.");
  }

  void spectrum() {
    page_.section("Spectrum of the covariance");
    const Spectrum& last = m_.spectra.back().spectrum;
    figure(
        "spectrum", figure_spectrum(m_),
        "Nonzero eigenvalues of the covariance of per-sample gradients, from the Gram matrix of " +
            format_integer(last.samples) + " samples" +
            (last.complete ? ", all there are." : ", a fixed sample of the law.") +
            " There are one fewer at most.");
    Table table;
    table.columns = {{"step"},           {"samples"},
                     {"trace"},          {"largest eigenvalue"},
                     {"effective rank"}, {"participation ratio"}};
    for (const SpectrumAt& at : m_.spectra) {
      const Spectrum& s = at.spectrum;
      table.rows.push_back({at.step < 0 ? "–" : format_integer(at.step), format_integer(s.samples),
                            format_number(s.trace, 4),
                            format_number(s.eigenvalues.empty() ? 0 : s.eigenvalues.front(), 4),
                            format_number(s.effective_rank, 4),
                            format_number(s.participation_ratio, 4)});
    }
    page_.table("ranks", table,
                {"Effective rank is the exponential of the entropy of the eigenvalues' shares, the "
                 "participation ratio one over the sum of their squares.",
                 "", "", command_});
  }

  void convergence() {
    page_.section("Is the sum over time fine enough?");
    const std::vector<Change> list = changes(m_);
    if (list.empty()) {
      page_.paragraph("The measurement was not repeated with twice the nodes.");
      return;
    }
    page_.paragraph(
        "The whole measurement was repeated with " + format_integer(2 * m_.options.node_count()) +
        " times instead of " + format_integer(m_.options.node_count()) +
        ". The largest change of any number is " + format_number(largest_change(list), 2) +
        " ([[convergence]])." +
        (first_.noise_drawn ? " New times have new draws of noise, so the change contains the "
                              "error of the noise too."
                            : ""));
    Table table;
    table.columns = {{"", Align::kLeft},
                     {format_integer(m_.options.node_count()) + " times"},
                     {format_integer(2 * m_.options.node_count()) + " times"},
                     {"relative change"}};
    for (const Change& change : list) {
      table.rows.push_back({report::literal(change.name), number_or_dash(change.value, 8),
                            number_or_dash(change.twice, 8), number_or_dash(change.relative, 2)});
    }
    page_.table("convergence", table,
                {"Every number with *n* and with 2*n* Gauss-Legendre nodes. Parts of the trace are "
                 "compared with the trace, the cosine with one.",
                 "", "", command_});
  }

  void how() {
    page_.section("How to make this again");
    page_.code(command_);
    const VarianceOptions& options = m_.options;
    page_.definitions(
        {{"Law of a sample", "a pair, uniform; *t*, uniform on [" +
                                 format_number(options.t_begin, 3) + ", " +
                                 format_number(options.t_end, 3) + "]; noise, normal"},
         {"Interpolant", "`" + m_.interpolant + "`"},
         {"Times", format_integer(options.time_bins) + " bins of " +
                       format_integer(options.nodes_per_bin) + " Gauss-Legendre nodes"},
         {"Noise", noise_kind(first_) + std::string(", ") + format_integer(first_.noise_points) +
                       " a pair and time"},
         {"Parameters", format_integer(m_.layout.parameter_count())},
         {"Loss of a sample", "|*u*_{t} − *v*|², summed over coordinates"}});
    page_.machine(describe_machine());
  }

  const std::filesystem::path& directory_;
  const Measurement& m_;
  const VarianceReport& first_;
  const PairReport& pairs_;
  const std::string& command_;
  Report page_;
};

}  // namespace

void write_report(const std::filesystem::path& directory, const Measurement& measurement,
                  const std::string& subject, const std::string& command) {
  Writer(directory, measurement, subject, command).write();
}

}  // namespace gradvar
