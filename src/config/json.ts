/** The configuration as JSON: the same model, with a JSON Schema for editors. */
import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import type { Place, Report, SourceFile } from "./diagnostic.ts";
import { JsonError, type JsonNode, parseJsonText } from "./json-text.ts";
import { faultsOf, soundPart } from "./json-sound.ts";
import { Configuration } from "./model.ts";
import { didYouMean } from "../text/nearest.ts";
import { unprintable } from "./printable.ts";
import type { Places } from "./places.ts";
import { type Schema, withoutDefaults } from "./schema.ts";

/** Where `sluice schema` is expected to have been written, beside the configuration. */
const schemaFile = "./sluice.schema.json";

/**
 * Parses and validates a JSON file. All errors of the schema go to the report; what is sound
 * nonetheless is returned (see json-sound.ts); null if the rest cannot be judged without the wrong
 * parts, or if an array stands for an object: what the checks of the whole would find is then not
 * reported. Of a text that is not JSON only the first error is.
 */
export function parseJson(file: SourceFile, report: Report, places: Places): Configuration | null {
  let root: JsonNode;
  try {
    root = parseJsonText(file.name, file.text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    report.error(error.place, error.message, error.hint);
    return null;
  }
  const faults = faultsOf(root);
  for (const { place, message, hint } of faults) report.error(place, message, hint);
  const result = v.safeParse(Configuration, root.value);
  if (result.success && faults.length === 0) return placed(result.output, root, places);
  const wrong = (result.issues ?? []).map((issue) => ({ issue, path: pathOf(issue) }))
    .filter(({ path }) => !faults.some((fault) => fault.path.every((key, i) => key === path[i])));
  for (const { issue } of wrong) reportIssue(issue, root, report);
  if (faults.some(({ isArray }) => isArray)) return null;
  const rest = soundPart(root, [...faults, ...wrong].map(({ path }) => path));
  if (rest === null) return null;
  const again = v.safeParse(Configuration, rest.value);
  return again.success ? placed(again.output, rest, places) : null;
}

/** The model, with its places noted. */
function placed(output: Configuration, root: JsonNode, places: Places): Configuration {
  markPlaces(output, root, places);
  // It is for editors; the model does without.
  const { $schema: _, ...configuration } = output;
  places.mark(configuration, undefined, root.place);
  return configuration;
}

function pathOf(issue: v.InferIssue<typeof Configuration>): string[] {
  return (issue.path ?? []).map((item) => String(item.key));
}

/** The configuration as JSON text, without what is at its default. */
export function printJson(configuration: Configuration): string {
  const { $schema = schemaFile, ...rest } = configuration;
  const sparse = withoutDefaults(Configuration as Schema, rest) as object;
  return escapeUnprintable(JSON.stringify({ $schema, ...sparse }, null, 2)) + "\n";
}

/** JSON text in which what a terminal would obey stands as escapes; line feeds stay. */
function escapeUnprintable(json: string): string {
  return json.replace(unprintable, (char) => {
    if (char === "\n") return char;
    const codes = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i));
    return codes.map((code) => `\\u${code.toString(16).padStart(4, "0")}`).join("");
  });
}

/** The JSON Schema of the model (draft-07), for editors. */
export function jsonSchema(): object {
  return {
    ...toJsonSchema(Configuration, { typeMode: "input" }),
    title: "sluice configuration",
    description:
      "A configuration of the sluice load balancer. Names are the keywords of HAProxy's " +
      "configuration manual in camel case; times are in milliseconds, sizes in bytes.",
  };
}

/** Notes where each object of the output, and each of its properties, was written. */
function markPlaces(output: unknown, node: JsonNode, places: Places): void {
  if (output === null || typeof output !== "object") return;
  places.mark(output, undefined, node.place);
  for (const [key, member] of Object.entries(output)) {
    const written = node.members.get(key);
    if (written === undefined) {
      // A default: it is where the object around it is.
      if (member !== null && typeof member === "object") places.mark(member, undefined, node.place);
      continue;
    }
    places.mark(output, key, written.node.place);
    markPlaces(member, written.node, places);
  }
}

function reportIssue(
  issue: v.InferIssue<typeof Configuration>,
  root: JsonNode,
  report: Report,
): void {
  const path = pathOf(issue);
  const place = placeAt(root, path);
  const name = nameOf(path);
  if (issue.kind === "validation") {
    return report.error(place, `'${name}': ${constraint(issue)}`);
  }
  const expected = issue.expected ?? "another value";
  const choices = [...expected.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  const meant = didYouMean(issue.received.replaceAll('"', ""), choices);
  const wanted = choices.length > 0 ? `one of: ${choices.join(", ")}` : article(expected);
  const received = issue.received.startsWith('"') ? issue.received : article(issue.received);
  report.error(place, `'${name}' cannot be ${received}`, meant ?? wanted);
}

/** "servers[1]", "mode": the last property of a path. */
function nameOf(path: readonly string[]): string {
  const last = path.at(-1) ?? "the configuration";
  return /^\d+$/.test(last) ? `${path.at(-2)}[${last}]` : last;
}

/** What valibot calls a type, in words. */
function article(type: string): string {
  const name = type.toLowerCase();
  if (!["object", "array", "string", "number", "boolean"].includes(name)) return type;
  return `${/^[ao]/.test(name) ? "an" : "a"} ${name}`;
}

/** What a validation of the schema asks for. */
function constraint(issue: { type: string; expected: string | null; received: string }): string {
  const { type, expected, received } = issue;
  const limit = expected?.replace(/^[<>]=/, "") ?? "";
  switch (type) {
    case "min_value":
      return `${received} is below ${limit}`;
    case "max_value":
      return `${received} is above ${limit}`;
    case "integer":
      return `${received} is not an integer`;
    case "min_length":
      return "it is empty";
    case "regex":
      return `${received} has characters beyond letters, digits, '-', '_', '.', ':'`;
    default:
      return `${received} is not ${expected ?? "allowed"}`;
  }
}

/** The place of the value at a path, or of the innermost one that there is. */
function placeAt(root: JsonNode, path: readonly string[]): Place {
  let node = root;
  for (const name of path) node = node.members.get(name)?.node ?? node;
  return node.place;
}
