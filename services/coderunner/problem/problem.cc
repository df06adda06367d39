#include "services/coderunner/problem/problem.h"

#include <initializer_list>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/reward/request/limits.h"
#include "common/status/status_macros.h"

namespace cohort::coderunner {
namespace {

using Kind = JsonValue::Kind;

absl::Status Wrong(const std::string& place, absl::string_view what) {
  return absl::InvalidArgumentError(place.empty() ? std::string(what) : absl::StrCat(place, ": ", what));
}

// The fields of one object, with its place in the document for messages.
class Fields {
 public:
  static absl::StatusOr<Fields> Of(const JsonValue& value, const std::string& place, std::initializer_list<absl::string_view> known) {
    if (!value.is(Kind::kObject)) return Wrong(place.empty() ? "the reference" : place, absl::StrCat("is ", Describe(value.kind), ", but has to be an object"));
    for (const auto& [name, field] : value.fields) {
      bool is_known = false;
      for (const absl::string_view one : known) is_known = is_known || one == name;
      if (!is_known) return Wrong(Join(place, name), absl::StrCat("is not known; the fields here are ", absl::StrJoin(known, ", ")));
    }
    return Fields(value, place);
  }

  const JsonValue* Find(const std::string& name) const {
    const auto found = value_.fields.find(name);
    return found == value_.fields.end() ? nullptr : &found->second;
  }
  absl::StatusOr<const JsonValue*> Want(const std::string& name, Kind kind) const {
    const JsonValue* found = Find(name);
    if (found == nullptr) return Wrong(PlaceOf(name), absl::StrCat("is missing; it is ", Describe(kind)));
    if (!found->is(kind)) return WrongType(name, *found, Describe(kind));
    return found;
  }
  // Empty where it is not given.
  absl::StatusOr<std::string> Text(const std::string& name) const {
    if (Find(name) == nullptr) return std::string();
    COHORT_ASSIGN_OR_RETURN(const JsonValue* found, Want(name, Kind::kString));
    if (found->text.empty()) return Wrong(PlaceOf(name), "is empty; give it a value or leave it out");
    return found->text;
  }
  absl::Status ReadInteger(const std::string& name, int64_t low, int64_t high, int64_t* value) const {
    const JsonValue* found = Find(name);
    if (found == nullptr) return absl::OkStatus();
    if (!found->is(Kind::kInteger)) return WrongType(name, *found, Describe(Kind::kInteger));
    if (found->number < static_cast<double>(low) || found->number > static_cast<double>(high)) {
      return Wrong(PlaceOf(name), absl::StrCat("is ", found->text, "; it is from ", low, " to ", high));
    }
    *value = static_cast<int64_t>(found->number);
    return absl::OkStatus();
  }
  absl::Status ReadTolerance(double* value) const {
    const JsonValue* found = Find("tolerance");
    if (found == nullptr) return absl::OkStatus();
    if (!found->is_number()) return WrongType("tolerance", *found, Describe(Kind::kFloat));
    if (!(found->number > 0) || found->number >= 1) return Wrong(PlaceOf("tolerance"), "is not above 0 and below 1");
    *value = found->number;
    return absl::OkStatus();
  }
  std::string PlaceOf(const std::string& name) const { return Join(place_, name); }

 private:
  Fields(const JsonValue& value, std::string place) : value_(value), place_(std::move(place)) {}

  static std::string Join(const std::string& place, const std::string& name) { return place.empty() ? name : absl::StrCat(place, ".", name); }
  absl::Status WrongType(const std::string& name, const JsonValue& found, absl::string_view wanted) const {
    return Wrong(PlaceOf(name), absl::StrCat("is ", Describe(found.kind), ", but has to be ", wanted));
  }

