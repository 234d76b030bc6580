// choices: from a spec on the command line to the thing itself. Every function throws
// std::invalid_argument beginning with the option's name: "--model: [mlp] unknown key 'widht',
// ...".
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "data/distribution.h"
#include "flow/coupling.h"
#include "flow/interpolant.h"
#include "flow/solver.h"
#include "nn/model.h"
#include "nn/optimizer.h"
#include "nn/schedule.h"
#include "tools/flow_coupling.h"
#include "tools/progress.h"

namespace gradvar {

// gaussian, mixture, student-t, eight-gaussians, moons, checkerboard, pinwheel, spiral, csv, npy,
// safetensors, faces, images, celeba, cifar10, mnist. `reading`: how the decoding of a folder of
// images is shown.
[[nodiscard]] std::unique_ptr<Distribution> make_distribution(
    const std::string& option, const std::string& spec,
    ProgressMode reading = ProgressMode::kSilent);

// independent, permutation, affine, optimal, rotation, assignment, minibatch, adversarial,
// entropic, flow. Optimal and rotation need Gaussian laws on both sides.
[[nodiscard]] std::unique_ptr<Coupling> make_coupling(const std::string& option,
                                                      const std::string& spec,
                                                      const Distribution& source,
                                                      const Distribution& target,
                                                      const FlowUse& use = {});

// Refuses, before memory is taken, a law whose covariance would not fit.
void check_gaussian_law(const std::string& option, const Distribution& distribution);

// linear, constant, bridge, bridge-full, trigonometric.
[[nodiscard]] Interpolant make_interpolant(const std::string& option, const std::string& spec);

// euler, midpoint, heun, rk4, dopri5.
[[nodiscard]] SolverOptions make_solver(const std::string& option, const std::string& spec);

// mlp, unet, affine-gaussian. `sample` fills in the dimension, or the size and colors of an image,
// where the spec leaves them out, and must agree where not.
template <class Real>
[[nodiscard]] std::unique_ptr<Model<Real>> make_model(const std::string& option,
                                                      const std::string& spec, const Shape& sample);

// "constant" or "cosine:warmup=100,floor=0" with the peak rate and the length of the run.
[[nodiscard]] Schedule make_schedule(const std::string& option, const std::string& spec,
                                     double rate, std::int64_t steps);

// Runs `make` and puts "option: " before what an std::invalid_argument says.
template <class Make>
auto for_option(const std::string& option, const Make& make) -> decltype(make()) {
  try {
    return make();
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(option + ": " + error.what());
  }
}

// Help for --help: the names and keys there are, one choice a line.
[[nodiscard]] std::string choices_help();

}  // namespace gradvar
