#include "services/learner/observe/step_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

absl::Status Failed(absl::string_view action, const std::string& path) {
  const int error = errno;
  const std::string message = absl::StrCat(path, ": cannot ", action, ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return absl::ResourceExhaustedError(message);
  return absl::InternalError(message);
}

// The step of a line, -1 when it has none.
int64_t StepOf(absl::string_view line) {
  const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return -1;
  const auto step = json.find("step");
  return step != json.end() && step->is_number_integer() ? step->get<int64_t>() : -1;
}

// The lines that stay: up to the first that is torn or belongs to `next_step` or later.
std::string KeptLines(absl::string_view content, int64_t next_step, const std::function<void(absl::string_view)>& kept) {
  std::string result;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    if (end == absl::string_view::npos) break;
    const absl::string_view line = content.substr(0, end);
    const int64_t step = StepOf(line);
    if (step < 0 || step >= next_step) break;
    if (kept) kept(line);
    absl::StrAppend(&result, line, "\n");
    content.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StepLog>> StepLog::Open(const std::string& path, int64_t next_step,
                                                       const std::function<void(absl::string_view line)>& kept) {
  absl::StatusOr<std::string> content = io::ReadFile(path);
  if (!content.ok() && !absl::IsNotFound(content.status())) return content.status();
  int64_t bytes = 0;
  if (content.ok()) {
    const std::string lines = KeptLines(*content, next_step, kept);
    if (lines.size() != content->size()) COHORT_RETURN_IF_ERROR(io::WriteFileAtomically(path, lines));
    bytes = lines.size();
  }
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("open", path);
  return std::unique_ptr<StepLog>(new StepLog(path, fd, bytes));
}

StepLog::~StepLog() { close(fd_); }

absl::Status StepLog::Append(absl::string_view lines) {
  absl::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      absl::Status status = Failed("write", path_);
      if (ftruncate(fd_, bytes_) != 0) status = Failed("cut back", path_);
      return status;
    }
    rest.remove_prefix(written);
  }
  bytes_ += lines.size();
  return absl::OkStatus();
}

absl::Status StepLog::Sync() { return fdatasync(fd_) == 0 ? absl::OkStatus() : Failed("flush", path_); }

}  // namespace cohort::learner
