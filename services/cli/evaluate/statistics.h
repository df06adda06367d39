#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// Unbiased estimate of the chance that at least one of k samples is right, from n samples of which c are: 1 - C(n-c, k) / C(n, k)
// (Chen et al., arXiv 2107.03374). Needs 1 <= k <= n and 0 <= c <= n.
double PassAtK(int64_t n, int64_t c, int64_t k);

// One sampled answer of a problem, as the vote sees it.
struct Vote {
  std::string answer;  // Text of the extracted answer; empty when there is none, which never wins.
  bool correct = false;
};

// Whether the most frequent answer of the first k votes is right; answers that tie share the point (a tie of one right and one wrong counts 0.5).
// Answers are compared as text without surrounding or repeated white space. 0 when no vote has an answer.
double MajorityAtK(const std::vector<Vote>& votes, int64_t k);

// Whether `text` contains one of `words`, spelled exactly so: the rule by which the learner counts self-checks.
bool ContainsAny(absl::string_view text, const std::vector<std::string>& words);

// Values of `values` at quantile q in [0, 1], interpolated; 0 for none.
double Quantile(std::vector<double> values, double q);

}  // namespace cohort::cli
