#include "services/learner/pretrain/output_directory.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

namespace fs = std::filesystem;

constexpr char kWeights[] = "model.safetensors";

bool SameDirectory(const std::string& a, const std::string& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

std::vector<std::string> FilesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) names.push_back(entry.path().filename().string());
  return names;
}

absl::Status MoveInto(const std::string& staging, const std::string& output) {
  for (const std::string& name : FilesIn(staging)) {
    if (name != kWeights) COHORT_RETURN_IF_ERROR(io::RenameDurably(absl::StrCat(staging, "/", name), absl::StrCat(output, "/", name)));
  }
  COHORT_RETURN_IF_ERROR(io::RenameDurably(absl::StrCat(staging, "/", kWeights), absl::StrCat(output, "/", kWeights)));
  return io::RemoveTree(staging);
}

absl::Status WriteStaged(const std::string& staging, const std::string& output, const std::string& architecture, const model::LoadedModel& model) {
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(staging));
  COHORT_RETURN_IF_ERROR(model::SaveCheckpoint(staging, architecture, model.config, model.layout, *model.weights));
  std::error_code ignored;
  // Only weights change where the description comes from the same place.
  if (SameDirectory(output, architecture)) {
    COHORT_RETURN_IF_ERROR(io::RenameDurably(absl::StrCat(staging, "/", kWeights), absl::StrCat(output, "/", kWeights)));
    return io::RemoveTree(staging);
  }
  if (fs::exists(output, ignored) && !fs::is_empty(output, ignored)) return MoveInto(staging, output);
  return io::RenameDurably(staging, output);
}

}  // namespace

absl::Status CheckOutput(const std::string& output, const std::string& architecture) {
  if (SameDirectory(output, architecture)) return absl::OkStatus();
  std::error_code ignored;
  if (fs::exists(output, ignored) && !fs::is_directory(output, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(output, ": is not a directory; choose another model.output"));
  }
  for (const std::string& name : FilesIn(output)) {
    if (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json")) {
      return absl::AlreadyExistsError(absl::StrCat(output, "/", name, ": these weights would be lost; choose another model.output, or remove them"));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteOutput(const std::string& output, const std::string& architecture, const model::LoadedModel& model) {
  std::string base = output;
  while (base.size() > 1 && base.back() == '/') base.pop_back();
  const std::string staging = base + ".partial";
  COHORT_RETURN_IF_ERROR(io::RemoveTree(staging));
  absl::Status written = WriteStaged(staging, base, architecture, model);
  if (!written.ok()) io::RemoveTree(staging).IgnoreError();
  return written;
}

}  // namespace cohort::learner
