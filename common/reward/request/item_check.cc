#include "common/reward/request/item_check.h"

#include "absl/strings/str_cat.h"
#include "common/reward/auxiliary/auxiliary_proto.h"

namespace cohort::reward {

absl::Status WrongItem(int index, const v1::ScoreItem& item, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("items[", index, "] (id '", item.id(), "'): ", what));
}

absl::Status CheckItem(int index, const v1::ScoreItem& item, size_t max_gold_bytes) {
  if (item.completion().size() > kMaxCompletionBytes) {
    return WrongItem(index, item, absl::StrCat("completion is longer than ", kMaxCompletionBytes, " bytes"));
  }
  if (item.gold_answer().size() > max_gold_bytes) return WrongItem(index, item, absl::StrCat("gold_answer is longer than ", max_gold_bytes, " bytes"));
  if (const std::string wrong = AuxiliaryError(item.auxiliary()); !wrong.empty()) return WrongItem(index, item, wrong);
  if (item.eos_strings_size() > static_cast<int>(kMaxEosStrings)) return WrongItem(index, item, absl::StrCat("eos_strings has more than ", kMaxEosStrings));
  for (const std::string& eos : item.eos_strings()) {
    if (eos.size() > kMaxEosBytes) return WrongItem(index, item, absl::StrCat("an entry of eos_strings is longer than ", kMaxEosBytes, " bytes"));
  }
  return absl::OkStatus();
}

absl::Status CheckBatch(const ScoreItems& items) {
  if (items.size() <= kMaxItemsPerBatch) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the batch has ", items.size(), " items; at most ", kMaxItemsPerBatch, " are taken at a time"));
}

absl::Status CheckGolds(const v1::CompileGoldRequest& request) {
  if (request.gold_answers_size() <= kMaxGoldsPerBatch) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the request has ", request.gold_answers_size(), " reference answers; at most ", kMaxGoldsPerBatch, " are taken at a time"));
}

}  // namespace cohort::reward
