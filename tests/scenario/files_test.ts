import { test } from "../testing.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { prepareFiles } from "#src/scenario/files.ts";
import { createAuthority, issueCertificate } from "#src/simulate/certificates.ts";
import { playOut } from "./play.ts";

const proxies = `
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  retries 0
listen web
  bind 127.46.3.1:8443 ssl crt /etc/sluice/certs/
  http-request return status 200 content-type text/plain lf-string "%[path,map_str(/etc/sluice/x.map,none)]\\n" if { path_beg /map }
  server a 127.46.3.11:8000
listen secure
  bind 127.46.3.1:8080
  server b 127.46.3.12:8443 ssl verify required ca-file /etc/sluice/ca.pem verifyhost b.example
listen pass
  bind 127.46.3.1:9443
  mode tcp
  server c 127.46.3.13:8443
`;

const files = `# t: t
#> the file /etc/sluice/x.map has
#>   /map/one first
#>   /map/two second
#> the authority /etc/sluice/ca.pem signs the certificates below
#> the certificate /etc/sluice/certs/a.pem is for a.example, *.a.example
#> the certificate /etc/sluice/b.pem is for b.example
`;

test("files are made before the configuration is read, and removed", () => {
  const made = prepareFiles(files + proxies);
  const { folder, text, shown, remove } = made;
  assert(folder !== null && !text.includes("/etc/sluice/"));
  assertEquals(readFileSync(`${folder}/x.map`, "utf8"), "/map/one first\n/map/two second\n");
  assertEquals(shown(text), files + proxies);
  assert(readFileSync(`${folder}/certs/a.pem`, "utf8").includes("PRIVATE KEY"));
  remove();
  assert(!existsSync(folder));
  const nothing = prepareFiles(proxies);
  assertEquals([nothing.text, nothing.folder], [proxies, null]);
});

test("TLS of clients, of servers, and through the proxy", async () => {
  const { status, out, failed, left } = await playOut(`${files}
#> anna sends GET /page HTTP/1.1 to web
#>   with Host: www.a.example
#>   a serves it
#>   anna is shown the certificate of *.a.example
#> anna sends GET /map/two HTTP/1.1 to web
#>   with Host: a.example
#>   anna reads second
#> ben sends GET /page HTTP/1.1 to web
#>   with Host: b.example
#>   ( a name that the certificate has not )
#>   no server sees it
#>   ben gets nothing
#> carl sends GET /page HTTP/1.1 to secure
#>   no server sees it
#>   carl gets 503
#> b speaks TLS with the certificate /etc/sluice/b.pem
#> carl sends GET /page HTTP/1.1 to secure
#>   b serves it
#> c speaks TLS with the certificate /etc/sluice/b.pem
#> dora sends GET /page HTTP/1.1 to pass
#>   over TLS
#>   with Host: b.example
#>   c serves it
#>   dora is shown the certificate of b.example
${proxies}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertStringIncludes(out, "* the authority /etc/sluice/ca.pem signs");
});

test("what is wrong with TLS is said", async () => {
  const { failed } = await playOut(`${files}
#> ben sends GET /page HTTP/1.1 to web
#>   with Host: b.example
#>   a serves it
#>   ben gets 200
#> ben sends GET /page HTTP/1.1 to web
#>   with Host: a.example
#>   ben is shown the certificate of b.example
${proxies}`);
  assertEquals(failed.length, 3);
  assertStringIncludes(failed[1]!, "no TLS: ");
  assertStringIncludes(failed[2]!, "it was that of a.example, *.a.example");
});

test("files elsewhere are not made", async () => {
  const { status, err } = await playOut(`# t: t
#> the file /var/lib/x.map has
#>   a b
${
    proxies.replaceAll(
      / ssl crt \S+|^listen secure[^]*(?=^listen pass)|^ {2}http-request .*\n/gm,
      "",
    )
  }`);
  assertEquals(status, 1);
  assertStringIncludes(err, "files of a story are below /etc/sluice");
});

test("certificates are such as others read them", () => {
  const authority = createAuthority("An authority");
  const root = new X509Certificate(authority.certificate);
  const issued = issueCertificate(authority, ["a.example", "*.a.example"]);
  const certificate = new X509Certificate(issued);
  assert(root.ca && root.checkIssued(root) && certificate.checkIssued(root));
  assert(certificate.verify(root.publicKey));
  assertEquals(certificate.subject, "CN=a.example");
  assertEquals(certificate.subjectAltName, "DNS:a.example, DNS:*.a.example");
  assert(Date.parse(certificate.validTo) > Date.now());
});
