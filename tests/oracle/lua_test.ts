/** Scripts in Lua beside haproxy: what they see, what they change, what they answer. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { type Case, oracleCases } from "./harness.ts";

const folder = mkdtempSync(`${tmpdir()}/sluice-lua-`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Values of Lua, each shown by a field of its own. */
const values: Readonly<Record<string, string>> = {
  f: "txn.f:path()",
  "f-integer": "txn.f:req_hdr_cnt('x-list') + 1",
  "f-nothing": "type(txn.f:req_hdr('x-none'))",
  "sf-nothing": "'[' .. txn.sf:req_hdr('x-none') .. ']'",
  "sf-argument": "txn.sf:req_fhdr('x-list', 1)",
  "sf-method": "txn.sf:method()",
  "sf-boolean": "tostring(txn.f:http_first_req())",
  c: "txn.c:base64('abc')",
  "c-arguments": "txn.c:field('a,b,c', 2, ',')",
  "c-hash": "txn.c:crc32('abc')",
  sc: "txn.sc:hex('abc')",
  headers: "txn.http:req_get_headers()['host'][0]",
  "headers-count": "#txn.http:req_get_headers()['x-list']",
  var: "(function() txn:set_var('txn.a', 'b') return txn:get_var('txn.a') end)()",
  "var-integer": "(function() txn:set_var('txn.i', 7) return txn:get_var('txn.i') + 1 end)()",
  "var-none": "tostring(txn:get_var('txn.none'))",
  tokenize: "table.concat(core.tokenize('a,b;;c', ',;'), '|')",
  "tokenize-blank": "table.concat(core.tokenize('a,b;;c', ',;', true), '|')",
  concat: "(function() local c = core.concat() c:add('a') c:add('b') return c:dump() end)()",
  date: "core.http_date('Sun, 06 Nov 1994 08:49:37 GMT')",
  "match-out": "tostring(core.match_addr('11.1.2.3', '10.0.0.0/8'))",
  levels: "core.emerg .. core.info .. core.debug",
  act: "act.CONTINUE .. act.STOP .. act.ERROR .. act.DONE .. act.DENY",
  float: "tostring(10 / 4) .. ' ' .. 7 // 2",
  format: "string.format('%05.1f|%x|%q', 3.14159, 255, 'a')",
  pattern: "string.gsub('a.b.c', '%.', '-')",
};

const edits: Readonly<Record<string, string>> = {
  set: "txn.http:req_set_header('x-list', 'z')",
  add: "txn.http:req_add_header('x-list', 'z')",
  del: "txn.http:req_del_header('x-list')",
  "rep-header": "txn.http:req_rep_header('x-list', '(.*)two(.*)', '\\\\2TWO\\\\1')",
  "rep-value": "txn.http:req_rep_value('x-list', '^t(.*)$', 'T\\\\1')",
  path: "txn.http:req_set_path('/other')",
  query: "txn.http:req_set_query('a=b')",
  "no-query": "txn.http:req_set_query('')",
  uri: "txn.http:req_set_uri('/new?x')",
  method: "txn.http:req_set_method('PUT')",
};

const answers: Readonly<Record<string, string>> = {
  table: "txn:done{status = 403, reason = 'No', headers = {['x-a'] = {'1', '2'}}, body = 'no'}",
  reply: "local r = txn:reply() r:set_status(201) r:add_header('x-b', 'c') r:set_body('yes') " +
    "txn:done(r)",
  deny: "return act.DENY",
  stop: "return act.STOP",
  error: "error('oops')",
  "wait-and-deny": "core.msleep(20) return act.DENY",
};

const applets: Readonly<Record<string, string>> = {
  plain: "a:set_status(200) a:add_header('content-length', '2') a:start_response() a:send('hi')",
  chunked: "a:start_response() a:send('one') a:send('two')",
  reason:
    "a:set_status(404, 'Gone fishing') a:add_header('content-length', '0') a:start_response()",
  facts: "local t = table.concat({a.method, a.path, a.qs, a.headers['host'][0]}, " +
    "'|') a:add_header('content-length', #t) a:start_response() a:send(t)",
  body: "local t = a:receive() a:add_header('content-length', #t) a:start_response() a:send(t)",
  lines: "local t = a:getline() .. '+' .. a:getline() a:add_header('content-length', #t) " +
    "a:start_response() a:send(t)",
  slow: "a:add_header('content-length', '4') a:start_response() a:send('ab') core.msleep(30) " +
    "a:send('cd')",
  variable:
    "a:set_var('txn.v', 'w') local t = a:get_var('txn.v') .. #tostring(a:get_var('txn.n')) " +
    "a:add_header('content-length', #t) a:start_response() a:send(t)",
};

