import { assertEquals } from "@std/assert";
import { whyUnsafe } from "#src/process/environment.ts";
import { test } from "../testing.ts";

const status = (uid: number, permitted: string) =>
  `Name:\tsluice\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapInh:\t0000000000000000\n` +
  `CapPrm:\t${permitted}\nCapEff:\t${permitted}\n`;
const bind = "0000000000000400";
const none = "0000000000000000";

test("options of the engine are refused where a user who is not root has capabilities", () => {
  const env = { PATH: "/bin", BUN_JSC_useJITDump: "1" };
  assertEquals(
    whyUnsafe(env, status(1000, bind)),
    "the environment sets BUN_JSC_useJITDump, and this process has capabilities: unset it",
  );
  assertEquals(whyUnsafe(env, status(1000, none)), null);
  assertEquals(whyUnsafe(env, status(0, bind)), null);
  assertEquals(whyUnsafe(env, ""), null);
  assertEquals(whyUnsafe({ PATH: "/bin", MY_JSC_x: "1" }, status(1000, bind)), null);
});
