#include "services/learner/train/trainer_state.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/model/safetensors.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

constexpr char kFirst[] = "adamw.first_moments";
constexpr char kSecond[] = "adamw.second_moments";
constexpr char kUpdates[] = "adamw.updates";
constexpr char kReference[] = "reference";
constexpr int64_t kDigit = int64_t{1} << 24;  // The count is kept as two numbers below it, which are exact in fp32.

// The tensor `name`, when it is there in fp32 with `size` values.
absl::StatusOr<const model::TensorView*> FindTensor(const model::SafetensorsFile& file, const std::string& name, int64_t size) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) {
    return absl::InvalidArgumentError(absl::StrCat(file.path(), ": tensor '", name, "' is missing; the file is not the state of this run's trainer"));
  }
  const model::TensorView& tensor = found->second;
  if (tensor.dtype != "F32" || tensor.shape != std::vector<int64_t>{size}) {
    return absl::InvalidArgumentError(absl::StrCat(file.path(), ": tensor '", name, "' is ", tensor.dtype, " ", model::ShapeText(tensor.shape),
                                                   ", expected F32 [", size, "]; the state belongs to another model"));
  }
  return &tensor;
}

absl::Status CheckNothingElse(const model::SafetensorsFile& file, const std::vector<std::string>& names) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return absl::InvalidArgumentError(absl::StrCat(file.path(), ": tensor '", name, "' is not expected; was algorithm.kl_coefficient changed?"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteTrainerState(const std::string& path, const TrainerState& state) {
  const std::vector<float> updates = {static_cast<float>(state.updates % kDigit), static_cast<float>(state.updates / kDigit)};
  std::vector<model::TensorToWrite> tensors = {
      {kFirst, {state.first_moments.size()}, state.first_moments.floats()},
      {kSecond, {state.second_moments.size()}, state.second_moments.floats()},
      {kUpdates, {2}, updates},
  };
  if (state.reference != nullptr) tensors.push_back({kReference, {state.reference->size()}, state.reference->floats()});
  return model::WriteSafetensors(path, tensors);
}

absl::Status ReadTrainerState(const std::string& path, AdamW& optimizer, model::Arena* reference) {
  COHORT_ASSIGN_OR_RETURN(const model::SafetensorsFile file, model::SafetensorsFile::Open(path));
  const int64_t size = optimizer.first_moments().size();
  const model::TensorView* reference_view = nullptr;
  COHORT_ASSIGN_OR_RETURN(const model::TensorView* first, FindTensor(file, kFirst, size));
  COHORT_ASSIGN_OR_RETURN(const model::TensorView* second, FindTensor(file, kSecond, size));
  COHORT_ASSIGN_OR_RETURN(const model::TensorView* updates_view, FindTensor(file, kUpdates, 2));
  std::vector<std::string> expected = {kFirst, kSecond, kUpdates};
  if (reference != nullptr) {
    COHORT_ASSIGN_OR_RETURN(reference_view, FindTensor(file, kReference, size));
    expected.push_back(kReference);
  }
  COHORT_RETURN_IF_ERROR(CheckNothingElse(file, expected));

  std::vector<float> updates(2);
  COHORT_RETURN_IF_ERROR(model::CopyAsFloat(*updates_view, absl::MakeSpan(updates)));
  COHORT_RETURN_IF_ERROR(model::CopyAsFloat(*first, optimizer.first_moments().floats()));
  COHORT_RETURN_IF_ERROR(model::CopyAsFloat(*second, optimizer.second_moments().floats()));
  if (reference != nullptr) COHORT_RETURN_IF_ERROR(model::CopyAsFloat(*reference_view, reference->floats()));
  optimizer.set_updates(static_cast<int64_t>(updates[0]) + static_cast<int64_t>(updates[1]) * kDigit);
  return absl::OkStatus();
}

}  // namespace cohort::learner
