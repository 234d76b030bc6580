#include "tools/pairs_file.h"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "data/point_set.h"
#include "io/atomic_file.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "tools/batch_file.h"
#include "tools/choices.h"
#include "tools/problem.h"

namespace gradvar {

namespace {

Tensor<double> side(const SafetensorsFile& file, const std::string& name) {
  Tensor<double> points = finite_tensor<double>(file, name);
  for (std::int64_t i = 0; i < points.size(); ++i) {
    if (std::abs(points[i]) <= kLargestCoordinate) continue;
    refuse_file(file.path(), "row " + std::to_string(i / points.row_size()) + " of the tensor '" +
                                 name + "' holds " + number_text(points[i]) +
                                 ", expected numbers of at most 1e18, whose squares fit f32");
  }
  return points;
}

}  // namespace

PairsFile read_pairs_file(const std::string& path, const std::string& option) {
  return for_option(option, [&] {
    const SafetensorsFile file = SafetensorsFile::read(path);
    PairsFile found{{side(file, "x0"), side(file, "x1")}, file.metadata()};
    const Shape &x0 = found.pairs.x0.shape(), &x1 = found.pairs.x1.shape();
    if (!(x0 == x1)) {
      refuse_file(path, "x0 is " + x0.to_string() + ", x1 is " + x1.to_string() +
                            ": the shapes must agree");
    }
    if (x0.rank() < 2 || x0.size() == 0) {
      refuse_file(path, "x0 is " + x0.to_string() + ", expected at least one pair, Nxd");
    }
    return found;
  });
}

void adopt_pairs_file(RunConfig& config, const std::function<bool(const std::string&)>& given) {
  if (given("coupling")) {
    throw std::invalid_argument(
        "--coupling: the pairs of --pairs-file are made already; give one of the two");
  }
  const PairsFile file = read_pairs_file(config.pairs_file);
  const auto take = [&](const std::string& key, std::string& value, const std::string& otherwise) {
    if (given(key)) return;
    const auto found = file.metadata.find(key);
    value = found == file.metadata.end() ? otherwise : found->second;
  };
  const auto own = [&](const char* key) {
    return SpecWriter("safetensors").positional(config.pairs_file).word("key", key).text();
  };
  take("source", config.source, own("x0"));
  take("target", config.target, own("x1"));
  take("coupling", config.coupling, "independent");
  if (!given("pairs")) config.pairs = file.pairs.x0.rows();
}

SafetensorsWriter pairs_writer(const Problem& problem, const RunConfig& config) {
  SafetensorsWriter writer;
  writer.add("x0", problem.pairs().x0);
  writer.add("x1", problem.pairs().x1);
  writer.set_metadata("source", problem.source().spec());
  writer.set_metadata("target", problem.target().spec());
  writer.set_metadata("coupling", problem.coupling().spec());
  writer.set_metadata("seed", std::to_string(config.seed));
  writer.set_metadata("cost", number_text(mean_cost(problem.pairs())));
  for (const auto& [key, value] : problem.coupling().provenance()) writer.set_metadata(key, value);
  if (!config.pairs_file.empty()) {
    writer.set_metadata("pairs-file", config.pairs_file);
    // What the file says of a flow that made its pairs goes on with them.
    for (const auto& [key, value] : read_pairs_file(config.pairs_file).metadata) {
      if (key == "round" || key.starts_with("flow-")) writer.set_metadata(key, value);
    }
  }
  if (const Tensor<double>* points = problem.source().points()) {
    writer.set_metadata("source-points", fingerprint(*points));
  }
  if (const Tensor<double>* points = problem.target().points()) {
    writer.set_metadata("target-points", fingerprint(*points));
  }
  return writer;
}

double mean_cost(const Pairs& pairs) {
  double sum = 0;
  for (std::int64_t i = 0; i < pairs.x0.size(); ++i) {
    sum += (pairs.x1[i] - pairs.x0[i]) * (pairs.x1[i] - pairs.x0[i]);
  }
  return sum / static_cast<double>(pairs.x0.rows());
}

std::string fingerprint(const Tensor<double>& points) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const double value : points.values()) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; ++i) hash = (hash ^ (bits >> 8 * i & 0xff)) * 0x100000001b3;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return points.shape().to_string() + "-" + text;
}

}  // namespace gradvar
