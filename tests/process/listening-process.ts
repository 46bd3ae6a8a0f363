/**
 * A process for takeover_test.ts: it listens, perhaps on a socket taken over from another, and
 * answers each byte with its name. Its arguments: its name, the address as JSON, and the process
 * to take the address over from. It obeys words on its standard input, a line each, and answers on
 * its standard output. On "finish" it closes the listener and ends with its last connection.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { bunNetwork } from "#src/net/bun/network.ts";
import type { Address } from "#src/net/linux/sockaddr.ts";
import { allowTakeover, takeListeners } from "#src/process/takeover.ts";

const [name = "", json = "", from] = process.argv.slice(2);
const at = JSON.parse(json) as Address;
const answer = new TextEncoder().encode(name);
let connections = 0;
let finishing = false;

function gone(): void {
  connections--;
  if (finishing && connections === 0) process.exit(0);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

allowTakeover();
const taken = takeListeners(from === undefined ? [] : [Number(from)]);
const fd = taken.use(at, false);
taken.closeUnused();
const listener = bunNetwork.listen(at, fd === undefined ? {} : { adopt: fd }, () => {
  connections++;
  return {
    opened() {},
    drain() {},
    data: (socket) => void socket.write(answer, 0, answer.length),
    ended(socket) {
      socket.close();
      gone();
    },
    closed: gone,
  };
});
say([fd === undefined ? "listens" : "took over", ...taken.failures].join("; "));

createInterface({ input: process.stdin }).on("line", (word) => {
  try {
    if (word === "finish") {
      listener.close();
      finishing = true;
    } else {
      listener[word as "pause" | "resume" | "release" | "reclaim" | "drain"]();
    }
    say("done");
    if (finishing && connections === 0) process.exit(0);
  } catch (error) {
    say((error as { code: string }).code);
  }
});
