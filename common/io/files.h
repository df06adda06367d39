#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cohort::io {

// Whole file as a string. NOT_FOUND, PERMISSION_DENIED and others name the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Writes beside the target, flushes to disk, renames over it, flushes the directory: readers see the old or the new content, never a mixture, also
// after a power cut. RESOURCE_EXHAUSTED (disk full) and others name the path; the target is then unchanged and nothing is left behind.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view content);

// Writes and flushes a file in place, for files inside a directory that is renamed as a whole later.
absl::Status WriteFileDurably(const std::string& path, absl::string_view content);

absl::Status CreateDirectories(const std::string& path);
absl::Status SyncDirectory(const std::string& path);
// Renames and flushes the parent directory. The target may be absent or an empty directory.
absl::Status RenameDurably(const std::string& from, const std::string& to);
absl::Status RemoveTree(const std::string& path);

}  // namespace cohort::io
