#include "services/cli/evaluate/verdict_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace cohort::cli {

std::string VerdictText(absl::string_view verdict) {
  const absl::string_view name = absl::StripPrefix(verdict, "VERDICT_");
  if (name == "FORMAT") return "not graded";  // Only an answer in the right format is.
  if (name == "PRED_UNPARSEABLE") return "answer not readable";
  if (name == "GOLD_UNPARSEABLE") return "reference answer not readable";
  if (name == "UNKNOWN") return "undecided";
  if (name == "TIMEOUT") return "check timed out";
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

}  // namespace cohort::cli
