#pragma once

#include <string>

#include "absl/status/status.h"

namespace cohort::tls {

// PEM files of one end of a TLS connection.
struct Files {
  std::string certificate;  // This end's chain; goes together with `key`.
  std::string key;          // Its private key, without a passphrase.
  std::string ca;           // Whom to trust. On a server: callers must show a certificate signed by one of these (mutual TLS).

  bool any() const { return !certificate.empty() || !key.empty() || !ca.empty(); }
};

// Whether the files that are named can be used now. INVALID_ARGUMENT or the error of reading names the file that is missing, is no PEM, has expired, or
// does not fit.
absl::Status Check(const Files& files);

}  // namespace cohort::tls
