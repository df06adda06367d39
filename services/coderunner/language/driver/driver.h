// Calls one function of a solution: arguments (a JSON array) from standard input, the result as JSON to descriptor 3. The types come from the function's own
// declaration. Compiled in the sandbox together with the solution, which may do to it whatever it likes: nothing here knows what the result should be.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cohort_driver {

[[noreturn]] inline void Fail(const char* what) {
  std::fprintf(stderr, "driver: %s\n", what);
  std::_Exit(3);
}

// Reads JSON that the driver's caller wrote, hence well-formed; only types can be wrong.
class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}

  char Next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Next() != c) return false;
    ++at_;
    return true;
  }
  void Want(char c) {
    if (!Take(c)) Fail("an argument has another type than the function's parameter");
  }
  bool TakeWord(const char* word) {
    Next();
    const std::string wanted(word);
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  std::string Number() {
    Next();
    const size_t begin = at_;
    while (at_ < text_.size() && std::string("+-.eE0123456789").find(text_[at_]) != std::string::npos) ++at_;
    if (begin == at_) Fail("an argument has another type than the function's parameter");
    return text_.substr(begin, at_ - begin);
  }
  std::string String() {
    Want('"');
    std::string value;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\') {
        value += text_[at_++];
        continue;
      }
      const char escape = text_[at_ + 1];
      at_ += 2;
      switch (escape) {
        case 'n': value += '\n'; break;
        case 't': value += '\t'; break;
        case 'r': value += '\r'; break;
        case 'b': value += '\b'; break;
        case 'f': value += '\f'; break;
        case 'u':  // Only control characters are written so.
          value += static_cast<char>(std::strtol(text_.substr(at_, 4).c_str(), nullptr, 16));
          at_ += 4;
          break;
        default: value += escape;
      }
    }
    Want('"');
    return value;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

template <typename T, typename = void>
struct Json;  // A type that has no specialisation cannot be a parameter or a result.

template <>
struct Json<bool> {
  static void Read(Reader& in, bool& value) {
    value = in.TakeWord("true");
    if (!value && !in.TakeWord("false")) Fail("an argument has another type than the function's parameter");
  }
  static void Write(bool value, std::string& out) { out += value ? "true" : "false"; }
};

template <>
struct Json<char> {  // A string of one character.
  static void Read(Reader& in, char& value) {
    const std::string text = in.String();
    if (text.size() != 1) Fail("an argument is no single character");
    value = text[0];
  }
  static void Write(char value, std::string& out);
};

template <typename T>
struct Json<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>>> {
  static void Read(Reader& in, T& value) {
    const std::string digits = in.Number();
    if (digits.find_first_of(".eE") != std::string::npos) Fail("an argument is no integer");
    value = static_cast<T>(std::is_signed_v<T> ? std::strtoll(digits.c_str(), nullptr, 10) : std::strtoull(digits.c_str(), nullptr, 10));
    if (std::to_string(value) != digits) Fail("an argument is out of the range of the function's parameter");
  }
  static void Write(T value, std::string& out) { out += std::to_string(value); }
};

template <typename T>
struct Json<T, std::enable_if_t<std::is_floating_point_v<T>>> {
  static void Read(Reader& in, T& value) { value = static_cast<T>(std::strtold(in.Number().c_str(), nullptr)); }
  static void Write(T value, std::string& out) {
    if (!std::isfinite(value)) Fail("the result is not a finite number");
    char digits[64];
    std::snprintf(digits, sizeof(digits), "%.17g", static_cast<double>(value));
    out += digits;
  }
};

template <>
struct Json<std::string> {
  static void Read(Reader& in, std::string& value) { value = in.String(); }
  static void Write(const std::string& value, std::string& out) {
    out += '"';
    for (const char c : value) {
      char escaped[8];
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(c));
        out += escaped;
      } else {
        out += c;
      }
    }
    out += '"';
  }
};

inline void Json<char>::Write(char value, std::string& out) { Json<std::string>::Write(std::string(1, value), out); }

template <typename T>
struct Json<std::vector<T>> {
  static void Read(Reader& in, std::vector<T>& value) {
    in.Want('[');
    if (in.Take(']')) return;
    do {
      T item{};
      Json<T>::Read(in, item);
      value.push_back(std::move(item));
    } while (in.Take(','));
    in.Want(']');
  }
  static void Write(const std::vector<T>& value, std::string& out) {
    out += '[';
    for (size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      Json<T>::Write(value[i], out);
    }
    out += ']';
  }
};

