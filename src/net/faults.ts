/**
 * What the owners of sockets throw out of their callbacks: a fault of ours, not of the network. An
 * event loop that let it out would end with all that it serves. So it is reported, the socket whose
 * callback it was is reset, its owner is told `closed`, and the others hear what they were to hear.
 *
 * That is so once somebody asks for it; before, it comes out of the event loop, as tests want it.
 */

/** Hears what a callback threw. It must not throw itself. */
export type OnFault = (error: unknown) => void;

let hear: OnFault | null = null;

/**
 * Who hears of faults on the runtime's own event loop, in this thread; null: nobody, they are thrown
 * on. A loop of our own has its own ({@linkcode LoopOptions.onFault}).
 */
export function onFault(heard: OnFault | null): void {
  hear = heard;
}

/** Reports a fault. @throws {unknown} the fault, where nobody hears of it */
export function reportFault(error: unknown): void {
  if (hear === null) throw error;
  hear(error);
}
