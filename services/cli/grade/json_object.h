#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::cli {

// One member of a JSON object, the value as it was written.
struct JsonMember {
  std::string key;
  std::string_view value;  // Without white space around it: "\"text\"", "1.50", "[1, {}]".
};

// The members of the JSON object that `line` holds, in order, as views into it; nullopt when it is not valid JSON (invalid UTF-8 included) or not an object.
// Values are cut out, not read, so that numbers keep their digits and deep nesting costs nothing. Throws nothing.
std::optional<std::vector<JsonMember>> SplitJsonObject(std::string_view line);

// The text of a JSON string value; nullopt when the value is not a string.
std::optional<std::string> JsonText(std::string_view value);

// The text of a JSON string, or the digits of a JSON number as they were written; nullopt for any other value.
std::optional<std::string> JsonTextOrNumber(std::string_view value);

// The texts of a JSON list of strings; nullopt when the value is anything else.
std::optional<std::vector<std::string>> JsonTexts(std::string_view value);

// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
std::string ToJsonString(std::string_view text);

}  // namespace cohort::cli
