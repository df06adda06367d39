#include "absl/strings/str_cat.h"
#include "common/model/architectures/architecture.h"
#include "common/model/architectures/llama.h"
#include "common/model/architectures/qwen2.h"
#include "common/model/architectures/qwen3.h"

namespace cohort::model {
namespace {

constexpr const Architecture* kArchitectures[] = {&kQwen2, &kQwen3, &kLlama};

}  // namespace

const Architecture* FindArchitecture(absl::string_view name) {
  for (const Architecture* architecture : kArchitectures) {
    if (architecture->name == name) return architecture;
  }
  return nullptr;
}

std::string SupportedArchitectures() {
  std::string names;
  for (const Architecture* architecture : kArchitectures) absl::StrAppend(&names, names.empty() ? "" : ", ", architecture->name);
  return names;
}

}  // namespace cohort::model
