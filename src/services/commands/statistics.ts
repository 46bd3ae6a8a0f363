/** Commands that show and clear what is counted. */
import { type InfoForm, showInfo } from "../../stats/info.ts";
import { everything, type StatFilter, statRows } from "../../stats/rows.ts";
import { statPieces } from "../../stats/show-stat.ts";
import { resolversCsv } from "./resolvers.ts";
import { type Command, leadingInteger, refuse } from "./command.ts";

/** Words of `show stat` behind its numbers. */
const flags: Readonly<Record<string, Partial<StatFilter>>> = {
  up: { up: true },
  "no-maint": { noMaintenance: true },
};

/** See above. */
export const statisticsCommands: readonly Command[] = [
  {
    name: "show info",
    usage: "[desc|json|typed|float]*",
    help: "the process",
    run({ control, args }) {
      const form: InfoForm = args.includes("json")
        ? "json"
        : args.includes("typed")
        ? "typed"
        : args.includes("desc")
        ? "desc"
        : "plain";
      const text = showInfo(control.process, control.wall(), form, args.includes("float"));
      return form === "json" ? `${text}\n` : text;
    },
  },
  {
    name: "show stat",
    usage: "[domain <domain>] [<iid> <type> <sid>] [desc|json|no-maint|typed|up]*",
    help: "counters of proxies and servers",
    run({ control, clock, args: given }) {
      const [first, domain] = given;
      if (first === "domain") {
        if (domain === "resolvers") return resolversCsv(control.resolvers);
        if (domain !== "proxy") throw refuse("Invalid statistics domain.");
      }
      const args = first === "domain" ? given.slice(2) : given;
      let words = args;
      let filter: StatFilter = everything;
      if (args[2] !== undefined && /^-?\d/.test(args[0]!) || /^\d/.test(args[0] ?? "")) {
        const [iid = "", type = "-1", sid = "-1"] = args;
        filter = {
          ...filter,
          iid: leadingInteger(iid),
          type: leadingInteger(type),
          sid: leadingInteger(sid),
        };
        words = args.slice(3);
      } else if (args.length >= 3) {
        const byName = control.proxies.find(({ name }) => name === args[0]);
        if (byName === undefined && !/^(up|no-maint|desc|json|typed)$/.test(args[0]!)) {
          throw refuse("No such proxy.");
        }
        if (byName !== undefined) {
          filter = {
            ...filter,
            iid: byName.id,
            type: leadingInteger(args[1]!),
            sid: leadingInteger(args[2]!),
          };
          words = args.slice(3);
        }
      }
      for (const word of words) filter = { ...filter, ...flags[word] };
      const moment = {
        wall: control.wall(),
        pid: control.process.pid,
        legends: true,
        onlyUp: filter.up || filter.noMaintenance,
      };
      const rows = statRows(control.proxies, filter);
      const described = words.includes("desc");
      const form = words.includes("json") ? "json" : words.includes("typed") ? "typed" : "csv";
      const turn = () => new Promise<void>((resolve) => clock.schedule(0, resolve));
      return statPieces(rows, moment, form, described, turn);
    },
  },
  {
    name: "clear counters",
    usage: "[all]",
    help: "begins maxima anew, or all counters",
    level: "operator",
    run({ control, args: [all], session }) {
      if (all === "all" && session.level !== "admin") throw refuse("Permission denied");
      control.clearCounters(all === "all");
      return "";
    },
  },
];
