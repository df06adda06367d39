#pragma once

namespace cohort::redis {

// A Lua script that a server runs as one atomic command. Objects live for the whole program (connections remember them by address).
struct Script {
  const char* name;          // For people.
  const char* body;
  const char* prelude = "";  // Goes before the body: what several scripts share.
};

}  // namespace cohort::redis
