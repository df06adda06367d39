#include "common/sandbox/descriptors.h"

#include <sys/socket.h>

#include <cstring>

namespace cohort::sandbox {
namespace {

// Fills `header` for one packet and room for its descriptors.
struct Message {
  Message(void* data, size_t bytes) : part{data, bytes} {
    std::memset(&header, 0, sizeof(header));
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
  }
  iovec part;
  msghdr header;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxDescriptors * sizeof(int))] = {};
};

}  // namespace

ssize_t SendWithDescriptors(int socket, const void* data, size_t bytes, const std::vector<int>& descriptors) {
  Message message(const_cast<void*>(data), bytes);
  const size_t size = descriptors.size() * sizeof(int);
  message.header.msg_controllen = descriptors.empty() ? 0 : CMSG_SPACE(size);
  if (!descriptors.empty()) {
    cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(rights), descriptors.data(), size);
  }
  return sendmsg(socket, &message.header, MSG_NOSIGNAL);
}

ssize_t ReceiveWithDescriptors(int socket, void* data, size_t bytes, std::vector<UniqueFd>* descriptors, int flags) {
  Message message(data, bytes);
  descriptors->clear();
  const ssize_t got = recvmsg(socket, &message.header, flags | MSG_CMSG_CLOEXEC);
  if (got <= 0) return got;
  const cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return got;
  const size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; ++i) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(rights) + i * sizeof(int), sizeof(int));
    descriptors->emplace_back(descriptor);
  }
  return got;
}

}  // namespace cohort::sandbox
