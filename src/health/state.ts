/**
 * The rise/fall state machine of a checked server (manual, chapter 5.2: "rise", "fall", "inter").
 * Its whole state is one number, as in HAProxy's statistics (`check_health`): 0 is down for certain,
 * `rise` and more is up, `rise + fall - 1` up for certain; between lie the transitions.
 */

/** After how many checks in a row a server is taken as up, or as down. */
export interface Thresholds {
  readonly rise: number;
  readonly fall: number;
}

/** ms between two checks; null: `inter`. */
export interface Intervals {
  readonly inter: number;
  readonly fastinter: number | null;
  readonly downinter: number | null;
}

/** What a check changed. */
export type Transition = "up" | "down" | null;

/** At the start a server is up, but only just: the first check decides, if it fails. */
export function initialHealth({ rise }: Thresholds): number {
  return rise;
}

/** Whether a server in this health is up. */
export function isUp({ rise }: Thresholds, health: number): boolean {
  return health >= rise;
}

/** The health after a check: to the full, or to nothing, once the threshold is reached. */
export function healthAfter(thresholds: Thresholds, health: number, passed: boolean): number {
  const { rise, fall } = thresholds;
  if (passed) return health + 1 >= rise ? rise + fall - 1 : health + 1;
  return health > rise ? health - 1 : 0;
}

/** What the way from one health to another means. */
export function transition(thresholds: Thresholds, before: number, after: number): Transition {
  const up = isUp(thresholds, after);
  if (up === isUp(thresholds, before)) return null;
  return up ? "up" : "down";
}

/** ms until the next check: `inter` when up, `downinter` when down, `fastinter` in between. */
export function intervalFor(
  { rise, fall }: Thresholds,
  { inter, fastinter, downinter }: Intervals,
  health: number,
): number {
  if (health === rise + fall - 1) return inter;
  return (health === 0 ? downinter : fastinter) ?? inter;
}
