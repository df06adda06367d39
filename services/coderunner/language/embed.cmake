# cmake -DPYTHON=FILE -DCXX=FILE -DOUTPUT=FILE.cc -P embed.cmake: the drivers' bytes as the functions of driver_text.h.
function(bytes_of file result)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "((0x..,){32})" "\\1\n" bytes "${bytes}")
  set(${result} "${bytes}" PARENT_SCOPE)
endfunction()
bytes_of("${PYTHON}" python)
bytes_of("${CXX}" cxx)
file(WRITE "${OUTPUT}" "// Generated from services/coderunner/language/driver.
#include \"services/coderunner/language/driver_text.h\"

namespace cohort::coderunner {
namespace {
constexpr unsigned char kPython[] = {
${python}
};
constexpr unsigned char kCxx[] = {
${cxx}
};
}  // namespace

std::string_view PythonDriver() { return {reinterpret_cast<const char*>(kPython), sizeof(kPython)}; }
std::string_view CxxDriver() { return {reinterpret_cast<const char*>(kCxx), sizeof(kCxx)}; }

}  // namespace cohort::coderunner
")
