#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "proto/cohort/config/v1/rules.pb.h"

namespace cohort::config {

// A field that holds a value, and the way to it: {algorithm, group_size}.
struct Leaf {
  std::string path;  // "algorithm.group_size".
  std::vector<const google::protobuf::FieldDescriptor*> fields;

  const google::protobuf::FieldDescriptor& field() const { return *fields.back(); }
  // The message that holds the field; missing messages on the way are made.
  google::protobuf::Message& ParentIn(google::protobuf::Message& root) const;
};

// All value fields below a message, in the order of the schema.
std::vector<Leaf> Leaves(const google::protobuf::Descriptor& root);

const v1::FieldRules& RulesOf(const google::protobuf::FieldDescriptor& field);
bool IsSection(const google::protobuf::FieldDescriptor& field);

// "R1_ZERO" for TEMPLATE_R1_ZERO: value names without the enum's own name in front.
std::string ShortName(const google::protobuf::EnumValueDescriptor& value);
// "GRPO, DR_GRPO, RLOO": every value that may be set.
std::string ShortNames(const google::protobuf::EnumDescriptor& type);
// The value called `name`, in short or in full, upper or lower case; nullptr when there is none that may be set.
const google::protobuf::EnumValueDescriptor* FindEnumValue(const google::protobuf::EnumDescriptor& type, absl::string_view name);

// "a whole number", "true or false", "one of GRPO, …".
std::string TypeText(const google::protobuf::FieldDescriptor& field);
// "at least 1 steps", "above 0 and at most 1"; empty without bounds.
std::string RangeText(const google::protobuf::FieldDescriptor& field);

// The candidate that `word` was probably meant to be, or "" when none is close.
std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace cohort::config
