#include "services/admin/cluster/listing.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/io/crc32c.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::admin {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kLargestPage = 1000;

std::string FieldOf(const registry::v1::ServiceRecord& service, const std::string& field) {
  if (field == "name") return service.name();
  if (field == "host") return service.host();
  if (field == "version") return service.version();
  return StateName(service.state());
}

// Tells the tokens of one question from those of others.
std::string MarkOf(absl::string_view question) {
  return absl::StrFormat("%08x.", io::Crc32c(absl::MakeConstSpan(question.data(), question.size()), 0));
}

}  // namespace

std::string StateName(registry::v1::ServiceState state) {
  return std::string(absl::StripPrefix(registry::v1::ServiceState_Name(state), "SERVICE_STATE_"));
}

absl::StatusOr<ServiceFilter::Term> ServiceFilter::ParseTerm(absl::string_view text) {
  const auto bad = [text](absl::string_view what) {
    return ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FILTER",
                           absl::StrCat("filter: '", text, "' ", what, "; write terms like state=READY or name:gpu, joined by ' AND '"));
  };
  const size_t at = text.find_first_of("!=:");
  if (at == absl::string_view::npos || at == 0) return bad("has no field and operator");
  Term term;
  term.field = std::string(absl::StripAsciiWhitespace(text.substr(0, at)));
  absl::string_view rest = text.substr(at);
  if (absl::ConsumePrefix(&rest, "!=")) {
    term.op = Operator::kDiffers;
  } else if (absl::ConsumePrefix(&rest, "=")) {
    term.op = Operator::kEquals;
  } else if (absl::ConsumePrefix(&rest, ":")) {
    term.op = Operator::kContains;
  } else {
    return bad("has no operator = != or :");
  }
  term.value = std::string(absl::StripAsciiWhitespace(rest));
  const bool known = term.field == "name" || term.field == "state" || term.field == "host" || term.field == "version";
  if (!known) return bad("names none of the fields name, state, host, version");
  if (term.value.empty()) return bad("has no value");
  registry::v1::ServiceState state;
  if (term.field == "state" && term.op != Operator::kContains && !registry::v1::ServiceState_Parse("SERVICE_STATE_" + term.value, &state)) {
    return bad("names no state (STARTING, READY, NOT_READY, DRAINING, DRAINED)");
  }
  return term;
}

absl::StatusOr<ServiceFilter> ServiceFilter::Parse(absl::string_view text) {
  ServiceFilter filter;
  if (absl::StripAsciiWhitespace(text).empty()) return filter;
  for (const absl::string_view part : absl::StrSplit(text, " AND ")) {
    COHORT_ASSIGN_OR_RETURN(Term term, ParseTerm(absl::StripAsciiWhitespace(part)));
    filter.terms_.push_back(std::move(term));
  }
  return filter;
}

bool ServiceFilter::Matches(const registry::v1::ServiceRecord& service) const {
  return std::all_of(terms_.begin(), terms_.end(), [&service](const Term& term) {
    const std::string value = FieldOf(service, term.field);
    if (term.op == Operator::kContains) return absl::StrContains(value, term.value);
    return (value == term.value) == (term.op == Operator::kEquals);
  });
}

absl::StatusOr<int> PageSize(int asked) {
  if (asked < 0) return absl::InvalidArgumentError(absl::StrCat("page_size: ", asked, " is negative"));
  return asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
}

std::string MakePageToken(absl::string_view question, absl::string_view after) {
  return absl::WebSafeBase64Escape(absl::StrCat(MarkOf(question), after));
}

absl::StatusOr<std::string> ReadPageToken(absl::string_view question, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  absl::string_view after;
  const bool read = absl::WebSafeBase64Unescape(token, &text);
  after = text;
  if (read && absl::ConsumePrefix(&after, MarkOf(question)) && !after.empty()) return std::string(after);
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
                         "page_token: not from the page before of this list with this filter; leave it empty for the first page");
}

}  // namespace cohort::admin
