/** 'do-resolve' beside haproxy: what a name server says becomes a variable. */
import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { freshAddress } from "../binary.ts";
import { until } from "../until.ts";
import { oracle } from "./harness.ts";
import { startRaw } from "./raw.ts";
import type { Kind } from "./rig.ts";

/** Answers: "a..." has 192.0.2.1, "b..." has 2001:db8::1, of others there is nothing. */
async function nameServer(host: string): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (query, { address, port }) => {
    let end = 12;
    while (query[end] !== 0) end += query[end]! + 1;
    const type = query.readUInt16BE(end + 1);
    const question = query.subarray(12, end + 5);
    const first = String.fromCharCode(query[13]!);
    const data = first === "a" && type === 1
      ? Buffer.from([192, 0, 2, 1])
      : first === "b" && type === 28
      ? Buffer.from("20010db8000000000000000000000001", "hex")
      : null;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(data !== null || "ab".includes(first) ? 0x8180 : 0x8183, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data === null ? 0 : 1, 6);
    const answer = Buffer.alloc(data === null ? 0 : 12);
    if (data !== null) {
      answer.writeUInt16BE(0xc00c, 0);
      answer.writeUInt16BE(type, 2);
      answer.writeUInt16BE(1, 4);
      answer.writeUInt32BE(60, 6);
      answer.writeUInt16BE(data.length, 10);
    }
    socket.send(Buffer.concat([header, question, answer, data ?? Buffer.alloc(0)]), port, address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return socket;
}

const config = (dns: string) => (host: string, server: string) =>
  `resolvers dns
  nameserver one ${dns}
  resolve_retries 1
  timeout resolve 500ms
  timeout retry 200ms
frontend v4
  mode http
  bind ${host}:20000
  http-request do-resolve(txn.ip,dns,ipv4) hdr(Host),lower
  http-request return status 200 content-type text/plain lf-string "%[var(txn.ip)]." if { var(txn.ip) -m found }
  http-request return status 200 content-type text/plain string none
frontend v6
  mode http
  bind ${host}:20001
  http-request do-resolve(txn.ip,dns,ipv6) hdr(Host) if { path /ask }
  http-request return status 200 content-type text/plain lf-string "%[var(txn.ip)]." if { var(txn.ip) -m found }
  http-request return status 200 content-type text/plain string none
listen tcp
  mode tcp
  bind ${host}:20002
  tcp-request inspect-delay 5s
  tcp-request content do-resolve(sess.ip,dns,ipv4) str(a.example)
  tcp-request content reject unless { var(sess.ip) -m ip 192.0.2.0/24 }
  server s ${server}
`;

async function play(kind: Kind): Promise<Record<string, string>> {
  const dns = await nameServer(freshAddress());
  const { address, port } = dns.address();
  const rig = await startRaw(kind, config(`${address}:${port}`));
  const seen: Record<string, string> = {};
  try {
    const ask = async (port: number, name: string, path = "/ask") => {
      const client = await rig.connect(port);
      client.send(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      await until(() => client.received.includes("\r\n\r\n") || client.endOfStream, "an answer");
      client.close();
      seen[`${port} ${name} ${path}`] = client.received.split("\r\n\r\n")[1] ?? "";
    };
    await ask(20000, "a.example");
    await ask(20000, "a.example");
    await ask(20000, "nothing.example");
    await ask(20001, "b.example");
    await ask(20001, "b.example", "/other");
    await ask(20002, "a.example");
  } finally {
    await rig.stop();
    dns.close();
  }
  return seen;
}

oracle("do-resolve", async () => {
  const [theirs, ours] = await Promise.all([play("haproxy"), play("sluice")]);
  assertEquals(ours, theirs);
  assertEquals(theirs["20000 a.example /ask"], "192.0.2.1.");
});
