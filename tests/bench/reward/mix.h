#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/check/check.h"

namespace cohort::reward {

// One check of the mix.
struct Sample {
  const char* kind = "";  // What the answer is: "integer", "fraction", ...
  std::string gold;
  std::string completion;
  v1::Template shape = v1::TEMPLATE_R1_ZERO;
};

// A mix like that of training on competition mathematics: 30 % integers, 18 % fractions and decimals, 12 % polynomials, 10 % radicals, 5 % each of multiples of
// pi, intervals, sets, tuples, equations and quantities, 3 % words, 2 % answers that cannot be parsed. Half of the answers are right, most of those written
// differently than the reference; 1 % have a wrong format. A third are bare answers; the others are completions of five templates with 200 to 2,000 bytes of
// reasoning. No two are equal. A pure function of its arguments; `first` is the number of the first sample.
std::vector<Sample> MakeMix(int64_t first, int64_t count);

// Answers that are meant to hang, crash or bloat a grader.
std::vector<Sample> HostileSamples();

// The check that the sample asks for, as views into it.
CheckInput InputOf(const Sample& sample);

// The same as an item of a request.
void FillItem(const Sample& sample, v1::ScoreItem& item);

}  // namespace cohort::reward
