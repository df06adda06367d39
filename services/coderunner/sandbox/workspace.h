#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/coderunner/language/language.h"

namespace cohort::coderunner {

// The directory below which every slot has its own, with the files of the program it runs now. Removed at the end. Thread-safe.
class Workspace {
 public:
  // Makes a fresh directory inside `parent`. Errors name the path.
  static absl::StatusOr<std::unique_ptr<Workspace>> Create(const std::string& parent);
  ~Workspace();

  // An empty directory that is a mount point for programs' roots.
  std::string root() const { return directory_ + "/root"; }
  std::string SlotDirectory(int slot) const;

  // Empties the slot's directory and writes the files there.
  absl::Status Fill(int slot, const std::vector<SourceFile>& files) const;

 private:
  explicit Workspace(std::string directory) : directory_(std::move(directory)) {}

  const std::string directory_;
};

}  // namespace cohort::coderunner
