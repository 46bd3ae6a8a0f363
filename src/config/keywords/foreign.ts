/** Keywords that HAProxy (up to 3.5) has, and sluice has not: they are not called unknown. */

const names = (text: string, prefix = "") => text.trim().split(/\s+/).map((name) => prefix + name);

/** Options of a line: those of one word, and those that a value follows. */
export interface Foreign {
  readonly alone: readonly string[];
  readonly withValue: readonly string[];
}

/** Sections. */
export const foreignSections: ReadonlySet<string> = new Set(names(`
  acme cache crt-store dynamic-update fcgi-app healthcheck log-forward log-profile
  mailers peers program ring traces userlist
`));

/** Of the section `global`. */
export const foreignGlobals = names(`
  51degrees-cache-size 51degrees-data-file 51degrees-property-name-list 51degrees-property-separator
  busy-polling ca-base chroot close-spread-time cluster-secret cpu-map crt-base default-path
  description deviceatlas-json-file deviceatlas-log-level deviceatlas-properties-cookie
  deviceatlas-separator expose-experimental-directives external-check fd-hard-limit gid grace group
  h1-accept-payload-with-any-method h1-case-adjust h1-case-adjust-file
  h2-workaround-bogus-websocket-clients httpclient.resolvers.id httpclient.resolvers.prefer
  httpclient.ssl.ca-file httpclient.ssl.verify insecure-fork-wanted insecure-setuid-wanted
  issuers-chain-path localpeer log-send-hostname lua-load lua-load-per-thread lua-prepend-path
  master-worker max-spread-checks maxcompcpuusage maxcomprate maxconnrate maxsessrate maxsslconn
  maxsslrate maxzlibmem mworker-max-reloads no-memory-trimming node noevports nogetaddrinfo nokqueue
  nopoll noreuseport numa-cpu-mapping pp2-never-send-local profiling.tasks server-state-base
  server-state-file set-dumpable set-var set-var-fmt ssl-default-bind-ciphers
  ssl-default-bind-ciphersuites ssl-default-bind-curves ssl-default-bind-options
  ssl-default-server-ciphers ssl-default-server-ciphersuites ssl-default-server-options
  ssl-dh-param-file ssl-engine ssl-load-extra-del-ext ssl-load-extra-files ssl-mode-async
  ssl-propquery ssl-provider ssl-provider-path ssl-server-verify ssl-skip-self-issued-ca stats
  strict-limits thread-group tune.buffers.limit tune.buffers.reserve tune.chksize tune.comp.maxlevel
  tune.fail-alloc tune.fd.edge-triggered tune.h2.header-table-size tune.h2.initial-window-size
  tune.h2.max-concurrent-streams tune.h2.max-frame-size tune.http.cookielen tune.http.logurilen
  tune.http.maxhdr tune.idle-pool.shared tune.idletimer tune.listener.multi-queue
  tune.lua.forced-yield tune.lua.maxmem tune.lua.service-timeout tune.lua.session-timeout
  tune.lua.task-timeout tune.maxpollevents tune.pattern.cache-size tune.peers.max-updates-at-once
  tune.pool-high-fd-ratio tune.pool-low-fd-ratio tune.quic.frontend.conn-tx-buffers.limit
  tune.quic.frontend.max-idle-timeout tune.quic.frontend.max-streams-bidi tune.quic.retry-threshold
  tune.rcvbuf.client tune.rcvbuf.server tune.recv_enough tune.runqueue-depth tune.sched.low-latency
  tune.sndbuf.client tune.sndbuf.server tune.ssl.cachesize tune.ssl.capture-buffer-size
  tune.ssl.capture-cipherlist-size tune.ssl.default-dh-param tune.ssl.force-private-cache
  tune.ssl.hard-maxrecord tune.ssl.keylog tune.ssl.lifetime tune.ssl.maxrecord
  tune.ssl.ssl-ctx-cache-size tune.vars.check-max-size tune.vars.global-max-size
  tune.vars.proc-max-size tune.vars.reqres-max-size tune.vars.sess-max-size tune.vars.txn-max-size
  tune.zlib.memlevel tune.zlib.windowsize uid ulimit-n unix-bind user wurfl-cache-size
  wurfl-data-file wurfl-information-list wurfl-information-list-separator zero-warning
  acme.scheduler anonkey cpu-affinity cpu-policy cpu-set dns-accept-family
  expose-deprecated-directives force-cfg-parser-pause
  h1-do-not-close-on-insecure-transfer-encoding harden.reject-privileged-ports.quic
  harden.reject-privileged-ports.tcp httpclient.resolvers.disabled httpclient.retries
  httpclient.timeout.connect key-base limited-quic max-threads-per-group no-quic
  ocsp-update.disable ocsp-update.httpproxy ocsp-update.maxdelay ocsp-update.mindelay
  ocsp-update.mode prealloc-fd profiling.memory setcap shm-stats-file
  shm-stats-file-max-objects ssl-default-bind-client-sigalgs ssl-default-bind-sigalgs
  ssl-default-server-client-sigalgs ssl-default-server-curves ssl-default-server-sigalgs
  ssl-passphrase-cmd ssl-security-level stats-file stress-level thread-hard-limit
  tune.applet.zero-copy-forwarding tune.bufsize.small tune.cli.max-payload-size
  tune.comp.maxlevel tune.defaults.purge tune.disable-fast-forward
  tune.disable-zero-copy-forwarding tune.epoll.mask-events tune.events.max-events-at-once
  tune.glitches.kill.cpu-usage tune.h1.be.glitches-threshold tune.h1.fe.glitches-threshold
  tune.h1.zero-copy-fwd-recv tune.h1.zero-copy-fwd-send tune.h2.be.glitches-threshold
  tune.h2.be.initial-window-size tune.h2.be.max-concurrent-streams tune.h2.be.max-frame-size
  tune.h2.be.rxbuf tune.h2.fe.glitches-threshold tune.h2.fe.initial-window-size
  tune.h2.fe.max-concurrent-streams tune.h2.fe.max-frame-size tune.h2.fe.max-total-streams
  tune.h2.fe.rxbuf tune.h2.log-errors tune.h2.zero-copy-fwd-send tune.idletimer
  tune.listener.default-shards tune.lua.bool-sample-conversion tune.lua.burst-timeout
  tune.lua.log.loggers tune.lua.log.stderr tune.lua.openlibs tune.max-checks-per-thread
  tune.max-rules-at-once tune.memory.hot-size tune.notsent-lowat.client
  tune.notsent-lowat.server tune.pt.zero-copy-forwarding tune.quic.be.cc.cubic-min-losses
  tune.quic.be.cc.hystart tune.quic.be.cc.max-frame-loss tune.quic.be.cc.max-win-size
  tune.quic.be.cc.reorder-ratio tune.quic.be.max-idle-timeout tune.quic.be.sec.glitches-threshold
  tune.quic.be.stream.data-ratio tune.quic.be.stream.max-concurrent tune.quic.be.stream.rxbuf
  tune.quic.be.tx.pacing tune.quic.be.tx.udp-gso tune.quic.cc-hystart
  tune.quic.cc.cubic.min-losses tune.quic.disable-tx-pacing tune.quic.disable-udp-gso
  tune.quic.fe.cc.cubic-min-losses tune.quic.fe.cc.hystart tune.quic.fe.cc.max-frame-loss
  tune.quic.fe.cc.max-win-size tune.quic.fe.cc.reorder-ratio tune.quic.fe.max-idle-timeout
  tune.quic.fe.sec.glitches-threshold tune.quic.fe.sec.retry-threshold
  tune.quic.fe.sock-per-conn tune.quic.fe.stream.data-ratio tune.quic.fe.stream.max-concurrent
  tune.quic.fe.stream.max-total tune.quic.fe.stream.rxbuf tune.quic.fe.tx.pacing
  tune.quic.fe.tx.udp-gso tune.quic.frontend.default-max-window-size
  tune.quic.frontend.glitches-threshold tune.quic.frontend.max-data-size
  tune.quic.frontend.max-tx-mem tune.quic.frontend.stream-data-ratio tune.quic.listen
  tune.quic.max-frame-loss tune.quic.mem.tx-max tune.quic.reorder-ratio tune.quic.socket-owner
  tune.quic.zero-copy-fwd-send tune.rcvbuf.backend tune.rcvbuf.frontend tune.renice.runtime
  tune.renice.startup tune.ring.queues tune.sndbuf.backend tune.sndbuf.frontend
  tune.ssl.certificate-compression tune.ssl.ocsp-update.maxdelay tune.ssl.ocsp-update.mindelay
  tune.stick-counters tune.takeover-other-tg-connections warn-blocked-traffic-after
`);

