#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cohort::policy {

// A rollout worker as far as its policy goes, in a process of its own: receives broadcasts into a second arena on a GPU, and fetches what does not come.
struct MemberArguments {
  std::string learner;             // host:port
  std::string name;
  int gpu = 0;
  int64_t size_bytes = 0;
  int64_t corrupt_version = -1;    // Of this version, one byte is spoilt on arrival.
};

// The arguments behind "--member" and back.
std::vector<std::string> ToCommandLine(const MemberArguments& arguments);
MemberArguments FromCommandLine(int argc, char** argv);

// Does not return. Writes a line "VERSION broadcast" or "VERSION fetched" to standard output for every version that is shown.
[[noreturn]] void RunMember(const MemberArguments& arguments);

// What NCCL must be told so that rank `index` of the processes on this machine works on a GPU that others share.
std::map<std::string, std::string> SharedGpuEnvironment(const std::string& name);

}  // namespace cohort::policy
