// The registry on a real Redis: who lives, who has gone, and what is told about it.
#include "common/registry/service_registry.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/registry/registration.h"
#include "common/testing/redis_server.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::IsOkAndHolds;

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = testing::RedisServer::Start();
    ASSERT_OK(server);
    redis_ = *std::move(server);
  }

  Registration::Options Options(const std::string& name) const {
    Registration::Options options;
    options.redis = redis_->address();
    options.run = "run";
    options.record.set_name(name);
    options.record.set_role(v1::SERVICE_ROLE_ROLLOUT);
    options.record.set_state(v1::SERVICE_STATE_STARTING);
    options.period = absl::Milliseconds(50);
    options.time_to_live = absl::Milliseconds(600);
    return options;
  }

  std::vector<std::string> Names(ServiceRegistry& registry) {
    std::vector<std::string> names;
    const auto services = registry.List(Soon());
    EXPECT_OK(services);
    for (const auto& service : *services) names.push_back(service.name());
    return names;
  }

  // Waits until `condition` holds.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    for (const absl::Time deadline = Soon(); absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(10))) {
      if (condition()) return true;
    }
    return false;
  }

  static std::vector<std::string> Kinds(const EventPage& page) {
    std::vector<std::string> kinds;
    for (const auto& event : page.events) kinds.push_back(v1::EventKind_Name(event.kind()) + " " + event.subject());
    return kinds;
  }

  std::unique_ptr<testing::RedisServer> redis_;
};

TEST_F(RegistryTest, AServiceStandsInTheRegistryAsLongAsItsRegistrationLives) {
  ServiceRegistry registry(redis_->address(), "run");
  {
    Registration registration(Options("w"));
    ASSERT_TRUE(Eventually([&] { return Names(registry) == std::vector<std::string>{"w"}; }));
    absl::SleepFor(absl::Milliseconds(700));  // Longer than a record lives that nobody renews.
    EXPECT_THAT(Names(registry), ElementsAre("w"));
  }
  EXPECT_THAT(Names(registry), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(0, 100, Soon()));
  EXPECT_THAT(Kinds(page), ElementsAre("EVENT_KIND_SERVICE_JOINED w", "EVENT_KIND_SERVICE_LEFT w"));
}

TEST_F(RegistryTest, AServiceThatIsKilledExpiresAndIsToldAsLostOnce) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::ServiceRecord record;
  record.set_name("w");
  record.set_instance("one");
  ASSERT_OK(registry.Put(record, absl::Milliseconds(50), Soon()));
  ASSERT_TRUE(Eventually([&] { return Names(registry).empty(); }));
  EXPECT_THAT(Names(registry), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(0, 100, Soon()));
  EXPECT_THAT(Kinds(page), ElementsAre("EVENT_KIND_SERVICE_JOINED w", "EVENT_KIND_SERVICE_LOST w"));
}

TEST_F(RegistryTest, AnotherStateIsToldAndRenewingIsNot) {
  ServiceRegistry registry(redis_->address(), "run");
  Registration registration(Options("w"));
  ASSERT_TRUE(Eventually([&] { return !Names(registry).empty(); }));
  registration.Update([](v1::ServiceRecord& record) { record.set_state(v1::SERVICE_STATE_READY); });
  registration.Tell(v1::EVENT_KIND_CHECKPOINT, "run", "step 3");
  ASSERT_TRUE(Eventually([&] { return registry.LastEvent(Soon()).value_or(0) == 3; }));
  absl::SleepFor(absl::Milliseconds(150));  // A few heartbeats.
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(1, 100, Soon()));
  EXPECT_THAT(Kinds(page), ElementsAre("EVENT_KIND_SERVICE_STATE w", "EVENT_KIND_CHECKPOINT run"));
  EXPECT_EQ(page.missed, 0);
}

TEST_F(RegistryTest, AProcessThatHasReplacedAnotherOfItsNameIsNotTakenOutByThat) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::ServiceRecord first, second;
  first.set_name("w");
  first.set_instance("first");
  second = first;
  second.set_instance("second");
  ASSERT_OK(registry.Put(first, absl::Seconds(10), Soon()));
  ASSERT_OK(registry.Put(second, absl::Seconds(10), Soon()));
  ASSERT_OK(registry.Remove(first, "", Soon()));
  EXPECT_THAT(Names(registry), ElementsAre("w"));
}

