#include "services/coderunner/sandbox/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/sandbox/unique_fd.h"
#include "common/status/status_macros.h"

namespace cohort::coderunner {
namespace {

constexpr int kNewNamespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
constexpr int kInnerId = 1000;
constexpr char kHostName[] = "sandbox";

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

absl::Status WriteText(const std::string& path, const std::string& text, bool may_be_missing = false) {
  const sandbox::UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT && may_be_missing) return absl::OkStatus();
  if (!file.valid() || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return LastError(path);
  return absl::OkStatus();
}

absl::Status MapIds(uid_t user, gid_t group) {
  // The files belong to root as long as the process must not be looked at.
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return LastError("PR_SET_DUMPABLE");
  COHORT_RETURN_IF_ERROR(WriteText("/proc/self/setgroups", "deny", /*may_be_missing=*/true));
  COHORT_RETURN_IF_ERROR(WriteText("/proc/self/uid_map", absl::StrCat(kInnerId, " ", user, " 1")));
  COHORT_RETURN_IF_ERROR(WriteText("/proc/self/gid_map", absl::StrCat(kInnerId, " ", group, " 1")));
  return prctl(PR_SET_DUMPABLE, 0) == 0 ? absl::OkStatus() : LastError("PR_SET_DUMPABLE");
}

// Makes the mounts at and below `path` read-only; flags that a mount already has have to stay.
absl::Status MakeReadOnly(const std::string& path) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  if (mount_setattr(AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes, sizeof(attributes)) == 0) return absl::OkStatus();
  if (errno != ENOSYS) return LastError(absl::StrCat("mount_setattr ", path));
  struct statvfs present {};
  if (statvfs(path.c_str(), &present) != 0) return LastError(path);
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID;
  if ((present.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
  if ((present.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((present.f_flag & ST_NOATIME) != 0) flags |= MS_NOATIME;
  if ((present.f_flag & ST_RELATIME) != 0) flags |= MS_RELATIME;
  return mount(nullptr, path.c_str(), nullptr, flags, nullptr) == 0 ? absl::OkStatus() : LastError(absl::StrCat("remount ", path));
}

absl::Status MakePlace(const std::string& place, bool directory) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(place).parent_path(), error);
  if (directory && mkdir(place.c_str(), 0755) != 0 && errno != EEXIST) return LastError(place);
  if (directory) return absl::OkStatus();
  const sandbox::UniqueFd file(open(place.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  return file.valid() ? absl::OkStatus() : LastError(place);
}

absl::Status Bind(const std::string& from, const std::string& place, bool directory) {
  COHORT_RETURN_IF_ERROR(MakePlace(place, directory));
  if (mount(from.c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) return LastError(absl::StrCat("bind ", from));
  return absl::OkStatus();
}

absl::Status Show(const std::string& path, const std::string& root) {
  struct stat kind {};
  if (lstat(path.c_str(), &kind) != 0) return errno == ENOENT ? absl::OkStatus() : LastError(path);
  const std::string place = root + path;
  if (S_ISLNK(kind.st_mode)) {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(path, error);
    std::filesystem::create_directories(std::filesystem::path(place).parent_path(), error);
    return symlink(target.c_str(), place.c_str()) == 0 || errno == EEXIST ? absl::OkStatus() : LastError(place);
  }
  COHORT_RETURN_IF_ERROR(Bind(path, place, S_ISDIR(kind.st_mode)));
  return S_ISCHR(kind.st_mode) ? absl::OkStatus() : MakeReadOnly(place);
}

absl::Status BuildRoot(const RootPlan& plan) {
  const std::string& root = plan.mount_point;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return LastError("mount MS_PRIVATE");
  if (mount("tmpfs", root.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=1k,mode=755") != 0) return LastError("mount tmpfs");
  for (const std::string& path : plan.view) COHORT_RETURN_IF_ERROR(Show(path, root));
  for (const char* device : kDevices) COHORT_RETURN_IF_ERROR(Show(device, root));
  const std::string work = root + kInnerDirectory;
  COHORT_RETURN_IF_ERROR(Bind(plan.directory, work, /*directory=*/true));
  return plan.directory_writable ? absl::OkStatus() : MakeReadOnly(work);
}

// The root becomes the process's; the former one is out of reach.
absl::Status ChangeRoot(const std::string& root) {
  if (chdir(root.c_str()) != 0) return LastError(root);
  if (syscall(SYS_pivot_root, ".", ".") != 0) return LastError("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) return LastError("umount of the former root");
  if (chdir("/") != 0) return LastError("chdir /");
  if (mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) != 0) return LastError("remount /");
  return absl::OkStatus();
}

}  // namespace

absl::Status EnterNamespaces(const RootPlan& plan) {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(kNewNamespaces) != 0) return LastError("unshare");
  COHORT_RETURN_IF_ERROR(MapIds(user, group));
  COHORT_RETURN_IF_ERROR(BuildRoot(plan));
  COHORT_RETURN_IF_ERROR(ChangeRoot(plan.mount_point));
  return sethostname(kHostName, sizeof(kHostName) - 1) == 0 ? absl::OkStatus() : LastError("sethostname");
}

}  // namespace cohort::coderunner
