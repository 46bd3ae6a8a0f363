/** A small PKI, made by the `openssl` program in a folder of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether the program is there. */
export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** How a certificate is made. */
export interface Made {
  readonly key?: "ec" | "rsa";
  /** Its common name; by default its first name. */
  readonly cn?: string;
  readonly days?: number;
  /** Who signs it; by default the authority. */
  readonly self?: true;
}

/** A folder with an authority, and what it has signed. */
export interface Pki {
  readonly folder: string;
  /** `ca.pem`, the authority's certificate. */
  readonly ca: string;
  /** Makes NAME.pem, with certificate and key, and NAME.crt, NAME.key. @returns the path of the first */
  make(name: string, names: readonly string[], how?: Made): string;
  /** Makes a list of revoked certificates with those of these names. @returns its path */
  revoke(file: string, names: readonly string[]): string;
  /** Makes an OCSP response about NAME, good for so many days. @returns its path */
  ocsp(file: string, name: string, days: number): string;
  path(file: string): string;
  write(file: string, text: string): string;
  remove(): void;
}

/** Makes it. */
export function createPki(): Pki {
  const folder = mkdtempSync(join(tmpdir(), "sluice-tls-"));
  const path = (file: string) => join(folder, file);
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder });
    if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
  };
  const newKey = (kind: "ec" | "rsa") =>
    kind === "ec"
      ? ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
      : ["-newkey", "rsa:2048"];
  run(
    ...["req", "-x509", ...newKey("ec"), "-nodes", "-days", "30", "-subj", "/CN=Test CA"],
    ...["-keyout", "ca.key", "-out", "ca.pem"],
  );
  writeFileSync(path("index.txt"), "");
  writeFileSync(path("serial"), "1000\n");
  writeFileSync(path("crlnumber"), "1000\n");
  writeFileSync(
    path("ca.conf"),
    "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\n" +
      "certificate=ca.pem\nprivate_key=ca.key\nnew_certs_dir=.\ndefault_md=sha256\n" +
      "default_crl_days=10\npolicy=any\ncopy_extensions=copy\nunique_subject=no\n" +
      "[any]\ncommonName=supplied\n",
  );
  return {
    folder,
    ca: path("ca.pem"),
    path,
    write(file, text) {
      writeFileSync(path(file), text);
      return path(file);
    },
    make(name, names, { key = "ec", cn = names[0] ?? name, days = 10, self } = {}) {
      const san = names.length === 0
        ? []
        : ["-addext", `subjectAltName=${names.map((each) => `DNS:${each}`).join(",")}`];
      const subject = ["-nodes", "-subj", `/CN=${cn}`, ...san, "-keyout", `${name}.key`];
      if (self === true) {
        run(
          "req",
          "-x509",
          ...newKey(key),
          "-days",
          String(days),
          ...subject,
          "-out",
          `${name}.crt`,
        );
      } else {
        run("req", "-new", ...newKey(key), ...subject, "-out", `${name}.csr`);
        run(
          ...["ca", "-batch", "-config", "ca.conf", "-in", `${name}.csr`, "-notext"],
          ...["-days", String(days), "-out", `${name}.crt`],
        );
      }
      const whole = readFileSync(path(`${name}.crt`), "utf8") +
        readFileSync(path(`${name}.key`), "utf8");
      writeFileSync(path(`${name}.pem`), whole);
      return path(`${name}.pem`);
    },
    ocsp(file, name, days) {
      run(
        ...[
          "ocsp",
          "-index",
          "index.txt",
          "-rsigner",
          "ca.pem",
          "-rkey",
          "ca.key",
          "-CA",
          "ca.pem",
        ],
        ...["-issuer", "ca.pem", "-cert", `${name}.crt`, "-respout", file, "-ndays", String(days)],
      );
      return path(file);
    },
    revoke(file, names) {
      for (const name of names) run("ca", "-config", "ca.conf", "-revoke", `${name}.crt`);
      run("ca", "-config", "ca.conf", "-gencrl", "-out", file);
      return path(file);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
