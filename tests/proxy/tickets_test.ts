/** Queues in shared memory, against plain arrays. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Queue, Tickets } from "#src/proxy/queue.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";

const threads = 3;
const perThread = 5;

/** What waits: a ticket, and its number among all. */
interface Waiting {
  readonly ticket: number;
  readonly order: number;
  readonly thread: number;
  readonly owner: string;
  readonly priority: number;
}

const step = fc.record({
  act: fc.constantFrom("push", "push", "push", "remove", "grant", "grant", "forget"),
  thread: fc.nat(threads - 1),
  queue: fc.nat(1),
  which: fc.nat(20),
});

test("queues of several threads behave as plain arrays do", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
    const memory = createMemory(threads, 0);
    const views = Array.from({ length: threads }, (_, self) => {
      const own = self === 0 ? memory : openMemory(memory.blocks, threads, self);
      const tickets = new Tickets<string>(own, perThread);
      return { tickets, queues: [new Queue(own, tickets, 1), new Queue(own, tickets, 2)] };
    });
    const model: Waiting[][] = [[], []];
    const served = [0, 0];
    const out = new Set<number>();
    let order = 0;
    for (const { act, thread, queue, which } of steps) {
      const view = views[thread]!;
      const waiting = model[queue]!;
      const one = waiting[which % (waiting.length || 1)];
      switch (act) {
        case "push": {
          if (model.flat().filter((each) => each.thread === thread).length === perThread) break;
          const owner = `stream ${order}`;
          const ticket = view.tickets.acquire(owner);
          assert(!out.has(ticket), "a ticket is given out twice");
          assertEquals(view.tickets.threadOf(ticket), thread);
          out.add(ticket);
          const priority = { class: which % 3 - 1, offset: 0 };
          view.queues[queue]!.push(ticket, order, priority, 0);
          const behind = waiting.findLastIndex((each) => each.priority <= priority.class);
          waiting.splice(behind + 1, 0, { ticket, order, thread, owner, priority: priority.class });
          order++;
          break;
        }
        case "remove": {
          if (one === undefined) break;
          const { tickets, queues } = views[one.thread]!;
          queues[queue]!.remove(one.ticket);
          assertEquals(tickets.owner(one.ticket), one.owner);
          tickets.release(one.ticket);
          out.delete(one.ticket);
          waiting.splice(waiting.indexOf(one), 1);
          break;
        }
        case "grant": {
          const first = waiting.shift();
          if (first === undefined) break;
          // By whatever thread; its owner hears of it.
          view.queues[queue]!.grant(first.ticket);
          const { tickets } = views[first.thread]!;
          assert(tickets.granted(first.ticket));
          assertEquals(tickets.order(first.ticket), served[queue]!++, "how many went before");
          if (which % 2 === 0) {
            tickets.leave(first.ticket);
            assertEquals(tickets.owner(first.ticket), null);
          }
          tickets.release(first.ticket);
          out.delete(first.ticket);
          break;
        }
        case "forget":
          // Thread 0 buries the others; its like begins with tickets of its own.
          if (thread === 0) break;
          views[0]!.queues.forEach((each) => each.releaseThread(thread));
          for (const queue of model) {
            for (const each of queue.filter((each) => each.thread === thread)) {
              out.delete(each.ticket);
              queue.splice(queue.indexOf(each), 1);
            }
          }
          {
            const own = openMemory(memory.blocks, threads, thread);
            const tickets = new Tickets<string>(own, perThread);
            views[thread] = {
              tickets,
              queues: [new Queue(own, tickets, 1), new Queue(own, tickets, 2)],
            };
          }
      }
      for (const { queues, tickets } of views) {
        queues.forEach((queue, i) => {
          const found: number[] = [];
          for (let ticket = queue.first; ticket !== 0; ticket = queue.after(ticket)) {
            found.push(ticket);
            assert(!tickets.granted(ticket));
          }
          assertEquals(found, model[i]!.map(({ ticket }) => ticket));
          assertEquals(found.map((ticket) => tickets.order(ticket)), model[i]!.map((w) => w.order));
          assertEquals([queue.length, queue.served], [model[i]!.length, served[i]]);
        });
      }
    }
  }));
});
