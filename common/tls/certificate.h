#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace cohort::tls {

// What is read of an X.509 certificate (RFC 5280).
struct Certificate {
  std::string common_name;                 // Of the subject; "" where there is none.
  std::vector<std::string> organizations;  // Of the subject.
  absl::Time not_before;
  absl::Time not_after;
};

// The first certificate of `pem`. INVALID_ARGUMENT when there is none.
absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem);

// All certificates of `pem`, in their order; at least one. INVALID_ARGUMENT when there is none.
absl::StatusOr<std::vector<Certificate>> ParseCertificates(absl::string_view pem);

// Whether the private key in `key_pem` belongs to the first certificate of `certificate_pem`. INVALID_ARGUMENT says what is wrong.
absl::Status CheckKey(absl::string_view certificate_pem, absl::string_view key_pem);

}  // namespace cohort::tls
