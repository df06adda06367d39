#include "services/learner/observe/message_json.h"

#include <cmath>
#include <string>

#include "google/protobuf/descriptor.h"

namespace cohort::learner {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::ordered_json;

// JSON has no NaN and no infinities; protobuf's parser reads these words.
ordered_json Number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

ordered_json Single(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.GetUInt64(message, &field);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.GetUInt32(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Number(reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Number(reflection.GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.GetEnum(message, &field)->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageToJson(reflection.GetMessage(message, &field));
  }
  return nullptr;
}

// Repeated fields of a step record are histograms.
ordered_json Repeated(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  ordered_json list = ordered_json::array();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) list.push_back(reflection.GetRepeatedInt64(message, &field, i));
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) list.push_back(Number(reflection.GetRepeatedDouble(message, &field, i)));
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) list.push_back(reflection.GetRepeatedString(message, &field, i));
  }
  return list;
}

}  // namespace

ordered_json MessageToJson(const Message& message) {
  ordered_json object = ordered_json::object();
  const auto& descriptor = *message.GetDescriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    object[field.name()] = field.is_repeated() ? Repeated(message, field) : Single(message, field);
  }
  return object;
}

}  // namespace cohort::learner
