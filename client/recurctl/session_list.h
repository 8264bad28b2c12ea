#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "recurd/client.h"

namespace recurd {

// All sessions of a daemon, of one model only unless `model` is "", page by page; oldest first.
// Errors: as Client::ListSessions; INTERNAL if the pages don't end.
absl::StatusOr<std::vector<v1::SessionInfo>> ListAllSessions(const Client& client, const std::string& model);

// A table with a line for each session: handle, model, step, whether it is attached, idle time and age. With `rates`,
// steps a second by handle, a column of those.
std::string SessionTable(const std::vector<v1::SessionInfo>& sessions, const std::map<std::string, double>* rates);

}  // namespace recurd
