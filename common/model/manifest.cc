#include "common/model/manifest.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/io/crc32c.h"
#include "common/io/files.h"
#include "common/model/json_fields.h"
#include "common/model/mapped_file.h"
#include "common/status/status_macros.h"

namespace cohort::model {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;

std::string PathOf(const std::string& directory) { return absl::StrCat(directory, "/", kManifestName); }

// The checksum as the manifest spells it.
absl::StatusOr<std::string> ChecksumOf(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const MappedFile file, MappedFile::Open(path));
  return absl::StrFormat("%08x", io::Crc32c(file.bytes()));
}

// Relative paths of all files below `directory`, sorted, the manifest left out.
absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->is_directory(error)) continue;
    std::string file = fs::path(entry->path()).lexically_relative(directory).generic_string();
    if (file != kManifestName) files.push_back(std::move(file));
  }
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(directory, ": cannot list the files"));
  std::sort(files.begin(), files.end());
  return files;
}

// A manifest must not make anybody read outside its directory.
bool IsInside(const std::string& file) {
  const fs::path path(file);
  return !path.empty() && path.is_relative() && std::find(path.begin(), path.end(), "..") == path.end();
}

absl::Status VerifyFile(const std::string& directory, const std::string& file, const nlohmann::ordered_json& entry) {
  const std::string path = absl::StrCat(directory, "/", file);
  const auto bad = [&](const auto&... what) { return absl::InvalidArgumentError(absl::StrCat(path, ": ", what...)); };
  constexpr absl::string_view kRemedy = "; use another checkpoint, or copy this one again";
  if (!IsInside(file) || !entry.is_object() || !entry.contains("bytes") || !entry["bytes"].is_number_unsigned() || !entry.contains("crc32c") ||
      !entry["crc32c"].is_string()) {
    return absl::InvalidArgumentError(absl::StrCat(PathOf(directory), ": the entry of '", file, "' is damaged", kRemedy));
  }
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return bad("is listed in ", kManifestName, " but cannot be read (", error.message(), ")", kRemedy);
  if (size != entry["bytes"].get<uint64_t>()) {
    return bad("has ", size, " bytes where ", kManifestName, " says ", entry["bytes"].get<uint64_t>(), ": the file is damaged", kRemedy);
  }
  COHORT_ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(path));
  const auto expected = entry["crc32c"].get<std::string>();
  if (checksum != expected) {
    return bad("has the checksum ", checksum, " where ", kManifestName, " says ", expected, ": the file is damaged", kRemedy, ", or delete ",
               kManifestName, " if you changed the file on purpose");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteManifest(const std::string& directory) {
  COHORT_ASSIGN_OR_RETURN(const auto files, FilesBelow(directory));
  nlohmann::ordered_json manifest;
  manifest["format"] = kFormat;
  manifest["files"] = nlohmann::ordered_json::object();
  for (const std::string& file : files) {
    const std::string path = absl::StrCat(directory, "/", file);
    COHORT_ASSIGN_OR_RETURN(const std::string checksum, ChecksumOf(path));
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(path, ": cannot look at the size"));
    manifest["files"][file] = {{"bytes", size}, {"crc32c", checksum}};
  }
  return io::WriteFileDurably(PathOf(directory), manifest.dump(2) + "\n");
}

absl::Status VerifyManifest(const std::string& directory) {
  COHORT_ASSIGN_OR_RETURN(const auto manifest, ReadJsonObject(PathOf(directory)));
  if (!manifest.contains("format") || manifest["format"] != kFormat || !manifest.contains("files") || !manifest["files"].is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(PathOf(directory), ": is not a manifest of format ", kFormat, "; it was written by another version of Cohort, or is damaged"));
  }
  for (const auto& [file, entry] : manifest["files"].items()) COHORT_RETURN_IF_ERROR(VerifyFile(directory, file, entry));
  return absl::OkStatus();
}

}  // namespace cohort::model
