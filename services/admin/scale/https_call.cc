#include "services/admin/scale/https_call.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "curl/curl.h"

namespace cohort::admin {
namespace {

constexpr size_t kMostBytes = 1 << 20;

size_t Append(char* data, size_t size, size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kMostBytes) return 0;  // Ends the transfer with an error.
  body.append(data, size * count);
  return size * count;
}

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Headers = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// What every call has in common.
void SetSafety(CURL* curl, const HttpsRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

}  // namespace

absl::StatusOr<HttpsResponse> CallHttps(const HttpsRequest& request, absl::Time deadline) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const int64_t left = absl::ToInt64Milliseconds(std::min(deadline - absl::Now(), absl::Hours(1)));
  if (left <= 0) return absl::DeadlineExceededError(absl::StrCat(request.url, ": no time is left to ask"));
  const Handle curl(curl_easy_init(), &curl_easy_cleanup);
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");

  SetSafety(curl.get(), request);
  HttpsResponse response;
  char why[CURL_ERROR_SIZE] = "";
  Headers headers(nullptr, &curl_slist_free_all);
  for (const std::string& line : {absl::StrCat("Authorization: Bearer ", request.token), absl::StrCat("Content-Type: ", request.content_type),
                                  std::string("Accept: application/json"), std::string("Expect:")}) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
  if (!request.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.c_str());
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OPERATION_TIMEDOUT) return absl::DeadlineExceededError(absl::StrCat(request.url, ": no answer in time"));
  if (code != CURLE_OK) return absl::UnavailableError(absl::StrCat(request.url, ": ", why[0] != '\0' ? why : curl_easy_strerror(code)));
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &response.code);
  return response;
}

}  // namespace cohort::admin
