#include "common/rpc/trace_context.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::rpc {
namespace {

using ::testing::Eq;
using ::testing::MatchesRegex;
using ::testing::Ne;
using ::testing::Optional;

// The examples of https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers.
constexpr char kSampled[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr char kNotSampled[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
constexpr char kId[] = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(TraceContextTest, TheRecommendationsExamplesAreReadAndWrittenAgain) {
  for (const char* header : {kSampled, kNotSampled}) {
    const auto trace = TraceContext::Parse(header);
    ASSERT_TRUE(trace.has_value()) << header;
    EXPECT_EQ(trace->TraceId(), kId);
    EXPECT_EQ(trace->Traceparent(), header);
  }
  EXPECT_THAT(TraceContext::Parse(kSampled), Optional(Eq(TraceContext(0x4bf92f3577b34da6, 0xa3ce929d0e0e4736, 0x00f067aa0ba902b7))));
}

TEST(TraceContextTest, IdsKeepTheirLeadingZeros) {
  EXPECT_EQ(TraceContext(0x1, 0x2, 0x3).Traceparent(), "00-00000000000000010000000000000002-0000000000000003-01");
}

TEST(TraceContextTest, OfTheFlagsOnlySampledIsPassedOn) {
  const auto trace = TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff");
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->Traceparent(), kSampled);
}

TEST(TraceContextTest, OfAHigherVersionTheKnownPartIsReadAndVersion00IsSent) {
  for (const char* header : {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like"}) {
    const auto trace = TraceContext::Parse(header);
    ASSERT_TRUE(trace.has_value()) << header;
    EXPECT_EQ(trace->Traceparent(), kSampled);
  }
  EXPECT_EQ(TraceContext::Parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-the-future-will-be-like"), std::nullopt);
}

TEST(TraceContextTest, WhatIsNotValidIsNoTrace) {
  for (const std::string header : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",      // Too short.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",   // Version 00 has no more fields.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",    //
           " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",    //
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     // Version ff is forbidden.
           "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     //
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",     // Upper case.
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",     // No digit.
           "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     //
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",     //
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",     // Ids of zeros only.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",     //
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",     // Other separators.
           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",     //
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",     //
       }) {
    EXPECT_EQ(TraceContext::Parse(header), std::nullopt) << header;
    EXPECT_EQ(TraceIdOf(header), "") << header;
  }
  EXPECT_EQ(TraceContext::Parse(absl::string_view(std::string(kSampled, 54) + '\0')), std::nullopt);
}

TEST(TraceContextTest, AChildIsAnotherSpanOfTheSameTraceAndKeepsTheDecisionToSample) {
  for (const char* header : {kSampled, kNotSampled}) {
    const TraceContext parent = *TraceContext::Parse(header);
    const TraceContext child = parent.Child();
    EXPECT_EQ(child.TraceId(), kId);
    EXPECT_THAT(child, Ne(parent));
    EXPECT_EQ(child.Traceparent().substr(52), parent.Traceparent().substr(52));
    EXPECT_THAT(TraceContext::Parse(child.Traceparent()), Optional(Eq(child)));
  }
}

TEST(TraceContextTest, NewTracesAreValidAndDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const TraceContext trace = TraceContext::Begin();
    EXPECT_THAT(trace.Traceparent(), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-01"));
    EXPECT_THAT(TraceContext::Parse(trace.Traceparent()), Optional(Eq(trace)));
    ids.insert(trace.TraceId());
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(TraceContextTest, WhoGetsAnInvalidHeaderBeginsATrace) {
  EXPECT_EQ(TraceContext::ParseOrBegin(kSampled).Traceparent(), kSampled);
  EXPECT_NE(TraceContext::ParseOrBegin("nonsense").TraceId(), TraceContext::ParseOrBegin("nonsense").TraceId());
}

TEST(TraceContextTest, LogsNameTheTraceOnlyWhereThereIsOne) {
  EXPECT_EQ(TraceTag(*TraceContext::Parse(kSampled)), std::string(" trace=") + kId);
  EXPECT_EQ(TraceTag(TraceIdOf(kSampled)), std::string(" trace=") + kId);
  EXPECT_EQ(TraceTag(TraceIdOf("nonsense")), "");
}

}  // namespace
}  // namespace cohort::rpc