/** Of proxies. */
export const foreignProxyKeywords = [
  ...names(`
  acl appsession bind-process block capture clitcpka-cnt clitcpka-idle clitcpka-intvl compression
  declare email-alert error-log-format
  external-check filter force-be-switch force-persist guid hash-balance-factor
  hash-preserve-affinity http-after-response http-check http-request http-response id
  ignore-persist load-server-state-from-file log-format-sd log-steps log-tag
  max-keep-alive-queue max-session-srv-conns monitor persist quic-initial rate-limit redirect
  reqadd reqallow reqdel reqdeny reqiallow reqidel reqideny reqipass reqirep reqisetbe reqitarpit
  reqpass reqrep reqsetbe reqtarpit retry-on rspadd rspdel rspdeny rspidel rspideny rspirep rsprep
  server-state-file-name server-template srvtcpka-cnt srvtcpka-idle srvtcpka-intvl stats stick
  tcp-check tcp-request tcp-response transparent unique-id-format unique-id-header
  use-fcgi-app use-server
  `),
  ...names(
    `
  accept-invalid-http-request accept-invalid-http-response
  accept-unsafe-violations-in-http-request accept-unsafe-violations-in-http-response checkcache
  clitcpka contstats disable-h2-upgrade dontlog-normal external-check forwarded
  h1-case-adjust-bogus-client h1-case-adjust-bogus-server http-buffer-request
  http-drop-request-trailers http-drop-response-trailers http-ignore-probes http-no-delay
  http-pretend-keepalive http-proxy http-restrict-req-hdr-names http-tunnel http-use-htx
  http-use-proxy-header idle-close-on-response independent-streams ldap-check
  log-health-checks log-separate-errors logasap mysql-check nolinger pgsql-check prefer-last-server
  redis-check smtpchk socket-stats spop-check srvtcpka tcp-smart-accept tcp-smart-connect tcpka
  transparent use-small-buffers
  `,
    "option ",
  ),
  ...names("client-fin client-hs server-fin tarpit tunnel", "timeout "),
];

