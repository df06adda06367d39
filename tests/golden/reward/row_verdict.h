#pragma once

#include <string>
#include <vector>

#include "cohort/reward/v1/reward_service.pb.h"
#include "tests/golden/reward/row_file.h"

namespace cohort::reward {

// A row on which the grader errs.
struct Complaint {
  int line = 0;
  std::string text;  // Reference answer, answer, expected, got, reason.
};

// The verdict on `answer` given `gold`, as a reference answer and an answer stand in a request.
v1::Verdict CompareAnswers(const std::string& gold, const std::string& answer);

// Whether `verdict` on a usable reference answer counts as wrong.
bool IsWrong(v1::Verdict verdict);

// Grades the row. A row of two answers is graded both ways round: equality is symmetric, so a `+` row has to be CORRECT and a `-` row must not be CORRECT
// the other way round either.
std::vector<Complaint> Examine(const Row& row);

}  // namespace cohort::reward
