/**
 * The part of `@std/assert` that our tests use, on node:assert, with the original's signatures:
 * jsr.io cannot be reached everywhere. `"@std/assert": "jsr:@std/assert@1"` in deno.json's imports
 * switches to the original.
 */
import nodeAssert from "node:assert";

/** Makes an assertion that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new nodeAssert.AssertionError({ message: msg || "expected a truthy value" });
}

/** Makes an assertion that `actual` and `expected` are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  saying(msg, () => nodeAssert.deepStrictEqual(actual, expected));
}

/** Makes an assertion that `actual` and `expected` are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  saying(msg, () => nodeAssert.notDeepStrictEqual(actual, expected));
}

/** Makes an assertion that `actual` and `expected` are the same value (Object.is). */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  saying(msg, () => nodeAssert.strictEqual(actual, expected));
}

/** Makes an assertion that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new nodeAssert.AssertionError({
      message: msg ?? `expected to find\n  ${expected}\nin\n  ${actual}`,
      actual,
      expected,
    });
  }
}

/** Makes an assertion that `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  saying(msg, () => nodeAssert.match(actual, expected));
}

// deno-lint-ignore no-explicit-any -- the original's signature: any constructor of an Error
type ErrorClass<E extends Error> = new (...args: any[]) => E;

/** Executes `fn`, which must throw an error of the class and with the message part given. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return checked(thrown, ErrorClass, msgIncludes);
  }
  throw new nodeAssert.AssertionError({ message: "expected the function to throw" });
}

/** Executes `fn`, whose promise must reject with an error of the class and message part given. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: ErrorClass<E>,
  msgIncludes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checked(error, ErrorClass, msgIncludes);
  }
  throw new nodeAssert.AssertionError({ message: "expected the promise to reject" });
}

/** Fails the test. */
export function fail(msg?: string): never {
  throw new nodeAssert.AssertionError({ message: msg ?? "failed" });
}

/** Runs an assertion; `msg` goes before what it says of the difference. */
function saying(msg: string | undefined, assertion: () => void): void {
  try {
    assertion();
  } catch (error) {
    if (msg !== undefined && error instanceof Error) error.message = `${msg}: ${error.message}`;
    throw error;
  }
}

function checked<E extends Error>(
  error: unknown,
  ErrorClass: ErrorClass<E> | undefined,
  msgIncludes: string | undefined,
): E {
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    throw new nodeAssert.AssertionError({
      message: `expected a ${ErrorClass.name}, got ${String(error)}`,
    });
  }
  if (msgIncludes !== undefined) assertStringIncludes((error as Error).message, msgIncludes);
  return error as E;
}
