#include "tests/golden/reward/metamorphic/hunt.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "tests/golden/reward/metamorphic/shrink.h"

namespace cohort::reward::metamorphic {
namespace {

// The smallest case of the same kind with the same fault.
Find Smallest(uint64_t seed, const Choices& choices, const Case& made, const Failure& failure, const Grader& grade) {
  Find find{made.kind, failure, seed};
  const auto fails = [&](const std::vector<uint32_t>& list) -> std::pair<Case, std::optional<Failure>> {
    Choices replay(list);
    Case smaller = MakeCase(replay);
    Tally unused;
    std::optional<Failure> found = smaller.kind == made.kind ? Examine(smaller, grade, unused) : std::nullopt;
    if (found.has_value() && found->fault != failure.fault) found.reset();
    return {std::move(smaller), std::move(found)};
  };
  const std::vector<uint32_t> smallest = Shrink(choices.taken(), [&](const std::vector<uint32_t>& list) -> int64_t {
    const auto found = fails(list).second;
    return found.has_value() ? static_cast<int64_t>(found->gold.size() + found->answer.size()) : -1;
  });
  if (const auto found = fails(smallest).second) find.failure = *found;
  return find;
}

}  // namespace

std::string Find::Describe() const {
  return absl::StrCat(std::string(kind), ", ", std::string(FaultName(failure.fault)), " (seed ", seed, ")\n    gold ", failure.gold, "\n  answer ", failure.answer,
                      "\n     got ", v1::Verdict_Name(failure.got).substr(sizeof("VERDICT_") - 1));
}

HuntReport Hunt(uint64_t seed, int64_t pairs, const Grader& grade, int most_finds) {
  HuntReport report;
  std::map<std::string, std::set<std::string>> kept;
  for (; report.tally.pairs < pairs; ++seed, ++report.cases) {
    Choices choices(seed);
    const Case made = MakeCase(choices);
    const std::optional<Failure> failure = Examine(made, grade, report.tally);
    if (!failure.has_value()) continue;
    const std::string key = absl::StrCat(std::string(made.kind), ": ", std::string(FaultName(failure->fault)));
    ++report.faults[key];
    if (report.faults[key] > 5 * most_finds || static_cast<int>(kept[key].size()) >= most_finds) continue;
    Find find = Smallest(seed, choices, made, *failure, grade);
    if (kept[key].insert(find.failure.gold + '\n' + find.failure.answer).second) report.finds.push_back(std::move(find));
  }
  return report;
}

}  // namespace cohort::reward::metamorphic
