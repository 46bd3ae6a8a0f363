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

/** How a server is seen before its first check (manual: "init-state"). */
export const initStates = ["fully-up", "up", "down", "fully-down"] as const;
/** {@linkcode initStates} */
export type InitState = (typeof initStates)[number];

/**
 * Health at the start: a server is up, but only just, and the first check decides, if it fails;
 * or as its `init-state` has it.
 */
export function initialHealth({ rise, fall }: Thresholds, state: InitState = "up"): number {
  switch (state) {
    case "fully-up":
      return rise + fall - 1;
    case "up":
      return rise;
    case "down":
      return rise - 1;
    case "fully-down":
      return 0;
  }
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

/** ms until the next check: `inter` when up, `downinter` when down, `fastinter` in between. */
export function intervalFor(
  { rise, fall }: Thresholds,
  { inter, fastinter, downinter }: Intervals,
  health: number,
): number {
  if (health === rise + fall - 1) return inter;
  return (health === 0 ? downinter : fastinter) ?? inter;
}
