/** Commands about caches (management manual, chapter 9.3, "show cache"). */
import type { Command } from "./command.ts";

const hex = (value: number, digits: number) => (value >>> 0).toString(16).padStart(digits, "0");

/** See above. What HAProxy shows as addresses are numbers here: of the cache, and of its entries. */
export const cacheCommands: readonly Command[] = [
  {
    name: "show cache",
    usage: "",
    help: "caches, and what they keep",
    run({ control }) {
      const now = Math.floor(control.wall() / 1000);
      let text = "";
      let number = 0;
      for (const { name, store } of control.caches?.values() ?? []) {
        number++;
        const at = `0x${hex(number, 4)}`;
        text += `${at}: ${name} (shctx:${at}, available blocks:${store.available})\n`;
        for (const entry of store.list()) {
          const vary = [...entry.variant].slice(0, 2).map((word) => hex(word, 8)).join("");
          text +=
            `0x${hex(entry.number, 8)} hash:${entry.hash} vary:0x${vary} size:${entry.size} ` +
            `(${entry.blocks} blocks), refcount:${entry.refs}, expire:${entry.expires - now}\n`;
        }
      }
      return text;
    },
  },
];
