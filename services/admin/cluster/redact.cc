#include "services/admin/cluster/redact.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace cohort::admin {
namespace {

bool NamesASecret(absl::string_view key) {
  const std::string lower = absl::AsciiStrToLower(key);
  for (const char* word : {"password", "passwd", "secret", "credential", "api_key", "access_token"}) {
    if (absl::StrContains(lower, word)) return true;
  }
  return false;
}

// An address "host:port" with something before an "@".
std::string WithoutUser(const std::string& value) {
  const size_t at = value.rfind('@');
  if (at == std::string::npos || value.find(' ') < at) return value;
  const size_t scheme = value.find("://");
  const size_t begin = scheme != std::string::npos && scheme < at ? scheme + 3 : value.find_first_not_of("\"'");
  return absl::StrCat(value.substr(0, begin), "***", value.substr(at));
}

}  // namespace

std::string Redact(const std::string& yaml) {
  std::vector<std::string> lines = absl::StrSplit(yaml, '\n');
  for (std::string& line : lines) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string key = line.substr(0, colon), value = line.substr(colon + 2);
    if (value.empty() || value == "\"\"") continue;
    if (NamesASecret(key)) {
      line = absl::StrCat(key, ": \"***\"");
    } else if (absl::StrContains(key, "address") || absl::StrContains(value, "://")) {
      line = absl::StrCat(key, ": ", WithoutUser(value));
    }
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace cohort::admin
