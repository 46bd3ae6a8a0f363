/** How long one waits by default, in ms: a busy machine of two cores has time enough. */
const LIMIT = 20_000;

type Result<T> = T | false | undefined;

/**
 * Waits for what happens elsewhere: asks after 1 ms, 2 ms, 4 ms and then every 20 ms, until `done`
 * gives something other than false and undefined.
 * @param what what is awaited, for the error
 * @param limit ms
 * @returns what `done` gave
 * @throws {Error} after `limit`; or what `done` throws, at once
 */
export function until(
  done: () => boolean | Promise<boolean>,
  what: string | (() => string),
  limit?: number,
): Promise<void>;
export function until<T>(
  done: () => Result<T> | Promise<Result<T>>,
  what: string | (() => string),
  limit?: number,
): Promise<T>;
export async function until<T>(
  done: () => Result<T> | Promise<Result<T>>,
  what: string | (() => string),
  limit = LIMIT,
): Promise<T> {
  const deadline = performance.now() + limit;
  for (let wait = 1;; wait = Math.min(2 * wait, 20)) {
    const result = await done();
    if (result !== false && result !== undefined) return result;
    if (performance.now() > deadline) {
      throw new Error(`waited ${limit} ms in vain for ${typeof what === "string" ? what : what()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/**
 * Waits for what the kernel does, while nothing else runs: no event of any loop comes in between.
 * @throws {Error} after five seconds
 */
export function untilNow(done: () => boolean, what: string): void {
  const deadline = performance.now() + 5000;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`no turn of a loop brings ${what}`);
  }
}
