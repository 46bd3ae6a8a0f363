/** `sluice install-service`: a unit for systemd, hardened as far as a proxy can be. */
import { existsSync, writeFileSync } from "node:fs";
import process from "node:process";
import { reasonOf } from "../process/system-error.ts";
import { print, printError } from "./files.ts";

/** Where systemd looks for units of the administrator's (systemd.unit(5)). */
const path = "/etc/systemd/system/sluice.service";

/** What the unit is for. */
export interface ServiceOptions {
  readonly config: string;
  /** Only shows it. */
  readonly print: boolean;
}

/** The unit. @param program where this program is */
export function unitFor(program: string, config: string): string {
  return `[Unit]
Description=sluice, an edge proxy and load balancer
Documentation=https://docs.haproxy.org/2.6/configuration.html
After=network-online.target rsyslog.service
Wants=network-online.target
StartLimitIntervalSec=60
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
ExecStartPre=${program} -f ${config} -c -q
ExecStart=${program} -Ws -f ${config} -p /run/sluice/sluice.pid
ExecReload=${program} -f ${config} -c -q
ExecReload=/bin/kill -USR2 $MAINPID
KillMode=mixed
KillSignal=SIGTERM
SuccessExitStatus=0
Restart=always
RestartSec=1
TimeoutStopSec=30
WatchdogSec=30
RuntimeDirectory=sluice
LimitNOFILE=1048576

# It begins as root, to bind ports, read keys and change its user ('user' in the configuration).
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_NET_ADMIN CAP_NET_RAW CAP_SETUID CAP_SETGID CAP_SYS_CHROOT CAP_KILL CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE CAP_SYS_PTRACE CAP_SYS_RESOURCE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/run -/var/lib/haproxy -/var/lib/sluice
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=net
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
SystemCallArchitectures=native
# Its engine compiles what it runs, so memory must be writable and executable.
MemoryDenyWriteExecute=no

[Install]
WantedBy=multi-user.target
`;
}

/** Writes the unit, or shows it. @returns the exit status */
export function installService({ config, print: only }: ServiceOptions): number {
  const compiled = process.argv[1]?.startsWith("/$bunfs/") === true;
  const program = compiled ? process.execPath : "/usr/local/bin/sluice";
  const unit = unitFor(program, config);
  if (only) {
    print(unit);
    return 0;
  }
  if (!config.startsWith("/")) {
    printError(`'${config}' is not an absolute path: systemd needs one`);
    return 1;
  }
  if (!existsSync(config)) {
    printError(`there is no '${config}': name the configuration with --config`);
    return 1;
  }
  try {
    writeFileSync(path, unit);
  } catch (error) {
    printError(`cannot write '${path}': ${reasonOf(error)}\n  fix: as root, or --print shows it`);
    return 1;
  }
  print(`${path} is written. Next:\n  systemctl daemon-reload\n  systemctl enable --now sluice`);
  return 0;
}
