#include "common/arithmetic/problem_sampler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/status_macros.h"

namespace cohort::arithmetic {
namespace {

// Streams of one seed: training problems, held-out problems and corpus documents draw from different ones.
constexpr uint64_t kTrainingStream = 0x70726f62'00000000;
constexpr uint64_t kHeldOutStream = 0x70726f62'00000001;

absl::Status ValidateShare(absl::string_view name, double value) {
  if (value >= 0.0 && value <= 1.0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, "; it is a share and lies between 0 and 1"));
}

}  // namespace

absl::Status ProblemOptions::Validate() const {
  COHORT_RETURN_IF_ERROR(ValidateShare("two_digit_share", two_digit_share));
  return ValidateShare("subtraction_share", subtraction_share);
}

ProblemSampler::ProblemSampler(const ProblemOptions& options, Split split, uint64_t seed)
    : options_(options), split_(split), stream_(seed, split == Split::kTraining ? kTrainingStream : kHeldOutStream) {}

Problem ProblemSampler::Next() {
  for (;;) {
    Problem problem;
    problem.digits = stream_.NextDouble() < options_.two_digit_share ? 2 : 3;
    const int smallest = problem.digits == 2 ? 10 : 100;
    problem.left = smallest + static_cast<int>(stream_.NextBelow(9 * smallest));
    problem.right = smallest + static_cast<int>(stream_.NextBelow(9 * smallest));
    problem.operation = stream_.NextDouble() < options_.subtraction_share ? Operation::kSubtraction : Operation::kAddition;
    if (problem.operation == Operation::kSubtraction && problem.left < problem.right) std::swap(problem.left, problem.right);
    if (SplitOf(problem) == split_) return problem;
  }
}

}  // namespace cohort::arithmetic
