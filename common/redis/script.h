#pragma once

namespace cohort::redis {

// A Lua script that a server runs as one atomic command. Objects live for the whole program (connections remember them by address).
struct Script {
  const char* name;  // For error messages.
  const char* body;
};

}  // namespace cohort::redis
