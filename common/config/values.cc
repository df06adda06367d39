#include "common/config/values.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/config/schema.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;
using Field = pb::FieldDescriptor;

std::string FormatDouble(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

// A double-quoted YAML scalar.
std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      absl::StrAppendFormat(&quoted, "\\x%02X", c);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

bool IsQuoted(const YAML::Node& node) { return node.Tag() == "!"; }

// A number or a word so long is no such thing: the quote in front of it has swallowed the lines that follow.
constexpr size_t kLongest = 32;
bool IsSwallowed(const YAML::Node& node) { return node.IsScalar() && node.Scalar().size() > kLongest; }

// At most kLongest bytes, whole characters only.
std::string Beginning(const std::string& text) {
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string Found(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "nothing";
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a section";
  const std::string text = IsSwallowed(node) ? Beginning(node.Scalar()) + "…" : node.Scalar();
  return IsQuoted(node) ? Quote(text) : absl::StrCat("'", text, "'");
}

std::string Mismatch(const Field& field, const YAML::Node& node) {
  std::string problem = absl::StrCat("expected ", TypeText(field), ", found ", Found(node));
  if (node.IsNull()) return absl::StrCat(problem, "; write a value, or delete the line");
  if (IsSwallowed(node) && IsQuoted(node)) return absl::StrCat(problem, "; is the closing quote missing?");
  double number;
  const bool is_number = node.IsScalar() && absl::SimpleAtod(node.Scalar(), &number);
  if (is_number && IsQuoted(node)) return absl::StrCat(problem, "; write it without quotes");
  if (is_number && std::abs(number) < 1e15 && number == std::floor(number) && field.cpp_type() != Field::CPPTYPE_BOOL) {
    return absl::StrFormat("%s; write %.0f", problem, number);
  }
  if (field.is_repeated() && node.IsScalar()) return absl::StrCat(problem, "; write [", node.Scalar(), "]");
  if (field.cpp_type() == Field::CPPTYPE_ENUM) {
    std::vector<std::string> names;
    for (int i = 1; i < field.enum_type()->value_count(); ++i) names.push_back(ShortName(*field.enum_type()->value(i)));
    const std::string nearest = node.IsScalar() ? Nearest(node.Scalar(), names) : "";
    // First letters are hardly ever mistyped: who writes GPU does not mean CPU.
    const bool meant = !nearest.empty() && !node.Scalar().empty() && absl::ascii_toupper(node.Scalar()[0]) == nearest[0];
    return absl::StrCat(problem, meant ? absl::StrCat("; did you mean ", nearest, "?") : "; choose one");
  }
  return absl::StrCat(problem, "; see `cohort config explain ", field.name(), "`");
}

std::string CheckRange(const Field& field, double value, absl::string_view text) {
  const v1::FieldRules& rules = RulesOf(field);
  const bool low = rules.has_min() && (rules.above_min() ? value <= rules.min() : value < rules.min());
  const bool high = rules.has_max() && value > rules.max();
  if (!low && !high) return "";
  return absl::StrCat("is ", text, rules.unit().empty() ? "" : " ", rules.unit(), "; it must be ", RangeText(field));
}

template <typename Integer>
std::optional<Integer> ReadInteger(const YAML::Node& node) {
  Integer value;
  if (!node.IsScalar() || IsQuoted(node) || !absl::SimpleAtoi(node.Scalar(), &value)) return std::nullopt;
  return value;
}

std::optional<double> ReadDouble(const YAML::Node& node) {
  double value;
  if (!node.IsScalar() || IsQuoted(node) || !absl::SimpleAtod(node.Scalar(), &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

template <typename Value, typename Set>
std::string AssignNumber(const Field& field, const YAML::Node& node, std::optional<Value> value, Set set) {
  if (!value) return Mismatch(field, node);
  std::string problem = CheckRange(field, static_cast<double>(*value), node.Scalar());
  if (problem.empty()) set(*value);
  return problem;
}

std::string AssignStrings(pb::Message& message, const Field& field, const YAML::Node& node) {
  if (!node.IsSequence()) return Mismatch(field, node);
  for (const auto& entry : node) {
    if (!entry.IsScalar())
      return absl::StrCat("expected ", TypeText(field), ", found ", Found(entry), " in the list; write words, as in [wait, hmm]");
  }
  message.GetReflection()->ClearField(&message, &field);
  for (const auto& entry : node) message.GetReflection()->AddString(&message, &field, entry.Scalar());
  return "";
}

}  // namespace

std::string Assign(pb::Message& message, const Field& field, const YAML::Node& node) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return AssignStrings(message, field, node);
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return AssignNumber(field, node, ReadInteger<int32_t>(node), [&](int32_t value) { reflection.SetInt32(&message, &field, value); });
    case Field::CPPTYPE_INT64:
      return AssignNumber(field, node, ReadInteger<int64_t>(node), [&](int64_t value) { reflection.SetInt64(&message, &field, value); });
    case Field::CPPTYPE_UINT64:
      return AssignNumber(field, node, ReadInteger<uint64_t>(node), [&](uint64_t value) { reflection.SetUInt64(&message, &field, value); });
    case Field::CPPTYPE_DOUBLE:
      return AssignNumber(field, node, ReadDouble(node), [&](double value) { reflection.SetDouble(&message, &field, value); });
    case Field::CPPTYPE_BOOL:
      if (!node.IsScalar() || IsQuoted(node) || (node.Scalar() != "true" && node.Scalar() != "false")) return Mismatch(field, node);
      reflection.SetBool(&message, &field, node.Scalar() == "true");
      return "";
    case Field::CPPTYPE_ENUM: {
      const auto* value = node.IsScalar() ? FindEnumValue(*field.enum_type(), node.Scalar()) : nullptr;
      if (value == nullptr) return Mismatch(field, node);
      reflection.SetEnum(&message, &field, value);
      return "";
    }
    case Field::CPPTYPE_STRING:
      if (!node.IsScalar()) return Mismatch(field, node);
      if (node.Scalar().find('\0') != std::string::npos) return "holds a NUL character; remove it";
      reflection.SetString(&message, &field, node.Scalar());
      return "";
    default:
      return absl::StrCat("has a type that the loader does not know (", field.cpp_type_name(), "); this is a mistake in the schema");
  }
}

std::string FormatValue(const pb::Message& message, const Field& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    std::vector<std::string> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) entries.push_back(Quote(reflection.GetRepeatedString(message, &field, i)));
    return absl::StrCat("[", absl::StrJoin(entries, ", "), "]");
  }
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(message, &field));
    case Field::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    case Field::CPPTYPE_UINT64:
      return absl::StrCat(reflection.GetUInt64(message, &field));
    case Field::CPPTYPE_DOUBLE:
      return FormatDouble(reflection.GetDouble(message, &field));
    case Field::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case Field::CPPTYPE_ENUM:
      return ShortName(*reflection.GetEnum(message, &field));
    default:
      return Quote(reflection.GetString(message, &field));
  }
}

}  // namespace cohort::config
