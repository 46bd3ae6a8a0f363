/** Dates in fields (RFC 9110, section 5.6.7). */

const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const time = String.raw`(\d\d):(\d\d):(\d\d)`;
/** IMF-fixdate, and the obsolete forms of RFC 850 and of C's asctime(). */
const fixed = new RegExp(String.raw`^${day}, (\d\d) (\w{3}) (\d{4}) ${time} GMT$`);
const rfc850 = new RegExp(String.raw`^\w+day, (\d\d)-(\w{3})-(\d\d) ${time} GMT$`);
const asctime = new RegExp(String.raw`^${day} (\w{3}) ([ \d]\d) ${time} (\d{4})$`);

/** Seconds since 1970; null: it is no date. */
export function parseHttpDate(text: string): number | null {
  let match = fixed.exec(text);
  if (match !== null) return seconds(match[3]!, match[2]!, match[1]!, match.slice(4));
  match = rfc850.exec(text);
  if (match !== null) {
    // Two digits are of this century, unless that were far ahead.
    const year = Number(match[3]);
    return seconds(
      String(year < 70 ? 2000 + year : 1900 + year),
      match[2]!,
      match[1]!,
      match.slice(4),
    );
  }
  match = asctime.exec(text);
  return match === null ? null : seconds(match[6]!, match[1]!, match[2]!, match.slice(3, 6));
}

function seconds(
  year: string,
  month: string,
  dayOfMonth: string,
  [hours, minutes, rest]: readonly string[],
): number | null {
  const index = months.indexOf(month);
  if (index < 0 || index % 3 !== 0) return null;
  const ms = Date.UTC(
    Number(year),
    index / 3,
    Number(dayOfMonth),
    Number(hours),
    Number(minutes),
    Number(rest),
  );
  return Math.floor(ms / 1000);
}
