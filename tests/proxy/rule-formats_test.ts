/** Log variables in what rules write, where nothing is logged: they are what a log would have. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { playOut } from "../scenario/play.ts";

test("formats of rules know the client and both ends, although nothing is logged", async () => {
  const { failed, status, out } = await playOut(`# t: t
#> anna sends GET /page HTTP/1.1
#>   from 127.46.5.9
#>   the server sees X-Client: 127.46.5.9:3*
#>   the server sees X-Proxy: 127.46.5.1:8080 web
#>   the server sees X-Id: 7F2E0509:8*:1F90
#>   anna gets X-Server: 127.46.5.11:8000 web/a
#> anna sends GET /page HTTP/1.1 on the same connection
#>   the server sees X-Client: 127.46.5.9:3*
#>   anna gets X-Server: 127.46.5.11:8000 web/a
listen web
  mode http
  bind 127.46.5.1:8080
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  unique-id-format %{+X}o%ci:%cp:%fp
  unique-id-header X-Id
  http-request set-header X-Client %ci:%cp
  http-request set-header X-Proxy %fi:%fp\\ %f
  http-response set-header X-Server %si:%sp\\ %b/%s
  server a 127.46.5.11:8000
`);
  assertEquals([failed, status], [[], 0], out);
});
