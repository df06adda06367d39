#include "services/coderunner/language/language.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "services/coderunner/language/driver_text.h"

namespace cohort::coderunner {
namespace {

constexpr std::pair<Language, std::string_view> kNames[] = {{Language::kPython3, "python3"}, {Language::kCpp17, "cpp17"}};
constexpr std::pair<Language, std::string_view> kTags[] = {
    {Language::kPython3, "python3"}, {Language::kPython3, "python"}, {Language::kPython3, "py"},     {Language::kPython3, "py3"}, {Language::kCpp17, "cpp17"},
    {Language::kCpp17, "cpp"},       {Language::kCpp17, "c++"},      {Language::kCpp17, "c++17"},    {Language::kCpp17, "cc"},    {Language::kCpp17, "cxx"},
};

constexpr char kPythonSource[] = "solution.py";
constexpr char kCxxSource[] = "solution.cc";
constexpr char kCxxProgram[] = "{work}/program";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::vector<std::string> PythonCommand(const Toolchain& toolchain, std::string_view file) {
  // No site packages of a user, no bytecode beside the source, UTF-8 whatever the locale.
  return {toolchain.python, "-s", "-B", "-X", "utf8", absl::StrCat("{work}/", View(file))};
}

std::vector<std::string> CxxCommand(const Toolchain& toolchain, std::string_view file) {
  return {toolchain.cxx, "-std=c++17", "-O2", "-w", "-fmax-errors=3", "-o", kCxxProgram, absl::StrCat("{work}/", View(file))};
}

// Includes the solution, whose own main, if it has one, is not wanted; it may have redefined int.
std::string CxxMain(std::string_view function) {
  const std::string name = absl::StrReplaceAll(View(function), {{".", "::"}});
  return absl::StrCat("#include \"driver.h\"\n#define main solution_main\n#include \"", kCxxSource, "\"\n#undef main\nsigned main() { return cohort_driver::Run(&", name,
                      "); }\n");
}

}  // namespace

std::string_view NameOf(Language language) {
  for (const auto& [known, name] : kNames) {
    if (known == language) return name;
  }
  return "";
}

std::optional<Language> LanguageNamed(std::string_view name) {
  for (const auto& [language, known] : kNames) {
    if (known == name) return language;
  }
  return std::nullopt;
}

std::string AllLanguages() {
  return absl::StrJoin(kNames, ", ", [](std::string* out, const auto& entry) { absl::StrAppend(out, View(entry.second)); });
}

std::optional<Language> LanguageOfTag(std::string_view tag) {
  const std::string lower = absl::AsciiStrToLower(View(tag));
  for (const auto& [language, known] : kTags) {
    if (known == lower) return language;
  }
  return std::nullopt;
}

Recipe ProgramRecipe(Language language, const Toolchain& toolchain, std::string source) {
  if (language == Language::kPython3) return {{{kPythonSource, std::move(source)}}, {}, PythonCommand(toolchain, kPythonSource)};
  return {{{kCxxSource, std::move(source)}}, CxxCommand(toolchain, kCxxSource), {kCxxProgram}};
}

Recipe FunctionRecipe(Language language, const Toolchain& toolchain, std::string source, std::string_view function) {
  if (language == Language::kPython3) {
    Recipe recipe{{{kPythonSource, std::move(source)}, {"driver.py", std::string(PythonDriver())}}, {}, PythonCommand(toolchain, "driver.py")};
    recipe.run.emplace_back(function);
    return recipe;
  }
  return {{{kCxxSource, std::move(source)}, {"driver.h", std::string(CxxDriver())}, {"main.cc", CxxMain(function)}}, CxxCommand(toolchain, "main.cc"), {kCxxProgram}};
}

}  // namespace cohort::coderunner
