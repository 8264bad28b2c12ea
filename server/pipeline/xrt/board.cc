#include "server/pipeline/xrt/board.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hw/config/contract.h"
#include "server/base/status_macros.h"
#include "server/pipeline/array/placer.h"

namespace recurd::board {
namespace {

// Its movers would write the next job's records to wherever that process had its rings.
constexpr char kStillUsed[] =
    "the PL still runs what an earlier process started: loading the array anew has not reset it on this board, and XRT "
    "has no call that does; boot the board anew";

}  // namespace

absl::StatusOr<std::unique_ptr<Board>> Board::Make(std::unique_ptr<Device> device, const Clock& clock,
                                                   const BoardOptions& options) {
  std::unique_ptr<Board> board(new Board(std::move(device), clock));
  RECURD_ASSIGN_OR_RETURN(board->identity_, Identify(*board->device_));
  RECURD_ASSIGN_OR_RETURN(const bool used, board->WasUsed());
  if (used) {
    RECURD_RETURN_IF_ERROR(board->device_->ReloadArray());
    RECURD_ASSIGN_OR_RETURN(board->identity_, Identify(*board->device_));
    RECURD_ASSIGN_OR_RETURN(const bool still, board->WasUsed());
    if (still) return absl::UnavailableError(kStillUsed);
  }
  RECURD_ASSIGN_OR_RETURN(board->layout_, board->placement().make(hw::Timing()));
  RECURD_RETURN_IF_ERROR(board->MakeDriver(options));
  const std::vector<emu::GruWeights> zeros(board->identity_.weight_sets, array::ZeroWeights(board->placement().shape));
  RECURD_RETURN_IF_ERROR(board->BringUp(zeros));
  RECURD_RETURN_IF_ERROR(board->MeasureWindow());
  RECURD_RETURN_IF_ERROR(board->Measure());
  return board;
}

RowWords Board::row_words() const {
  return {static_cast<size_t>(placement().shape.input_size), static_cast<size_t>(placement().shape.StateWords())};
}

absl::StatusOr<bool> Board::WasUsed() {
  for (const hw::Register counter : {hw::kRegSubmit, hw::kRegDone, hw::kRegGeneration, hw::kRegAbort}) {
    uint32_t value = 0;
    if (!device_->Read(counter, &value)) return absl::UnavailableError("the board's counters can't be read");
    if (value != 0) return true;
  }
  return false;
}

absl::Status Board::MakeDriver(const BoardOptions& options) {
  const RowWords row = row_words();
  const size_t input_words = hw::kBeatWords + row.input, result_words = row.state + hw::kBeatWords;
  auto rings = options.caching ? Rings::Make(*device_, *options.caching)
                               : Rings::Make(*device_, clock_, input_words, result_words);
  RECURD_RETURN_IF_ERROR(rings.status());
  // In front of a RUN's rows: three commands and a state; their records.
  const size_t words = rings->beats() * hw::kBeatWords;
  const size_t inputs = (words - 3 * hw::kBeatWords - row.state) / row.input;
  const size_t results = (words - 2 * hw::kBeatWords - row.state) / result_words;
  job_steps_ = static_cast<int>(std::min({size_t{kMaxJobSteps}, inputs, results}));
  driver_ = std::make_unique<Driver>(*device_, *std::move(rings), clock_, options.limits);
  return absl::OkStatus();
}

// The movers come last: what they bring before the array runs would fill up its entrance.
absl::Status Board::BringUp(const std::vector<emu::GruWeights>& sets) {
  const std::vector<emu::GruSystem::Parameter> parameters = layout_->Parameters(sets);
  RECURD_RETURN_IF_ERROR(WriteParameters(parameters, true));
  RECURD_RETURN_IF_ERROR(device_->RunGraph());
  RECURD_RETURN_IF_ERROR(WriteParameters(parameters, false));
  RECURD_RETURN_IF_ERROR(device_->StartMovers(driver_->rings().input(), driver_->rings().result()));
  if (!driver_->Attach()) return absl::UnavailableError("the board's counters can't be read");
  return Try({.reload = true});
}

absl::Status Board::WriteWeights(const std::vector<emu::GruWeights>& sets) {
  return WriteParameters(layout_->Parameters(sets), false);
}

absl::Status Board::WriteParameters(const std::vector<emu::GruSystem::Parameter>& parameters, bool once) {
  for (const emu::GruSystem::Parameter& parameter : parameters) {
    if (parameter.once != once) continue;
    const size_t bytes = parameter.words.size() * sizeof(uint32_t);
    RECURD_RETURN_IF_ERROR(device_->UpdateParameter(parameter.port, parameter.words.data(), bytes));
  }
  return absl::OkStatus();
}

absl::Status Board::Repair(const std::vector<emu::GruWeights>& sets) {
  RECURD_RETURN_IF_ERROR(device_->ReloadArray());
  RECURD_ASSIGN_OR_RETURN(const Identity identity, Identify(*device_));
  if (!(identity == identity_)) {
    return absl::UnavailableError(absl::StrCat("after a reload the board is ", Describe(identity), ", but it was ",
                                               Describe(identity_), "; start the program again"));
  }
  return BringUp(sets);
}

absl::Status Board::Try(const Trial& trial) {
  const RowWords row = row_words();
  const std::vector<float> zeros(std::max(row.state, trial.steps * row.input));
  std::vector<float> states(trial.steps * row.state);
  Job job(row, trial.steps);
  job.Begin(driver_->NewSequence());
  if (trial.reload) job.Reload();
  if (trial.switched) job.Switch(0, zeros.data());
  if (trial.steps > 0) job.Run(0, 0, zeros.data(), trial.steps);
  constexpr int64_t kLongestStepNs = 1'000'000;  // the emulated board's
  driver_->Submit(job, 0, trial.steps * kLongestStepNs);
  Driver::State state;
  do state = driver_->Poll(states.data());
  while (state == Driver::State::kRunning);
  if (state == Driver::State::kDone) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the board doesn't do its jobs: fault '",
                                             kFaultNames[static_cast<size_t>(driver_->fault())],
                                             "'; switch it off and on, or serve with --pipeline=cpu"));
}

