// Supervision over shell scripts that behave as badly as a service can.
#include "services/cli/supervise/supervised_service.h"

#include <signal.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "services/cli/supervise/fleet.h"

namespace cohort::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

class SupervisedServiceTest : public ::testing::Test {
 protected:
  // A service of `script`, which writes its endpoint to $1. `restarts` counts from how often it was launched.
  ServiceSpec Spec(const std::string& script) {
    ServiceSpec spec;
    spec.name = "script";
    spec.log_file = directory_ / "script.log";
    spec.command = [this, script](const Endpoint* previous) {
      previous_.push_back(previous == nullptr ? "" : previous->grpc);
      return std::vector<std::string>{"/bin/sh", "-c", script, "sh", directory_ / "endpoint"};
    };
    spec.find_endpoint = [file = directory_ / "endpoint"](pid_t pid) -> absl::StatusOr<Endpoint> {
      auto endpoint = ReadEndpointFile(file);
      if (endpoint.ok() && endpoint->pid != pid) return absl::NotFoundError("of an earlier process");
      return endpoint;
    };
    spec.probe = [](const Endpoint&, absl::Time) { return absl::OkStatus(); };
    spec.start_timeout = absl::Seconds(20);
    spec.restarts.first_delay = absl::Milliseconds(1);
    spec.restarts.max_delay = absl::Milliseconds(5);
    return spec;
  }
  static std::string Listen() { return "echo '{\"pid\":'$$',\"grpc\":\"127.0.0.1:7\"}' > $1.new; mv $1.new $1; "; }

  testing::TempDir directory_;
  std::vector<std::string> previous_;  // Endpoint that each launch was given.
  std::string news_;
  Fleet fleet_{[this](const std::string& news) { absl::StrAppend(&news_, news, "\n"); }};
};

TEST_F(SupervisedServiceTest, AServiceThatMayLeaveIsNotStartedAgainWhenItEndsInOrder) {
  ServiceSpec spec = Spec(Listen() + "exec sleep 0.2");
  spec.may_leave = true;
  ASSERT_OK_AND_ASSIGN(SupervisedService * service, fleet_.Start(std::move(spec)));
  for (const absl::Time deadline = absl::Now() + absl::Seconds(20); !service->left() && absl::Now() < deadline; absl::SleepFor(absl::Milliseconds(5))) {
    ASSERT_OK(fleet_.Tick());
  }
  EXPECT_TRUE(service->left());
  EXPECT_EQ(service->restarts(), 0);
  EXPECT_EQ(previous_.size(), 1u) << "launched once";
}

TEST_F(SupervisedServiceTest, AKilledChildIsStartedAgainWhereItListened) {
  ASSERT_OK_AND_ASSIGN(SupervisedService * service, fleet_.Start(Spec(Listen() + "exec sleep 60")));
  const pid_t first = service->pid();
  kill(first, SIGKILL);
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (!(service->pid() != first && service->pid() != 0 && service->Serving().ok()) && absl::Now() < deadline) {
    ASSERT_OK(fleet_.Tick());
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_OK(service->Serving());
  EXPECT_THAT(previous_, ::testing::ElementsAre("", "127.0.0.1:7"));
  EXPECT_THAT(news_, HasSubstr("signal 9"));
  EXPECT_EQ(fleet_.restarts(), 1);
}

TEST_F(SupervisedServiceTest, APermanentErrorIsToldOnceInItsOwnWords) {
  EXPECT_THAT(fleet_.Start(Spec("echo noise; echo 'cohort-learner: data.jsonl:2: not JSON; mend it' >&2; exit 2")),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("data.jsonl:2: not JSON; mend it"), HasSubstr("script.log"))));
  EXPECT_EQ(previous_.size(), 1u) << "it was started again";
}

TEST_F(SupervisedServiceTest, AnErrorInTheLogIsFoundToo) {
  EXPECT_THAT(fleet_.Start(Spec("echo 'I20260102 03:04:05.1 9 a.cc:1] fine'; echo 'E20260102 03:04:05.2 9 a.cc:2] [worker=w] no such model'; exit 3")),
              StatusIs(absl::StatusCode::kNotFound, AllOf(HasSubstr("no such model"), ::testing::Not(HasSubstr("worker=w")))));
}

TEST_F(SupervisedServiceTest, OneThatDiesAgainAndAgainIsGivenUpWithTheEndOfItsLog) {
  EXPECT_THAT(fleet_.Start(Spec("echo out of luck; exit 5")),
              StatusIs(absl::StatusCode::kAborted, AllOf(HasSubstr("died too often"), HasSubstr("out of luck"))));
  EXPECT_EQ(previous_.size(), 11u);
}

TEST_F(SupervisedServiceTest, OneThatNeverServesIsGivenUpAtItsDeadline) {
  ServiceSpec spec = Spec("echo still loading; exec sleep 60");
  spec.start_timeout = absl::Milliseconds(200);
  EXPECT_THAT(fleet_.Start(std::move(spec)), StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("still loading")));
}

TEST_F(SupervisedServiceTest, StoppingIsGentleFirst) {
  ASSERT_OK(fleet_.Start(Spec("trap 'echo gentle; exit 0' TERM; " + Listen() + "while :; do sleep 0.01; done")));
  fleet_.StopAll(absl::Seconds(20));
  ASSERT_OK_AND_ASSIGN(const std::string log, io::ReadFile(directory_ / "script.log"));
  EXPECT_THAT(log, HasSubstr("gentle"));
}

TEST_F(SupervisedServiceTest, StoppingEndsWithForceAtTheDeadline) {
  ASSERT_OK_AND_ASSIGN(SupervisedService * service, fleet_.Start(Spec("trap '' TERM; " + Listen() + "while :; do sleep 0.01; done")));
  const pid_t pid = service->pid();
  fleet_.StopAll(absl::Milliseconds(100));
  EXPECT_NE(kill(pid, 0), 0);
}

TEST_F(SupervisedServiceTest, WorkIsCancelledWhenAServiceIsLost) {
  ASSERT_OK(fleet_.Start(Spec(Listen() + "sleep 0.05; echo 'cohort-x: gone for good'; exit 2")));
  const absl::Status status = fleet_.TickWhile(
      [](const std::function<bool()>& cancelled) {
        while (!cancelled()) absl::SleepFor(absl::Milliseconds(1));
        return absl::CancelledError("cancelled");
      },
      [] {});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("gone for good")));
}

}  // namespace
}  // namespace cohort::cli
