/** Converters of dates (manual, chapter 7.3.1: "http_date", "ltime", "utime"). */
import { may, need } from "../arguments.ts";
import { setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { SINT, STR } from "../sample.ts";

const chapter = "7.3.1";
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const two = (n: number) => String(n).padStart(2, "0");

/** A date by strftime(3), as far as its letters do not depend on a locale. */
function format(pattern: string, date: Date, local: boolean): string {
  const shift = local ? date.getTimezoneOffset() : 0;
  const d = new Date(date.getTime() - shift * 60_000);
  const hour = d.getUTCHours();
  const start = Date.UTC(d.getUTCFullYear(), 0, 1);
  const day = Math.floor((d.getTime() - start) / 86_400_000) + 1;
  const letters: Readonly<Record<string, () => string>> = {
    a: () => days[d.getUTCDay()]!.slice(0, 3),
    A: () => days[d.getUTCDay()]!,
    b: () => months[d.getUTCMonth()]!.slice(0, 3),
    h: () => months[d.getUTCMonth()]!.slice(0, 3),
    B: () => months[d.getUTCMonth()]!,
    C: () => two(Math.floor(d.getUTCFullYear() / 100)),
    d: () => two(d.getUTCDate()),
    e: () => String(d.getUTCDate()).padStart(2),
    H: () => two(hour),
    I: () => two(hour % 12 || 12),
    j: () => String(day).padStart(3, "0"),
    m: () => two(d.getUTCMonth() + 1),
    M: () => two(d.getUTCMinutes()),
    n: () => "\n",
    p: () => hour < 12 ? "AM" : "PM",
    s: () => String(Math.floor(date.getTime() / 1000)),
    S: () => two(d.getUTCSeconds()),
    t: () => "\t",
    u: () => String(d.getUTCDay() || 7),
    w: () => String(d.getUTCDay()),
    y: () => two(d.getUTCFullYear() % 100),
    Y: () => String(d.getUTCFullYear()),
    z: () =>
      `${shift > 0 ? "-" : "+"}${two(Math.floor(Math.abs(shift) / 60))}${
        two(Math.abs(shift) % 60)
      }`,
    Z: () => local ? "" : "GMT",
    "%": () => "%",
  };
  const whole: Readonly<Record<string, string>> = {
    c: "%a %b %e %H:%M:%S %Y",
    D: "%m/%d/%y",
    F: "%Y-%m-%d",
    r: "%I:%M:%S %p",
    R: "%H:%M",
    T: "%H:%M:%S",
    x: "%m/%d/%y",
    X: "%H:%M:%S",
  };
  return pattern.replace(
    /%(.)/g,
    (all, c: string) =>
      whole[c] !== undefined ? format(whole[c]!, date, local) : letters[c]?.() ?? all,
  );
}

function strftime(name: string, local: boolean, unit: number): Converter {
  return {
    name,
    args: [need("format"), may("offset", "integer")],
    from: SINT,
    to: STR,
    doc: `The date in this form, ${local ? "in local time" : "in UTC"}.`,
    chapter,
    create(args) {
      const pattern = args.text(0);
      const offset = args.integer(1);
      return (sample) =>
        setText(sample, format(pattern, new Date(sample.int / unit * 1000 + offset * 1000), local));
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const dateConverters: readonly Converter[] = [
  strftime("ltime", true, 1),
  strftime("utime", false, 1),
  strftime("ms_ltime", true, 1000),
  strftime("ms_utime", false, 1000),
  strftime("us_ltime", true, 1_000_000),
  strftime("us_utime", false, 1_000_000),
  {
    name: "http_date",
    args: [may("offset", "integer"), may("unit")],
    from: SINT,
    to: STR,
    doc: "The date as HTTP has it (RFC 9110, section 5.6.7).",
    chapter,
    create(args) {
      const offset = args.integer(0);
      const unit = { s: 1, ms: 1000, us: 1_000_000 }[args.choice(1, ["s", "ms", "us"], "s")];
      return (sample) =>
        setText(sample, new Date((sample.int + offset) / unit * 1000).toUTCString());
    },
  },
];
