import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { errors, load } from "./support.ts";

// What is wrong in a line of a 'listen' section: the marked word, the message, the hint.
const lines: [line: string, marked: string, message: string, hint: string | undefined][] = [
  ["blance roundrobin", "blance", "unknown keyword 'blance' in a 'listen' section", "balance"],
  ["MODE http", "MODE", "unknown keyword 'MODE' in a 'listen' section", "mode"],
  ["LISTEN x", "LISTEN", "unknown keyword 'LISTEN' in a 'listen' section", "listen"],
  ["forwardfor", "forwardfor", "unknown keyword 'forwardfor'", "mean 'option forwardfor'?"],
  ["httplog", "httplog", "unknown keyword 'httplog'", "did you mean 'option httplog'?"],
  ["client 5s", "client", "unknown keyword 'client'", "did you mean 'timeout client'?"],
  ["http-request 5s", "5s", "has no action", "did you mean 'timeout http-request'?"],
  [
    "http-keep-alive",
    "http-keep-alive",
    "unknown keyword",
    "'option http-keep-alive' or 'timeout http-keep-alive'?",
  ],
  ["xyzzy", "xyzzy", "unknown keyword 'xyzzy' in a 'listen' section", undefined],
  ["daemon", "daemon", "unknown keyword 'daemon' in a 'listen' section", "'global' section"],
  ["option httpclos", "httpclos", "unknown keyword 'option httpclos'", "httpclose"],
  ["option", "", "'option' expects what to set", "|httpclose|"],
  ["option tcpka x", "x", "unexpected word 'x'", "usage: option tcpka"],
  ["timeout clint 5s", "clint", "unknown keyword 'timeout clint'", "client"],
  ["timeout tunnel", "", "'tunnel' expects a time", "usage: timeout tunnel <time>"],
  ["http-request dney", "dney", "'http-request' has no action 'dney'", "'deny'"],
  ["http-request deny iff x", "iff", "'iff' is not a parameter of a reply", "status"],
  ["http-request deny if x", "x", "there is no ACL 'x'", "'acl' line"],
  ["http-request deny if { path /a", "/a", "the '{' is not closed", "'}'"],
  ["http-request set-header A %[pth]", "%[pth]", "there is no sample fetch 'pth'", "'path'"],
  ["http-request set-header A %[path,lowr]", "%[path,lowr]", "no converter 'lowr'", "'lower'"],
  [
    "http-request set-header A %[status]",
    "%[status]",
    "'status' needs HTTP response headers",
    undefined,
  ],
  ["persist rdp", "rdp", "'rdp' is no way to persist", "rdp-cookie"],
  ["persist", "persist", "'persist' expects a way to persist", "'option persist'"],
  ["cookie C insert attr a;b", "a;b", "cookie: 'a;b' is not an attribute", "any characters but"],
  [
    "server a 10.0.0.1:80 tcp-md5sig legacy check",
    "tcp-md5sig",
    "sluice does not support 'tcp-md5sig'",
    "not yet",
  ],
  ["timeout client 5h30", "5h30", "'5h30' is not a time", "milliseconds"],
  ["timeout client", "", "'client' expects a time", "usage: timeout client <time>"],
  ['timeout client ""', '""', "'client' expects a time", "usage: timeout client <time>"],
  ["timeout client 5x", "5x", "'5x' is not a time", "milliseconds"],
  ["timeout client 1.5s", "1.5s", "'1.5s' is not a time", "whole number"],
  ["timeout client -1", "-1", "'-1' is not a time", "whole number"],
  ["timeout client 25d", "25d", "'25d' is too long a time", "24.8 days"],
  ["timeout client 2147483648", "2147483648", "too long a time", "2147483647"],
  ["timeout client 1s 2s", "2s", "unexpected word '2s'", "usage: timeout client <time>"],
  ["acl x pth /", "pth", "there is no ACL criterion 'pth'", "'path'"],
  ["acl x path -m beeg /", "beeg", "'beeg' is not a way to compare", "'beg'"],
  ["no mode http", "mode", "'no' is not possible with 'mode'", "usage: mode http|tcp"],
  ["no option httplog", "httplog", "'no' is not possible with 'option httplog'", "usage"],
  ["no", "", "'no' expects a keyword", "usage: no option <name> | no log"],
  ["mode htp", "htp", "'htp' is not a mode", "http"],
  ["mode health", "health", "'mode health' does not exist any more", "monitor-net"],
  ["mode log", "log", "sluice does not support 'log' here", "http, tcp"],
  ["mode", "", "'mode' expects a mode", "usage: mode http|tcp"],
  ["balance leastcon", "leastcon", "'leastcon' is not a balancing algorithm", "leastconn"],
  ["balance uri length 5", "length", "'length' cannot stand behind 'uri'", "len <n>"],
  ["balance uri len", "len", "'len' needs a number of at least 1", undefined],
  ["balance hdr", "hdr", "'hdr' needs the name of a field", "as in hdr(host)"],
  ["balance hdr(Host", "hdr(Host", "the parenthesis in 'hdr(Host' is not closed", undefined],
  ["balance random(0)", "random(0)", "'0' is not a number of draws", "1 or more"],
  ["balance url_param", "url_param", "'url_param' needs the name of a parameter", undefined],
  ["hash-type consistent sdmb", "sdmb", "'sdmb' is not a hash function", "sdbm"],
  ["hash-type map-based wt6 x", "x", "'x' is not 'avalanche'", "one of: avalanche"],
  ["hash-balance-factor 100", "100", "'100' is not a factor", "more than 100"],
  ["server s 1.2.3.4:80 id 0", "0", "'0' is not an integer of at least 1", "usage: id"],
  ["retries x", "x", "'x' is not an integer of at least 0", "usage: retries <number>"],
  ["retries -1", "-1", "'-1' is not an integer of at least 0", "usage"],
  ["retries 1x", "1x", "'1x' is not an integer of at least 0", "usage"],
  ["disabled x", "x", "unexpected word 'x'", "usage: disabled"],
  ["description", "", "'description' expects a text", "usage"],
  [
    "use_backend b%[src] if",
    "if",
    "a condition is missing",
    "an ACL",
  ],
  ["use_backend %[srk]", "%[srk]", "there is no sample fetch 'srk'", "'src'"],
  ["http-reuse", "", "'http-reuse' expects a way to reuse connections", "usage"],
  ["http-reuse alway", "alway", "'alway' is not a way to reuse connections", "'always'"],
  ["default_backend", "", "'default_backend' expects a backend's name", "usage"],
  ["option redispatch x", "x", "'x' is not an integer", "usage: option redispatch"],
  ["option httplog x", "x", "unexpected word 'x'", "usage: option httplog [clf]"],
  ["option tcplog clf", "clf", "unexpected word 'clf'", "usage: option tcplog"],
  ["log-format", "", "'log-format' expects a format, in quotes", "usage"],
  ["log-format a b", "b", "unexpected word 'b'", "usage: log-format <format>"],
  ["log-format httplog", "httplog", "'httplog' is no format, but", "option httplog"],
  ['log-format "%ci %nope"', '"%ci %nope"', "in the log format, column 5", "'%%'"],
  ['log-format "%r"', '"%r"', "in the log format, column 1: '%r' needs 'mode http'", undefined],
  ["option persist x", "x", "unexpected word 'x'", "usage: option persist"],
  ["option splice-auto x", "x", "unexpected word 'x'", "usage: option splice-auto"],
  [
    "nbthread 2",
    "nbthread",
    "unknown keyword 'nbthread' in a 'listen' section",
    "'global' section",
  ],
  ["option httpchk GET / HTTP/1.0 x", "x", "unexpected word 'x'", "usage: option httpchk"],
  ["option httpchk GET / FTP", "FTP", "'FTP' is not a version", undefined],
  ["option forwardfor excpt ::1", "excpt", "unknown keyword 'excpt'", "except"],
  ["option forwardfor except", "", "'except' expects a network", "usage: except <network>"],
  ["option forwardfor except 1.2.3.4/33", "1.2.3.4/33", "is not a network", "address/mask"],
  ["option forwardfor except host", "host", "'host' is not a network", "an IP address"],
  ["option forwardfor header a:b", "a:b", "'a:b' is not the name of a field", "a token"],
  ["option originalto if-none", "if-none", "unknown keyword 'if-none'", undefined],
  ["monitor-net host", "host", "'host' is not a network", "an IP address"],
  ["cookie", "", "'cookie' expects a name", "usage: cookie <name>"],
  ["cookie A insrt", "insrt", "unknown keyword 'insrt' in 'cookie'", "insert"],
  ["cookie A insert prefix", "prefix", "'prefix' cannot be together with 'insert'", "one of"],
  ["cookie A insert maxidle x", "x", "'x' is not a time", "seconds"],
  ["cookie A;B insert", "A;B", "'A;B' is not a cookie's name", "a token"],
  ["log 10.0.0.1 locl0", "locl0", "'locl0' is not a facility", "local0"],
  ["log 10.0.0.1 local0 inf", "inf", "'inf' is not a level", "info"],
  ["log 10.0.0.1 local0 info err x", "x", "unexpected word 'x'", "usage: log"],
  ["log 10.0.0.1 len 50 local0", "50", "'50' is not an integer from 80 to 65535", "usage"],
  ["log 10.0.0.1 format rfc3146 local0", "rfc3146", "is not a log format", "rfc3164"],
  ["log 10.0.0.1", "", "'10.0.0.1' expects a facility", "usage: log"],
  ["log fd@3 local0", "fd@3", "sluice does not log to 'fd@3'", "stdout"],
  ["log 10.0.0.1 sample 3:2 local0", "3:2", "'3:2' is not a sample", "numbers from 1 to 2"],
  ["source ho/st", "ho/st", "'ho/st' is not an address", "host name"],
  ["source 10.0.0.1:90-80", "10.0.0.1:90-80", "'90-80' is not a range", "the lower one first"],
  ["source 10.0.0.1:80-90-99", "10.0.0.1:80-90-99", "is not a range", "the lower one first"],
  ["source 10.0.0.1:80-", "10.0.0.1:80-", "'' is not a port", "65535"],
  ["source 10.0.0.1:+80", "10.0.0.1:+80", "'+80' is not a port", "65535"],
  ["monitor-uri", "", "'monitor-uri' expects a URI", "usage: monitor-uri <uri>"],
  ["monitor-uri /a b", "b", "unexpected word 'b'", "usage: monitor-uri <uri>"],
  ["source 10.0.0.1 usesrc me", "me", "'me' is not an address to connect from", "hdr_ip(<name>"],
  ["dispatch 10.0.0.1", "10.0.0.1", "'dispatch' expects a port", "as in"],
  ["bind", "", "'bind' expects an address to listen on", "usage: bind"],
  ["bind 10.0.0.1", "10.0.0.1", "the port is missing in '10.0.0.1'", "as in"],
  ["bind :0", ":0", "'0' is not a port, in ':0'", "65535"],
  ["bind :70000", ":70000", "'70000' is not a port", "65535"],
  ["bind :+80", ":+80", "'+80' is not a port", "65535"],
  ["bind :90-80", ":90-80", "'90-80' is not a range of ports", "the lower one first"],
  ["bind :80-", ":80-", "'' is not a port", "65535"],
  ["bind ::1", "::1", "':' is not an IP address", "[::1]"],
  ["bind [::1:80", "[::1:80", "'[::1' is not an IP address", undefined],
  ["bind 10.0.0.256:80", "10.0.0.256:80", "'10.0.0.256' is not an address", "an IP address"],
  ["bind local/host:80", "local/host:80", "'local/host' is not an address", "host name"],
  ["bind ipv4@::1:80", "ipv4@::1:80", "'::1' is not an IPv4 address", undefined],
  ["bind fd@x", "fd@x", "'x' is not a file descriptor", "an integer"],
  ["bind unix@", "unix@", "'unix@' expects a name after the '@'", undefined],
  ["bind udp@:80", "udp@:80", "'udp@' addresses cannot stand here", "for connections"],
  ["bind sctp@:80", "sctp@:80", "sluice does not support 'sctp@' addresses", "ipv6@"],
  ["bind stream+x@:80", "stream+x@:80", "does not support 'stream+x@'", "ipv6@"],
  ["bind :80,,:81", ":80,,:81", "an empty address", "a variable"],
  ["bind :81 nme x", "nme", "unknown keyword 'nme' in 'bind'", "name"],
  ["bind :81 ssl", "ssl", "a listener with 'ssl' has no certificate", "'crt'"],
  ["bind :81 ssl crt x ssl-min-ver TLSv1.4", "TLSv1.4", "is not a version of TLS", "TLSv1.0"],
  ["bind :81 ssl crt x no-tlsv12 no-tlsv13", "ssl", "allows no version of TLS", "ssl-min-ver"],
  ["bind :81 ssl crt x verify required", "required", "trusts nobody", "ca-file"],
  ["bind :81 ssl crt x verify maybe", "maybe", "is not a verify method", "optional"],
  ["bind :81 ssl crt x crt-ignore-err 95", "95", "is no error of a certificate", "94"],
  ["server a 10.0.0.1:80 ssl", "ssl", "no authority is trusted", "'verify none'"],
  ["server a 10.0.0.1:80 ssl verify optional", "optional", "is not a verify method", "required"],
  ["server", "", "'server' expects a name and an address", "usage: server"],
  ["server a", "", "'a' expects an address", "usage: server"],
  ["server a/b 10.0.0.1:80", "a/b", "'a/b' is not a server's name", "letters"],
  ["server a 10.0.0.1:99999", "10.0.0.1:99999", "'99999' is not a port", "65535"],
  ["server a 10.0.0.1:80-90", "10.0.0.1:80-90", "'80-90' is not a port", "65535"],
  ["server a 10.0.0.1:+70000", "10.0.0.1:+70000", "'+70000' is not a port offset", "as in"],
  ["server a fd@3", "fd@3", "a server cannot be a file descriptor", undefined],
  ["server a dgram+unix@/x", "dgram+unix@/x", "'dgram+unix@' addresses", "for connections"],
  ["server a 10.0.0.1:80 chek", "chek", "unknown keyword 'chek' for a server", "check"],
  ["server a 10.0.0.1:80 track", "", "'track' expects a server", "usage: track"],
  ["server a 10.0.0.1:80 send-proxy-v3", "send-proxy-v3", "unknown keyword", "send-proxy-v2"],
  [
    "server a 10.0.0.1:80 proxy-v2-options ssl,cert",
    "ssl,cert",
    "'cert' is not an option",
    "cert-cn",
  ],
  ["bind :81 accept-prxy", "accept-prxy", "unknown keyword 'accept-prxy'", "accept-proxy"],
  ["server a 10.0.0.1:80 weight 257", "257", "is not an integer from 0 to 256", "usage: weight"],
  ["server a 10.0.0.1:80 inter 0", "0", "'inter' cannot be 0", undefined],
  ["server a 10.0.0.1:80 fall 0", "0", "is not an integer of at least 1", "usage: fall"],
  ["server a 10.0.0.1:80 port 0", "0", "is not an integer from 1 to 65535", "usage: port"],
  ["server a 10.0.0.1:80 cookie", "", "'cookie' expects a value", "usage: cookie <value>"],
  ["server a 10.0.0.1:80 cookie a;b", "a;b", "'a;b' cannot be a cookie's value", "ASCII"],
  ['mode "http', '"http', "unmatched quote", "closed"],
  ['mode "$1"', "$1", "environment variable", "${NAME-default}"],
];

