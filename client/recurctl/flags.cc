#include "client/recurctl/flags.h"

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"

namespace recurd {
namespace {

absl::Status Bad(const std::string& name, const std::string& text, const std::string& wanted) {
  return absl::InvalidArgumentError(absl::StrCat("--", name, "=", text, ": ", wanted));
}

bool ReadBool(const std::string& text, bool* value) {
  if (text != "true" && text != "false") return false;
  *value = text == "true";
  return true;
}

}  // namespace

FlagSet::FlagSet(std::string synopsis, std::string summary)
    : synopsis_(std::move(synopsis)), summary_(std::move(summary)) {}

void FlagSet::Add(std::string name, std::string* value, std::string help) {
  flags_.push_back({std::move(name), value, std::move(help), value->empty() ? "none" : *value});
}

void FlagSet::Add(std::string name, bool* value, std::string help) {
  flags_.push_back({std::move(name), value, std::move(help), *value ? "true" : "false"});
}

void FlagSet::Add(std::string name, int64_t* value, int64_t min, int64_t max, std::string help) {
  const Number number{value, static_cast<double>(min), static_cast<double>(max)};
  flags_.push_back({std::move(name), number, std::move(help), absl::StrCat(*value)});
}

void FlagSet::Add(std::string name, double* value, double min, double max, std::string help) {
  flags_.push_back({std::move(name), Number{value, min, max}, std::move(help), absl::StrCat(*value)});
}

void FlagSet::AddChoice(std::string name, std::string* value, std::vector<std::string> choices, std::string help) {
  help += absl::StrCat(" One of ", absl::StrJoin(choices, ", "), ".");
  flags_.push_back({std::move(name), Choice{value, std::move(choices)}, std::move(help), *value});
}

void FlagSet::AddPositional(std::string name, std::string* value, bool required, std::string help) {
  positionals_.push_back({std::move(name), value, required, std::move(help)});
}

void FlagSet::AddRest(std::string name, std::vector<std::string>* values, std::string help) {
  rest_ = values;
  rest_name_ = std::move(name);
  rest_help_ = std::move(help);
}

std::optional<int> FlagSet::Parse(const std::vector<std::string>& arguments) {
  bool help_wanted = false;
  const absl::Status status = Read(arguments, &help_wanted);
  if (help_wanted) {
    std::fputs(Help().c_str(), stdout);
    return kExitOk;
  }
  if (status.ok()) return std::nullopt;
  absl::FPrintF(stderr, "recurctl: %s\nusage: recurctl %s (--help says more)\n", std::string(status.message()),
                synopsis_);
  return kExitUsage;
}

absl::Status FlagSet::Read(const std::vector<std::string>& arguments, bool* help_wanted) {
  size_t position = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--help" || word == "-h") {
      *help_wanted = true;
      return absl::OkStatus();
    }
    if (word.rfind("--", 0) != 0) {
      if (position == positionals_.size() && rest_ != nullptr) {
        rest_->push_back(word);
        continue;
      }
      if (position == positionals_.size()) {
        return absl::InvalidArgumentError(absl::StrCat("'", word, "' is one word too many"));
      }
      *positionals_[position++].value = word;
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Flag* flag = Find(name);
    if (flag == nullptr) return Unknown(name);
    const bool is_bool = std::holds_alternative<bool*>(flag->target);
    if (equals == std::string::npos && !is_bool && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value: --", name, "=VALUE"));
    }
    const std::string text = equals != std::string::npos ? word.substr(equals + 1) : is_bool ? "true" : arguments[++i];
    if (absl::Status status = Set(*flag, text); !status.ok()) return status;
  }
  if (position < positionals_.size() && positionals_[position].required) {
    return absl::InvalidArgumentError(absl::StrCat(positionals_[position].name, " is missing"));
  }
  if (rest_ != nullptr && rest_->empty()) return absl::InvalidArgumentError(absl::StrCat(rest_name_, " is missing"));
  return absl::OkStatus();
}

absl::Status FlagSet::Set(const Flag& flag, const std::string& text) {
  if (const auto* value = std::get_if<std::string*>(&flag.target)) {
    **value = text;
    return absl::OkStatus();
  }
  if (const auto* value = std::get_if<bool*>(&flag.target)) {
    return ReadBool(text, *value) ? absl::OkStatus() : Bad(flag.name, text, "give true or false");
  }
  if (const auto* choice = std::get_if<Choice>(&flag.target)) {
    for (const std::string& known : choice->choices) {
      if (known == text) *choice->value = text;
    }
    if (*choice->value == text) return absl::OkStatus();
    return Bad(flag.name, text, absl::StrCat("give one of ", absl::StrJoin(choice->choices, ", ")));
  }
  const Number& number = std::get<Number>(flag.target);
  int64_t whole = 0;
  double real = 0;
  const bool is_whole = std::holds_alternative<int64_t*>(number.value);
  const bool read = is_whole ? absl::SimpleAtoi(text, &whole) : absl::SimpleAtod(text, &real);
  if (is_whole) real = static_cast<double>(whole);
  if (!read || !(real >= number.min && real <= number.max)) {
    return Bad(
        flag.name, text,
        absl::StrFormat("give a %s from %.15g to %.15g", is_whole ? "whole number" : "number", number.min, number.max));
  }
  if (is_whole) {
    *std::get<int64_t*>(number.value) = whole;
  } else {
    *std::get<double*>(number.value) = real;
  }
  return absl::OkStatus();
}

absl::Status FlagSet::Unknown(const std::string& name) const {
  std::vector<std::string> names;
  for (const Flag& flag : flags_) names.push_back("--" + flag.name);
  return absl::InvalidArgumentError(absl::StrCat("unknown flag --", name, "; there are ", absl::StrJoin(names, " ")));
}

const FlagSet::Flag* FlagSet::Find(const std::string& name) const {
  for (const Flag& flag : flags_) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::string FlagSet::Help() const {
  std::string text = absl::StrCat("usage: recurctl ", synopsis_, "\n\n", summary_, "\n\n");
  for (const Positional& positional : positionals_) {
    absl::StrAppendFormat(&text, "  %-20s %s\n", positional.name, positional.help);
  }
  if (rest_ != nullptr) absl::StrAppendFormat(&text, "  %-20s %s\n", rest_name_, rest_help_);
  for (const Flag& flag : flags_) {
    absl::StrAppendFormat(&text, "  --%-18s %s Default: %s.\n", flag.name, flag.help, flag.default_text);
  }
  absl::StrAppend(&text, "\n", kExitCodesHelp);
  return text;
}

}  // namespace recurd
