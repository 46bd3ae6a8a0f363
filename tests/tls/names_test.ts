/** Which certificate serves whom, lists of certificates, versions, protocols. */
import { assertEquals } from "@std/assert";
import { chooseProtocol, encodeProtocols } from "#src/tls/alpn.ts";
import { readCrtList } from "#src/tls/crt-list.ts";
import { NameTable, type Served } from "#src/tls/names.ts";
import { allowedVersions, type Version } from "#src/tls/versions.ts";
import { test } from "../testing.ts";

const both = { rsa: true, ecdsa: true };
interface Labelled extends Served {
  readonly label: string;
}
const served = (label: string, kind: Served["kind"] = "ecdsa"): Labelled => ({ label, kind });

test("names: exact ones before wildcards, of one label, and then what is first", () => {
  const [first, exact, wild] = [served("first"), served("exact"), served("wild")];
  const table = new NameTable([first]);
  table.add("WWW.Example.org", exact);
  table.add("*.example.org", wild);
  const found = (name: string | null) => table.find(name, both)?.label;
  assertEquals(found("www.example.org"), "exact");
  assertEquals(found("img.example.org"), "wild");
  assertEquals(found("a.b.example.org"), "first");
  assertEquals(found("example.org"), "first");
  assertEquals(found("other"), "first");
  assertEquals(found(null), "first");
});

test("names: without a fallback nobody else is served; a filter takes names out", () => {
  const wild = served("wild");
  const table = new NameTable<Labelled>([]);
  table.add("*.example.org", wild);
  table.add("!secret.example.org", wild);
  assertEquals(table.find("www.example.org", both), wild);
  assertEquals(table.find("secret.example.org", both), null);
  assertEquals(table.find(null, both), null);
});

test("names: of several keys the client gets one that it takes, ECDSA first", () => {
  const [rsa, ecdsa] = [served("rsa", "rsa"), served("ecdsa")];
  const table = new NameTable([rsa, ecdsa]);
  table.add("x", rsa);
  table.add("x", ecdsa);
  assertEquals(table.find("x", both)?.label, "ecdsa");
  assertEquals(table.find("x", { rsa: true, ecdsa: false })?.label, "rsa");
  assertEquals(table.find(null, { rsa: false, ecdsa: true })?.label, "ecdsa");
  assertEquals(table.find("x", { rsa: false, ecdsa: false })?.label, "rsa");
});

test("crt-list: files, options, names, comments", () => {
  const { lines, mistakes } = readCrtList(
    "# all\na.pem\nb.pem [alpn h2 verify none] *.x !y.x  # no\n\nc\\ d.pem www\n",
  );
  assertEquals(mistakes, []);
  assertEquals(lines, [
    { line: 2, file: "a.pem", options: [], names: [] },
    {
      line: 3,
      file: "b.pem",
      options: ["alpn", "h2", "verify", "none"],
      names: ["*.x", "!y.x"],
    },
    { line: 5, file: "c d.pem", options: [], names: ["www"] },
  ]);
});

test("crt-list: brackets that are wrong are named with their line", () => {
  const wrong = readCrtList("a [x\nb x [y]\nc x]\nd [x] [y]\n").mistakes;
  assertEquals(wrong.map(({ line }) => line), [1, 2, 3, 4]);
});

test("versions: from 1.2 on, unless a line says otherwise", () => {
  const none = { sslMinVer: null, sslMaxVer: null, sslForce: null, sslWithout: [] };
  const defaults = { min: "TLSv1.2", max: "TLSv1.3" } as const;
  const allowed = (words: Partial<Parameters<typeof allowedVersions>[0]>) =>
    allowedVersions({ ...none, ...words }, defaults);
  const range = (min: Version, max: Version, without: Version[] = []) => ({ min, max, without });
  assertEquals(allowed({}), range("TLSv1.2", "TLSv1.3"));
  assertEquals(allowed({ sslMinVer: "TLSv1.0" }), range("TLSv1.0", "TLSv1.3"));
  assertEquals(allowed({ sslMaxVer: "TLSv1.1" }), range("TLSv1.1", "TLSv1.1"));
  assertEquals(allowed({ sslForce: "TLSv1.3" }), range("TLSv1.3", "TLSv1.3"));
  assertEquals(allowed({ sslWithout: ["TLSv1.2"] }), range("TLSv1.3", "TLSv1.3"));
  assertEquals(allowed({ sslWithout: ["TLSv1.2", "TLSv1.3"] }), null);
  assertEquals(allowed({ sslMinVer: "TLSv1.3", sslMaxVer: "TLSv1.2" }), null);
  assertEquals(
    allowed({ sslMinVer: "TLSv1.1", sslWithout: ["TLSv1.2"] }),
    range("TLSv1.1", "TLSv1.3", ["TLSv1.2"]),
  );
});

test("ALPN: the first of ours that is offered, whatever else there is", () => {
  const offered = encodeProtocols(["http/1.0", "http/1.1", "x"]);
  assertEquals(chooseProtocol(["h2", "http/1.1", "http/1.0"], offered), "http/1.1");
  assertEquals(chooseProtocol(["h2"], offered), null);
  assertEquals(chooseProtocol(["h2"], new Uint8Array([200, 104, 50])), null);
  assertEquals(chooseProtocol(["h2"], new Uint8Array()), null);
});
