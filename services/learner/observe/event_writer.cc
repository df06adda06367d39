#include "services/learner/observe/event_writer.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

double Now() { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); }

std::string HostName() {
  char name[256] = "";
  return gethostname(name, sizeof(name) - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventWriter>> EventWriter::Create(const std::string& directory, int64_t next_step) {
  COHORT_RETURN_IF_ERROR(io::CreateDirectories(directory));
  const std::string path = absl::StrFormat("%s/events.out.tfevents.%010d.%s.%d", directory, absl::ToUnixSeconds(absl::Now()), HostName(), getpid());
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot create"));
  std::unique_ptr<EventWriter> writer(new EventWriter(path, file));
  COHORT_RETURN_IF_ERROR(writer->Append(EncodeFileVersion(Now())));
  COHORT_RETURN_IF_ERROR(writer->Append(EncodeSessionStart(Now(), next_step)));
  return writer;
}

EventWriter::~EventWriter() { std::fclose(file_); }

absl::Status EventWriter::Write(int64_t step, const std::vector<Scalar>& scalars, const std::vector<BinnedHistogram>& histograms) {
  return Append(EncodeSummary(Now(), step, scalars, histograms));
}

absl::Status EventWriter::Append(const std::string& event) {
  const std::string frame = FrameRecord(event);
  if (std::fwrite(frame.data(), 1, frame.size(), file_) != frame.size() || std::fflush(file_) != 0) {
    const absl::Status status = absl::ResourceExhaustedError(absl::StrCat(path_, ": cannot write: ", std::strerror(errno)));
    std::clearerr(file_);
    return status;
  }
  return absl::OkStatus();
}

}  // namespace cohort::learner
