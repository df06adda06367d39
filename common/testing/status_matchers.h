#pragma once

#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// An error with this code whose message satisfies `message`, as in StatusIs(absl::StatusCode::kNotFound, HasSubstr("step-3")).
MATCHER_P2(StatusIs, code, message, "is an error of the given code and message") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         ::testing::Matches(::testing::SafeMatcherCast<std::string>(message))(std::string(StatusOf(arg).message()));
}

MATCHER_P(StatusIs, code, "is an error of the given code") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

MATCHER_P(HasReason, reason, "is an error with the given reason") {
  *result_listener << StatusOf(arg).ToString() << " reason '" << ErrorReason(StatusOf(arg)) << "'";
  return ErrorReason(StatusOf(arg)) == reason;
}

MATCHER_P(IsOkAndHolds, value, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace cohort::testing

#define ASSERT_OK(expression) ASSERT_THAT((expression), ::cohort::testing::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT((expression), ::cohort::testing::IsOk())

#define COHORT_TEST_CONCAT_INNER_(a, b) a##b
#define COHORT_TEST_CONCAT_(a, b) COHORT_TEST_CONCAT_INNER_(a, b)
// `ASSERT_OK_AND_ASSIGN(auto x, Compute());`
#define ASSERT_OK_AND_ASSIGN(lhs, expression) ASSERT_OK_AND_ASSIGN_(COHORT_TEST_CONCAT_(test_statusor_, __LINE__), lhs, expression)
#define ASSERT_OK_AND_ASSIGN_(result, lhs, expression) \
  auto result = (expression);                          \
  ASSERT_OK(result);                                   \
  lhs = *std::move(result)