template <typename... T>
struct Json<std::tuple<T...>> {
  static void Read(Reader& in, std::tuple<T...>& value) {
    in.Want('[');
    std::apply([&](auto&... item) {
      bool first = true;
      ((first ? void(first = false) : in.Want(','), Json<std::decay_t<decltype(item)>>::Read(in, item)), ...);
    }, value);
    in.Want(']');
  }
  static void Write(const std::tuple<T...>& value, std::string& out) {
    out += '[';
    std::apply([&](const auto&... item) {
      bool first = true;
      ((first ? void(first = false) : void(out += ','), Json<std::decay_t<decltype(item)>>::Write(item, out)), ...);
    }, value);
    out += ']';
  }
};

template <typename A, typename B>
struct Json<std::pair<A, B>> {
  static void Read(Reader& in, std::pair<A, B>& value) {
    std::tuple<A, B> both;
    Json<std::tuple<A, B>>::Read(in, both);
    value = {std::get<0>(both), std::get<1>(both)};
  }
  static void Write(const std::pair<A, B>& value, std::string& out) { Json<std::tuple<A, B>>::Write({value.first, value.second}, out); }
};

template <typename T>
struct Json<std::optional<T>> {
  static void Read(Reader& in, std::optional<T>& value) {
    if (!in.TakeWord("null")) Json<T>::Read(in, value.emplace());
  }
  static void Write(const std::optional<T>& value, std::string& out) {
    if (value) Json<T>::Write(*value, out);
    if (!value) out += "null";
  }
};

template <typename Map>
struct JsonMap {
  static void Read(Reader& in, Map& value) {
    in.Want('{');
    if (in.Take('}')) return;
    do {
      const std::string key = in.String();
      in.Want(':');
      Json<typename Map::mapped_type>::Read(in, value[key]);
    } while (in.Take(','));
    in.Want('}');
  }
  static void Write(const Map& value, std::string& out) {
    out += '{';
    bool first = true;
    for (const auto& [key, field] : value) {
      if (!first) out += ',';
      first = false;
      Json<std::string>::Write(key, out);
      out += ':';
      Json<typename Map::mapped_type>::Write(field, out);
    }
    out += '}';
  }
};
template <typename T>
struct Json<std::map<std::string, T>> : JsonMap<std::map<std::string, T>> {};
template <typename T>
struct Json<std::unordered_map<std::string, T>> : JsonMap<std::unordered_map<std::string, T>> {};

inline std::string ReadInput() {
  std::string text;
  char buffer[65536];
  for (ssize_t got; (got = read(0, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(got));
  return text;
}

inline int Finish(const std::string& record) {
  std::fflush(stdout);
  for (size_t at = 0; at < record.size();) {
    const ssize_t written = write(3, record.data() + at, record.size() - at);
    if (written <= 0) return 3;
    at += static_cast<size_t>(written);
  }
  return 0;
}

// Reads the arguments, calls `call` with references to them, writes the result.
template <typename R, typename... A, typename Call>
int RunCall(Call call) {
  std::tuple<std::decay_t<A>...> arguments;
  Reader in(ReadInput());
  if constexpr (sizeof...(A) == 0) {
    in.Want('[');
    in.Want(']');
  } else {
    Json<std::tuple<std::decay_t<A>...>>::Read(in, arguments);
  }
  std::string record;
  if constexpr (std::is_void_v<R>) {
    std::apply([&](auto&... argument) { call(static_cast<A>(argument)...); }, arguments);
    record = "null";
  } else {
    Json<std::decay_t<R>>::Write(std::apply([&](auto&... argument) -> R { return call(static_cast<A>(argument)...); }, arguments), record);
  }
  return Finish(record);
}

template <typename R, typename... A>
int Run(R (*function)(A...)) {
  return RunCall<R, A...>(function);
}
template <typename R, typename Class, typename... A>
int Run(R (Class::*method)(A...)) {
  Class object{};
  return RunCall<R, A...>([&](A... argument) -> R { return (object.*method)(static_cast<A>(argument)...); });
}
template <typename R, typename Class, typename... A>
int Run(R (Class::*method)(A...) const) {
  Class object{};
  return RunCall<R, A...>([&](A... argument) -> R { return (object.*method)(static_cast<A>(argument)...); });
}

}  // namespace cohort_driver
