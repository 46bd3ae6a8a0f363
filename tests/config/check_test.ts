import { assert, assertEquals } from "@std/assert";
import { loadConfiguration } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { brief, errors, load, warnings } from "./support.ts";

const timeouts = "timeout connect 1s\ntimeout client 1s\ntimeout server 1s\n";
const http = `defaults\nmode http\n${timeouts}`;

/** What is said of a text after five lines of defaults: mode http, time-outs. */
function said(text: string): string[] {
  return brief(load(http + text).diagnostics);
}

// Each is a text, and all that is said of it, errors and warnings apart as HAProxy has them.
const cases: [title: string, text: string, expected: string[]][] = [
  ["nothing wrong", "listen l :80\nserver a 10.0.0.1:80 check\n", []],
  ["two servers of one name", "listen l :80\nserver a 10.0.0.1:80\nserver a 10.0.0.2:80\n", [
    "8:8 error proxy 'l' has another server named 'a' - the other one: x.cfg:7",
  ]],
  ["two 'listen' of one name", "listen l :80\nlisten l :81\n", [
    "7:8 error proxy 'l' has the name of another listen - the other one: x.cfg:6",
  ]],
  ["two backends of one name", "listen l :80\nbackend b\nbackend b\n", [
    "8:9 error backend 'b' has the name of another backend - the other one: x.cfg:7",
  ]],
  ["a frontend and a 'listen' of one name", "frontend l\nbind :80\nlisten l :81\n", [
    "6:10 warning frontend 'l' has no backend: every request gets 503 - " +
    "'default_backend' and the name of a 'backend' section",
    "8:8 error proxy 'l' has the name of another frontend - the other one: x.cfg:6",
  ]],
  ["a frontend and a backend of one name", "frontend l :80\ndefault_backend l\nbackend l\n", []],
  ["an unknown backend", "frontend f :80\ndefault_backend wbe\nbackend web\n", [
    "7:17 error frontend 'f': there is no backend 'wbe' - did you mean 'web'?",
  ]],
  ["a frontend for a backend", "frontend f :80\ndefault_backend g\nfrontend g\n", [
    "7:17 error frontend 'f': there is no backend 'g' - 'g' is a frontend",
    "8:10 warning frontend 'g' has no 'bind' - a 'backend' section needs none, if that was meant",
  ]],
  ["a 'listen' for a backend", "frontend f :80\ndefault_backend g\nlisten g :81\n", []],
  ["itself for a backend", "listen l :80\ndefault_backend l\n", [
    "7:17 error proxy 'l': it is its own default_backend",
  ]],
  ["a backend of another mode", "frontend f :80\ndefault_backend b\nbackend b\nmode tcp\n", [
    "7:17 error frontend 'f' is in mode http, and its default_backend 'b' in mode tcp - " +
    "a frontend in 'mode http' needs a backend in 'mode http'",
  ]],
  [
    "mode tcp before a backend of HTTP",
    "frontend f :80\nmode tcp\ndefault_backend b\nbackend b\n",
    [],
  ],
  ["a use_backend before none", "frontend f :80\nuse_backend b\nbackend b\n", []],
  ["a use_backend that is misspelt", "frontend f :80\nuse_backend wbe\nbackend web\n", [
    "7:13 error frontend 'f': there is no backend 'wbe' - did you mean 'web'?",
  ]],
  ["its own use_backend", "listen l :80\nuse_backend l\n", [
    "7:13 error proxy 'l': it is its own use_backend",
  ]],
  ["a use_backend of another mode", "frontend f :80\nuse_backend b\nbackend b\nmode tcp\n", [
    "7:13 error frontend 'f' is in mode http, and its use_backend 'b' in mode tcp - " +
    "a frontend in 'mode http' needs a backend in 'mode http'",
  ]],
  ["a name header that frames", "listen l :80\nhttp-send-name-header Content-length\n", [
    "7:23 error 'http-send-name-header' cannot replace 'Content-length' - " +
    "it belongs to the message's framing or routing",
  ]],
  ["a name header that is none", "listen l :80\nhttp-send-name-header X:\n", [
    "7:23 error 'X:' is not the name of a field - a token (RFC 9110, section 5.1)",
  ]],
  ["a name header in mode tcp", "listen l :80\nmode tcp\nhttp-send-name-header X\n", [
    "8:23 warning proxy 'l': 'http-send-name-header' is ignored: it needs 'mode http'",
  ]],
  [
    "a disabled proxy is not judged",
    "listen l :80\nlisten m :81\ndisabled\ndefault_backend x\n",
    [],
  ],
  ["nobody listens", "backend b\nserver a 10.0.0.1:80\n", [
    "1:1 warning no proxy listens: there is nothing to do - " +
    "a 'listen' or 'frontend' section with a 'bind' line",
  ]],
  ["a frontend without 'bind'", "listen l :80\nfrontend f\n", [
    "7:10 warning frontend 'f' has no 'bind' - a 'backend' section needs none, if that was meant",
  ]],
  ["a frontend without a backend", "frontend f :80\n", [
    "6:10 warning frontend 'f' has no backend: every request gets 503 - " +
    "'default_backend' and the name of a 'backend' section",
  ]],
  ["a frontend without a backend, in mode tcp", "frontend f :80\nmode tcp\n", [
    "6:10 warning frontend 'f' has no backend: every connection is refused - " +
    "'default_backend' and the name of a 'backend' section",
  ]],
  [
    "time-outs of a client's in a backend",
    "listen l :80\nbackend b\ntimeout http-request 5s\ntimeout http-keep-alive 5s\n",
    [
      "8:9 warning 'timeout http-request' is ignored: backend 'b' has no frontend",
      "9:9 warning 'timeout http-keep-alive' is ignored: backend 'b' has no frontend",
    ],
  ],
  ["a backend without servers", "listen l :80\nbackend b\n", []],
  ["a check without a port", "listen l :80\nbackend b\nserver a 10.0.0.1 check\n", [
    "8:10 error backend 'b': server 'a' has no port to check - " +
    "a port in its address, 'port', or a listener of the same proxy with a port",
  ]],
  [
    "a check on the port of a listener behind a unix socket",
    "listen l /l\nbind :80\nserver a 10.0.0.1 check\n",
    [],
  ],
  ["a check on a port of its own", "listen l :80\nbackend b\nserver a unix@x check port 9\n", []],
  ["a check of a unix socket", "listen l :80\nbackend b\nserver a unix@x check\n", []],
  ["an addr in place of a unix socket", "listen l /l\nserver a unix@x check addr 10.0.0.1\n", [
    "7:10 error proxy 'l': server 'a' has no port to check - " +
    "a port in its address, 'port', or a listener of the same proxy with a port",
  ]],
  ["a server's cookie without the proxy's", "listen l :80\nserver a 10.0.0.1:80 cookie x\n", [
    "7:29 warning server 'a': its cookie is ignored: proxy 'l' has no 'cookie'",
  ]],
  ["'rewrite' with 'indirect'", "listen l :80\ncookie C rewrite indirect\n", [
    "7:18 error cookie: 'rewrite' and 'indirect' are incompatible",
  ]],
  ["'preserve' alone", "listen l :80\ncookie C preserve\n", [
    "7:10 error cookie: 'preserve' requires 'insert' or 'indirect'",
  ]],
  ["'preserve' with 'prefix'", "listen l :80\ncookie C prefix preserve\n", [
    "7:17 error cookie: 'preserve' requires 'insert' or 'indirect'",
  ]],
  ["'preserve' with 'indirect'", "listen l :80\ncookie C prefix preserve indirect\n", []],
  ["'preserve' with 'insert'", "listen l :80\ncookie C insert preserve\n", []],
  ["a domain without a dot", "listen l :80\ncookie C insert domain shop\n", [
    "7:24 warning cookie: the domain 'shop' has no dot - " +
    "browsers may refuse it (RFC 6265, section 5.3)",
  ]],
  ["a domain that is none", "listen l :80\ncookie C insert domain a;b\n", [
    "7:24 error cookie: 'a;b' is not a domain - letters, digits, '-', '_', '.'",
  ]],
  ["'dispatch' beside servers", "listen l :80\ndispatch 10.0.0.1:80\nserver a 10.0.0.2:80\n", [
    "7:10 warning proxy 'l': 'dispatch' is ignored: there are servers - " +
    "it is for proxies without servers",
  ]],
  ["a log format without a log", "listen l :80\noption httplog\nlog global\n", [
    "7:8 warning proxy 'l': 'option httplog' is ignored: it logs nowhere - " +
    "'log global', or 'log' and an address",
  ]],
  [
    "a cookie's value that clients may not keep",
    "listen l :80\nmode http\ncookie C\nserver a 10.0.0.1:80 cookie a\\ b\n",
    [
      "9:29 warning server 'a': clients may not keep the cookie 'a b' - " +
      "spaces, quotes, commas and backslashes are not for cookies (RFC 6265, 4.1.1)",
    ],
  ],
  ["a log format of one's own without a log", 'listen l :80\nlog-format "%ci"\nlog global\n', [
    "7:12 warning proxy 'l': 'log-format' is ignored: it logs nowhere - " +
    "'log global', or 'log' and an address",
  ]],
  ["a log format that is always the same", "listen l :80\nlog-format htplog\nlog stdout local0\n", [
    "7:12 warning the log format has no variable: all lines are the same - " +
    "did you mean 'httplog'?",
  ]],
  ["a log format with a log", "listen l :80\noption httplog\nlog stdout local0\n", []],
  [
    "a log format with the global log",
    "global\nlog stdout local0\nlisten l :80\n" +
    "option httplog\nlog global\n",
    [],
  ],
  [
    "HTTP in mode tcp",
    "listen l :80\nmode tcp\ncookie C insert\noption forwardfor\n" +
    "option originalto\noption httplog\nlog stdout local0\noption httpclose\n" +
    "server a 10.0.0.1:80 cookie x\n",
    [
      "8:8 warning proxy 'l': 'cookie' is ignored: it needs 'mode http'",
      "9:8 warning proxy 'l': 'option forwardfor' is ignored: it needs 'mode http'",
      "10:8 warning proxy 'l': 'option originalto' is ignored: it needs 'mode http'",
      "11:8 warning proxy 'l': 'option httplog' needs 'mode http'; 'option tcplog' is used",
      "14:29 warning server 'a': its cookie is ignored: it needs 'mode http'",
    ],
  ],
  ["'monitor-uri' without http", "listen l :80\nmode tcp\nmonitor-uri /up\n", [
    "8:13 warning proxy 'l': 'monitor-uri' is ignored: it needs 'mode http'",
  ]],
  ["'monitor-uri' that nobody can ask for", "listen l :80\nmonitor-uri up\n", [
    "7:13 error 'up' is not a URI that could be asked for - a path, as in /alive",
  ]],
  ["'monitor-uri' with its authority", "listen l :80\nmonitor-uri http://www/up?a=b\n", []],
  ["'accept-proxy' in both modes", "listen l\nbind :80 accept-proxy\nmode tcp\n", []],
  [
    "a chain of servers, from other proxies too",
    `listen l :80
server a 10.0.0.1:80 track b
server b 10.0.0.1:80 track x/c
backend x
server c 10.0.0.1:80 check
`,
    [],
  ],
  [
    "a server of a disabled proxy to track",
    `listen l :80
server a 10.0.0.1:80 track x/c
backend x
disabled
server c 10.0.0.1:80 check
`,
    [],
  ],
  [
    "an unknown server to track",
    `listen l :80
server web 10.0.0.1:80 track wbe
server we 10.0.0.1:80 check
`,
    [
      "7:30 error proxy 'l': server 'web' cannot track 'wbe': no server of proxy 'l' is 'wbe' - " +
      "did you mean 'we'?",
    ],
  ],
  ["an unknown proxy to track in", "listen web :80\nserver a 10.0.0.1:80 track wbe/a\n", [
    "7:28 error proxy 'web': server 'a' cannot track 'wbe/a': no backend is 'wbe' - " +
    "did you mean 'web'?",
  ]],
  ["no proxy to track in", "listen l :80\nserver a 10.0.0.1:80 track /b\n", [
    "7:28 error proxy 'l': server 'a' cannot track '/b': no backend is '' - " +
    "'track' and the name of a server, or of a proxy, '/' and a server of that",
  ]],
  ["a server that tracks itself", "listen l :80\nserver a 10.0.0.1:80 track a\n", [
    "7:28 error proxy 'l': server 'a' cannot track 'a', which tracks it in turn - " +
    "the last server of a chain has 'check'",
  ]],
  [
    "a loop of servers, and one that leads into it",
    `listen l :80
server a 10.0.0.1:80 track b
server b 10.0.0.1:80 track a
server c 10.0.0.1:80 track a
`,
    [
      "7:28 error proxy 'l': server 'a' cannot track 'b', which tracks it in turn - " +
      "the last server of a chain has 'check'",
      "8:28 error proxy 'l': server 'b' cannot track 'a', which tracks it in turn - " +
      "the last server of a chain has 'check'",
    ],
  ],
  [
    "a server without a state to track",
    "listen l :80\nserver a 10.0.0.1:80 track b\nserver b 10.0.0.1:80\n",
    [
      "7:28 error proxy 'l': server 'a' cannot track 'b', whose state is not found out - " +
      "it needs 'check', or 'track' itself",
    ],
  ],
  [
    "'track' beside 'check'",
    "listen l :80\nserver a 10.0.0.1:80 check\nserver b 10.0.0.1:80 check track a\n",
    [
      "8:34 error proxy 'l': server 'b' cannot both be checked and track another - " +
      "without 'check', or without 'track'",
    ],
  ],
  ["threads with sockets that one thread serves", "global\nnoepoll\nnbthread 2\nlisten l :80\n", [
    "8:10 warning 'nbthread' 2 is ignored: with 'tune.engine sockets' there is one thread - " +
    "without 'tune.engine sockets', and 'noepoll', which is the same, there can be more",
  ]],
  ["one thread", "global\nnbthread 1\ntune.engine sockets\nlisten l :80\n", []],
  ["threads with epoll", "global\nnbthread 2\ntune.engine epoll\nlisten l :80\n", []],
  ["threads with the best that there is", "global\nnbthread 2\nlisten l :80\n", []],
  ["no room for a head", "global\ntune.bufsize 2048\ntune.maxrewrite 2048\nlisten l :80\n", [
    "8:17 error 'tune.maxrewrite' leaves no room for a message's head - " +
    "'tune.bufsize' is 2048, 'tune.maxrewrite' 2048",
  ]],
];

