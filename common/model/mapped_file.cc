#include "common/model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace cohort::model {

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  const auto failed = [&](const char* action) { return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot ", action)); };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("open");
  struct stat info;
  if (fstat(fd, &info) != 0) {
    const auto status = failed("look at the size");
    close(fd);
    return status;
  }
  if (info.st_size == 0) {  // An empty file cannot be mapped.
    close(fd);
    return MappedFile({});
  }
  void* data = mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  const auto status = failed("map into memory");
  close(fd);
  if (data == MAP_FAILED) return status;
  return MappedFile(absl::MakeConstSpan(static_cast<const char*>(data), info.st_size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace cohort::model