const script = [
  ...Object.entries(values).map(([name, code]) =>
    `core.register_fetches("value-${name}", function(txn) return (${code}) end)`
  ),
  ...Object.entries(edits).map(([name, code]) =>
    `core.register_action("edit-${name}", {"http-req"}, function(txn) ${code} end)`
  ),
  ...Object.entries(answers).map(([name, code]) =>
    `core.register_action("answer-${name}", {"http-req"}, function(txn) ${code} end)`
  ),
  ...Object.entries(applets).map(([name, code]) =>
    `core.register_service("applet-${name}", "http", function(a) ${code} end)`
  ),
  `core.register_converters("twice", function(v) return v .. v end)`,
  `core.register_converters("surround", function(v, a, b) return a .. v .. b end)`,
  `core.register_fetches("arguments", function(txn, a, b) return a .. "+" .. tostring(b) end)`,
  `core.register_action("take", {"http-req"}, function(txn, a, b)
     txn.http:req_set_header("x-took", a .. "," .. b) end, 2)`,
  `core.register_action("ask", {"http-req"}, function(txn)
     local server = core.backends[txn.sf:fe_name()].servers["s"]
     local socket = core.tcp()
     socket:settimeout(2)
     local ok, problem = socket:connect(server:get_addr())
     if not ok then txn.http:req_set_header("x-problem", problem) return end
     socket:send("GET /auth HTTP/1.0\\r\\n\\r\\n")
     txn.http:req_set_header("x-line", socket:receive("*l") .. server:get_stats().status)
     socket:close()
   end)`,
  `core.register_action("response", {"http-res"}, function(txn)
     txn.http:res_set_header("x-status", txn.sf:status())
     txn.http:res_del_header("server")
     txn.http:res_set_status(299, "Odd")
   end)`,
].join("\n");
writeFileSync(`${folder}/script.lua`, `-- first\n${script}\n`);

const global = [`lua-load ${folder}/script.lua`];
const get = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-List: one, two, three\r\n\r\n";
const post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\nline 1\nline2";
const head = "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n";

oracleCases("Lua, values", [
  ...Object.keys(values).map((name): Case => ({
    name,
    global,
    config: [`http-request set-header x-value %[lua.value-${name}]`],
    requests: [get],
  })),
  ...["lua.arguments(a,b)", "path,lua.twice", "path,lua.surround(<,>)"].map(
    (expression): Case => ({
      name: expression,
      global,
      config: [`http-request set-header x-value "%[${expression}]"`],
      requests: [get],
    }),
  ),
]);

oracleCases(
  "Lua, conditions",
  [
    ["lua.value-f /a", "lua.value-f -m beg /", "lua.value-f-integer -m int 4", "lua.value-f /b"],
    ["lua.value-var-integer -m int gt 7", "lua.value-f-nothing nil", "lua.value-f,lua.twice /a/a"],
  ].flat().map((criterion): Case => ({
    name: criterion,
    global,
    config: [`acl a ${criterion}`, "http-request set-header x-holds yes if a"],
    requests: [get],
  })),
);

oracleCases("Lua, actions", [
  ...Object.keys(edits).map((name): Case => ({
    name,
    global,
    config: [`http-request lua.edit-${name} if { path /a }`],
    requests: [get],
  })),
  ...Object.keys(answers).map((name): Case => ({
    name,
    global,
    config: [`http-request lua.answer-${name}`, "http-request set-header x-after yes"],
    requests: [get],
  })),
  { name: "arguments", global, config: ["http-request lua.take a b if TRUE"], requests: [get] },
  {
    name: "a connection to a server",
    global,
    config: ["http-request lua.ask if { path /a }"],
    requests: [get],
  },
  { name: "of a response", global, config: ["http-response lua.response"], requests: [get] },
]);

oracleCases(
  "Lua, services",
  Object.keys(applets).flatMap((name): Case[] => {
    const config = [
      "http-request set-var(txn.n) str(abc)",
      `http-request use-service lua.applet-${name}`,
    ];
    if (name === "body" || name === "lines") {
      return [{ name, global, config, requests: [post] }];
    }
    return [
      { name, global, config, requests: [get] },
      { name: `${name}, HEAD`, global, config, requests: [head] },
    ];
  }),
);
