#include "common/redis/access.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/log/log.h"
#include "common/process/environment.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"

namespace cohort::redis {
namespace {

constexpr absl::Duration kWarningInterval = absl::Seconds(30);

constexpr char kUser[] = "COHORT_REDIS_USER";
constexpr char kPassword[] = "COHORT_REDIS_PASSWORD";
constexpr char kPasswordFile[] = "COHORT_REDIS_PASSWORD_FILE";
constexpr char kCa[] = "COHORT_REDIS_CA";
constexpr char kCertificate[] = "COHORT_REDIS_CERT";
constexpr char kKey[] = "COHORT_REDIS_KEY";

using process::Variable;

}  // namespace

const std::shared_ptr<Access>& Access::OfProcess() {
  static const auto* const access = new std::shared_ptr<Access>(std::make_shared<Access>(Settings{
      Variable(kUser), Variable(kPassword), Variable(kPasswordFile), {.certificate = Variable(kCertificate), .key = Variable(kKey), .ca = Variable(kCa)}}));
  return *access;
}

void Access::ForgetEnvironment() {
  for (const char* name : {kUser, kPassword, kPasswordFile, kCa, kCertificate, kKey}) unsetenv(name);
}

absl::StatusOr<std::optional<Access::Login>> Access::ReadLogin() const {
  if (!settings_.password.empty() && !settings_.password_file.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(kPassword, " and ", kPasswordFile, " are both set; keep one, best the file"));
  }
  Login login = {settings_.user, settings_.password};
  if (!settings_.password_file.empty()) {
    const absl::StatusOr<std::string> text = io::ReadFile(settings_.password_file);
    if (!text.ok()) return Annotate(text.status(), kPasswordFile);
    login.password = text->substr(0, text->find_first_of("\r\n"));
    if (login.password.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(kPasswordFile, ": ", settings_.password_file, ": the first line is empty; write the password there"));
    }
  }
  if (!login.password.empty()) return login;
  if (login.user.empty()) return std::nullopt;
  return absl::InvalidArgumentError(absl::StrCat(kUser, " is set without a password; set ", kPasswordFile, " as well"));
}

std::string Access::password_source() const {
  if (!settings_.password_file.empty()) return settings_.password_file;
  return settings_.password.empty() ? "" : kPassword;
}

void Access::Accepted() {
  absl::MutexLock lock(&mutex_);
  if (warned_ != absl::InfinitePast()) COHORT_LOG(INFO) << "redis lets this process in again";
  warned_ = absl::InfinitePast();
  accepted_ = true;
}

bool Access::ever_accepted() const {
  absl::MutexLock lock(&mutex_);
  return accepted_;
}

void Access::WarnOfRefusal(const absl::Status& refusal) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = absl::Now();
  if (now - warned_ < kWarningInterval) return;
  warned_ = now;
  COHORT_LOG(WARNING) << refusal.message() << "; tries on";
}

}  // namespace cohort::redis
