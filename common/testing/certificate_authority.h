#pragma once

#include <string>

namespace cohort::testing {

// A certificate authority of its own in `directory`, made with the openssl command. Its certificate is ca.pem. Failures fail the test.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(std::string directory);

  // NAME.pem and NAME.key, both whole when they appear, with the subject ("/O=cohort:viewer/CN=vera"), for the hosts `names` (as openssl writes
  // subjectAltName). Valid for `days`; 0 has expired a second later.
  void Issue(const std::string& name, const std::string& subject, int days = 5, const std::string& names = "IP:127.0.0.1,DNS:localhost");

  std::string path(const std::string& file) const;

 private:
  void Run(const std::string& command);
  const std::string directory_;
};

}  // namespace cohort::testing