for (const [line, marked, message, hint] of lines) {
  test(`error: ${line}`, () => {
    const text = `listen l\n  bind :80\n  ${line}\n`;
    const found = load(text).diagnostics.filter(({ severity }) => severity === "error");
    assertEquals(found.length, 1, JSON.stringify(found));
    const [error] = found;
    assert(error !== undefined);
    assertEquals(error.line, 3);
    // What is missing is marked where it should be: right after the line's last word.
    const from = marked === "" ? line.length : line.lastIndexOf(marked);
    assertEquals(error.column, from + 3, error.message);
    assertEquals(error.length, Math.max(1, marked.length));
    assert(error.message.includes(message), error.message);
    assertEquals(error.hint?.includes(hint ?? "") ?? false, hint !== undefined, error.hint);
  });
}

// Lines of a 'listen' section with more than one mistake: the column and the message of each.
const several: [line: string, expected: string[]][] = [
  // A value of an option that sluice has not is no option.
  ["bind :81 nbconn 3 tcp-md5sig name accept-proxy", [
    "10 sluice does not support 'nbconn'",
    "19 sluice does not support 'tcp-md5sig'",
  ]],
  ["server b 1.2.3.4:80 chek wieght 3", [
    "21 unknown keyword 'chek' for a server",
    "26 unknown keyword 'wieght' for a server",
  ]],
  ["server b 1.2.3.4:80 tcp-md5sig x socks4 none chek", [
    "21 sluice does not support 'tcp-md5sig'",
    "34 sluice does not support 'socks4'",
    "46 unknown keyword 'chek' for a server",
  ]],
  ["server b 1.2.3.4:80 xyzzy plugh weight 300", [
    "21 unknown keyword 'xyzzy' for a server",
    "40 '300' is not an integer from 0 to 256",
  ]],
  ["cookie A inssert indirect nocashe", [
    "10 unknown keyword 'inssert' in 'cookie'",
    "27 unknown keyword 'nocashe' in 'cookie'",
  ]],
  ["cookie A inssert indirct", [
    "10 unknown keyword 'inssert' in 'cookie'",
    "18 unknown keyword 'indirct' in 'cookie'",
  ]],
  ["server b 1.2.3.4:99999 chek weight 300", [
    "10 '99999' is not a port, in '1.2.3.4:99999'",
    "24 unknown keyword 'chek' for a server",
    "36 '300' is not an integer from 0 to 256",
  ]],
  ["server b/c fd@3 chek", [
    "8 'b/c' is not a server's name",
    "12 a server cannot be a file descriptor",
    "17 unknown keyword 'chek' for a server",
  ]],
];
for (const [line, expected] of several) {
  test(`errors: ${line}`, () => {
    const { diagnostics } = load(`listen l :80\n${line}\n`);
    assertEquals(diagnostics.map(({ column, message }) => `${column} ${message}`), expected);
  });
}

