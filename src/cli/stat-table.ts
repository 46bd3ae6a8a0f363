/** What `show stat` and `show info` say, as tables for people. */

/** A row of `show stat`, by the fields of its header. */
export type StatLine = Readonly<Record<string, string>>;

/** The cells of a line of CSV. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = ""]) =>
    cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
  );
}

/** Takes `show stat` apart. */
export function parseStat(csv: string): StatLine[] {
  const [header = "", ...lines] = csv.split("\n").filter((line) => line !== "");
  const names = cellsOf(header.replace(/^# /, ""));
  return lines.map((line) => {
    const cells = cellsOf(line);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

/** The lines `Name: value` of `show info`. */
export function parseInfo(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([^:]+): (.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value ?? ""]];
    }),
  );
}

/** A table with aligned columns; numbers are to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  return all.map((row) =>
    row.map((cell, i) => {
      const isNumber = rows.every((each) => /^[\d.,:/ %kMGms-]*$/.test(each[i] ?? ""));
      return isNumber ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
    }).join("  ").trimEnd()
  );
}

const units = ["", "k", "M", "G", "T"];

/** 12345 -> 12.3k */
export function short(text: string | undefined): string {
  let value = Number(text ?? "");
  if (text === undefined || text === "" || Number.isNaN(value)) return "";
  let unit = 0;
  while (value >= 10_000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return (unit === 0 ? String(value) : value.toFixed(1)) + units[unit];
}

/** The servers, one a line. */
export function serverTable(lines: readonly StatLine[]): string[] {
  const servers = lines.filter(({ type }) => type === "2");
  return table(
    ["SERVER", "STATE", "WEIGHT", "SESSIONS", "QUEUE", "RATE", "TOTAL", "ADDRESS"],
    servers.map((server) => [
      `${server["pxname"]}/${server["svname"]}`,
      server["status"] ?? "",
      server["weight"] ?? "",
      `${server["scur"]}${server["slim"] ? `/${server["slim"]}` : ""}`,
      server["qcur"] ?? "",
      `${server["rate"]}`,
      short(server["stot"]),
      server["addr"] ?? "",
    ]),
  );
}

/** One picture of `sluice top`. @param size of the terminal */
export function topScreen(
  infoText: string,
  csv: string,
  size: { readonly columns: number; readonly rows: number },
): string {
  const info = parseInfo(infoText);
  const lines = parseStat(csv);
  const first = [
    `sluice top - ${info["node"] ?? ""} up ${info["Uptime"] ?? ""}, ` +
    `${info["CurrConns"]}/${info["Maxconn"]} connections, ${info["ConnRate"]} new/s, ` +
    `${short(info["BytesOutRate"])}B/s out, idle ${info["Idle_pct"]}%`,
    "",
  ];
  const kinds: Readonly<Record<string, string>> = { "0": "front", "1": "back", "2": "server" };
  const rows = table(
    [
      "PROXY",
      "NAME",
      "KIND",
      "STATE",
      "QUEUE",
      "CUR",
      "MAX",
      "RATE",
      "2xx",
      "4xx",
      "5xx",
      "ERR",
      "TIME ms",
    ],
    lines.map((line) => [
      line["pxname"] ?? "",
      line["svname"] ?? "",
      kinds[line["type"] ?? ""] ?? "",
      line["status"] ?? "",
      line["qcur"] ?? "",
      line["scur"] ?? "",
      line["smax"] ?? "",
      line["rate"] ?? "",
      short(line["hrsp_2xx"]),
      short(line["hrsp_4xx"]),
      short(line["hrsp_5xx"]),
      short(
        String(["ereq", "econ", "eresp"].reduce((sum, key) => sum + Number(line[key] || 0), 0)),
      ),
      line["ttime"] ?? "",
    ]),
  );
  const all = [...first, ...rows];
  const shown = all.length > size.rows - 1
    ? [...all.slice(0, size.rows - 2), `... ${all.length - size.rows + 2} more`]
    : all;
  return shown.map((line) => line.slice(0, size.columns)).join("\n");
}
