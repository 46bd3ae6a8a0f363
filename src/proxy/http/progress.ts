/** How far an exchange is, on both sides; and from that, which side must send or read next. */
export class Progress {
  /** All of the request's content has come. */
  requestDone = false;
  /** The response's head has been sent to the client. */
  responding = false;
  /** It came when all of the request had been taken: the exchange is distinct from the next one. */
  inOrder = false;
  /** A service answers. */
  local = false;
  /** The exchange with the server is over; the client has not taken all of it yet. */
  flushing = false;
  /** The response will not become complete. */
  broken = false;
  /** And an orderly end would look as if it were. */
  ambiguous = false;
  tunnel = false;
  /** In a tunnel: a side has ended its direction. */
  clientEnded = false;
  serverEnded = false;

  begin(): void {
    this.requestDone =
      this.responding =
      this.inOrder =
      this.local =
      this.flushing =
      this.broken =
      this.ambiguous =
      this.tunnel =
      this.clientEnded =
      this.serverEnded =
        false;
  }

  /**
   * Whether the client must send or read something, there being a connection to the server. A side
   * that has half-closed a tunnel only has to read what is sent to it; and a side that is not read,
   * because the other one is slow, need not send.
   * @param blocked the client has not taken all that it was sent
   * @param taken the server has
   */
  clientMustAct(blocked: boolean, taken: boolean): boolean {
    return blocked || (!this.requestDone && taken) || (this.tunnel && !this.clientEnded && taken);
  }

  /** Whether the server does. */
  serverMustAct(blocked: boolean, taken: boolean): boolean {
    if (this.tunnel) return !taken || (!this.serverEnded && !blocked);
    return !blocked && (this.requestDone || !taken || this.responding);
  }

  /**
   * How an end in this moment is logged (manual: "Session state at disconnection").
   * @param side the letter of what ends it
   * @param queued it waits in a queue
   * @param connected there is a connection to the server
   */
  phase(side: string, queued: boolean, connected: boolean): string {
    if (this.flushing) return `${side}L`;
    if (this.responding) return `${side}D`;
    if (queued) return `${side}Q`;
    if (!connected) return `${side}C`;
    return `${side}${this.requestDone ? "H" : "D"}`;
  }
}
