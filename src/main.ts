/** From the command line to a command: HAProxy's flags, or a verb. Nothing else reads argv. */
import "./process/survived-signals.ts"; // before all others
import process from "node:process";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { completion, shellNames, type Verb } from "./cli/completion.ts";
import { manualPage } from "./cli/man.ts";
import { check, condition, convert } from "./cli/check.ts";
import { cert } from "./cli/cert.ts";
import { demoHosts } from "./cli/demo-host.ts";
import type { DemoOptions } from "./cli/demo.ts";
import { explainFailure } from "./cli/failure.ts";
import { FileError, outputWritten, print, printError } from "./cli/files.ts";
import { flagList, flagsHelp, parseFlags } from "./cli/haproxy-flags.ts";
import { help } from "./cli/help.ts";
import { keywordNames } from "./config/help.ts";
import { run } from "./cli/run.ts";
import { scenario, scenarios } from "./cli/scenarios.ts";
import { installService, type ServiceOptions } from "./cli/install-service.ts";
import { type OperateOptions, operateServer, showRuntime, top } from "./cli/operate.ts";
import { reload } from "./cli/reload.ts";
import { longVersion, shortVersion } from "./cli/version.ts";
import { jsonSchema } from "./config/json.ts";
import { type Engine, engines } from "./config/model.ts";
import { whyEnvironmentUnsafe } from "./process/environment.ts";
import { didYouMean } from "./text/nearest.ts";

const words = process.argv.slice(2);
// The stack of an error of ours is shown with -d only.
const debug = words.includes("-d");
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error: unknown) => {
    printError(explainFailure(error, debug));
    process.exit(1);
  });
}
const status = await main(words).catch((error: unknown) => {
  printError(explainFailure(error, debug));
  return 1;
});
process.exitCode = await outputWritten() ? status : 1;

async function main(argv: readonly string[]): Promise<number> {
  const [first] = argv;
  const verbs = first === undefined || !first.startsWith("-") ||
    /^(-h|--help|--version)$/.test(first);
  const unsafe = whyEnvironmentUnsafe();
  if (unsafe !== null) {
    printError(unsafe);
    return 1;
  }
  try {
    return await (verbs ? runVerb(argv) : runFlags(argv));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    printError(error.message);
    return 1;
  }
}

/** HAProxy's flags: `sluice -f FILE -c`. */
async function runFlags(argv: readonly string[]): Promise<number> {
  const flags = parseFlags(argv);
  if (typeof flags === "string") {
    printError(
      `${flags}\n\nThe options are HAProxy's:\n${flagsHelp()}\n\nsluice --help says more.`,
    );
    return 1;
  }
  if (flags.version > 0) {
    print(flags.version === 2 ? await longVersion() : shortVersion());
    return 0;
  }
  if (flags.condition !== null) return condition(flags.condition);
  if (flags.files.length === 0) {
    printError("which configuration? Name it: sluice -f FILE");
    return 1;
  }
  if (flags.directory !== null && !goTo(flags.directory)) return 1;
  if (flags.check) return check(flags.files, flags.quiet, flags.zeroWarning);
  // -d is -db, and says more.
  const background = flags.foreground || flags.debug ? null : {
    always: flags.daemon,
    // The processes that this one starts are there already.
    argv: argv.filter((word, i) => word !== "-C" && argv[i - 1] !== "-C"),
  };
  const engine = flags.noEpoll ? "sockets" : null;
  const verbose = flags.verbose || flags.debug;
  return run(flags.files, { ...flags, background, engine, verbose });
}

/** Where the runtime API of a running process is. */
function socketOption(): Option {
  return new Option(
    "--socket <path>",
    "the 'stats socket' of the process; else $SLUICE_SOCKET, or a usual place",
  );
}

/** -C. @returns whether it is there */
function goTo(folder: string): boolean {
  try {
    process.chdir(folder);
    return true;
  } catch (error) {
    printError(`cannot go to '${folder}': ${(error as Error).message}`);
    return false;
  }
}

