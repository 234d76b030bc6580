#include "autograd/ops.h"
#include "tests/autograd/op_claims.h"

namespace gradvar::testing::scale_test {
namespace {

struct Scale {
  static std::vector<GradcheckCase> cases() {
    std::vector<GradcheckCase> cases =
        over(any_sample(), [](const Shape& sample) { return scale_case(sample, -1.5); });
    cases.push_back(scale_case({3}, 0));
    cases.push_back(scale_case({3}, 1e6));
    return cases;
  }
  static std::vector<Refusal> refusals() {
    return {refuses(
        {Shape{}}, {},
        []<class Real>(Tape<Real>& tape, auto x, auto) { return scale(tape, x[0], Real(2)); },
        "[tape] an input is scalar, expected at least 1 axes")};
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Scale, OpClaims, Scale);

}  // namespace
}  // namespace gradvar::testing::scale_test
