#include "common/tls/certificate.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace cohort::tls {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const { Free(object); }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using X509Pointer = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// A key that asks for a passphrase is an error, not a prompt.
int NoPassphrase(char*, int, int, void*) { return -1; }

Bio Open(absl::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// The next certificate of `bio`; null after the last one.
X509Pointer ReadNext(BIO* bio) {
  X509Pointer certificate(PEM_read_bio_X509(bio, nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

absl::Status NoCertificate() { return absl::InvalidArgumentError("holds no PEM certificate"); }

absl::StatusOr<X509Pointer> Read(absl::string_view pem) {
  X509Pointer certificate = ReadNext(Open(pem).get());
  if (certificate == nullptr) return NoCertificate();
  return certificate;
}

std::vector<std::string> Entries(const X509_NAME* name, int nid) {
  std::vector<std::string> entries;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) entries.emplace_back(reinterpret_cast<char*>(text), size);
    OPENSSL_free(text);
  }
  return entries;
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts = {};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? absl::FromTimeT(timegm(&parts)) : absl::InfinitePast();
}

Certificate Convert(const X509* x509) {
  Certificate certificate;
  const std::vector<std::string> names = Entries(X509_get_subject_name(x509), NID_commonName);
  if (!names.empty()) certificate.common_name = names.front();
  certificate.organizations = Entries(X509_get_subject_name(x509), NID_organizationName);
  certificate.not_before = ToTime(X509_get0_notBefore(x509));
  certificate.not_after = ToTime(X509_get0_notAfter(x509));
  return certificate;
}

}  // namespace

absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem) {
  const absl::StatusOr<X509Pointer> read = Read(pem);
  if (!read.ok()) return read.status();
  return Convert(read->get());
}

absl::StatusOr<std::vector<Certificate>> ParseCertificates(absl::string_view pem) {
  const Bio bio = Open(pem);
  std::vector<Certificate> certificates;
  for (X509Pointer next = ReadNext(bio.get()); next != nullptr; next = ReadNext(bio.get())) certificates.push_back(Convert(next.get()));
  if (certificates.empty()) return NoCertificate();
  return certificates;
}

absl::Status CheckKey(absl::string_view certificate_pem, absl::string_view key_pem) {
  const absl::StatusOr<X509Pointer> certificate = Read(certificate_pem);
  if (!certificate.ok()) return certificate.status();
  const KeyPointer key(PEM_read_bio_PrivateKey(Open(key_pem).get(), nullptr, NoPassphrase, nullptr));
  const bool fits = key != nullptr && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) return absl::InvalidArgumentError("holds no PEM private key without a passphrase");
  return fits ? absl::OkStatus() : absl::InvalidArgumentError("the key is not that of the certificate");
}

}  // namespace cohort::tls
