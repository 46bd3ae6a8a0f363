/** What the traffic tells of a server's health (manual, chapter 5.2: "observe", "on-error"). */

/** What is observed. */
export const observations = ["layer4", "layer7"] as const;
/** {@linkcode observations} */
export type Observation = (typeof observations)[number];

/** What comes of too many errors. */
export const onErrorModes = ["fastinter", "fail-check", "sudden-death", "mark-down"] as const;
/** {@linkcode onErrorModes} */
export type OnError = (typeof onErrorModes)[number];

/** What may be observed, in HAProxy's words; whether it is an error, good, or nothing: by layer. */
const events = {
  connected: { words: "L4 successful connection", layer4: true, layer7: null },
  unconnected: { words: "L4 unsuccessful connection", layer4: false, layer7: false },
  goodStatus: { words: "Correct http response", layer4: null, layer7: true },
  badStatus: { words: "Wrong http response", layer4: null, layer7: false },
  badHead: { words: "Invalid http response (headers)", layer4: null, layer7: false },
  readError: { words: "Read error (http)", layer4: null, layer7: false },
  readTimeout: { words: "Read timeout (http)", layer4: null, layer7: false },
  closed: { words: "Close from server (http)", layer4: null, layer7: false },
} as const;
/** {@linkcode events} */
export type ObservedEvent = keyof typeof events;

const names = Object.keys(events) as ObservedEvent[];

/** The number of an event, for messages between threads. */
export function eventNumber(event: ObservedEvent): number {
  return names.indexOf(event);
}

/** The words of an event, by its number. */
export function eventWords(number: number): string {
  return events[names[number] ?? "connected"].words;
}

/** Whether an event is good or an error; null: it says nothing. */
export function meaningOf(event: ObservedEvent, observation: Observation): boolean | null {
  return events[event][observation];
}

/** What a status tells: up to 499, and 501 and 505, a server answers as it must. */
export function statusEvent(status: number): ObservedEvent {
  return status < 500 || status === 501 || status === 505 ? "goodStatus" : "badStatus";
}
