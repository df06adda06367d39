#include "common/tls/files.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "common/tls/certificate.h"

namespace cohort::tls {
namespace {

// Whether `certificate`, of `file`, is valid now.
absl::Status CheckDates(const Certificate& certificate, const std::string& file) {
  const absl::Time now = absl::Now();
  if (now > certificate.not_after) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the certificate expired at ", absl::FormatTime(certificate.not_after, absl::UTCTimeZone())));
  }
  if (now < certificate.not_before) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": the certificate is not valid before ",
                                                   absl::FormatTime(certificate.not_before, absl::UTCTimeZone()), "; is the clock right?"));
  }
  return absl::OkStatus();
}

// The text of `file`, whose first certificate is valid now.
absl::StatusOr<std::string> ReadValid(const std::string& file) {
  COHORT_ASSIGN_OR_RETURN(std::string pem, io::ReadFile(file));
  const absl::StatusOr<Certificate> certificate = ParseCertificate(pem);
  if (!certificate.ok()) return Annotate(certificate.status(), file);
  COHORT_RETURN_IF_ERROR(CheckDates(*certificate, file));
  return pem;
}

// Whether any certificate of `file` is valid now: while an authority is being changed, the old one and its successor stand there together.
absl::Status CheckAuthorities(const std::string& file) {
  COHORT_ASSIGN_OR_RETURN(const std::string pem, io::ReadFile(file));
  const absl::StatusOr<std::vector<Certificate>> certificates = ParseCertificates(pem);
  if (!certificates.ok()) return Annotate(certificates.status(), file);
  absl::Status last;
  for (const Certificate& certificate : *certificates) {
    last = CheckDates(certificate, file);
    if (last.ok()) break;
  }
  return last;
}

}  // namespace

absl::Status Check(const Files& files) {
  if (files.certificate.empty() != files.key.empty()) return absl::InvalidArgumentError("TLS: a certificate and its key go together, one of them is missing");
  if (!files.ca.empty()) COHORT_RETURN_IF_ERROR(CheckAuthorities(files.ca));
  if (files.certificate.empty()) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const std::string certificate, ReadValid(files.certificate));
  COHORT_ASSIGN_OR_RETURN(const std::string key, io::ReadFile(files.key));
  const absl::Status fits = CheckKey(certificate, key);
  return fits.ok() ? fits : Annotate(fits, files.key);
}

}  // namespace cohort::tls