for (const [title, text, expected] of cases) {
  test(`check: ${title}`, () => assertEquals(said(text), expected));
}

test("missing time-outs are a warning, once for each proxy", () => {
  const missing = (text: string) => warnings(text).filter((each) => each.includes("timeouts"));
  assertEquals(missing("listen l :80\nserver a 10.0.0.1:80\n"), [
    "1:8 warning missing timeouts for proxy 'l' - " +
    "without 'timeout client', 'timeout connect', 'timeout server', " +
    "connections that die silently stay for ever",
  ]);
  assertEquals(missing(`frontend f :80\ndefault_backend b\nbackend b\nserver a 10.0.0.1:80\n`), [
    "1:10 warning missing timeouts for frontend 'f' - " +
    "without 'timeout client', connections that die silently stay for ever",
    "3:9 warning missing timeouts for backend 'b' - " +
    "without 'timeout connect', 'timeout server', connections that die silently stay for ever",
  ]);
  assertEquals(missing("listen l :80\ntimeout client 1s\n"), []);
});

test("a setting from 'defaults' is complained of where it was written", () => {
  const text = `defaults\nmode tcp\ncookie C rewrite indirect\nlisten l :80\nlisten m :81\n`;
  assertEquals(errors(text), ["3:18 error cookie: 'rewrite' and 'indirect' are incompatible"]);
});

