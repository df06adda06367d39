#include "services/cli/launch/directory_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/config/config.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::cli {
namespace {

using nlohmann::json;

constexpr size_t kNamedFields = 6;
constexpr char kRemedy[] = "choose another run.directory (--set run.directory=DIR), or start over with --fresh, which moves that run aside";

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// "section.field" -> value of a two-level YAML file; a list below a field is part of its value.
std::map<std::string, std::string> Fields(const std::string& yaml) {
  std::map<std::string, std::string> fields;
  std::string section, field;
  for (const absl::string_view line : absl::StrSplit(yaml, '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#') continue;
    const size_t colon = text.find(':');
    const bool continues = text[0] == '-' || colon == absl::string_view::npos;
    if (continues) {
      absl::StrAppend(&fields[field], " ", text);
    } else if (line[0] != ' ') {
      section = std::string(text.substr(0, colon));
    } else {
      field = absl::StrCat(section, ".", text.substr(0, colon));
      fields[field] = std::string(absl::StripAsciiWhitespace(text.substr(colon + 1)));
    }
  }
  return fields;
}

absl::Status OtherConfigError(const RunPaths& paths, const config::v1::RunConfig& config) {
  std::string detail;
  if (const auto stored = io::ReadFile(paths.config()); stored.ok()) {
    std::vector<std::string> differing = DifferingFields(*stored, config::ToYaml(config));
    if (differing.size() > kNamedFields) differing.resize(kNamedFields);
    if (!differing.empty()) detail = absl::StrCat(" (", absl::StrJoin(differing, "; "), ")");
  }
  return absl::FailedPreconditionError(absl::StrCat(paths.root(), ": belongs to a run with another config", detail, "; ", kRemedy));
}

std::string Text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Steps that the finished run in `paths` did, -1 when it has no results.
int64_t FinishedSteps(const RunPaths& paths) {
  const auto summary = io::ReadFile(paths.summary());
  if (!summary.ok() || !Exists(paths.model())) return -1;
  const json object = json::parse(*summary, nullptr, false);
  if (!object.is_object() || !object.contains("steps") || !object["steps"].is_number()) return -1;
  return object["steps"].get<int64_t>();
}

}  // namespace

std::vector<std::string> DifferingFields(const std::string& stored_yaml, const std::string& yaml) {
  const std::map<std::string, std::string> stored = Fields(stored_yaml), now = Fields(yaml);
  std::vector<std::string> differing;
  for (const auto& [field, value] : now) {
    const auto there = stored.find(field);
    const std::string other = there == stored.end() ? "not set" : there->second;
    if (other != value) differing.push_back(absl::StrCat(field, ": ", other, " there, ", value, " now"));
  }
  return differing;
}

absl::StatusOr<DirectoryState> InspectDirectory(const RunPaths& paths, const config::v1::RunConfig& config) {
  const absl::StatusOr<std::string> content = io::ReadFile(paths.identity());
  if (absl::IsNotFound(content.status())) return DirectoryState::kFresh;
  COHORT_RETURN_IF_ERROR(content.status());
  const json identity = json::parse(*content, nullptr, false);
  if (!identity.is_object()) return absl::FailedPreconditionError(absl::StrCat(paths.identity(), ": damaged; ", kRemedy));
  if (Text(identity, "run") != config.run().name()) {
    return absl::FailedPreconditionError(
        absl::StrCat(paths.root(), ": holds the run '", Text(identity, "run"), "', not '", config.run().name(), "'; ", kRemedy));
  }
  if (Text(identity, "fingerprint") != config::Fingerprint(config)) return OtherConfigError(paths, config);
  return FinishedSteps(paths) >= config.run().steps() ? DirectoryState::kFinished : DirectoryState::kUnfinished;
}

absl::StatusOr<std::string> MoveAside(const RunPaths& paths) {
  for (int number = 1; number < 10000; ++number) {
    const std::string target = absl::StrCat(absl::StripSuffix(paths.root(), "/"), ".", number);
    if (Exists(target)) continue;
    COHORT_RETURN_IF_ERROR(io::RenameDurably(paths.root(), target));
    return target;
  }
  return absl::ResourceExhaustedError(absl::StrCat(paths.root(), ": ten thousand earlier runs lie beside it; delete some"));
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Acquire(const RunPaths& paths) {
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(paths.launch()));
  const int fd = open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat(paths.lock(), ": cannot open"));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    const auto holder = io::ReadFile(paths.lock());
    return absl::FailedPreconditionError(absl::StrCat(paths.root(), ": another `cohort run` (process ",
                                                      holder.ok() ? absl::StripTrailingAsciiWhitespace(*holder) : "?",
                                                      ") works in this directory; stop it, or choose another run.directory"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // The number is only for people.
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
}

DirectoryLock::~DirectoryLock() { close(fd_); }

}  // namespace cohort::cli
