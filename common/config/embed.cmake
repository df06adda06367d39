# cmake -DINPUT=FILE -DOUTPUT=FILE.cc -P embed.cmake: the bytes of a file as cohort::config::ConfigDescriptorBytes().
file(READ "${INPUT}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){32})" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "// Generated from the configuration schema.
#include \"common/config/descriptor_data.h\"

namespace cohort::config {
namespace {
constexpr unsigned char kBytes[] = {
${bytes}
};
}  // namespace

absl::string_view ConfigDescriptorBytes() { return {reinterpret_cast<const char*>(kBytes), sizeof(kBytes)}; }

}  // namespace cohort::config
")
