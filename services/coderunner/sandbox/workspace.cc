#include "services/coderunner/sandbox/workspace.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::coderunner {
namespace {

constexpr mode_t kPassThrough = 0711;  // Programs of other users reach their slot, and list nothing.
constexpr mode_t kReadable = 0755;

absl::Status MakeDirectory(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) != 0 || chmod(path.c_str(), mode) != 0) return absl::ErrnoToStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Create(const std::string& parent) {
  std::string directory = parent + "/cohort-coderunner-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat(directory, ": cannot create the work directory; choose one with --work-directory"));
  auto workspace = std::unique_ptr<Workspace>(new Workspace(directory));
  if (chmod(directory.c_str(), kPassThrough) != 0) return absl::ErrnoToStatus(errno, directory);
  COHORT_RETURN_IF_ERROR(MakeDirectory(workspace->root(), kReadable));
  return workspace;
}

Workspace::~Workspace() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string Workspace::SlotDirectory(int slot) const { return absl::StrCat(directory_, "/slot-", slot); }

absl::Status Workspace::Fill(int slot, const std::vector<SourceFile>& files) const {
  const std::string directory = SlotDirectory(slot);
  COHORT_RETURN_IF_ERROR(io::RemoveTree(directory));
  COHORT_RETURN_IF_ERROR(MakeDirectory(directory, kReadable));
  for (const SourceFile& file : files) {
    std::ofstream out(directory + "/" + file.name, std::ios::binary);
    out.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
    out.close();
    if (!out) return absl::ErrnoToStatus(errno, absl::StrCat(directory, "/", file.name, ": cannot write"));
  }
  return absl::OkStatus();
}

}  // namespace cohort::coderunner
