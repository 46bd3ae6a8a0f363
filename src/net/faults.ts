/**
 * What the owners of sockets throw out of their callbacks: a fault of ours, not of the network. An
 * event loop that let it out would end with all that it serves. So it is reported, the socket whose
 * callback it was is reset, its owner is called with `closed`, and the events of other sockets go
 * on.
 *
 * That is so once a handler has been set; before, it comes out of the event loop, as tests want it.
 */

/** Called with what a callback threw. It must not throw itself. */
export type OnFault = (error: unknown) => void;

let handler: OnFault | null = null;

/**
 * Sets the handler of faults on the runtime's own event loop, in this thread; null: they are thrown
 * on. A loop of our own has its own handler ({@linkcode LoopOptions.onFault}).
 */
export function onFault(handle: OnFault | null): void {
  handler = handle;
}

/** Reports a fault. @throws {unknown} the fault, where there is no handler */
export function reportFault(error: unknown): void {
  if (handler === null) throw error;
  handler(error);
}
