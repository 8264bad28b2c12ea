#include "recurd/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "recurd/payload.h"

namespace recurd {
namespace {

template <typename Message>
std::optional<Message> PayloadOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<Message>());
  Message message;
  if (!payload || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

}  // namespace

std::optional<v1::Refused> RefusalOf(const absl::Status& status) { return PayloadOf<v1::Refused>(status); }

std::optional<v1::Ended> EndOf(const absl::Status& status) { return PayloadOf<v1::Ended>(status); }

}  // namespace recurd
