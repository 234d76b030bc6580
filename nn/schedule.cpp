#include "nn/schedule.h"

#include <cmath>
#include <numbers>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

double Schedule::rate(std::uint64_t k) const {
  const double step = static_cast<double>(k);
  if (step < static_cast<double>(warmup)) return peak * (step + 1) / static_cast<double>(warmup);
  if (kind == Kind::constant) return peak;
  if (step >= static_cast<double>(steps)) return floor;
  const double part = (step - static_cast<double>(warmup)) / static_cast<double>(steps - warmup);
  return floor + (peak - floor) * 0.5 * (1.0 + std::cos(std::numbers::pi * part));
}

void Schedule::validate() const {
  check(std::isfinite(peak) && peak >= 0, "schedule",
        "rate is " + number_text(peak) + ", expected a finite number of 0 or more");
  check(warmup >= 0, "schedule",
        "warmup is " + std::to_string(warmup) + " steps, expected 0 or more");
  if (kind == Kind::constant) return;
  check(steps > warmup, "schedule",
        "steps is " + std::to_string(steps) + ", expected more than the " + std::to_string(warmup) +
            " steps of warm-up");
  check(floor >= 0 && floor <= peak, "schedule",
        "floor is " + number_text(floor) + ", expected 0 to the rate " + number_text(peak));
}

std::string Schedule::spec() const {
  SpecWriter writer(kind == Kind::constant ? "constant" : "cosine");
  writer.number("rate", peak).integer("warmup", warmup);
  if (kind == Kind::cosine) writer.integer("steps", steps).number("floor", floor);
  return writer.text();
}

Schedule Schedule::parse(std::string_view spec) {
  SpecReader reader(spec);
  Schedule schedule;
  check(reader.name() == "constant" || reader.name() == "cosine", "schedule",
        "the name is '" + reader.name() + "', expected constant or cosine");
  schedule.peak = reader.number("rate", schedule.peak);
  schedule.warmup = reader.integer("warmup", schedule.warmup);
  if (reader.name() == "cosine") {
    schedule.kind = Kind::cosine;
    reader.require("steps");
    schedule.steps = reader.integer("steps", 0);
    schedule.floor = reader.number("floor", schedule.floor);
  }
  reader.done();
  schedule.validate();
  return schedule;
}

}  // namespace gradvar
