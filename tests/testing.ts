/**
 * `test` of the runtime that runs the tests. (node:test's would do in both, but under `deno test`
 * it hides uncaught exceptions.)
 */
type Body = () => void | Promise<void>;
/** Declares a test; `options.skip` leaves it out, loudly: say the reason in the name. */
export type Test = (name: string, body: Body, options?: { skip?: boolean }) => void;

interface Runtime {
  Deno?: { test(definition: { name: string; ignore: boolean; fn: Body }): void };
}
interface BunTest {
  test: ((name: string, body: Body) => void) & { skip(name: string, body: Body): void };
}

const runtime = globalThis as Runtime;

async function testOfRuntime(): Promise<Test> {
  const { Deno } = runtime;
  if (Deno !== undefined) {
    return (name, fn, options) => Deno.test({ name, ignore: options?.skip ?? false, fn });
  }
  // Not a literal: deno would try to resolve it.
  const specifier = ["bun", "test"].join(":");
  const bun = (await import(specifier)) as BunTest;
  return (name, body, options) => options?.skip ? bun.test.skip(name, body) : bun.test(name, body);
}

/** Declares a test on either runtime. */
export const test: Test = await testOfRuntime();

/** "bun" or "deno": what runs the tests. */
export const runtimeName: "bun" | "deno" = runtime.Deno === undefined ? "bun" : "deno";
