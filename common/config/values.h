#pragma once

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "yaml-cpp/yaml.h"

namespace cohort::config {

// Sets `field` of `message` to what `node` says, type and range checked. Returns "" or "what is wrong; remedy", and then changes nothing.
std::string Assign(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, const YAML::Node& node);

// The value of a field as YAML would write it: "32", "\"runs/a\"", "GRPO", "[\"wait\"]". Numbers have as many digits as they need to read back the
// same.
std::string FormatValue(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

}  // namespace cohort::config