TEST_F(RegistryTest, HeartbeatAgeAndSkewAreMeasuredByTheClockOfRedis) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::ServiceRecord record;
  record.set_name("w");
  ASSERT_OK(registry.Put(record, absl::Seconds(10), Soon()));
  absl::SleepFor(absl::Milliseconds(120));
  ASSERT_OK_AND_ASSIGN(const auto services, registry.List(Soon()));
  ASSERT_THAT(services, SizeIs(1));
  EXPECT_GE(services[0].heartbeat_age_ms(), 100);
  EXPECT_LT(std::abs(services[0].clock_skew_ms()), 5000);
}

TEST_F(RegistryTest, EventsAreNumberedWithoutGapsAndAReaderThatComesTooLateKnowsHowManyItMissed) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_AUDIT);
  for (int i = 1; i <= 20; ++i) ASSERT_THAT(registry.Append(event, Soon()), IsOkAndHolds(i));
  redis::Connection connection({.address = redis_->address(), .client_name = "test"});
  ASSERT_OK(connection.Command({"XTRIM", "cohort:{run}:events", "MAXLEN", "5"}, Soon(), redis::LostReply::kRepeat));
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(3, 100, Soon()));
  EXPECT_THAT(page.events, SizeIs(5));
  EXPECT_EQ(page.missed, 12) << "4 to 15";
  EXPECT_EQ(page.next_after, 20);
  ASSERT_OK_AND_ASSIGN(const EventPage from_start, registry.ReadEvents(0, 100, Soon()));
  EXPECT_EQ(from_start.missed, 0) << "who begins with the oldest misses nothing";
}

TEST_F(RegistryTest, AnEventIsReadAsItWasWrittenAndOneOfAnOlderServiceWithoutATrace) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_AUDIT);
  event.set_subject("w");
  event.set_actor("ann");
  event.set_message("drained");
  event.set_request_id("request-1");
  event.set_trace_id("4bf92f3577b34da6a3ce929d0e0e4736");
  ASSERT_THAT(registry.Append(event, Soon()), IsOkAndHolds(1));
  redis::Connection connection({.address = redis_->address(), .client_name = "test"});
  ASSERT_OK(connection.Command({"INCR", "cohort:{run}:event_counter"}, Soon(), redis::LostReply::kRepeat));
  ASSERT_OK(connection.Command({"XADD", "cohort:{run}:events", "2-0", "time", "5", "kind", "EVENT_KIND_AUDIT", "subject", "w", "actor", "ann", "message", "drained",
                                "request", "request-2"},
                               Soon(), redis::LostReply::kRepeat));
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(0, 100, Soon()));
  ASSERT_THAT(page.events, SizeIs(2));
  EXPECT_EQ(page.events[0].actor(), "ann");
  EXPECT_EQ(page.events[0].message(), "drained");
  EXPECT_EQ(page.events[0].request_id(), "request-1");
  EXPECT_EQ(page.events[0].trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(page.events[1].request_id(), "request-2");
  EXPECT_EQ(page.events[1].trace_id(), "");
}

TEST_F(RegistryTest, ARedisThatComesBackEmptyIsNoticedByAReader) {
  ServiceRegistry registry(redis_->address(), "run");
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_AUDIT);
  for (int i = 0; i < 3; ++i) ASSERT_OK(registry.Append(event, Soon()));
  redis_->Kill();
  ASSERT_OK(redis_->Restart());
  ASSERT_OK_AND_ASSIGN(const EventPage page, registry.ReadEvents(3, 100, Soon()));
  EXPECT_EQ(page.missed, -1);
  EXPECT_EQ(page.next_after, 0);
}

TEST_F(RegistryTest, AServiceOutlivesItsRedisAndStandsInTheRegistryAgainAfterwards) {
  ServiceRegistry registry(redis_->address(), "run");
  Registration registration(Options("w"));
  ASSERT_TRUE(Eventually([&] { return !Names(registry).empty(); }));
  redis_->Kill();
  ASSERT_OK(redis_->Restart());
  EXPECT_TRUE(Eventually([&] { return Names(registry) == std::vector<std::string>{"w"}; }));
}

}  // namespace
}  // namespace cohort::registry
