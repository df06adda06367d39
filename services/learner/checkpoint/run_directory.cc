#include "services/learner/checkpoint/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char kIdentityFile[] = "run.json";
constexpr char kLockFile[] = "learner.lock";
// What only a learner writes; without run.json beside it nobody knows what it belongs to.
constexpr const char* kOutputs[] = {"checkpoints", "journal", "steps.jsonl", "ledger.jsonl", "model"};

constexpr char kChooseAnother[] = "choose another run.directory, or delete this one";

absl::StatusOr<int> Lock(const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/", kLockFile);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot open"));
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string pid = absl::StrCat(getpid(), "\n");
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
      // The number is only for people.
    }
    return fd;
  }
  close(fd);
  const auto holder = io::ReadFile(path);
  const std::string process = holder.ok() ? holder->substr(0, holder->find('\n')) : "?";
  return absl::FailedPreconditionError(absl::StrCat(directory, ": another learner (process ", process,
                                                    ") works in this run directory; stop it, or choose another run.directory"));
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t Integer(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

absl::Status CheckIdentity(const std::string& path, const json& stored, const RunIdentity& identity) {
  if (Text(stored, "run") != identity.name) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": holds the run '", Text(stored, "run"), "', not '", identity.name, "'; ", kChooseAnother));
  }
  if (Text(stored, "fingerprint") != identity.fingerprint) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": belongs to another config (fingerprint ", Text(stored, "fingerprint"),
                                                      ", in full in config.yaml there); this config's is ", identity.fingerprint,
                                                      ". Go on with that config, or ", kChooseAnother));
  }
  if (Integer(stored, "model_crc32c") != identity.model_crc32c) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": began with other weights than model.path holds now (checksum ",
                                                      Integer(stored, "model_crc32c"), ", now ", identity.model_crc32c,
                                                      "). Put those back, or ", kChooseAnother));
  }
  if (Integer(stored, "data_crc32c") != identity.data_crc32c) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": began with another training data set than data.train holds now (checksum ",
                                                      Integer(stored, "data_crc32c"), ", now ", identity.data_crc32c,
                                                      "). Put that back, or ", kChooseAnother));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunDirectory>> RunDirectory::Open(const std::string& path, const RunIdentity& identity, bool resume) {
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(path));
  COHORT_ASSIGN_OR_RETURN(const int lock, Lock(path));
  std::unique_ptr<RunDirectory> directory(new RunDirectory(path, identity, lock));
  COHORT_RETURN_IF_ERROR(directory->Check(resume));
  return directory;
}

RunDirectory::~RunDirectory() { close(lock_); }

absl::Status RunDirectory::Check(bool resume) {
  const absl::StatusOr<std::string> content = io::ReadFile(*this / kIdentityFile);
  if (absl::IsNotFound(content.status())) {
    for (const char* output : kOutputs) {
      if (!fs::exists(*this / output)) continue;
      return absl::FailedPreconditionError(absl::StrCat(path_, ": holds '", output, "' but no ", kIdentityFile,
                                                        ", so nobody knows which run it belongs to; ", kChooseAnother));
    }
    return absl::OkStatus();
  }
  if (!content.ok()) return content.status();
  const json stored = json::parse(*content, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object()) {
    return absl::FailedPreconditionError(absl::StrCat(*this / kIdentityFile, ": damaged; ", kChooseAnother));
  }
  if (!resume) {
    return absl::FailedPreconditionError(absl::StrCat(path_, ": holds the run '", Text(stored, "run"), "' already; go on with it by --resume, or ",
                                                      kChooseAnother));
  }
  COHORT_RETURN_IF_ERROR(CheckIdentity(path_, stored, identity_));
  last_incarnation_ = Integer(stored, "incarnation");
  return absl::OkStatus();
}

absl::Status RunDirectory::SetIncarnation(int64_t incarnation) {
  nlohmann::ordered_json object;
  object["run"] = identity_.name;
  object["fingerprint"] = identity_.fingerprint;
  object["model_crc32c"] = identity_.model_crc32c;
  object["data_crc32c"] = identity_.data_crc32c;
  object["incarnation"] = incarnation;
  COHORT_RETURN_IF_ERROR(io::WriteFileAtomically(*this / kIdentityFile, object.dump(2) + "\n"));
  last_incarnation_ = incarnation;
  return absl::OkStatus();
}

std::string RunDirectoryPath(const config::v1::RunConfig& config) {
  return config.run().directory().empty() ? absl::StrCat("runs/", config.run().name()) : config.run().directory();
}

}  // namespace cohort::learner
