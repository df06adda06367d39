#include "services/cli/grade/parse_row.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "services/cli/grade/json_object.h"

namespace cohort::cli {
namespace {

std::string Format(const std::string& id, bool ok, const std::string& canonical, const std::string& error) {
  return absl::StrCat("{\"id\": ", id, ", \"ok\": ", ok ? "true" : "false", ", \"canonical\": ", canonical, ", \"error\": ", error, "}\n");
}

}  // namespace

ParseRow ReadParseRow(std::string_view line, int64_t number) {
  ParseRow row;
  const std::optional<std::vector<JsonMember>> members = SplitJsonObject(line);
  if (!members.has_value()) {
    row.error = absl::StrCat("line ", number, ": it is not a JSON object");
    return row;
  }
  std::optional<std::string> latex;
  bool given = false;
  for (const JsonMember& member : *members) {
    if (member.key == "id") row.id = std::string(member.value);
    if (member.key == "latex") {
      given = true;
      latex = JsonTextOrNumber(member.value);
    }
  }
  if (!latex.has_value()) row.error = absl::StrCat("line ", number, given ? ": 'latex' is not a string" : ": it has no 'latex'");
  row.latex = std::move(latex).value_or("");
  return row;
}

std::string FormatParsed(const ParseRow& row, const cohort::reward::v1::ParsedAnswer& parsed) {
  return parsed.ok() ? Format(row.id, true, ToJsonString(parsed.canonical()), "null") : Format(row.id, false, "null", ToJsonString(parsed.error()));
}

std::string FormatParseError(const ParseRow& row) { return Format(row.id, false, "null", ToJsonString(row.error)); }

}  // namespace cohort::cli
