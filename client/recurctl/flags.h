#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace recurd {

// The flags of one command: --name=value, --name value, and --name for a bool. A flag's default is what its variable
// holds when it is added.   Threads: one. Variables must outlive Parse.
class FlagSet {
 public:
  // `synopsis`: what follows "recurctl "; `summary`: what the command does, lines of at most 100 columns.
  FlagSet(std::string synopsis, std::string summary);

  // `help` says meaning and unit. Numbers outside [min, max] are refused.
  void Add(std::string name, std::string* value, std::string help);
  void Add(std::string name, bool* value, std::string help);
  void Add(std::string name, int64_t* value, int64_t min, int64_t max, std::string help);
  void Add(std::string name, double* value, double min, double max, std::string help);
  // A word from a list; other words are refused with the list.
  void AddChoice(std::string name, std::string* value, std::vector<std::string> choices, std::string help);
  // The next word that is no flag. Without it: an error if `required`, else the variable stays.
  void AddPositional(std::string name, std::string* value, bool required, std::string help);

  // All further words that are no flags; at least one.
  void AddRest(std::string name, std::vector<std::string>* values, std::string help);

  // Sets the variables. Nothing if the command can go on, else the exit code after help (stdout) or an error (stderr).
  std::optional<int> Parse(const std::vector<std::string>& arguments);

  // The same, without printing.   Errors: INVALID_ARGUMENT naming the flag, the value and what it may be.
  absl::Status Read(const std::vector<std::string>& arguments, bool* help_wanted);
  std::string Help() const;

 private:
  struct Number {
    std::variant<int64_t*, double*> value;
    double min, max;
  };
  struct Choice {
    std::string* value;
    std::vector<std::string> choices;
  };
  struct Flag {
    std::string name;
    std::variant<std::string*, bool*, Number, Choice> target;
    std::string help;
    std::string default_text;
  };
  struct Positional {
    std::string name;
    std::string* value;
    bool required;
    std::string help;
  };

  static absl::Status Set(const Flag& flag, const std::string& text);
  absl::Status Unknown(const std::string& name) const;
  const Flag* Find(const std::string& name) const;

  const std::string synopsis_;
  const std::string summary_;
  std::vector<Flag> flags_;
  std::vector<Positional> positionals_;
  std::vector<std::string>* rest_ = nullptr;
  std::string rest_name_, rest_help_;
};

}  // namespace recurd
