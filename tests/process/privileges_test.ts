/** What the process is and may do once it listens: `user`, `group`, `chroot`, limits. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { numberOf } from "#src/process/accounts.ts";
import { freshAddress, inFolder, programTest, run, threadless, withProxy } from "../binary.ts";
import { type UnixDatagrams, unixDatagrams } from "../log/unix-datagrams.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

const unprivileged = process.geteuid?.() === 0 ? null : "it must start as root";

/** A proxy that answers by itself. */
function alive(at: string, ...global: string[]): string {
  return [
    "global",
    ...global,
    "listen l",
    "mode http",
    `bind ${at}:80`,
    "monitor-uri /up",
    "timeout client 5s",
    "timeout connect 5s",
    "timeout server 5s",
    "",
  ].join("\n");
}

/** Ids of each thread of a process: real, effective, saved and file system's. */
function idsOf(pid: number, what: "Uid" | "Gid" | "Groups"): string[] {
  const ids = readdirSync(`/proc/${pid}/task`).map((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, "latin1");
    return new RegExp(`^${what}:[ \\t]*(.*?)[ \\t]*$`, "m").exec(status)![1]!.replaceAll("\t", " ");
  });
  return [...new Set(ids)];
}

test("the number after a name in a table of accounts", () => {
  const table = "root:x:0:0:root:/root:/bin/sh\n+@net::::::\nproxy:x:13:13::/bin:/bin/false\n";
  assertEquals(numberOf("proxy", table), 13);
  assertEquals(numberOf("root", table), 0);
  assertEquals(numberOf("prox", table), null);
  assertEquals(numberOf("+@net", table), null);
});

for (const [user, group] of [["user daemon", "group bin"], ["uid 1", "gid 2"]] as const) {
  programTest(
    `every thread becomes '${user}', '${group}', and ports below 1024 go on`,
    async () => {
      const at = freshAddress();
      const text = alive(at, user, group, threadless === null ? "nbthread 3" : "nbthread 1");
      await withProxy(text, async ({ pid }) => {
        await until(() => idsOf(pid, "Uid").join() === "1 1 1 1", "the change of user");
        assertEquals(idsOf(pid, "Gid"), ["2 2 2 2"]);
        assertEquals(idsOf(pid, "Groups"), [""]);
        assertEquals((await fetch(`http://${at}/up`)).status, 200);
      });
    },
    unprivileged,
  );
}

programTest("'chroot' is the root of the process, and it serves on in an empty one", async () => {
  await inFolder(async (folder) => {
    const jail = join(folder, "jail");
    mkdirSync(jail);
    const at = freshAddress();
    await withProxy(alive(at, `chroot ${jail}`, "user daemon", "group daemon"), async ({ pid }) => {
      const isIn = (what: string) => readlinkSync(`/proc/${pid}/${what}`) === jail;
      await until(() => isIn("root") && isIn("cwd"), "the new root");
      for (let i = 0; i < 20; i++) assertEquals((await fetch(`http://${at}/up`)).status, 200);
    });
  });
}, unprivileged);

programTest(
  "lines reach the /dev/log of before the chroot, unless there is one inside",
  async () => {
    await inFolder(async (folder) => {
      const [outside, jail] = [join(folder, "log"), join(folder, "jail")];
      mkdirSync(join(jail, folder), { recursive: true });
      const inside = join(jail, outside);
      const daemons = [await unixDatagrams(outside), await unixDatagrams(inside)] as const;
      for (const path of [outside, inside]) chmodSync(path, 0o666);
      const heard = (daemon: UnixDatagrams) => {
        try {
          return daemon.receive();
        } catch {
          return "";
        }
      };
      const at = freshAddress();
      const text = alive(at, `chroot ${jail}`, "user daemon", `log ${outside} local0`)
        .replace("listen l", "listen l\nlog global\noption httplog");
      try {
        await withProxy(text, async ({ pid }) => {
          await until(() => readlinkSync(`/proc/${pid}/root`) === jail, "the new root");
          await fetch(`http://${at}/inside`);
          await until(() => heard(daemons[1]).includes("GET /inside"), "a line inside");
          assertEquals(heard(daemons[0]), "");
          unlinkSync(inside);
          await fetch(`http://${at}/outside`);
          await until(() => heard(daemons[0]).includes("GET /outside"), "a line outside");
        });
      } finally {
        for (const daemon of daemons) daemon.close();
      }
    });
  },
  unprivileged,
);

