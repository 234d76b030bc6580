// The optimisers against PyTorch's numbers.

#include "nn/optimizer.h"

#include <cmath>
#include <gtest/gtest.h>

#include "nn/adam.h"
#include "nn/sgd.h"
#include "tests/nn/helpers.h"

namespace gradvar::optimizer_test {
namespace {

using testing::copy_of;
using testing::noise;
using testing::refusal;
using testing::two_parameters;

// Four steps at rate 0.1 from (1, -2, 0.5) with the gradients
// (0.5 + 0.25 k, -1 + 0.75 k, 0.125 (k - 1)), k = 0 .. 3.
template <class Real>
std::vector<Real> four_steps(std::string_view spec) {
  ParameterSet<Real> parameters;
  const ParameterId id = parameters.add("p", {3});
  const double start[] = {1.0, -2.0, 0.5};
  for (int i = 0; i < 3; ++i) parameters.values(id)[i] = static_cast<Real>(start[i]);
  const auto optimizer = make_optimizer<Real>(spec, parameters.layout());
  Tensor<Real> gradient(Shape{parameters.layout().padded_size()});
  for (int k = 0; k < 4; ++k) {
    gradient[0] = static_cast<Real>(0.5 + 0.25 * k);
    gradient[1] = static_cast<Real>(-1.0 + 0.75 * k);
    gradient[2] = static_cast<Real>(0.125 * (k - 1));
    optimizer->step(parameters.flat(), gradient.values(), 0.1);
  }
  EXPECT_EQ(optimizer->steps(), 4);
  return copy_of<Real>(std::as_const(parameters).values(id));
}

struct Reference {
  const char* spec;
  double values[3];
};

// torch 1.13, f64, torch.optim.SGD, Adam and AdamW with lr=0.1 and the options of the spec.
constexpr Reference kReferences[] = {
    {"sgd", {0.65000000000000002, -2.0500000000000003, 0.47499999999999992}},
    {"sgd:weight-decay=0.02", {0.64282306841600001, -2.034646636832, 0.47096213390799996}},
    {"sgd:momentum=0.9", {0.30979999999999985, -1.8083499999999999, 0.49423749999999994}},
    {"sgd:momentum=0.9,nesterov=true,weight-decay=0.02",
     {0.0089687993949535295, -1.8334365282899072, 0.45731955453284678}},
    {"adam", {0.60339547410762706, -1.8134393965612845, 0.6068960625083365}},
    {"adam:beta1=0.8,beta2=0.95,eps=1e-4,weight-decay=0.02",
     {0.59880188480862018, -1.825612902471849, 0.55900855910561864}},
    {"adamw", {0.59999795726094929, -1.8059469802789825, 0.60447400257357187}},
};

TEST(Optimizer, MatchesPyTorchInF64) {
  for (const Reference& reference : kReferences) {
    const std::vector<double> mine = four_steps<double>(reference.spec);
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(mine[i], reference.values[i], 1e-15 * 4) << reference.spec << " " << i;
    }
  }
}

TEST(Optimizer, MatchesPyTorchInF32) {
  for (const Reference& reference : kReferences) {
    const std::vector<float> mine = four_steps<float>(reference.spec);
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(mine[i], reference.values[i], 1e-6) << reference.spec << " " << i;
    }
  }
}

TEST(Optimizer, AdamsFirstStepIsTheRateWhateverTheGradient) {
  for (const double scale : {1e-3, 1.0, 1e6}) {
    ParameterSet<double> parameters;
    parameters.add("p", {1});
    Adam<double> adam(parameters.layout(), {.eps = 0});
    Tensor<double> gradient(Shape{parameters.layout().padded_size()});
    gradient[0] = -scale;
    adam.step(parameters.flat(), gradient.values(), 0.01);
    EXPECT_NEAR(parameters.flat()[0], 0.01, 1e-16);
  }
}

TEST(Optimizer, LeavesPaddingZero) {
  for (const char* spec : {"sgd:momentum=0.5", "adam:eps=0", "adamw"}) {
    ParameterSet<double> parameters = two_parameters<double>();
    const auto optimizer = make_optimizer<double>(spec, parameters.layout());
    const std::vector<double> gradient(parameters.flat().size(), 1.0);
    optimizer->step(parameters.flat(), gradient, 0.1);
    for (std::int64_t i = 3; i < parameters.layout()[ParameterId{1}].offset; ++i) {
      EXPECT_EQ(parameters.flat()[i], 0.0) << spec;
    }
  }
}

TEST(Optimizer, KeepsPyTorchsStates) {
  const ParameterSet<float> parameters = two_parameters<float>();
  const ParameterLayout& layout = parameters.layout();
  EXPECT_TRUE(make_optimizer<float>("sgd", layout)->states().empty());
  EXPECT_EQ(make_optimizer<float>("sgd:momentum=0.1", layout)->states()[0].name, "momentum_buffer");
  const auto adam = make_optimizer<float>("adam", layout);
  ASSERT_EQ(adam->states().size(), 2U);
  EXPECT_EQ(adam->states()[0].name, "exp_avg");
  EXPECT_EQ(adam->states()[1].name, "exp_avg_sq");
  EXPECT_EQ(adam->states()[1].values.size(), layout.padded_size());
}

