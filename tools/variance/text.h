// text: a measurement as a table for people, on standard output.
#pragma once

#include "tools/variance/measurement.h"

namespace gradvar {

void print_measurement(const Measurement& measurement);

}  // namespace gradvar