/** Of `bind`. */
export const foreignBindOptions: Foreign = {
  alone: names(`
    allow-0rtt defer-accept force-sslv3 force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13
    generate-certificates no-alpn no-ca-names no-sslv3 no-strict-sni no-tls-tickets no-tlsv10
    no-tlsv11 no-tlsv12 no-tlsv13 prefer-client-ciphers quic-force-retry ssl strict-sni tfo
    tls-tickets
  `),
  withValue: names(`
    accept-netscaler-cip alpn ca-file ca-ignore-err ca-sign-file ca-sign-pass ca-verify-file cc
    ciphers ciphersuites client-sigalgs crl-file crt crt-ignore-err crt-list curves default-crt
    ecdhe ech expose-fd gid group guid-prefix id idle-ping interface ktls label level maxconn mode
    mss namespace nbconn nice npn ocsp-update process proto quic-cc-algo quic-socket severity-output
    shards sigalgs ssl-max-ver ssl-min-ver tcp-md5sig tcp-ss tcp-ut thread tls-ticket-keys uid user
    verify
  `),
};

/** Of `server` and `default-server`. */
export const foreignServerOptions: Foreign = {
  alone: names(`
    agent-check allow-0rtt check-reuse-pool check-sni-auto check-ssl check-via-socks4 force-sslv3
    force-tlsv10 force-tlsv11 force-tlsv12 force-tlsv13 no-agent-check no-check-reuse-pool
    no-check-sni-auto no-check-ssl no-renegotiate no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn
    no-sni-auto no-ssl no-ssl-reuse no-sslv3 no-tfo no-tls-tickets no-tlsv10 no-tlsv11 no-tlsv12
    no-tlsv13 no-verifyhost non-stick renegotiate send-proxy-v2-ssl send-proxy-v2-ssl-cn sni-auto
    ssl ssl-reuse stick strict-maxconn tfo tls-tickets
  `),
  withValue: names(`
    agent-addr agent-inter agent-port agent-send alpn ca-file cc check-alpn check-pool-conn-name
    check-proto check-sni ciphers ciphersuites client-sigalgs crl-file crt curves ech error-limit
    guid hash-key id idle-ping init-addr init-state interface ktls log-bufsize log-proto max-reuse
    namespace npn observe on-error on-marked-down on-marked-up pool-conn-name pool-low-conn
    pool-max-conn pool-purge-delay proto proxy-v2-options quic-cc-algo redir resolve-net
    resolve-opts resolve-prefer resolvers set-proxy-v2-tlv-fmt shard sigalgs slowstart sni socks4
    ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut usesrc verify verifyhost ws
  `),
};

/** Of `cookie`. */
export const foreignCookieOptions: Foreign = { alone: ["dynamic"], withValue: ["attr"] };
