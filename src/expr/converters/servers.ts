/** Converters of names of servers and backends (manual, chapter 7.3.1: "nbsrv", "srv_queue"). */
import { sampleText } from "../cast.ts";
import type { Context, ServerFacts } from "../context.ts";
import type { Converter } from "../converter.ts";
import type { References } from "../references.ts";
import { BOOL, type Sample, SINT, STR } from "../sample.ts";

const chapter = "7.3.1";

/** The server "backend/server", or of the proxy at hand; null: there is none. */
function serverOf(context: Context, text: string, { proxy }: References): ServerFacts | null {
  const slash = text.indexOf("/");
  const backend = slash < 0 ? (context.backend?.name ?? proxy) : text.slice(0, slash);
  const facts = context.proxy(backend, "backend");
  return facts?.servers.find(({ name }) => name === text.slice(slash + 1)) ?? null;
}

function ofServer(
  name: string,
  to: typeof SINT | typeof BOOL,
  doc: string,
  set: (sample: Sample, server: ServerFacts) => boolean,
): Converter {
  return {
    name,
    from: STR,
    to,
    doc,
    chapter,
    create: (_args, references) => (sample, context) => {
      const server = serverOf(context, sampleText(sample), references);
      return server !== null && set(sample, server);
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const serverConverters: readonly Converter[] = [
  {
    name: "nbsrv",
    from: STR,
    to: SINT,
    doc: "Usable servers of the backend of this name.",
    chapter,
    create: () => (sample, context) => {
      const proxy = context.proxy(sampleText(sample), "backend");
      return proxy !== null && sample.setInt(proxy.servers.filter(({ up }) => up).length);
    },
  },
  ofServer(
    "srv_queue",
    SINT,
    "Streams that wait for the server of this name.",
    (sample, { queueLength }) => sample.setInt(queueLength),
  ),
  ofServer(
    "srv_is_up",
    BOOL,
    "Whether the server of this name is up.",
    (sample, { up }) => sample.setBool(up),
  ),
];
