/** A real thread that counts in a table, for the test of what threads do at once. */
import type { StickTable } from "#src/config/model.ts";
import { openMemory } from "#src/shared/memory.ts";
import { Table } from "#src/stick-table/table.ts";

/** What the thread must do. */
export interface Task {
  readonly blocks: readonly SharedArrayBuffer[];
  readonly threads: number;
  readonly self: number;
  readonly config: StickTable;
  readonly times: number;
}

function perform({ blocks, threads, self, config, times }: Task): void {
  const table = new Table(openMemory(blocks, threads, self), "t", config, [0, 0], { now: () => 5 });
  const { fields } = table.layout;
  for (let i = 0; i < times; i++) {
    table.setIntegerKey((i * 7 + self) % 50);
    table.lock();
    const entry = table.obtain(5);
    table.hold(entry);
    table.unlock();
    table.lock();
    for (const { name, ...field } of fields) {
      table.add(entry, { name, ...field }, name === "bytes_in_cnt" ? 2 ** 20 : 1, 5);
    }
    table.release(entry, 5);
    table.unlock();
  }
}

interface Scope {
  onmessage: ((event: { data: Task }) => void) | null;
  postMessage(answer: string): void;
}
const scope = globalThis as unknown as Scope;
scope.onmessage = ({ data }) => {
  perform(data);
  scope.postMessage("done");
};
