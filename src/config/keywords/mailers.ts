/** Mails about servers: the section `mailers` (manual, chapter 3.6), and `email-alert` of proxies. */
import * as v from "valibot";
import { levels } from "../../log/syslog.ts";
import { ipAndPort } from "./addresses.ts";
import { define, type Keyword, nullable, setting } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";
import { choice, legalName, portNumber, text, time } from "./values.ts";

const chapter = "3.6";

/** A server that takes mails. */
const Mailer = v.strictObject({
  name: v.pipe(v.string(), v.regex(legalName)),
  host: v.string(),
  port: portNumber,
});
type Mailer = v.InferOutput<typeof Mailer>;

const mailersSettings = {
  mailers: define({
    doc: "The servers that take mails: each alert goes to all of them.",
    chapter,
    schema: v.optional(v.array(Mailer), []),
    forms: [],
    print: (mailers: readonly Mailer[]) =>
      mailers.map(({ name, host, port }) => {
        const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
        return ["mailer", name, address];
      }),
  }),
  timeoutMail: setting("timeout mail", time({ positive: true, example: "20s" }), 10_000, {
    doc: "Time in which a mail must be handed over.",
    chapter,
  }),
};

/** {@linkcode mailersSettings} */
export const Mailers = namedSchema(mailersSettings);
/** {@linkcode Mailers} */
export type Mailers = v.InferOutput<typeof Mailers>;

const mailer: Keyword<Mailers> = {
  name: "mailer",
  usage: "<name> <ip>:<port>",
  example: "smtp1 192.168.0.1:25",
  doc: "Adds a server that takes mails.",
  chapter,
  property: { name: "mailers[].mailers", unset: [] },
  read(section, args) {
    const name = args.word("a name and an address").text;
    if (!legalName.test(name)) {
      throw args.mistake(`'${name}' is not a mailer's name`, "letters, digits, '-', '_', '.', ':'");
    }
    const place = args.here();
    const { host, port } = ipAndPort(args);
    if (host === null) throw args.mistake("a mailer needs an address", "as in 192.168.0.1:25");
    if (port === null) throw args.mistake("a mailer needs a port", `${host}:25`);
    const added = { name, host, port };
    args.places.mark(added, undefined, place);
    section.mailers.push(added);
  },
};

/** The section. */
export const mailersSection = namedSection({
  keyword: "mailers",
  doc: "Servers that take mails about other servers.",
  chapter,
  path: "mailers",
  schema: Mailers,
  settings: mailersSettings,
  more: [mailer],
});

const ofProxies = "4.2";

/** Settings of a proxy's mails. */
export const emailSettings = {
  emailMailers: nullable("email-alert mailers", text("a section", "<mailers>", "local"), {
    doc: "The 'mailers' section that takes mails about this proxy's servers.",
    chapter: ofProxies,
  }),
  emailFrom: nullable("email-alert from", text("an address", "<address>", "lb@example.com"), {
    doc: "The sender of mails about servers.",
    chapter: ofProxies,
  }),
  emailTo: nullable("email-alert to", text("an address", "<address>", "ops@example.com"), {
    doc: "The recipient of mails about servers.",
    chapter: ofProxies,
  }),
  emailLevel: setting("email-alert level", choice("a level", levels), "alert", {
    doc: "The least severe level of which mails are sent.",
    chapter: ofProxies,
  }),
  emailMyhostname: nullable("email-alert myhostname", text("a name", "<name>", "lb1"), {
    doc: "What this machine calls itself to mailers.",
    chapter: ofProxies,
  }),
};
