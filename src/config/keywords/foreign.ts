/** Keywords that HAProxy (up to 3.5) has, and sluice has not: they are not called unknown. */

const names = (text: string, prefix = "") => text.trim().split(/\s+/).map((name) => prefix + name);

/** Options of a line: those of one word, and those that a value follows. */
export interface Foreign {
  readonly alone: readonly string[];
  readonly withValue: readonly string[];
}

/** Sections. */
export const foreignSections: ReadonlySet<string> = new Set(names(`
  acme crt-store dynamic-update fcgi-app healthcheck log-forward log-profile
  program ring traces
`));

/** Of the section `global`. */
export const foreignGlobals = names(`
      h1-accept-payload-with-any-method
  h2-workaround-bogus-websocket-clients      lua-load lua-load-per-thread lua-prepend-path
  maxsslconn
    pp2-never-send-local server-state-base
  server-state-file set-var set-var-fmt
  ssl-engine
  ssl-propquery ssl-provider ssl-provider-path
  tune.chksize 
  tune.h2.header-table-size tune.h2.initial-window-size
  tune.h2.max-concurrent-streams tune.h2.max-frame-size       tune.peers.max-updates-at-once
  tune.ssl.keylog
  acme.scheduler
    h1-do-not-close-on-insecure-transfer-encoding   harden.reject-privileged-ports.tcp     ocsp-update.disable ocsp-update.httpproxy ocsp-update.maxdelay ocsp-update.mindelay
  ocsp-update.mode setcap shm-stats-file
  shm-stats-file-max-objects
  ssl-passphrase-cmd stats-file   tune.cli.max-payload-size
         tune.h2.be.glitches-threshold
  tune.h2.be.initial-window-size tune.h2.be.max-concurrent-streams tune.h2.be.max-frame-size
  tune.h2.be.rxbuf tune.h2.fe.glitches-threshold tune.h2.fe.initial-window-size
  tune.h2.fe.max-concurrent-streams tune.h2.fe.max-frame-size tune.h2.fe.max-total-streams
  tune.h2.fe.rxbuf tune.h2.log-errors                                           tune.ssl.certificate-compression tune.ssl.ocsp-update.maxdelay tune.ssl.ocsp-update.mindelay
  `);

/** Of proxies. */
export const foreignProxyKeywords = [
  ...names(`
   error-log-format  force-be-switch load-server-state-from-file
  log-steps quic-initial   server-state-file-name use-fcgi-app
  `),
  ...names(
    `
  checkcache
  forwarded
  http-buffer-request
  http-drop-request-trailers http-drop-response-trailers
  http-proxy
  `,
    "option ",
  ),
  ...names("client-hs", "timeout "),
];

/** Of `bind`. */
export const foreignBindOptions: Foreign = {
  alone: names(`
    generate-certificates
    quic-force-retry
  `),
  withValue: names(`
    accept-netscaler-cip ca-sign-file ca-sign-pass
    ech guid-prefix idle-ping label maxconn
    nbconn quic-cc-algo quic-socket
    tcp-md5sig tcp-ss
  `),
};

/** Of `server` and `default-server`. */
export const foreignServerOptions: Foreign = {
  alone: names(`
    check-reuse-pool check-sni-auto
    no-check-reuse-pool
    no-check-sni-auto no-renegotiate
    no-sni-auto
    renegotiate sni-auto
    strict-maxconn
  `),
  withValue: names(`
    check-pool-conn-name
    ech
    idle-ping ktls log-bufsize log-proto
    pool-conn-name
    proto quic-cc-algo redir
    set-proxy-v2-tlv-fmt shard socks4
    tcp-md5sig usesrc
  `),
};