TEST(Optimizer, BitsDoNotDependOnThreads) {
  for (const char* spec : {"sgd:momentum=0.9", "adamw"}) {
    std::vector<float> alone;
    for (const int threads : {0, 1, 3}) {
      ParameterSet<float> parameters;
      parameters.add("big", {41, 1001});
      parameters.add("small", {5});
      const auto optimizer = make_optimizer<float>(spec, parameters.layout());
      LanePool pool(std::max(threads, 1));
      for (int k = 0; k < 3; ++k) {
        const Tensor<float> gradient = noise<float>(k, Shape{parameters.layout().padded_size()});
        optimizer->step(parameters.flat(), gradient.values(), 0.01, threads > 0 ? &pool : nullptr);
      }
      if (threads == 0) alone = copy_of<float>(parameters.flat());
      EXPECT_EQ(copy_of<float>(parameters.flat()), alone) << spec << " " << threads;
    }
  }
}

TEST(Optimizer, SpecsReadBack) {
  const ParameterSet<double> parameters = two_parameters<double>();
  for (const char* spec : {"sgd:momentum=0.9,nesterov=true,weight-decay=0.02",
                           "adam:beta1=0.8,beta2=0.95,eps=1e-04,weight-decay=0.5",
                           "adamw:beta1=0.9,beta2=0.999,eps=1e-08,weight-decay=0.01"}) {
    EXPECT_EQ(make_optimizer<double>(spec, parameters.layout())->spec(), spec);
  }
  EXPECT_EQ(SgdOptions{}.spec(), "sgd:momentum=0,nesterov=false,weight-decay=0");
  EXPECT_EQ(AdamOptions{}.spec(), "adam:beta1=0.9,beta2=0.999,eps=1e-08,weight-decay=0");
  EXPECT_EQ(AdamOptions::adamw().spec(), AdamOptions::parse("adamw").spec());
}

TEST(Optimizer, RefusesBadOptions) {
  const ParameterSet<double> parameters = two_parameters<double>();
  const auto make = [&](const char* spec) {
    return refusal([&] { (void)make_optimizer<double>(spec, parameters.layout()); });
  };
  EXPECT_EQ(make("lion"), "[optimizer] the name is 'lion', expected sgd, adam or adamw");
  EXPECT_EQ(make("sgd:momentum=1"), "[sgd] momentum is 1, expected 0 or more and less than 1");
  EXPECT_EQ(make("sgd:nesterov=true"),
            "[sgd] nesterov is true and momentum 0, expected a momentum");
  EXPECT_EQ(make("sgd:weight-decay=-1"),
            "[sgd] weight-decay is -1, expected a finite number of 0 or more");
  EXPECT_EQ(make("adam:beta1=1"), "[adam] beta1 is 1, expected 0 or more and less than 1");
  EXPECT_EQ(make("adamw:beta2=-1"), "[adamw] beta2 is -1, expected 0 or more and less than 1");
  EXPECT_EQ(make("adam:eps=-1"), "[adam] eps is -1, expected a finite number of 0 or more");
  EXPECT_EQ(make("adam:weight-decay=inf"),
            "[adam] weight-decay is 'inf', expected a finite number");
  EXPECT_EQ(make("adam:momentum=1"),
            "[adam] unknown key 'momentum', expected only keys of: beta1, beta2, eps, "
            "weight-decay");
  EXPECT_EQ(refusal([] { (void)AdamOptions::parse("sgd"); }),
            "[spec] the name is 'sgd', expected 'adam' or 'adamw'");
  EXPECT_EQ(refusal([] { (void)SgdOptions::parse("adam"); }),
            "[spec] the name 'adam' is unknown, expected sgd");
}

TEST(Optimizer, RefusesSpansAndRatesThatDoNotFit) {
  ParameterSet<double> parameters = two_parameters<double>();
  Sgd<double> sgd(parameters.layout());
  const std::vector<double> gradient(parameters.flat().size());
  EXPECT_EQ(refusal([&] { sgd.step(parameters.flat(), std::span(gradient).first(5), 0.1); }),
            "[optimizer] parameters have 32 places, the gradient has 5: the layout has 32");
  EXPECT_EQ(refusal([&] { sgd.step(parameters.flat(), gradient, -0.1); }),
            "[optimizer] the learning rate is -0.1, expected a finite number of 0 or more");
  EXPECT_EQ(refusal([&] { sgd.step(parameters.flat(), gradient, std::nan("")); }),
            "[optimizer] the learning rate is nan, expected a finite number of 0 or more");
  EXPECT_EQ(sgd.steps(), 0);
  EXPECT_EQ(refusal([&] { sgd.set_steps(-2); }), "[optimizer] -2 steps done, expected 0 or more");
}

}  // namespace
}  // namespace gradvar::optimizer_test
