#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/arithmetic/problem_sampler.h"
#include "common/random/philox.h"

namespace cohort::arithmetic {

// One piece of pre-training text. The end-of-sequence token is not part of it.
struct Document {
  std::string prompt;      // "User: 289 + 955\nAssistant: "
  std::string completion;  // "<think>easy 1276 wait ones 9 + 5 = 14, …; </think><answer>1244</answer>"
};

// Shares of the shapes that a completion takes, T standing for the thinking and N for the answer. The shape is drawn independently of the thinking.
// They add up to 1; only the first is what a format reward accepts.
struct ShapeShares {
  double complete = 0.36;        // <think>T</think><answer>N</answer>
  double unopened = 0.12;        // T</think><answer>N</answer>
  double prose = 0.12;           // <think>T, so the answer is N
  double unopened_prose = 0.16;  // T, so the answer is N
  double untagged = 0.12;        // <think>T</think>N done
  double unclosed = 0.12;        // <think>T<answer>N</answer>
};

struct CorpusOptions {
  ProblemOptions problems;
  ShapeShares shapes;

  // Thinking that doubts itself: "easy <guess> wait <steps>", answered by the steps.
  double worked_share = 0.31;
  double slip_share = 0.02;  // Wrong steps among its steps.

  // The rest is careless: "easy <guess>", "guess <guess>" or "hmm easy <guess>", answered by the guess; or no thinking at all.
  double silent_share = 0.20;       // Of the careless ones.
  double right_guess_share = 0.25;  // Of all guesses.

  // INVALID_ARGUMENT names the option and what it has to be.
  absl::Status Validate() const;
};

// The text from which a base model learns to read problems, to work them digit by digit, and six shapes of an answer: an endless sequence of
// documents about training problems, never held-out ones. A function of (options, seed) alone, the same on every machine. Not thread-safe.
class ArithmeticCorpus {
 public:
  // `options` must be valid.
  ArithmeticCorpus(const CorpusOptions& options, uint64_t seed);

  Document Next();

 private:
  CorpusOptions options_;
  ProblemSampler problems_;
  random::Stream stream_;
};

// What stands before every completion: "User: 289 + 955\nAssistant: ".
std::string PromptText(const Problem& problem);

}  // namespace cohort::arithmetic
