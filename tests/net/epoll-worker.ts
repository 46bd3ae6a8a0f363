/** A thread with an event loop of our own, for epoll-loop_test.ts: an echo, and a count of wakes. */
import { workerData } from "node:worker_threads";
import { createLoop } from "#src/net/epoll/loop.ts";

const { fd, words } = workerData as { fd: number; words: Int32Array };
const loop = createLoop({
  splice: true,
  mailbox: {
    sleeps: () => false,
    wakes: () => Atomics.add(words, 1, 1),
  },
});
loop.accepting(fd, () => ({
  opened() {},
  async data(socket, bytes) {
    const kept = socket.retain(bytes, 0, bytes.length);
    // Microtasks run in every turn.
    await Promise.resolve();
    socket.write(kept, 0, kept.length);
  },
  drain() {},
  ended: (socket) => socket.close(),
  closed() {},
}));
Atomics.store(words, 0, loop.wakeFd);
for (;;) loop.turn(Infinity);