/** The verbs for people: `sluice run FILE`. */
async function runVerb(argv: readonly string[]): Promise<number> {
  let status = 0;
  const end = (result: number) => void (status = result);
  const program = new Command("sluice")
    .description("An edge proxy and load balancer that speaks HAProxy's configuration language.")
    .version(shortVersion(), "--version", "prints the version")
    .helpOption("-h, --help", "shows this")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: printError })
    .showHelpAfterError("\n'sluice --help' shows the commands.")
    .addHelpText(
      "after",
      `\nHAProxy's own options work as well: sluice -f FILE [-c] ...\n${flagsHelp()}\n` +
        examples("sluice demo cookie-insert", "sluice check /etc/haproxy/haproxy.cfg"),
    );

  program.command("demo").argument("[scenario...]", "names of scenarios, or files")
    .description("plays a scenario: starts it, sends what its story says, draws what happens")
    .option("--keep", "leaves it running after the story, to go on with curl")
    .option("--check", "prints the verdicts only, of a simulation; by default of all scenarios")
    .option("--wire", "plays on real sockets what --check would simulate")
    .option("--seed <number>", "draws a simulation: the same for the same number", seedOf)
    .addHelpText("after", examples("sluice demo cookie-insert", "sluice demo --keep my.cfg"))
    .action(async (subjects: string[], options: DemoOptions) => {
      // What only a demo needs is not loaded by a proxy that starts. (demo-host.ts must be: imported
      // here, Bun 1.4.5 compiles a worker, with --bytecode, that ends as soon as it begins.)
      const { demo } = await import("./cli/demo.ts");
      end(await demo(subjects, options, demoHosts));
    });
  program.command("scenarios")
    .description("lists the scenarios that the program carries")
    .addHelpText("after", examples("sluice scenarios", "sluice show cookie-insert > my.cfg"))
    .action(() => print(listScenarios()));
  program.command("show").argument(
    "<scenario>",
    "its name; or what the runtime API shows: info, stat, sess ...",
  )
    .argument("[word...]", "more of that")
    .description("prints a scenario's file, or what a running proxy shows of itself")
    .addOption(socketOption())
    .addHelpText("after", examples("sluice show cookie-insert > my.cfg", "sluice show info"))
    .action(async (name: string, more: string[], options: OperateOptions) => {
      const words = [name, ...more];
      const isScenario = words.length === 1 &&
        (options.socket === undefined &&
          !/^(info|stat|sess|errors|env|backend|table|map|acl)$/.test(name));
      end(isScenario ? showScenario(name) : await showRuntime(words, options));
    });
  program.command("server").argument("<verb>", "list, ready, drain or maint")
    .argument("[server...]", "proxy/server")
    .description("lists the servers of a running proxy, or takes them out of service and back")
    .addOption(socketOption())
    .addHelpText("after", examples("sluice server list", "sluice server drain web/a"))
    .action(async (verb: string, servers: string[], options: OperateOptions) =>
      end(await operateServer(verb, servers, options))
    );
  program.command("top")
    .description("shows a running proxy, live: proxies, servers, rates, queues")
    .addOption(socketOption())
    .addHelpText("after", examples("sluice top", "sluice top --socket /run/haproxy/admin.sock"))
    .action(async (options: OperateOptions) => end(await top(options)));
  program.command("run").argument("<file...>", "configuration files, or the name of a scenario")
    .description("runs a configuration in the foreground, even if it says 'daemon'")
    .option("-p, --pidfile <file>", "writes the process's id to a file")
    .addOption(
      new Option("--engine <engine>", "serves the sockets so, whatever the configuration says")
        .choices(engines),
    )
    .addHelpText("after", examples("sluice run my.cfg", "sluice run cookie-insert"))
    .action(async (files: string[], options: { pidfile?: string; engine?: Engine }) =>
      end(await run(files, { ...options, verbose: true }))
    );
  program.command("reload").argument(
    "[master]",
    "its process id, or its pid file",
    "/run/sluice/sluice.pid",
  )
    .description("has a running master (-W) take its configuration anew")
    .addHelpText("after", examples("sluice reload", "sluice reload /run/haproxy.pid"))
    .action(async (master: string) => end(await reload(master)));
  program.command("install-service")
    .description("writes a unit for systemd")
    .option("--config <file>", "the configuration that it runs", "/etc/haproxy/haproxy.cfg")
    .option("--print", "shows the unit, and writes nothing", false)
    .addHelpText("after", examples("sluice install-service --print"))
    .action((options: ServiceOptions) => end(installService(options)));
  program.command("check").argument("<file...>", "configuration files")
    .description("shows all that is wrong with a configuration")
    .addHelpText("after", examples("sluice check my.cfg", "sluice check my.json"))
    .action(async (files: string[]) => end(await check(files)));
  program.command("cert").argument("<file...>", "configuration files")
    .description("shows which certificates are served, from where, until when")
    .addHelpText("after", examples("sluice cert my.cfg"))
    .action(async (files: string[]) => end(await cert(files)));
  program.command("convert").argument("<file...>", "configuration files")
    .description("turns HAProxy's language into JSON, and JSON into HAProxy's language")
    .addHelpText("after", examples("sluice convert my.cfg > my.json", "sluice convert my.json"))
    .action((files: string[]) => end(convert(files)));
  program.command("schema")
    .description("prints the JSON Schema of a configuration, for editors")
    .addHelpText("after", examples("sluice schema > sluice.schema.json"))
    .action(() => print(JSON.stringify(jsonSchema(), null, 2)));

  program.command("completion")
    .addArgument(new Argument("<shell>", "whose completions").choices(shellNames))
    .description("prints what a shell completes command lines by")
    .addHelpText("after", examples("source <(sluice completion bash)"))
    .action((shell: (typeof shellNames)[number]) =>
      print(completion(shell, { verbs: verbsOf(program), flags: flagList }).trimEnd())
    );
  program.command("man")
    .description("prints the manual page")
    .addHelpText("after", examples("sluice man | man -l -"))
    .action(() => print(manualPage(shortVersion(), verbsOf(program), flagList).trimEnd()));

  program.command("help").argument("[keyword...]", "a keyword of the configuration")
    .description("explains a keyword of the configuration; without one, lists all")
    .addHelpText("after", examples("sluice help balance", "sluice help option forwardfor"))
    .action((words: string[]) => end(help(words)));

  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode;
  }
  return status;
}

/** The commands, as completions and the manual page show them. */
function verbsOf(program: Command): Verb[] {
  const words: Readonly<Record<string, readonly string[]>> = {
    server: ["list", "ready", "drain", "maint"],
    show: ["info", "stat", "sess", "errors", "env", "backend", "table", "map", "acl"],
    help: keywordNames(),
    demo: scenarios().map(({ name }) => name),
  };
  return program.commands.map((command) => {
    const [first] = command.registeredArguments;
    return {
      name: command.name(),
      summary: command.description(),
      options: command.options.flatMap(({ short, long }) =>
        [short, long].flatMap((each) => each ?? [])
      ),
      words: first === undefined ? [] : first.argChoices ?? words[command.name()] ?? null,
    };
  });
}

function seedOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}

function listScenarios(): string {
  const all = scenarios();
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`).join("\n");
}

function showScenario(name: string): number {
  const found = scenario(name);
  if (found === undefined) {
    const meant = didYouMean(name, scenarios().map((each) => each.name));
    printError(`no scenario is named '${name}'; ${meant ?? `there are:\n${listScenarios()}`}`);
    return 1;
  }
  print(found.text);
  return 0;
}
