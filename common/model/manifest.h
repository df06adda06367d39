#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cohort::model {

inline constexpr absl::string_view kManifestName = "manifest.json";

// Writes `directory`/manifest.json: path, size and CRC-32C of every other file in and below the directory, flushed to disk. Call it last.
absl::Status WriteManifest(const std::string& directory);

// Compares every listed file with the manifest; files that it does not list are let be. INVALID_ARGUMENT names the first file that is missing, of
// another size or of another checksum, and the remedy; NOT_FOUND when there is no manifest.
absl::Status VerifyManifest(const std::string& directory);

}  // namespace cohort::model
