#include "tools/monitor.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "../io/scratch_directory.h"
#include "io/atomic_file.h"

namespace gradvar::monitor_test {
namespace {

using testing::ScratchDirectory;

MomentSummary moments(double trace, double mean_squared_norm) {
  MomentSummary summary;
  summary.trace = trace;
  summary.mean_squared_norm = mean_squared_norm;
  return summary;
}

// Two layers, one time bin.
VarianceReport report() {
  VarianceReport report;
  report.whole = moments(4, 2);
  report.by_layer = {moments(3, 1), moments(1, 1)};
  report.by_parameter = report.by_layer;
  report.by_time.push_back({0, 1, moments(4, 2), 0.5});
  report.loss = 0.5;
  report.samples = 7;
  return report;
}

ParameterLayout two_layers() {
  ParameterSet<float> parameters;
  parameters.add("net.0.bias", {3});
  parameters.add("net.2.bias", {1});
  return parameters.layout();
}

TEST(Monitor, WritesARowAMeasurement) {
  const ScratchDirectory scratch;
  Monitor monitor(scratch.path(), two_layers(), 0);
  monitor.record(20, report());
  monitor.flush();
  EXPECT_EQ(
      read_file(scratch / "monitor.csv"),
      "step,loss,trace,mean_squared_norm,signal_to_noise,noise_scale,trace/net.0,trace/net.2\n"
      "20,0.5,4,2,0.5,2,3,1\n");
  EXPECT_EQ(read_file(scratch / "monitor_time.csv"),
            "step,t_begin,t_end,loss,trace,mean_squared_norm\n20,0,1,0.5,4,2\n");
}

TEST(Monitor, WritesTheSpectrumWhereItIsAskedFor) {
  const ScratchDirectory scratch;
  Monitor plain(scratch.path(), two_layers(), 0);
  EXPECT_FALSE(std::filesystem::exists(scratch / "monitor_spectrum.csv"));
  Monitor monitor(scratch.path(), two_layers(), 0, true);
  Spectrum spectrum;
  spectrum.eigenvalues = {3, 1};
  spectrum.trace = 4;
  spectrum.effective_rank = 1.75;
  spectrum.participation_ratio = 1.6;
  spectrum.samples = 9;
  monitor.record(20, spectrum);
  monitor.flush();
  EXPECT_EQ(read_file(scratch / "monitor_spectrum.csv"),
            "step,samples,trace,top_eigenvalue,effective_rank,participation_ratio\n"
            "20,9,4,3,1.75,1.6\n");
}

TEST(Monitor, JsonNamesLayersParametersAndBins) {
  const nlohmann::json json = to_json(report(), two_layers());
  EXPECT_EQ(json["estimator"], "population");
  EXPECT_EQ(json["samples"], 7);
  EXPECT_EQ(json["by_layer"][1]["layer"], "net.2");
  EXPECT_EQ(json["by_parameter"][0]["parameter"], "net.0.bias");
  EXPECT_EQ(json["by_time"][0]["t_end"], 1);
}

TEST(Monitor, RatiosOverZeroAreNullInJson) {
  const nlohmann::json json = to_json(moments(0, 2));
  EXPECT_TRUE(json["signal_to_noise"].is_null());
  EXPECT_EQ(json["noise_scale"], 0);
}

TEST(Monitor, ShortNumbersHaveThreeDigits) {
  EXPECT_EQ(short_number(0.0123456), "0.0123");
  EXPECT_EQ(short_number(1.2e-7), "1.2e-07");
}

}  // namespace
}  // namespace gradvar::monitor_test
