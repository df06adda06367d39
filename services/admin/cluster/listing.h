#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/cohort/registry/v1/registry.pb.h"

namespace cohort::admin {

// A filter of services: terms joined by " AND ", each a field (name, state, host, version), an operator (= != or : for "contains") and a value. States
// are given without prefix: "state=READY". Immutable.
class ServiceFilter {
 public:
  // INVALID_ARGUMENT (reason BAD_FILTER) quotes the term. An empty filter lets everything pass.
  static absl::StatusOr<ServiceFilter> Parse(absl::string_view text);

  bool Matches(const registry::v1::ServiceRecord& service) const;

 private:
  enum class Operator { kEquals, kDiffers, kContains };
  struct Term {
    std::string field;
    Operator op = Operator::kEquals;
    std::string value;
  };
  static absl::StatusOr<Term> ParseTerm(absl::string_view text);

  std::vector<Term> terms_;
};

// "READY" of SERVICE_STATE_READY.
std::string StateName(registry::v1::ServiceState state);

// The size of a page that was asked for: 0 means 100, at most 1000. INVALID_ARGUMENT when negative.
absl::StatusOr<int> PageSize(int asked);

// Tokens for the next page: they hold where it begins and belong to one question. INVALID_ARGUMENT (reason BAD_PAGE_TOKEN) when `token` is none, or one
// of another question; "" for an empty one.
std::string MakePageToken(absl::string_view question, absl::string_view after);
absl::StatusOr<std::string> ReadPageToken(absl::string_view question, absl::string_view token);

}  // namespace cohort::admin
