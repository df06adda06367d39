#include "common/policy/announcement.h"

namespace cohort::policy {

learner::v1::SubscribePolicyResponse ToProto(const PolicyAnnouncement& announcement) {
  learner::v1::SubscribePolicyResponse proto;
  proto.set_incarnation(announcement.incarnation);
  proto.set_version(announcement.version);
  proto.set_size_bytes(announcement.size_bytes);
  proto.set_crc32c(announcement.crc32c);
  proto.set_max_staleness(announcement.max_staleness);
  proto.set_by_broadcast(announcement.by_broadcast);
  return proto;
}

PolicyAnnouncement FromProto(const learner::v1::SubscribePolicyResponse& proto) {
  PolicyAnnouncement announcement;
  announcement.incarnation = proto.incarnation();
  announcement.version = proto.version();
  announcement.size_bytes = proto.size_bytes();
  announcement.crc32c = proto.crc32c();
  announcement.max_staleness = proto.max_staleness();
  announcement.by_broadcast = proto.by_broadcast();
  return announcement;
}

}  // namespace cohort::policy
