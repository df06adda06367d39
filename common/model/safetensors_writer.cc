#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/model/safetensors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::model {
namespace {

absl::Status WriteError(absl::string_view action, const std::string& path) {
  const int error = errno;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(absl::StrCat(path, ": cannot ", action, ": ", std::strerror(error)));
  }
  return absl::ErrnoToStatus(error, absl::StrCat(path, ": cannot ", action));
}

// A file written piece by piece, so that a model of many gigabytes needs no second copy in memory. Each piece is on the disk before the next one: whoever
// else flushes a file meanwhile (the journal, Redis) would otherwise wait until all that is behind in this one has been written.
class FileWriter {
 public:
  explicit FileWriter(const std::string& path) : path_(path), fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {}
  ~FileWriter() {
    if (fd_ >= 0) close(fd_);
  }
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  absl::Status Write(const char* data, size_t size) {
    if (fd_ < 0) return WriteError("create", path_);
    while (size > 0) {
      const ssize_t written = write(fd_, data, std::min(size, kPiece));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return WriteError("write", path_);
      data += written;
      size -= written;
      behind_ += written;
      if (behind_ < kPiece) continue;
      if (fdatasync(fd_) != 0) return WriteError("flush", path_);
      behind_ = 0;
    }
    return absl::OkStatus();
  }

  absl::Status Flush() { return fsync(fd_) == 0 ? absl::OkStatus() : WriteError("flush", path_); }

 private:
  static constexpr size_t kPiece = size_t{16} << 20;

  const std::string path_;
  const int fd_;
  size_t behind_ = 0;  // Bytes written since the last flush.
};

std::string Header(const std::vector<TensorToWrite>& tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};  // transformers refuses files without it.
  int64_t offset = 0;
  for (const auto& tensor : tensors) {
    const int64_t end = offset + static_cast<int64_t>(tensor.bytes.size());
    header[tensor.name] = {{"dtype", std::string(SafetensorsName(tensor.dtype))}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // The data begins at a multiple of 8.
  return text;
}

}  // namespace

absl::Status WriteSafetensors(const std::string& path, const std::vector<TensorToWrite>& tensors) {
  std::set<std::string> names;
  for (const auto& tensor : tensors) {
    int64_t bytes = SizeOf(tensor.dtype);
    for (const int64_t extent : tensor.shape) bytes *= extent;
    if (bytes != static_cast<int64_t>(tensor.bytes.size())) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": tensor '", tensor.name, "' of shape ", ShapeText(tensor.shape), " and type ",
                                                     NameOf(tensor.dtype), " was given ", tensor.bytes.size(), " bytes"));
    }
    if (!names.insert(tensor.name).second) return absl::InvalidArgumentError(absl::StrCat(path, ": two tensors are called '", tensor.name, "'"));
  }
  const std::string header = Header(tensors);
  const uint64_t header_size = header.size();
  FileWriter file(path);
  COHORT_RETURN_IF_ERROR(file.Write(reinterpret_cast<const char*>(&header_size), sizeof(header_size)));
  COHORT_RETURN_IF_ERROR(file.Write(header.data(), header.size()));
  for (const auto& tensor : tensors) {
    COHORT_RETURN_IF_ERROR(file.Write(tensor.bytes.data(), tensor.bytes.size()));
  }
  return file.Flush();
}

}  // namespace cohort::model
