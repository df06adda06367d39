#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/arithmetic/arithmetic_corpus.h"
#include "common/arithmetic/problem.h"
#include "common/arithmetic/problem_sampler.h"

namespace cohort::arithmetic {

// Writes `count` different problems of `split`, one {"prompt": "289 + 955", "answer": "1244"} a line. INVALID_ARGUMENT for bad options or a count that
// is not positive; OUT_OF_RANGE when the split has too few different problems. Errors of the file system name the path; the file is then unchanged.
absl::Status WriteProblems(const std::string& path, const ProblemOptions& options, Split split, int64_t count, uint64_t seed);

// Writes the first `count` documents of a corpus, one {"prompt": "User: 289 + 955\nAssistant: ", "completion": "<think>…</answer>"} a line. Errors as above.
absl::Status WriteCorpus(const std::string& path, const CorpusOptions& options, int64_t count, uint64_t seed);

}  // namespace cohort::arithmetic
