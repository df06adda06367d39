#include "services/coderunner/answer/program.h"

#include "absl/strings/str_cat.h"
#include "common/reward/format/characters.h"
#include "common/reward/format/segments.h"
#include "common/reward/format/utf8.h"
#include "services/coderunner/answer/fenced_block.h"

namespace cohort::coderunner {
namespace {

using reward::Span;
namespace v1 = reward::v1;

bool MayStandWithoutFence(v1::Template shape) { return shape == v1::TEMPLATE_R1_ZERO || shape == v1::TEMPLATE_BARE_ANSWER; }

ExtractedProgram& Refuse(ExtractedProgram& program, v1::Verdict verdict, std::string why) {
  program.verdict = verdict;
  program.why = std::move(why);
  return program;
}

// Sets the language; false when the tag is of another one than wanted, or of none that is known.
bool ChooseLanguage(std::string_view tag, std::optional<Language> wanted, ExtractedProgram& program) {
  const std::optional<Language> tagged = LanguageOfTag(tag);
  const std::string shown(tag);
  if (!tag.empty() && !tagged.has_value()) {
    Refuse(program, v1::VERDICT_PRED_UNPARSEABLE, absl::StrCat("the block is tagged '", shown, "'; languages are ", AllLanguages()));
    return false;
  }
  if (tagged.has_value() && wanted.has_value() && *tagged != *wanted) {
    Refuse(program, v1::VERDICT_PRED_UNPARSEABLE, absl::StrCat("the block is tagged '", shown, "', but the problem wants ", std::string(NameOf(*wanted))));
    return false;
  }
  program.language = tagged.value_or(wanted.value_or(Language::kPython3));
  return true;
}

}  // namespace

ExtractedProgram ExtractProgram(reward::FormatInput format, std::optional<Language> wanted) {
  format.max_answer_bytes = kMaxAnswerBytes;
  ExtractedProgram program;
  const reward::Segments segments = reward::SplitCompletion(format);
  program.reason = segments.reason;
  if (segments.reason != v1::FORMAT_REASON_OK) return Refuse(program, v1::VERDICT_FORMAT, "the format is wrong, so nothing was extracted");

  const std::string_view place = segments.answer.In(format.completion);
  const Fences fences = FindFences(place);
  Span span;
  std::string_view tag;
  if (fences.open_at_end) return Refuse(program, v1::VERDICT_NO_ANSWER, "the last fenced block is not closed");
  if (fences.last.has_value()) {
    span = {segments.answer.begin + fences.last->content.begin, segments.answer.begin + fences.last->content.end};
    tag = fences.last->tag;
  } else if (MayStandWithoutFence(format.shape)) {
    span = segments.answer;  // Not trimmed: the first line's indentation means something.
  } else {
    return Refuse(program, v1::VERDICT_NO_ANSWER, "there is no fenced block in the place for the answer");
  }
  const std::string_view source = span.In(format.completion);
  if (!reward::IsCleanText(source)) return Refuse(program, v1::VERDICT_PRED_UNPARSEABLE, "the program is not clean UTF-8");
  if (reward::CountVisible(source, 1) == 0) return Refuse(program, v1::VERDICT_NO_ANSWER, "the program is empty");
  if (source.size() > kMaxSourceBytes) return Refuse(program, v1::VERDICT_PRED_UNPARSEABLE, absl::StrCat("the program is longer than ", kMaxSourceBytes, " bytes"));
  if (!ChooseLanguage(tag, wanted, program)) return program;
  program.span = span;
  program.source = std::string(source);
  return program;
}

}  // namespace cohort::coderunner