test("what the network cannot do is refused", () => {
  const text = `listen l /l
bind abns@l
bind fd@3
bind :80
bind :::81 v6only
bind :82 transparent
source 10.0.0.1
server a unix@a
server b 10.0.0.2:80 source 10.0.0.1
server c 10.0.0.3:80
`;
  const files = [{ name: "x.cfg", text }];
  const all = {
    sourceAddress: true,
    unix: true,
    abstract: true,
    inherited: true,
    ipv6Only: true,
    transparent: true,
    socketOptions: true,
  };
  assert(loadConfiguration(files, {}, all).configuration !== null);
  const none = {
    sourceAddress: false,
    unix: false,
    abstract: false,
    inherited: false,
    ipv6Only: false,
    transparent: false,
    socketOptions: false,
  };
  const { configuration, diagnostics } = loadConfiguration(files, {}, none);
  assertEquals(configuration, null);
  const found = brief(diagnostics.filter(({ severity }) => severity === "error"));
  assertEquals(found, [
    "1:10 error 'bind' cannot be used: this runtime has no unix sockets",
    "2:6 error 'bind' cannot be used: this runtime has no abstract unix sockets",
    "3:6 error 'bind' cannot be used: this runtime cannot take over an inherited socket",
    "5:12 error 'v6only' cannot be used: this runtime's IPv6 listeners take IPv4 clients as well",
    "6:10 error 'transparent' cannot be used: " +
    "this runtime cannot use an address that the machine does not have",
    "7:8 error 'source' cannot be used: " +
    "this runtime cannot choose the local address of a connection",
    "8:10 error 'server' cannot be used: this runtime has no unix sockets",
    "9:29 error 'source' cannot be used: " +
    "this runtime cannot choose the local address of a connection",
  ]);
});