  const JsonValue& value_;
  std::string place_;
};

bool IsName(absl::string_view text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

// "name" or "Class.name".
bool IsFunctionPath(absl::string_view path) {
  const size_t dot = path.find('.');
  return dot == absl::string_view::npos ? IsName(path) : IsName(path.substr(0, dot)) && IsName(path.substr(dot + 1));
}

absl::Status ReadLimits(const JsonValue& value, Limits* limits) {
  COHORT_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(value, "limits", {"cpu_ms", "wall_ms", "memory_mb", "output_kb"}));
  int64_t cpu_ms = absl::ToInt64Milliseconds(limits->cpu);
  COHORT_RETURN_IF_ERROR(fields.ReadInteger("cpu_ms", 10, 60'000, &cpu_ms));
  int64_t wall_ms = 3 * cpu_ms;
  COHORT_RETURN_IF_ERROR(fields.ReadInteger("wall_ms", 10, 180'000, &wall_ms));
  int64_t memory_mb = limits->memory_bytes >> 20;
  COHORT_RETURN_IF_ERROR(fields.ReadInteger("memory_mb", 32, 8'192, &memory_mb));
  int64_t output_kb = limits->output_bytes >> 10;
  COHORT_RETURN_IF_ERROR(fields.ReadInteger("output_kb", 1, 16'384, &output_kb));
  *limits = {absl::Milliseconds(cpu_ms), absl::Milliseconds(wall_ms), memory_mb << 20, output_kb << 10};
  return absl::OkStatus();
}

absl::StatusOr<Test> ReadProgramTest(const JsonValue& value, const std::string& place, double tolerance) {
  COHORT_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(value, place, {"stdin", "stdout", "tolerance"}));
  Test test;
  test.tolerance = tolerance;
  COHORT_ASSIGN_OR_RETURN(const JsonValue* input, fields.Want("stdin", Kind::kString));
  COHORT_ASSIGN_OR_RETURN(const JsonValue* output, fields.Want("stdout", Kind::kString));
  COHORT_RETURN_IF_ERROR(fields.ReadTolerance(&test.tolerance));
  test.input = input->text;
  test.expected_text = output->text;
  return test;
}

absl::StatusOr<Test> ReadFunctionTest(const JsonValue& value, const std::string& place, double tolerance) {
  COHORT_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(value, place, {"arguments", "expected", "tolerance"}));
  Test test;
  test.tolerance = tolerance;
  COHORT_ASSIGN_OR_RETURN(const JsonValue* arguments, fields.Want("arguments", Kind::kArray));
  const JsonValue* expected = fields.Find("expected");
  if (expected == nullptr) return Wrong(fields.PlaceOf("expected"), "is missing; it is the value that the function returns, null for none");
  COHORT_RETURN_IF_ERROR(fields.ReadTolerance(&test.tolerance));
  test.input = ToText(*arguments);
  test.expected_value = *expected;
  return test;
}

absl::Status ReadTests(const Fields& fields, double tolerance, Problem* problem) {
  COHORT_ASSIGN_OR_RETURN(const JsonValue* tests, fields.Want("tests", Kind::kArray));
  if (tests->items.empty()) return Wrong("tests", "is empty; a problem without a test would take any program");
  if (tests->items.size() > kMaxTests) return Wrong("tests", absl::StrCat("has ", tests->items.size(), " tests; at most ", kMaxTests, " are taken"));
  for (size_t i = 0; i < tests->items.size(); ++i) {
    const std::string place = absl::StrCat("tests[", i, "]");
    auto test = problem->is_function() ? ReadFunctionTest(tests->items[i], place, tolerance) : ReadProgramTest(tests->items[i], place, tolerance);
    COHORT_RETURN_IF_ERROR(test.status());
    problem->tests.push_back(*std::move(test));
  }
  return absl::OkStatus();
}

absl::Status ReadKind(const Fields& fields, Problem* problem) {
  COHORT_ASSIGN_OR_RETURN(const std::string language, fields.Text("language"));
  problem->language = LanguageNamed(language);
  if (!language.empty() && !problem->language.has_value()) {
    return Wrong("language", absl::StrCat("is '", language, "'; languages are ", AllLanguages(), "; leave it out to let the program choose"));
  }
  COHORT_ASSIGN_OR_RETURN(problem->function, fields.Text("function"));
  if (problem->is_function() && !IsFunctionPath(problem->function)) {
    return Wrong("function", absl::StrCat("is '", problem->function, "'; it is a name, or Class.name"));
  }
  COHORT_ASSIGN_OR_RETURN(const std::string rule, fields.Text("compare"));
  if (!rule.empty() && problem->is_function()) return Wrong("compare", "is for programs; results of functions are compared as values");
  if (rule == "tokens") problem->rule = TextRule::kTokens;
  if (!rule.empty() && rule != "lines" && rule != "tokens") return Wrong("compare", absl::StrCat("is '", rule, "'; it is lines or tokens"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Problem> ReadProblem(std::string_view gold) {
  if (gold.size() > reward::kMaxProblemBytes) return absl::InvalidArgumentError(absl::StrCat("the reference has ", gold.size(), " bytes; at most ", reward::kMaxProblemBytes, " are taken"));
  COHORT_ASSIGN_OR_RETURN(const JsonValue document, ParseJson(gold));
  COHORT_ASSIGN_OR_RETURN(const Fields fields, Fields::Of(document, "", {"language", "function", "compare", "tolerance", "limits", "tests"}));
  Problem problem;
  COHORT_RETURN_IF_ERROR(ReadKind(fields, &problem));
  if (const JsonValue* limits = fields.Find("limits"); limits != nullptr) COHORT_RETURN_IF_ERROR(ReadLimits(*limits, &problem.limits));
  double tolerance = 0;
  COHORT_RETURN_IF_ERROR(fields.ReadTolerance(&tolerance));
  COHORT_RETURN_IF_ERROR(ReadTests(fields, tolerance, &problem));
  return problem;
}

}  // namespace cohort::coderunner