const globals: [line: string, expected: string][] = [
  ["deamon", "1 unknown keyword 'deamon' in a 'global' section - did you mean 'daemon'?"],
  ["daemon now", "8 unexpected word 'now' - usage: daemon"],
  ["chroot", "7 'chroot' expects a directory - usage: chroot <directory>"],
  ["uid x", "5 'x' is not an integer of at least 0 - usage: uid <number>"],
  [
    "cpu-map x 0",
    "9 'x' is not a valid number or range - " +
    "a number, or a range as in 1-4; threads also: all, odd, even",
  ],
  ["hard-stop-after", "16 'hard-stop-after' expects a time - usage: hard-stop-after <time>"],
  ["hard-stop-after 1s 2s", "20 unexpected word '2s' - usage: hard-stop-after <time>"],
  ["maxconn many", "9 'many' is not an integer of at least 0 - usage: maxconn <number>"],
  [
    "spread-checks 51",
    "15 '51' is not an integer from 0 to 50 - " +
    "usage: spread-checks <0..50, in percent>",
  ],
  ["nbthread 0", "10 '0' is not an integer from 1 to 64 - usage: nbthread <1..64>"],
  ["nbthread 65", "10 '65' is not an integer from 1 to 64 - usage: nbthread <1..64>"],
  ["nbthread", "9 'nbthread' expects an integer - usage: nbthread <1..64>"],
  ["nbproc x", "8 'x' is not an integer of at least -1 - usage: nbproc <number>"],
  ["tune.engine epol", "13 'epol' is not an engine - did you mean 'epoll'?"],
  ["tune.engine", "12 'tune.engine' expects an engine - usage: tune.engine epoll|sockets"],
  ["noepoll x", "9 unexpected word 'x' - usage: noepoll"],
  ["nopoll x", "8 unexpected word 'x' - usage: nopoll"],
  ["maxpipes many", "10 'many' is not an integer of at least 0 - usage: maxpipes <number>"],
  [
    "tune.maxaccept -2",
    "16 '-2' is not an integer from -1 to 2147483647 - usage: tune.maxaccept <number>|-1",
  ],
  [
    "tune.pipesize 2147483648",
    "15 '2147483648' is not an integer from 0 to 2147483647 - usage: tune.pipesize <bytes>",
  ],
  ["tune.bufsize 10", "14 '10' is not an integer of at least 1024 - usage: tune.bufsize <bytes>"],
  ["log global", "5 'log global' is for proxies; this is the global section"],
  [
    "balance source",
    "1 unknown keyword 'balance' in a 'global' section - " +
    "it belongs in a listen, frontend or backend",
  ],
  ["setenv", "7 'setenv' expects a name - usage: setenv <name> <value>"],
  ["no daemon", "4 'no' is not possible with 'daemon' - usage: daemon"],
];
for (const [line, expected] of globals) {
  test(`error: global: ${line}`, () => {
    const [column, ...message] = expected.split(" ");
    assertEquals(errors(`global\n${line}\nlisten l :80\n`), [
      `2:${column} error ${message.join(" ")}`,
    ]);
  });
}

test("all errors of a file come at once, in the order of its lines", () => {
  const text = `globl
  daemon
global
  deamon
defaults
  mode htp
listen l :80
  blance source
  server a 10.0.0.1:80 chek inter bad weight 300
  server b 10.0.0.2:80 cookie
  default_backend nowhere
ring r
  whatever
`;
  assertEquals(errors(text).map((each) => each.split(" - ")[0]), [
    "1:1 error unknown keyword 'globl' outside any section",
    "4:3 error unknown keyword 'deamon' in a 'global' section",
    "6:8 error 'htp' is not a mode",
    "8:3 error unknown keyword 'blance' in a 'listen' section",
    "9:24 error unknown keyword 'chek' for a server",
    "9:35 error 'bad' is not a time",
    "9:46 error '300' is not an integer from 0 to 256",
    "10:30 error 'cookie' expects a value",
    "11:19 error proxy 'l': there is no backend 'nowhere'",
    "13:3 error unknown keyword 'whatever' in a 'ring' section",
  ]);
});
