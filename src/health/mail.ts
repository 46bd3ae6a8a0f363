/** Mails about servers, handed over by SMTP (RFC 5321), as HAProxy writes them (manual, chapter 3.6). */
import { encode } from "./expressions.ts";
import { latin1 } from "./expect.ts";
import { verdict } from "./result.ts";
import { exchange, type Part } from "./protocols/exchange.ts";
import { GO, type Steps, WAIT } from "./steps.ts";

/** A mail. */
export interface Mail {
  readonly from: string;
  readonly to: string;
  /** What this machine calls itself. */
  readonly hostname: string;
  /** The subject, and all of the text. */
  readonly text: string;
  /** ms since 1970. */
  readonly at: number;
}

/** The steps that hand a mail over. */
export function mailSteps({ from, to, hostname, text, at }: Mail): Steps {
  const date = new Date(at).toUTCString().replace("GMT", "+0000 (UTC)");
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Date: ${date}`,
    `Subject: [HAProxy Alert] ${text}`,
    "",
    text,
    "",
    ".",
    "",
  ];
  return exchange([
    reply("220 "),
    say(`HELO ${hostname}\r\n`),
    reply("250 "),
    say(`MAIL FROM:<${from}>\r\n`),
    reply("250 "),
    say(`RCPT TO:<${to}>\r\n`),
    reply("250 "),
    say("DATA\r\n"),
    reply("354 "),
    say(lines.join("\r\n")),
    reply("250 "),
    say("QUIT\r\n"),
    reply("221 "),
  ], true);
}

const say = (text: string): Part => ({ send: encode(text) });

/** A reply that has this code. */
function reply(code: string): Part {
  return {
    least: code.length,
    find(bytes, complete) {
      if (latin1(bytes).includes(code)) return GO;
      return complete ? verdict("L7RSP") : WAIT;
    },
  };
}
