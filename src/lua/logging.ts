/** What scripts say to the log: methods and functions of one kind. */
import { levels } from "../log/syslog.ts";
import type { LuaMethod } from "./values.ts";

/** Who logs. */
export interface Logging {
  readonly log: (level: number, text: string) => void;
}

const level = (name: typeof levels[number]) => levels.indexOf(name);
const at = (number: number): LuaMethod<Logging> => ({ log }, call) => {
  log(number, call.text(0));
  return null;
};

/** Of a transaction, and as functions of `core`. */
export const logMethods: Readonly<Record<string, LuaMethod<Logging>>> = {
  log({ log }, call) {
    log(call.number(0), call.text(1));
    return null;
  },
  deflog: at(level("debug")),
  Debug: at(level("debug")),
  Info: at(level("info")),
  Warning: at(level("warning")),
  Alert: at(level("alert")),
};

/** Levels, as fields of `core`: `core.info` and so on. */
export const levelFields: Readonly<Record<string, number>> = Object.fromEntries(
  levels.map((name, number) => [name, number]),
);
