/** Which of its backends a frontend's streams go to, by "use_backend" (manual, chapter 4.2). */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { textOf } from "../../bytes/bytes.ts";
import { YES } from "../../expr/test.ts";
import type { BackendRule, ServerRule } from "../../rules/proxy-rules.ts";
import type { RuleStream } from "../../rules/stream.ts";
import type { Backend } from "../backend.ts";
import type { Route } from "../route.ts";
import type { Server } from "../server.ts";

const name = new ByteBuffer(256);

/** See above. */
export class Switching {
  readonly #rules: readonly BackendRule[];
  readonly #static: readonly (Route | null)[];

  /** @param routeTo the way to a backend of this name; null: there is none */
  constructor(rules: readonly BackendRule[], readonly routeTo: (name: string) => Route | null) {
    this.#rules = rules;
    this.#static = rules.map(({ name: { constant } }) =>
      constant === null ? null : routeTo(textOf(constant, 0, constant.length))
    );
  }

  /** The way of a stream; null: none of the rules has one for it. */
  choose(stream: RuleStream): Route | null {
    for (let i = 0; i < this.#rules.length; i++) {
      const { test, name: format } = this.#rules[i]!;
      if (test !== null && test(stream) !== YES) continue;
      if (format.constant !== null) return this.#static[i]!;
      name.clear();
      format.write(stream, name);
      // As in HAProxy: where there is no such backend, the default one has it.
      return this.routeTo(textOf(name.bytes, 0, name.length));
    }
    return null;
  }
}

/** The server that "use-server" rules name for a stream; null: none, or it takes no sessions. */
export function serverByRule(
  rules: readonly ServerRule[],
  backend: Backend,
  stream: RuleStream,
  forced = false,
): Server | null {
  for (const { test, name: format } of rules) {
    if (test !== null && test(stream) !== YES) continue;
    name.clear();
    format.write(stream, name);
    const wanted = textOf(name.bytes, 0, name.length);
    const server = backend.servers.find((each) => each.name === wanted);
    // As in HAProxy: no further rule where there is no such server.
    if (server === undefined) return null;
    if (server.serves || forced || backend.config.persist) return server;
  }
  return null;
}
