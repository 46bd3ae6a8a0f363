/** `sluice cert FILE...`: which certificates are served, from where, until when. */
import process from "node:process";
import { loadConfiguration } from "../config/load.ts";
import { systemAccounts } from "../process/accounts.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { createTlsLoader, type TlsLoading } from "../process/tls-load.ts";
import { pemBlocks } from "../tls/pem.ts";
import { nameEntry, readX509 } from "../tls/x509.ts";
import { print, printError, readFiles, readNamed, show } from "./files.ts";
import { table } from "./stat-table.ts";

const dayMs = 86_400_000;

/**
 * Shows them, as the configuration and its files have them now.
 * @returns the exit status: 0; 1 if one has expired, or the configuration is wrong
 */
export async function cert(paths: readonly string[], now = Date.now()): Promise<number> {
  const files = readFiles(paths);
  const { can } = await networkOfRuntime();
  const loader = createTlsLoader();
  const { configuration, diagnostics } = loadConfiguration(
    files,
    process.env,
    can,
    readNamed,
    systemAccounts,
    loader,
  );
  show(diagnostics.filter(({ severity }) => severity === "error"), files);
  if (configuration === null) return 1;
  const { loading } = loader;
  const rows = loading === null ? [] : rowsOf(loading, now);
  if (rows.length === 0) {
    printError(
      "no listener has a certificate: 'bind ... ssl crt FILE' or 'bind ... ssl acme NAMES'",
    );
    return 0;
  }
  const head = ["LISTENER", "NAMES", "FROM", "ISSUER", "UNTIL", "LEFT"];
  print(table(head, rows.map(({ cells }) => cells)).join("\n"));
  return rows.some(({ expired }) => expired) ? 1 : 0;
}

interface Row {
  readonly cells: readonly string[];
  readonly expired: boolean;
}

function rowsOf(loading: TlsLoading, now: number): Row[] {
  const rows = new Map<string, Row>();
  for (const [key, { entries, certificates }] of loading.material.binds) {
    const listener = `${loading.frontendOf(key)} (${loading.placeOf(key)})`;
    for (const { certificate, names } of entries) {
      const { file, notAfter } = certificates[certificate]!;
      const left = Math.floor((notAfter - now) / dayMs);
      const cells = [
        listener,
        names.join(" ") || "-",
        fromWhere(loading, file),
        issuerOf(loading, file),
        new Date(notAfter).toISOString().slice(0, 16).replace("T", " "),
        left < 0 ? "expired" : left === 1 ? "1 day" : `${left} days`,
      ];
      // The addresses of a line have the same ones.
      rows.set(JSON.stringify(cells), { cells, expired: notAfter < now });
    }
  }
  return [...rows.values()];
}

/** Where a certificate comes from. */
function fromWhere({ managed }: TlsLoading, file: string): string {
  const own = managed.all.get(file);
  if (own === undefined) return file;
  const by = own.order.section === null ? "acme" : `acme ${own.order.section.name}`;
  if (own.standsIn) return `${by}: not got yet, one of our own stands in`;
  return `${by}, ${own.stored}`;
}

function issuerOf({ files }: TlsLoading, file: string): string {
  const pem = files.partsOf(file)?.pem;
  const der = pem === undefined
    ? undefined
    : pemBlocks(new TextDecoder().decode(pem), "CERTIFICATE")[0];
  const read = der === undefined ? null : readX509(der);
  if (read === null) return "-";
  return nameEntry(read.issuer, "CN", 1) ?? nameEntry(read.issuer, "O", 1) ?? "-";
}
