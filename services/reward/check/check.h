#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cohort/reward/v1/reward_service.pb.h"
#include "common/reward/auxiliary/auxiliary.h"
#include "common/reward/format/limits.h"
#include "services/reward/check/gold_cache.h"
#include "services/reward/math/policy.h"

namespace cohort::reward {

// What a check is asked for.
enum class CheckKind : uint8_t {
  kScore = 0,        // Grade a completion.
  kCompileGold = 1,  // Can the reference answer be parsed?
  kParse = 2,        // What is the canonical form of the completion?
};

// One check. The views must outlive it.
struct CheckInput {
  CheckKind kind = CheckKind::kScore;
  v1::Template shape = v1::TEMPLATE_BARE_ANSWER;
  bool think_prefilled = false;
  bool stopped = true;
  std::string_view gold;
  std::string_view completion;
  std::vector<std::string_view> eos_strings;
  AuxiliaryRequest auxiliary;
  math::Policy policy;
  uint32_t min_think_characters = kMinThinkCharacters;  // kScore: fewest visible characters of reasoning that the format takes.
  bool explain = false;  // kScore: also the canonical forms and the rule.
  uint64_t secret = 0;   // What the random points of the comparison come from, besides both texts; the same in all workers.
};

// What it decided. Means the same as v1::ScoreResult.
struct CheckOutcome {
  bool format_ok = false;
  v1::FormatReason format_reason = v1::FORMAT_REASON_UNSPECIFIED;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
  v1::Method method = v1::METHOD_UNSPECIFIED;
  uint32_t answer_begin = 0;
  uint32_t answer_end = 0;
  uint32_t micros = 0;
  uint32_t think_bytes = 0;  // Length of the reasoning; 0 where the template has none or the format is wrong.
  uint32_t boxes = 0;        // Boxes that stood in the answer's place.
  AuxiliaryRewards auxiliary;
  std::string message;           // kCompileGold, kParse: why the text cannot be parsed.
  std::string gold_canonical;    // With `explain`; empty when it cannot be parsed.
  std::string answer_canonical;  // The same; with kParse the canonical form.
  std::string rule;              // With `explain`: what decided; empty when nothing was compared.
};

// RS-1 as a whole: format, extraction, comparison. A reference answer that cannot be parsed decides before everything else, so that all completions of its
// group are masked alike. A pure function without threads, files or clocks; meant to run in a sandboxed worker, where model text may do its worst.
CheckOutcome RunCheck(const CheckInput& input);
// The same, for whoever runs many: `golds` keeps their reference answers.
CheckOutcome RunCheck(const CheckInput& input, GoldCache& golds);

}  // namespace cohort::reward