absl::StatusOr<Board::TrialTimes> Board::Time(const Trial& trial) {
  std::array<int64_t, 5> all, board;
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t start = clock_.NowNs();
    RECURD_RETURN_IF_ERROR(Try(trial));
    all[i] = clock_.NowNs() - start;
    board[i] = driver_->board_ns();
  }
  std::sort(all.begin(), all.end());
  std::sort(board.begin(), board.end());
  return TrialTimes{static_cast<double>(all[all.size() / 2]), static_cast<double>(board[board.size() / 2])};
}

absl::Status Board::Measure() {
  const int steps = std::min(33, job_steps_);
  RECURD_ASSIGN_OR_RETURN(const TrialTimes reload, Time({.reload = true}));
  RECURD_ASSIGN_OR_RETURN(const TrialTimes switched, Time({.switched = true, .steps = 1}));
  RECURD_ASSIGN_OR_RETURN(const TrialTimes first, Time({.steps = 1}));
  RECURD_ASSIGN_OR_RETURN(const TrialTimes many, Time({.steps = steps}));
  times_ = {.first_ns = first.all_ns,
            .steady_ns = std::max(1.0, (many.all_ns - first.all_ns) / std::max(1, steps - 1)),
            .switch_ns = std::max(0.0, switched.all_ns - first.all_ns),
            .reload_ns = reload.all_ns};
  return absl::OkStatus();
}

// Words go through registers as long as that is faster: as long as they are few.
absl::Status Board::MeasureWindow() {
  constexpr size_t kMost = hw::kWindowBytes / sizeof(uint32_t);
  const size_t row = row_words().input;
  size_t fastest = 0;
  for (size_t steps = 1; hw::kBeatWords + steps * row <= kMost; steps *= 2) {
    driver_->set_window_words(kMost);
    RECURD_ASSIGN_OR_RETURN(const TrialTimes window, Time({.steps = static_cast<int>(steps)}));
    driver_->set_window_words(0);
    RECURD_ASSIGN_OR_RETURN(const TrialTimes ring, Time({.steps = static_cast<int>(steps)}));
    if (window.all_ns > ring.all_ns) break;
    fastest = hw::kBeatWords + steps * row;
  }
  driver_->set_window_words(fastest);
  return absl::OkStatus();
}

}  // namespace recurd::board
