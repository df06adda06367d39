#pragma once

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {

// A flat protobuf message as a JSON object: every field under its name in snake_case, in the order of the .proto file, 64-bit integers as numbers,
// enums by name. protobuf's own JSON parser reads it back.
nlohmann::ordered_json MessageToJson(const google::protobuf::Message& message);

}  // namespace cohort::learner
