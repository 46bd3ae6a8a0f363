import type { Clock } from "../../time/clock.ts";
import type { Captured } from "./captures.ts";
import type { HttpClient } from "./client.ts";

/** What the log records of a transaction, apart from what its parts know themselves. */
export class TransactionRecord {
  /** When its request began, ms since 1970. */
  acceptDate = 0;
  // On the clock's scale; -1: not reached.
  startedAt = -1;
  readAt = -1;
  respondedAt = -1;
  /** -1: none has been sent. */
  status = -1;
  /** How it ended (manual: "Session state at disconnection", 1st and 2nd). */
  termination = "--";
  /** It is of a monitor: not logged (manual: "monitor-uri"). */
  isMonitor = false;
  /** What answered it in a server's place, as the log calls that; null: nothing did. */
  service: string | null = null;
  /** The request could not be read, after so many ms; -1: it could. */
  unread = -1;
  /** For the log; null: nothing is. */
  captured: Captured | null = null;
  /** It is logged before its end; it has been. */
  early = false;
  logged = false;

  begin(): void {
    this.status = this.respondedAt = this.unread = -1;
    this.termination = "--";
    this.isMonitor = false;
    this.service = null;
    this.captured = null;
    this.early = this.logged = false;
  }

  /** It ends in such a way: the first cause is what is logged, whatever follows from it. */
  end(termination: string): void {
    if (this.termination === "--") this.termination = termination;
  }

  /**
   * The request has been read.
   * @param since when its first byte came; -1: just now
   * @param dated its date is logged
   */
  stamp(client: HttpClient, clock: Clock, since: number, dated: boolean): void {
    this.readAt = clock.now();
    this.startedAt = since < 0 ? this.readAt : since;
    if (!dated) return;
    this.acceptDate = client.requests === 1
      ? client.acceptedAt
      : clock.wall() - (this.readAt - this.startedAt);
  }
}
