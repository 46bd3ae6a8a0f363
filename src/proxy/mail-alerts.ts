/** Who is told by mail that servers come and go (manual: "email-alert"). */
import { hostname } from "node:os";
import type { Configuration, levels, Proxy } from "../config/model.ts";
import { mailSteps } from "../health/mail.ts";
import type { Target } from "../health/probe.ts";
import { stepsProbe } from "../health/run.ts";
import { levels as allLevels } from "../log/syslog.ts";
import type { Runtime } from "./runtime.ts";

type Level = typeof levels[number];

/** Mails on their way. */
export interface MailAlerts {
  /** Sends a mail about a server of a proxy, if that wants mails of this level. */
  send(proxy: Proxy, level: Level, text: string): void;
  /** Gives up on all that have not been handed over. */
  stop(): void;
}

/** A mailer takes one mail after the other; so many may wait for it. */
const mostWaiting = 1000;

/** One server that takes mails. */
interface Mailbox {
  readonly waiting: (() => ReturnType<typeof mailSteps>)[];
  readonly target: Target;
  /** Gives up on the mail that is being handed over; null: there is none. */
  cancel: (() => void) | null;
}

/** Sets up the mailers of a configuration. */
export function createMailAlerts(
  { mailers }: Configuration,
  { network, clock, headLimit }: Runtime,
): MailAlerts {
  const boxes = new Map(mailers.map((section) => [
    section.name,
    section.mailers.map(({ host, port }): Mailbox => ({
      waiting: [],
      cancel: null,
      target: {
        endpoint: { kind: "ip", host, port },
        options: {},
        proxyHeader: null,
        proxyVersion: "v1",
        timeouts: { connect: section.timeoutMail, answer: null },
      },
    })),
  ]));

  function next(box: Mailbox): void {
    box.cancel = null;
    const steps = box.waiting.shift();
    if (steps === undefined) return;
    const deps = { network, clock, bufferSize: headLimit };
    box.cancel = stepsProbe(deps, () => box.target, steps())(() => next(box));
  }

  return {
    send(proxy, level, text) {
      const { emailMailers, emailFrom: from, emailTo: to, emailLevel, emailMyhostname } = proxy;
      if (emailMailers === null || from === null || to === null) return;
      if (allLevels.indexOf(level) > allLevels.indexOf(emailLevel)) return;
      const at = clock.wall();
      const mail = {
        from,
        to,
        hostname: emailMyhostname ?? hostname(),
        text: text.replace(/\.$/, ""),
        at,
      };
      for (const box of boxes.get(emailMailers) ?? []) {
        if (box.waiting.length >= mostWaiting) continue;
        box.waiting.push(() => mailSteps(mail));
        if (box.cancel === null) next(box);
      }
    },
    stop() {
      for (const box of [...boxes.values()].flat()) {
        box.waiting.length = 0;
        box.cancel?.();
        box.cancel = null;
      }
    },
  };
}
