#include "services/learner/journal/segment.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/crc32c.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::learner {
namespace {

constexpr size_t kHeader = 8;

void AppendLittleEndian(uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

uint32_t ReadLittleEndian(const char* data) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<unsigned char>(data[i]);
  return value;
}

uint32_t FrameChecksum(absl::string_view length, absl::string_view payload) {
  const uint32_t head = io::Crc32c(absl::MakeConstSpan(length.data(), length.size()));
  return io::Crc32c(absl::MakeConstSpan(payload.data(), payload.size()), head);
}

absl::Status ErrnoStatus(absl::string_view action, const std::string& path) {
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": cannot ", action, ": ", std::strerror(error)));
  }
  return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot ", action));
}

}  // namespace

void AppendFrame(absl::string_view payload, std::string& out) {
  std::string length;
  AppendLittleEndian(static_cast<uint32_t>(payload.size()), length);
  out.append(length);
  AppendLittleEndian(FrameChecksum(length, payload), out);
  out.append(payload.data(), payload.size());
}

absl::StatusOr<SegmentContents> ReadSegment(const std::string& path,
                                            const std::function<absl::Status(int64_t offset, absl::string_view payload)>& record) {
  COHORT_ASSIGN_OR_RETURN(const std::string content, io::ReadFile(path));
  SegmentContents found;
  found.file_bytes = content.size();
  absl::string_view rest = content;
  while (rest.size() >= kHeader) {
    const uint32_t length = ReadLittleEndian(rest.data());
    if (rest.size() - kHeader < length) break;
    const absl::string_view payload = rest.substr(kHeader, length);
    if (FrameChecksum(rest.substr(0, 4), payload) != ReadLittleEndian(rest.data() + 4)) break;
    COHORT_RETURN_IF_ERROR(record(found.valid_bytes, payload));
    rest.remove_prefix(kHeader + length);
    found.valid_bytes += kHeader + length;
  }
  return found;
}

absl::StatusOr<std::string> ReadRecord(const std::string& path, int64_t offset) {
  const absl::Status lost = absl::DataLossError(absl::StrCat(path, ": the record at byte ", offset, " is damaged"));
  std::ifstream file(path, std::ios::binary);
  char header[kHeader];
  if (!file.seekg(offset) || !file.read(header, kHeader)) return lost;
  std::string payload(ReadLittleEndian(header), '\0');
  if (!file.read(payload.data(), payload.size())) return lost;
  if (FrameChecksum(absl::string_view(header, 4), payload) != ReadLittleEndian(header + 4)) return lost;
  return payload;
}

absl::StatusOr<SegmentWriter> SegmentWriter::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus("create", path);
  SegmentWriter writer(path, fd);
  COHORT_RETURN_IF_ERROR(io::SyncDirectory(std::filesystem::path(path).parent_path().string()));
  return writer;
}

SegmentWriter::~SegmentWriter() {
  if (fd_ >= 0) close(fd_);
}

SegmentWriter::SegmentWriter(SegmentWriter&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), bytes_(other.bytes_) {}

SegmentWriter& SegmentWriter::operator=(SegmentWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

absl::Status SegmentWriter::Write(absl::string_view frames) {
  absl::Status status;
  absl::string_view rest = frames;
  while (status.ok() && !rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      status = ErrnoStatus("write", path_);
    } else {
      rest.remove_prefix(written);
    }
  }
  if (status.ok() && fdatasync(fd_) != 0) status = ErrnoStatus("flush", path_);
  if (status.ok()) {
    bytes_ += frames.size();
  } else if (ftruncate(fd_, bytes_) != 0) {
    return absl::DataLossError(absl::StrCat(status.message(), "; and the file cannot be cut back to its ", bytes_, " good bytes"));
  }
  return status;
}

absl::Status TruncateFile(const std::string& path, int64_t bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("open", path);
  absl::Status status;
  if (ftruncate(fd, bytes) != 0 || fdatasync(fd) != 0) status = ErrnoStatus("truncate", path);
  close(fd);
  return status;
}

}  // namespace cohort::learner
