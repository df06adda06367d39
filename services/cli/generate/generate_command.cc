#include "services/cli/generate/generate_command.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/service_tls.h"
#include "common/rpc/status.h"
#include "common/status/errors.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"
#include "proto/cohort/rollout/v1/rollout_service.grpc.pb.h"
#include "services/cli/command/exit_code.h"
#include "services/cli/command/interrupt.h"
#include "services/cli/command/printable.h"
#include "services/cli/evaluate/private_services.h"
#include "services/cli/evaluate/sampling_client.h"
#include "services/cli/evaluate/sampling_options.h"
#include "services/cli/generate/ordered_printer.h"

namespace cohort::cli {
namespace {

constexpr absl::Duration kConnectTimeout = absl::Seconds(10);

struct Arguments {
  std::string model;
  std::string endpoint;
  std::vector<std::string> prompts;
  std::string prompt_template = "{prompt}";
  int samples = 1;
  SamplingOptions sampling;
  double timeout_seconds = 600;
  bool json = false;
};

rollout::v1::GenerateRequest RequestFor(const Arguments& arguments) {
  rollout::v1::GenerateRequest request;
  for (const std::string& prompt : arguments.prompts) request.add_prompts()->set_text(FillTemplate(arguments.prompt_template, prompt));
  request.set_samples(arguments.samples);
  *request.mutable_sampling() = arguments.sampling.ToProto();
  request.set_stream_text(true);
  return request;
}

std::string FinishText(common::v1::FinishReason reason) {
  return std::string(absl::StripPrefix(common::v1::FinishReason_Name(reason), "FINISH_REASON_"));
}

// Completions on the terminal, in order, the first unfinished one as it grows.
OrderedPrinter::Output TerminalOutput(const Arguments& arguments) {
  const bool titles = arguments.samples > 1 || arguments.prompts.size() > 1;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  OrderedPrinter::Output output;
  output.begin = [=](OrderedPrinter::Key key) {
    if (titles) std::cout << "── prompt " << key.first + 1 << ", sample " << key.second + 1 << " ──\n" << std::flush;
  };
  output.print = [=](absl::string_view piece) { std::cout << (terminal ? Printable(piece) : std::string(piece)) << std::flush; };
  output.end = [=](OrderedPrinter::Key) { std::cout << (titles ? "\n\n" : "\n") << std::flush; };
  return output;
}

absl::Status Stream(const std::string& address, const Arguments& arguments) {
  COHORT_RETURN_IF_ERROR(rpc::CheckServiceTls());
  const auto channel = rpc::Connect(address);
  COHORT_RETURN_IF_ERROR(rpc::WaitUntilReady(channel, address, "liveness", absl::Now() + kConnectTimeout, [] { return Interrupted(); }));
  grpc::ClientContext context;
  rpc::SetDeadline(context, absl::Now() + absl::Seconds(arguments.timeout_seconds));
  OrderedPrinter printer(static_cast<int>(arguments.prompts.size()), arguments.samples, TerminalOutput(arguments));
  const auto stream = rollout::v1::RolloutService::NewStub(channel)->Generate(&context, RequestFor(arguments));
  rollout::v1::GenerateResponse piece;
  while (stream->Read(&piece)) {
    if (Interrupted()) context.TryCancel();
    printer.Push({piece.prompt(), piece.sample()}, piece.text(), piece.finish_reason() != common::v1::FINISH_REASON_UNSPECIFIED);
  }
  const absl::Status status = rpc::FromGrpc(stream->Finish());
  return status.ok() ? status : Annotate(status, absl::StrCat("rollout worker ", address));
}

absl::Status PrintJson(const std::string& address, const Arguments& arguments) {
  rollout::v1::GenerateRequest request = RequestFor(arguments);
  request.set_stream_text(false);
  const absl::Time deadline = absl::Now() + absl::Seconds(arguments.timeout_seconds);
  COHORT_ASSIGN_OR_RETURN(const std::vector<SampledCompletion> completions, Sample(address, request, deadline, [] { return Interrupted(); }));
  for (const SampledCompletion& completion : completions) {
    const nlohmann::ordered_json row = {{"prompt", arguments.prompts[static_cast<size_t>(completion.prompt)]},
                                        {"sample", completion.sample},
                                        {"text", completion.text},
                                        {"tokens", completion.tokens},
                                        {"finish_reason", FinishText(completion.finish_reason)}};
    std::cout << row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  }
  std::cout << std::flush;
  return absl::OkStatus();
}

absl::Status Generate(const Arguments& arguments) {
  if (arguments.model.empty() == arguments.endpoint.empty()) return absl::InvalidArgumentError("give either --model DIR or --endpoint HOST:PORT");
  std::unique_ptr<PrivateServices> services;
  std::string address = arguments.endpoint;
  if (!arguments.model.empty()) {
    PrivateServices::Options options;
    options.model = arguments.model;
    options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    options.reward = false;
    COHORT_ASSIGN_OR_RETURN(services, PrivateServices::Start(options));
    address = services->rollout_addresses()[0];
  }
  return arguments.json ? PrintJson(address, arguments) : Stream(address, arguments);
}

}  // namespace

void AddGenerateCommand(CLI::App& app, int* exit_code) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("generate", "Complete prompts with a checkpoint or a running rollout worker, text streamed as it is sampled");
  command->add_option("PROMPT", arguments->prompts, "Prompts")->required();
  command->add_option("--model", arguments->model, "Hugging Face checkpoint directory; starts a private worker");
  command->add_option("--endpoint", arguments->endpoint, "HOST:PORT of a running rollout worker");
  command->add_option("--template,--prompt-template", arguments->prompt_template,
                      "Text the model sees; {prompt} is replaced by the prompt, \\n is a line break [{prompt}]");
  command->add_option("-n,--samples", arguments->samples, "Completions of each prompt [1]")->check(CLI::Range(1, 4096));
  AddSamplingOptions(command, arguments->sampling);
  command->add_option("--timeout", arguments->timeout_seconds, "Seconds for everything [600]")->check(CLI::PositiveNumber);
  command->add_flag("--json", arguments->json, "One JSON object a completion");
  command->footer("Example:\n  cohort generate --model runs/quickstart/model --template 'User: {prompt}\\nAssistant: ' --samples 2 '289 + 955'");
  command->callback([arguments, exit_code] {
    CatchInterrupts();
    arguments->prompt_template = WithLineBreaks(arguments->prompt_template);
    const absl::Status status = Generate(*arguments);
    *exit_code = Interrupted() ? 128 + InterruptSignal() : Finish(status);
  });
}

}  // namespace cohort::cli
