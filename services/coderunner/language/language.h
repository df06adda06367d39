#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::coderunner {

// What programs may be written in.
enum class Language { kPython3, kCpp17 };

// "python3", "cpp17": as problems name them.
std::string_view NameOf(Language language);
std::optional<Language> LanguageNamed(std::string_view name);
// "python3, cpp17".
std::string AllLanguages();

// The language that the tag of a fenced block means ("python", "py", "cpp", "c++", ..., in any case); nullopt for any other.
std::optional<Language> LanguageOfTag(std::string_view tag);

// Where the programs of the languages lie.
struct Toolchain {
  std::string python = "/usr/bin/python3";
  std::string cxx = "/usr/bin/g++";
};

// One file of a program's directory.
struct SourceFile {
  std::string name;
  std::string content;
};

// How a program is built and run. In commands, "{work}" stands for the directory of its files.
struct Recipe {
  std::vector<SourceFile> files;
  std::vector<std::string> compile;  // Empty where nothing is compiled.
  std::vector<std::string> run;
};

// The recipe of `source`, which reads the standard input and writes to the standard output.
Recipe ProgramRecipe(Language language, const Toolchain& toolchain, std::string source);

// The recipe of a driver around `source` that calls `function` ("name", or "Class.name" of a default-constructed object): it reads the arguments, a JSON array,
// from the standard input and writes the result as JSON to descriptor 3.
Recipe FunctionRecipe(Language language, const Toolchain& toolchain, std::string source, std::string_view function);

}  // namespace cohort::coderunner
