#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression` (an absl::Status) is not OK.
#define COHORT_RETURN_IF_ERROR(expression)                       \
  do {                                                           \
    if (::absl::Status cohort_status_ = (expression); !cohort_status_.ok()) return cohort_status_; \
  } while (false)

#define COHORT_CONCAT_INNER_(a, b) a##b
#define COHORT_CONCAT_(a, b) COHORT_CONCAT_INNER_(a, b)

// `COHORT_ASSIGN_OR_RETURN(auto x, Compute());` declares x from a StatusOr, or returns its status.
#define COHORT_ASSIGN_OR_RETURN(lhs, expression) COHORT_ASSIGN_OR_RETURN_(COHORT_CONCAT_(cohort_statusor_, __LINE__), lhs, expression)
#define COHORT_ASSIGN_OR_RETURN_(result, lhs, expression) \
  auto result = (expression);                             \
  if (!result.ok()) return std::move(result).status();    \
  lhs = *std::move(result)
