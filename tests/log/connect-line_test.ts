import { assertEquals } from "@std/assert";
import { connectLine } from "#src/log/connect-line.ts";
import { test } from "../testing.ts";

test("a connection without a log format", () => {
  const accepted = {
    clientAddress: "10.0.1.2",
    clientPort: 33312,
    address: "10.0.3.31",
    port: 8012,
    frontend: "www",
    mode: "http",
  } as const;
  assertEquals(connectLine(accepted), "Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/HTTP)");
  assertEquals(
    connectLine({ ...accepted, clientAddress: "unix", clientPort: 2, mode: "tcp" }),
    "Connect to unix:2 (www/TCP)",
  );
});