programTest("a daemon in an empty root leaves its streams, and serves", async () => {
  await inFolder(async (folder) => {
    const [jail, file, pidfile] = ["jail", "x.cfg", "pid"].map((name) => join(folder, name));
    mkdirSync(jail!);
    const at = freshAddress();
    writeFileSync(file!, alive(at, `chroot ${jail}`, "user daemon", "daemon"));
    const { status, stderr } = await run(["-f", file!, "-p", pidfile!]);
    assertEquals([status, stderr], [0, ""]);
    const pid = Number(readFileSync(pidfile!, "utf8"));
    try {
      assertEquals((await fetch(`http://${at}/up`)).status, 200);
    } finally {
      process.kill(pid, "SIGTERM");
      await until(() => !existsSync(`/proc/${pid}`), "the end");
    }
  });
  // Deno cannot ask what a descriptor is without /proc: its daemon is not let go there.
}, unprivileged ?? threadless);

programTest("what cannot be given up is an error before anything is touched", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "x.cfg");
    writeFileSync(file, alive(freshAddress(), `chroot ${folder}/none`));
    const { status, stderr } = await run(["-db", "-f", file]);
    assertEquals(status, 1);
    assertStringIncludes(stderr, `cannot chroot to '${folder}/none': it is not a directory`);
    writeFileSync(file, alive(freshAddress(), "user nosuchuser"));
    for (const flags of [["-c"], ["-db"]]) {
      const { status, stderr } = await run([...flags, "-f", file]);
      assertEquals(status, 1);
      assertStringIncludes(stderr, "x.cfg:2:6: error: there is no user 'nosuchuser'");
    }
  });
});

programTest("one that is not root's cannot become another, and says so", async () => {
  await inFolder(async (folder) => {
    chmodSync(folder, 0o755);
    const file = join(folder, "x.cfg");
    writeFileSync(file, alive(freshAddress(), "group daemon"));
    const prefix = ["setpriv", "--reuid", "13", "--regid", "13", "--clear-groups"] as const;
    const { status, stderr } = await run(["-db", "-f", file], { prefix });
    assertEquals(status, 1);
    assertStringIncludes(stderr, "cannot set gid 1: this process is not root's");
  });
}, unprivileged ?? (threadless?.startsWith("Deno") === true ? "only root may read Deno" : null));

programTest(
  "'ulimit-n' raises the limit of descriptors, 'zero-warning' forbids warnings",
  async () => {
    const at = freshAddress();
    const limit = "setpriv --bounding-set -sys_resource --inh-caps -sys_resource";
    const prefix = ["/bin/sh", "-c", `ulimit -n 5000 && exec ${limit} "$0" "$@"`] as const;
    const lack = "cannot raise the limit of descriptors to 9000: it is 5000\n";
    await withProxy(alive(at, "no strict-limits", "ulimit-n 9000"), ({ pid }) => {
      const limits = readFileSync(`/proc/${pid}/limits`, "latin1");
      assert(/^Max open files\s+5000\s/m.test(limits), limits);
    }, { prefix, stderr: new RegExp(`^warning: ${lack}$`) });
    await inFolder(async (folder) => {
      const file = join(folder, "x.cfg");
      writeFileSync(file, alive(at, "ulimit-n 9000"));
      const { status, stderr } = await run(["-db", "-f", file], { prefix });
      assertEquals([status, stderr], [1, `cannot start: ${lack}`]);
    });
    await inFolder(async (folder) => {
      const file = join(folder, "x.cfg");
      writeFileSync(file, `global\n zero-warning\n tune.idletimer 5\nlisten l\nbind ${at}:81\n`);
      const { status, stderr } = await run(["-c", "-f", file]);
      assertEquals(status, 1);
      assertStringIncludes(stderr, "some warnings were found, and 'zero-warning' is set");
      writeFileSync(file, alive(at, "zero-warning", "tune.idletimer 5"));
      const quiet = await run(["-c", "-f", file]);
      assertEquals(quiet.status, 0, quiet.stderr);
      assertStringIncludes(quiet.stderr, "notice: 'tune.idletimer' has no effect, and needs none");
    });
  },
  unprivileged,
);

programTest("'cpu-map' binds threads to CPUs", async () => {
  const text = alive(freshAddress(), "nbthread 2", "cpu-map 1/1-2 0");
  await withProxy(text, ({ pid }) => {
    const sets = readdirSync(`/proc/${pid}/task`).map((task) =>
      /^Cpus_allowed_list:\s*(.*)$/m.exec(
        readFileSync(`/proc/${pid}/task/${task}/status`, "latin1"),
      )![1]
    );
    assertEquals(sets.filter((set) => set === "0").length, 2);
  });
}, threadless ?? (navigator.hardwareConcurrency < 2 ? "there is one CPU" : null));
