#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/format/format.h"
#include "common/reward/format/span.h"
#include "services/coderunner/language/language.h"

namespace cohort::coderunner {

// Longest program in bytes.
inline constexpr size_t kMaxSourceBytes = 64 * 1024;
// Longest answer segment of R1_ZERO: a program and words around it.
inline constexpr size_t kMaxAnswerBytes = 2 * kMaxSourceBytes;

// What was found in the place for the answer.
struct ExtractedProgram {
  reward::v1::FormatReason reason = reward::v1::FORMAT_REASON_UNSPECIFIED;
  reward::v1::Verdict verdict = reward::v1::VERDICT_UNSPECIFIED;  // FORMAT, NO_ANSWER or PRED_UNPARSEABLE when there is no program to run.
  std::string why;                                                // Then: what is wrong, for a person.
  reward::Span span;                                              // Of the program in the completion.
  std::string source;
  Language language = Language::kPython3;
};

// Takes the program out of a completion. The template says where it is looked for: between the answer tags (R1_ZERO), behind </think> (R1_RELEASED), anywhere
// (BOXED_ONLY, BARE_ANSWER); there it is the last fenced block. Without any fence the whole of R1_ZERO's segment or of a BARE_ANSWER is the program; elsewhere there
// is none then. A block that is not closed is no program, and no earlier block is taken instead. The tag of the block names the language, or else the problem
// does (`wanted`), or else it is Python; a tag that contradicts `wanted` is unparseable. `format.max_answer_bytes` is set here. A pure function, linear in the
// completion.
ExtractedProgram ExtractProgram(reward::FormatInput format, std::optional<Language> wanted);

}  // namespace cohort::coderunner
