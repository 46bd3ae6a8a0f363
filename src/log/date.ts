/**
 * The dates of log lines, in local time. What is older than a second of the clock is kept as text
 * for the whole minute (zones differ from UTC by whole minutes), so that a line costs two look-ups
 * and no `Date`.
 */

/** Writes dates; `ms` is milliseconds since 1970 and may have a fraction. */
export interface Dates {
  /** As in the traffic formats (manual, chapter 8.2): `22/Nov/2026:13:36:31.123`. */
  traffic(ms: number): string;
  /** As in the Common Log Format, with the zone: `22/Nov/2026:13:36:31 +0100`. */
  clf(ms: number): string;
  /** RFC 3164, section 4.1.2: `Nov 22 13:36:31`, the day padded with a space. */
  rfc3164(ms: number): string;
  /** RFC 5424, section 6.2.3, with microseconds: `2026-11-22T13:36:31.123456+01:00`. */
  rfc5424(ms: number): string;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
  .concat(["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]);
const two = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, "0"));
const three = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, "0"));

const minute = 60_000;

/** Keeps the text of the minute that was asked for last. `format` gets a date whose UTC is local. */
function oncePerMinute(
  offsetMinutes: (ms: number) => number,
  format: (local: Date, offset: number) => string,
): (minutes: number) => string {
  let last = NaN;
  let text = "";
  return (minutes) => {
    if (minutes !== last) {
      const offset = offsetMinutes(minutes * minute);
      text = format(new Date((minutes + offset) * minute), offset);
      last = minutes;
    }
    return text;
  };
}

function year(local: Date): string {
  return String(local.getUTCFullYear()).padStart(4, "0");
}

function hourAndMinute(local: Date): string {
  return `${two[local.getUTCHours()]}:${two[local.getUTCMinutes()]}:`;
}

function zone(offset: number): string {
  const size = Math.abs(offset);
  return `${offset < 0 ? "-" : "+"}${two[Math.floor(size / 60)]}:${two[size % 60]}`;
}

/**
 * Makes the three formats for a time zone.
 * @param offsetMinutes how many minutes local time is ahead of UTC at a moment (ms since 1970);
 * left out, the time zone of the process (environment variable TZ)
 */
export function createDates(
  offsetMinutes: (ms: number) => number = (ms) => -new Date(ms).getTimezoneOffset(),
): Dates {
  const trafficMinute = oncePerMinute(offsetMinutes, (local) => {
    const day = two[local.getUTCDate()];
    return `${day}/${months[local.getUTCMonth()]}/${year(local)}:${hourAndMinute(local)}`;
  });
  const rfc3164Minute = oncePerMinute(offsetMinutes, (local) => {
    const day = String(local.getUTCDate()).padStart(2);
    return `${months[local.getUTCMonth()]} ${day} ${hourAndMinute(local)}`;
  });
  const rfc5424Minute = oncePerMinute(offsetMinutes, (local) => {
    const month = two[local.getUTCMonth() + 1];
    return `${year(local)}-${month}-${two[local.getUTCDate()]}T${hourAndMinute(local)}`;
  });
  const zoneOfMinute = oncePerMinute(offsetMinutes, (_, offset) => zone(offset));
  let trafficSecond = NaN;
  let trafficText = "";

  return {
    traffic(ms) {
      const second = Math.floor(ms / 1000);
      if (second !== trafficSecond) {
        trafficSecond = second;
        const minutes = Math.floor(second / 60);
        trafficText = `${trafficMinute(minutes)}${two[second - minutes * 60]}.`;
      }
      return trafficText + three[Math.floor(ms - second * 1000)];
    },
    clf(ms) {
      const minutes = Math.floor(ms / minute);
      const seconds = two[Math.floor((ms - minutes * minute) / 1000)];
      return `${trafficMinute(minutes)}${seconds} ${zoneOfMinute(minutes).replace(":", "")}`;
    },
    rfc3164(ms) {
      const minutes = Math.floor(ms / minute);
      return rfc3164Minute(minutes) + two[Math.floor((ms - minutes * minute) / 1000)];
    },
    rfc5424(ms) {
      const minutes = Math.floor(ms / minute);
      const rest = ms - minutes * minute;
      const whole = Math.floor(rest);
      const seconds = Math.floor(whole / 1000);
      const milli = three[whole - seconds * 1000];
      const micro = three[Math.floor((rest - whole) * 1000)];
      return `${rfc5424Minute(minutes)}${two[seconds]}.${milli}${micro}${zoneOfMinute(minutes)}`;
    },
  };
}

/** Dates in Greenwich. */
export const utcDates: Dates = createDates(() => 0);

/** Dates in the time zone of the process. */
export const localDates: Dates = createDates();
