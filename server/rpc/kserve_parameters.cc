#include "server/rpc/kserve_parameters.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace recurd::kserve {
namespace {

using Parameter = inference::InferParameter;

Refusal WrongKind(absl::string_view name, absl::string_view wanted, std::string* why) {
  *why = absl::StrCat("invalid value type for '", name, "' parameter, expected ", wanted);
  return Refusal::kMalformed;
}

Refusal ReadSequenceId(const Parameter& value, SequenceId* id, std::string* why) {
  switch (value.parameter_choice_case()) {
    case Parameter::kInt64Param:
      id->number = static_cast<uint64_t>(value.int64_param());
      return Refusal::kNone;
    case Parameter::kUint64Param:
      id->number = value.uint64_param();
      return Refusal::kNone;
    case Parameter::kStringParam:
      id->text = {value.string_param().data(), value.string_param().size()};
      if (id->text.size() <= SequenceId::kMaxTextSize) return Refusal::kNone;
      *why = absl::StrCat("sequence_id has ", id->text.size(), " bytes; the limit is ", SequenceId::kMaxTextSize);
      return Refusal::kMalformed;
    default:
      return WrongKind("sequence_id", "int64_param, uint64_param or string_param", why);
  }
}

Refusal ReadFlag(absl::string_view name, const Parameter& value, bool* flag, std::string* why) {
  if (value.parameter_choice_case() != Parameter::kBoolParam) return WrongKind(name, "bool_param", why);
  *flag = value.bool_param();
  return Refusal::kNone;
}

Refusal ReadFirstStep(const Parameter& value, std::optional<uint64_t>* step, std::string* why) {
  if (value.parameter_choice_case() == Parameter::kUint64Param) {
    *step = value.uint64_param();
    return Refusal::kNone;
  }
  if (value.parameter_choice_case() != Parameter::kInt64Param) {
    return WrongKind("recurd_first_step", "int64_param or uint64_param", why);
  }
  *step = static_cast<uint64_t>(value.int64_param());
  if (value.int64_param() >= 0) return Refusal::kNone;
  *why = absl::StrCat("recurd_first_step is ", value.int64_param(), "; steps count from 0");
  return Refusal::kMalformed;
}

Refusal ReadOne(const std::string& name, const Parameter& value, Parameters* parameters, std::string* why) {
  if (name == "sequence_id") return ReadSequenceId(value, &parameters->sequence, why);
  if (name == "sequence_start") return ReadFlag(name, value, &parameters->start, why);
  if (name == "sequence_end") return ReadFlag(name, value, &parameters->end, why);
  if (name == "recurd_first_step") return ReadFirstStep(value, &parameters->first_step, why);
  return Refusal::kNone;
}

}  // namespace

std::string SequenceId::ToString() const { return text.empty() ? absl::StrCat(number) : Shown(text); }

Refusal ReadParameters(const inference::ModelInferRequest& request, Parameters* parameters, std::string* why) {
  *parameters = {};
  for (const auto& [name, value] : request.parameters()) {
    const Refusal refusal = ReadOne(name, value, parameters, why);
    if (refusal != Refusal::kNone) return refusal;
  }
  if (parameters->sequence.none() && parameters->start != parameters->end) {
    *why = absl::StrCat("inference request to model '", Shown(request.model_name()),
                        "' must specify a non-zero or non-empty correlation ID (sequence_id) with ",
                        parameters->start ? "sequence_start" : "sequence_end",
                        "; a request without one is a whole sequence, of which nothing is kept");
    return Refusal::kMalformed;
  }
  return Refusal::kNone;
}

std::string Shown(absl::string_view text) { return absl::CHexEscape(text.substr(0, SequenceId::kMaxTextSize)); }

}  // namespace recurd::kserve
