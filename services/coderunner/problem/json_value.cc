#include "services/coderunner/problem/json_value.h"

#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace cohort::coderunner {
namespace {

using Kind = JsonValue::Kind;
using Json = nlohmann::json;

// Takes the parser's events and builds the value; false ends the parse.
class Builder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add({}) != nullptr; }
  bool boolean(bool value) override {
    JsonValue added{Kind::kBool};
    added.boolean = value;
    return Add(std::move(added)) != nullptr;
  }
  bool number_integer(number_integer_t value) override { return AddInteger(absl::StrCat(value), static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return AddInteger(absl::StrCat(value), static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t& written) override {
    if (written.find_first_of(".eE") == std::string::npos) return AddInteger(written, value);
    JsonValue added{Kind::kFloat};
    added.number = value;
    return Add(std::move(added)) != nullptr;
  }
  bool string(string_t& value) override {
    JsonValue added{Kind::kString};
    added.text = std::move(value);
    return Add(std::move(added)) != nullptr;
  }
  bool binary(binary_t&) override { return false; }
  bool start_array(size_t) override { return Open(Kind::kArray); }
  bool end_array() override { return Close(); }
  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool end_object() override { return Close(); }
  bool key(string_t& value) override {
    if (open_.back()->fields.count(value) > 0) return Fail(absl::StrCat("the key '", value, "' stands twice in an object"));
    key_ = std::move(value);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string what = error.what();  // "[json.exception...] parse error at line 1, column 2: ..."
    const size_t end = what.find("] ");
    return Fail(absl::StrCat("not JSON (byte ", position, "): ", end == std::string::npos ? what : what.substr(end + 2)));
  }

  JsonValue& root() { return root_; }
  const std::string& error() const { return error_; }

 private:
  bool Fail(std::string error) {
    if (error_.empty()) error_ = std::move(error);
    return false;
  }
  bool AddInteger(std::string digits, double nearest) {
    JsonValue added{Kind::kInteger};
    added.number = nearest;
    added.text = digits == "-0" ? "0" : std::move(digits);
    return Add(std::move(added)) != nullptr;
  }
  JsonValue* Add(JsonValue value) {
    JsonValue* place = &root_;
    if (!open_.empty() && open_.back()->is(Kind::kArray)) place = &open_.back()->items.emplace_back();
    if (!open_.empty() && open_.back()->is(Kind::kObject)) place = &open_.back()->fields[key_];
    *place = std::move(value);
    return place;
  }
  bool Open(Kind kind) {
    if (open_.size() == kMaxJsonDepth) return Fail(absl::StrCat("nested deeper than ", kMaxJsonDepth));
    open_.push_back(Add({kind}));  // Stays where it is: its parent does not grow before it is closed.
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string key_;
  std::string error_;
};

void Append(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case Kind::kNull: out += "null"; return;
    case Kind::kBool: out += value.boolean ? "true" : "false"; return;
    case Kind::kInteger: out += value.text; return;
    case Kind::kString: out += Json(value.text).dump(-1, ' ', false, Json::error_handler_t::replace); return;
    case Kind::kFloat: {
      char digits[64];
      const auto written = std::to_chars(digits, digits + sizeof(digits), value.number);
      const std::string_view text(digits, static_cast<size_t>(written.ptr - digits));
      out += text;
      if (text.find_first_of(".e") == std::string_view::npos) out += ".0";  // Stays a float for whoever reads it.
      return;
    }
    case Kind::kArray: {
      out += '[';
      for (const JsonValue& item : value.items) {
        if (&item != &value.items.front()) out += ", ";
        Append(item, out);
      }
      out += ']';
      return;
    }
    case Kind::kObject: {
      const char* separator = "{";
      for (const auto& [key, field] : value.fields) {
        absl::StrAppend(&out, separator, Json(key).dump(), ": ");
        Append(field, out);
        separator = ", ";
      }
      out += value.fields.empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

const char* Describe(JsonValue::Kind kind) {
  switch (kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return "a boolean";
    case Kind::kInteger: return "an integer";
    case Kind::kFloat: return "a number";
    case Kind::kString: return "a string";
    case Kind::kArray: return "an array";
    case Kind::kObject: return "an object";
  }
  return "unknown";
}

absl::StatusOr<JsonValue> ParseJson(std::string_view text) {
  Builder builder;
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root());
  return absl::InvalidArgumentError(builder.error().empty() ? "not JSON" : builder.error());
}

std::string ToText(const JsonValue& value) {
  std::string text;
  Append(value, text);
  return text;
}

}  // namespace cohort::coderunner
