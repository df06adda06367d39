#include "services/cli/grade/grade_row.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/reward/format/template_name.h"
#include "services/cli/grade/json_object.h"

namespace cohort::cli {
namespace {

namespace rv1 = cohort::reward::v1;
namespace cv1 = cohort::common::v1;

// Fills a row member by member; the first mistake stays.
class RowBuilder {
 public:
  explicit RowBuilder(GradeRow& row) : row_(row) { row_.item.set_finish_reason(cv1::FINISH_REASON_STOP); }

  void Take(const JsonMember& member) {
    const std::string& key = member.key;
    if (member.value == "null" && key != "id") return;
    if (key == "id") row_.id = std::string(member.value);
    if (key == "gold") gold_ = TextOrNumber(member);
    if (key == "answer") answer_ = TextOrNumber(member);
    if (key == "completion") completion_ = Text(member);
    if (key == "template") SetTemplate(member);
    if (key == "think_prefilled") SetThinkPrefilled(member);
    if (key == "finish_reason") SetFinishReason(member);
    if (key == "eos_strings") SetEosStrings(member);
    if (key == "source") row_.item.set_source(Text(member).value_or(""));
  }

  // The first mistake, or "".
  std::string Finish() {
    if (!mistake_.empty()) return mistake_;
    if (!gold_.has_value()) return "it has no 'gold'";
    if (answer_.has_value() == completion_.has_value()) {
      return answer_.has_value() ? "it has both 'answer' and 'completion'" : "it has neither 'answer' nor 'completion'";
    }
    row_.item.set_gold_answer(*std::move(gold_));
    row_.item.set_template_(answer_.has_value() ? rv1::TEMPLATE_BARE_ANSWER : shape_);
    if (answer_.has_value()) row_.item.set_finish_reason(cv1::FINISH_REASON_STOP);
    row_.item.set_completion(answer_.has_value() ? *std::move(answer_) : *std::move(completion_));
    return "";
  }

 private:
  void Mistake(std::string what) {
    if (mistake_.empty()) mistake_ = std::move(what);
  }
  std::optional<std::string> Text(const JsonMember& member) {
    std::optional<std::string> text = JsonText(member.value);
    if (!text.has_value()) Mistake(absl::StrCat("'", member.key, "' is not a string"));
    return text;
  }
  std::optional<std::string> TextOrNumber(const JsonMember& member) {
    std::optional<std::string> text = JsonTextOrNumber(member.value);
    if (!text.has_value()) Mistake(absl::StrCat("'", member.key, "' is not a string"));
    return text;
  }
  void SetTemplate(const JsonMember& member) {
    shape_ = reward::CompletionTemplate(Text(member).value_or(""));
    if (shape_ == rv1::TEMPLATE_UNSPECIFIED) Mistake(absl::StrCat("'template' is none of ", reward::CompletionTemplateNames(/*capitals=*/false)));
  }
  void SetThinkPrefilled(const JsonMember& member) {
    if (member.value != "true" && member.value != "false") Mistake("'think_prefilled' is neither true nor false");
    row_.item.set_think_prefilled(member.value == "true");
  }
  void SetFinishReason(const JsonMember& member) {
    const std::string reason = Text(member).value_or("");
    row_.item.set_finish_reason(reason == "stop" ? cv1::FINISH_REASON_STOP : reason == "length" ? cv1::FINISH_REASON_LENGTH : cv1::FINISH_REASON_ABORTED);
  }

  void SetEosStrings(const JsonMember& member) {
    const std::optional<std::vector<std::string>> strings = JsonTexts(member.value);
    if (!strings.has_value()) Mistake("'eos_strings' is not a list of strings");
    if (strings.has_value()) row_.item.mutable_eos_strings()->Assign(strings->begin(), strings->end());
  }

  GradeRow& row_;
  std::optional<std::string> gold_, answer_, completion_;
  rv1::Template shape_ = rv1::TEMPLATE_R1_ZERO;
  std::string mistake_;
};

// "VERDICT_NO_ANSWER" -> "\"no_answer\""
std::string EnumName(const std::string& enumerator, absl::string_view prefix) {
  return absl::StrCat("\"", absl::AsciiStrToLower(absl::StripPrefix(enumerator, prefix)), "\"");
}

// Further members of the row; "" when no explanation was asked for.
std::string Explained(const rv1::ScoreResult& result) {
  if (!result.has_explanation()) return "";
  const auto form = [](const std::string& canonical) { return canonical.empty() ? std::string("null") : ToJsonString(canonical); };
  return absl::StrCat(", \"policy\": ", ToJsonString(result.policy_id()), ", \"gold_canonical\": ", form(result.explanation().gold_canonical()),
                      ", \"answer_canonical\": ", form(result.explanation().answer_canonical()), ", \"rule\": ",
                      ToJsonString(result.explanation().rule()));
}

}  // namespace

GradeRow ParseGradeRow(std::string_view line, int64_t number) {
  const std::optional<std::vector<JsonMember>> members = SplitJsonObject(line);
  GradeRow row;
  if (!members.has_value()) {
    row.error = absl::StrCat("line ", number, ": it is not a JSON object");
    return row;
  }
  RowBuilder builder(row);
  for (const JsonMember& member : *members) builder.Take(member);
  if (const std::string mistake = builder.Finish(); !mistake.empty()) row.error = absl::StrCat("line ", number, ": ", mistake);
  return row;
}

std::string FormatResult(const GradeRow& row, const rv1::ScoreResult& result) {
  std::string answer = "null";
  if (result.answer_end() > result.answer_begin()) {
    const std::string_view completion(row.item.completion());
    answer = ToJsonString(completion.substr(result.answer_begin(), result.answer_end() - result.answer_begin()));
  }
  return absl::StrCat("{\"id\": ", row.id, ", \"format_ok\": ", result.format_ok() ? "true" : "false", ", \"format_reason\": ",
                      EnumName(rv1::FormatReason_Name(result.format_reason()), "FORMAT_REASON_"), ", \"verdict\": ",
                      EnumName(rv1::Verdict_Name(result.verdict()), "VERDICT_"), ", \"answer\": ", answer, ", \"method\": ",
                      EnumName(rv1::Method_Name(result.method()), "METHOD_"), ", \"micros\": ", result.micros(), Explained(result), "}\n");
}

std::string FormatError(const GradeRow& row) { return absl::StrCat("{\"id\": ", row.id, ", \"error\": ", ToJsonString(row.error), "}\n"); }

}  // namespace cohort::cli
