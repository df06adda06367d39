#include "common/policy/grpc_policy_transport.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"

namespace cohort::policy {

absl::Status GrpcPolicyTransport::Fetch(const PolicyAnnouncement& announcement, absl::Span<char> into, const sync::StopToken& stop,
                                        absl::Time deadline) {
  learner::v1::FetchPolicyRequest request;
  request.set_incarnation(announcement.incarnation);
  request.set_version(announcement.version);
  grpc::ClientContext context;
  rpc::SetDeadline(context, deadline);
  const sync::StopCallback cancel(stop, [&context] { context.TryCancel(); });
  const auto reader = stub_->FetchPolicy(&context, request);
  learner::v1::FetchPolicyResponse slice;
  size_t received = 0;
  bool in_order = true;
  while (reader->Read(&slice)) {
    in_order = slice.offset() == static_cast<int64_t>(received) && slice.data().size() <= into.size() - received;
    if (!in_order) break;
    std::memcpy(into.data() + received, slice.data().data(), slice.data().size());
    received += slice.data().size();
  }
  if (!in_order) context.TryCancel();
  const absl::Status status = rpc::FromGrpc(reader->Finish());
  if (!in_order) {
    return absl::DataLossError(absl::StrCat("policy version ", announcement.version, ": a slice at ", slice.offset(), " of ", slice.data().size(),
                                            " bytes after ", received, " of ", into.size()));
  }
  if (status.ok() && received != into.size()) {
    return absl::DataLossError(absl::StrCat("policy version ", announcement.version, " ended after ", received, " of ", into.size(), " bytes"));
  }
  return status;
}

}  // namespace cohort::policy
