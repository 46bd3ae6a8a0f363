/** Converters of dates (manual, chapter 7.3.1: "http_date", "ltime", "utime"). */
import { may, need } from "../arguments.ts";
import { sampleText, setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { SINT, STR } from "../sample.ts";

const chapter = "7.3.1";
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const two = (n: number) => String(n).padStart(2, "0");

/** The week of ISO 8601 that a date is in, and the year which that belongs to. */
function isoWeek(d: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(d.getTime() + (4 - (d.getUTCDay() || 7)) * 86_400_000);
  const year = thursday.getUTCFullYear();
  return {
    year,
    week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * 86_400_000)) + 1,
  };
}

/** What local time is called: "CET". */
function zoneOf(date: Date): string {
  const parts = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** A date by strftime(3), as far as its letters do not depend on a locale. */
function format(pattern: string, date: Date, local: boolean): string {
  const shift = local ? date.getTimezoneOffset() : 0;
  const d = new Date(date.getTime() - shift * 60_000);
  const hour = d.getUTCHours();
  const start = Date.UTC(d.getUTCFullYear(), 0, 1);
  const day = Math.floor((d.getTime() - start) / 86_400_000) + 1;
  const week = (firstDay: number) => Math.floor((day + 6 - (d.getUTCDay() + 7 - firstDay) % 7) / 7);
  const letters: Readonly<Record<string, () => string>> = {
    a: () => days[d.getUTCDay()]!.slice(0, 3),
    A: () => days[d.getUTCDay()]!,
    b: () => months[d.getUTCMonth()]!.slice(0, 3),
    h: () => months[d.getUTCMonth()]!.slice(0, 3),
    B: () => months[d.getUTCMonth()]!,
    C: () => two(Math.floor(d.getUTCFullYear() / 100)),
    d: () => two(d.getUTCDate()),
    e: () => String(d.getUTCDate()).padStart(2),
    g: () => two(isoWeek(d).year % 100),
    G: () => String(isoWeek(d).year),
    H: () => two(hour),
    I: () => two(hour % 12 || 12),
    j: () => String(day).padStart(3, "0"),
    k: () => String(hour).padStart(2),
    l: () => String(hour % 12 || 12).padStart(2),
    m: () => two(d.getUTCMonth() + 1),
    M: () => two(d.getUTCMinutes()),
    n: () => "\n",
    p: () => hour < 12 ? "AM" : "PM",
    P: () => hour < 12 ? "am" : "pm",
    s: () => String(Math.floor(date.getTime() / 1000)),
    S: () => two(d.getUTCSeconds()),
    t: () => "\t",
    u: () => String(d.getUTCDay() || 7),
    U: () => two(week(0)),
    V: () => two(isoWeek(d).week),
    w: () => String(d.getUTCDay()),
    W: () => two(week(1)),
    y: () => two(d.getUTCFullYear() % 100),
    Y: () => String(d.getUTCFullYear()),
    z: () =>
      `${shift > 0 ? "-" : "+"}${two(Math.floor(Math.abs(shift) / 60))}${
        two(Math.abs(shift) % 60)
      }`,
    Z: () => local ? zoneOf(date) : "GMT",
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

/** The part of a second, nine digits. @param unit so many are a second */
function nanosecondsOf(value: number, unit: number): string {
  const part = ((value % unit) + unit) % unit;
  return String(part * (1_000_000_000 / unit)).padStart(9, "0");
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
      return (sample) => {
        const value = sample.int + offset;
        // Only those that know parts of a second have "%N".
        const own = unit === 1 ? pattern : pattern.replace(
          /%%|%(\d?)N/g,
          (all, width: string | undefined) =>
            all === "%%" ? all : nanosecondsOf(value, unit).slice(0, Number(width || 9)),
        );
        return setText(sample, format(own, new Date(Math.floor(value / unit * 1000)), local));
      };
    },
  };
}

const monthNumber = (name: string) =>
  months.findIndex((each) => each.slice(0, 3).toLowerCase() === name.toLowerCase());

/** An IMF-fixdate; one of RFC 850; one of asctime() (RFC 9110, section 5.6.7). */
const forms = [
  /^[A-Za-z]{3}, (?<day>\d\d) (?<month>[A-Za-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Za-z]{6,9}, (?<day>\d\d)-(?<month>[A-Za-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Za-z]{3} (?<month>[A-Za-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/** Seconds since 1970 of a date as HTTP has it; null: it is none. */
function parseHttpDate(text: string): number | null {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const month = monthNumber(groups["month"]!);
    const [hour, minute, second] = groups["time"]!.split(":").map(Number) as [
      number,
      number,
      number,
    ];
    if (month < 0 || hour > 23 || minute > 59 || second > 60) return null;
    let year = Number(groups["year"]);
    // Of two digits: the past 50 years, or the next.
    if (year < 100) year += year < 70 ? 2000 : 1900;
    return Date.UTC(year, month, Number(groups["day"]), hour, minute, second) / 1000;
  }
  return null;
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
    name: "date",
    from: STR,
    to: SINT,
    doc: "Seconds since 1970, of a date as HTTP has it, in any of its three forms.",
    chapter,
    create: () => (sample) => {
      const date = parseHttpDate(sampleText(sample));
      return date !== null && sample.setInt(date);
    },
  },
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
      const digits = unit === 1 ? 0 : unit === 1000 ? 3 : 6;
      return (sample) => {
        const value = sample.int + offset;
        const text = new Date(value / unit * 1000).toUTCString();
        if (digits === 0) return setText(sample, text);
        const fraction = String(((value % unit) + unit) % unit).padStart(digits, "0");
        return setText(sample, text.replace(" GMT", `.${fraction} GMT`));
      };
    },
  },
];
