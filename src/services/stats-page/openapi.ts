/** The description of the page's JSON API (OpenAPI 3.1). */
import { columns } from "../../stats/columns.ts";

const fields = {
  type: "object",
  description:
    "Numbers and words by the names of HAProxy's CSV; those without a value are left out.",
  properties: Object.fromEntries(columns.map(({ field, help, tag }) => [field, {
    type: tag.endsWith(":str") ? "string" : "integer",
    description: help,
  }])),
};
const some = { anyOf: [{ $ref: "#/components/schemas/Fields" }, { type: "null" }] };
const text = { type: "string" };
const count = { type: "integer" };

/** @param uri where the page is */
export function openApi(uri: string, version: string) {
  const json = (schema: object) => ({ content: { "application/json": { schema } } });
  return {
    openapi: "3.1.0",
    info: { title: "sluice: statistics of a proxy", version },
    paths: {
      [`${uri};api`]: {
        get: {
          summary: "The state of all proxies and servers that the page shows.",
          responses: {
            200: {
              description: "The state now.",
              ...json({ $ref: "#/components/schemas/Status" }),
            },
            401: { description: "A user and a password are needed ('stats auth')." },
          },
        },
      },
      [`${uri};live`]: {
        get: {
          summary: "The page's content each second, as server-sent events.",
          responses: {
            200: {
              description: "Events 'status': HTML as a JSON string.",
              content: { "text/event-stream": { schema: text } },
            },
          },
        },
      },
      [`${uri};json`]: {
        get: {
          summary: "The same as HAProxy's 'show stat json'.",
          responses: {
            200: { description: "All values, with their types.", ...json({ type: "array" }) },
          },
        },
      },
      [`${uri};csv`]: {
        get: {
          summary: "The same as HAProxy's 'show stat'.",
          responses: { 200: { description: "CSV.", content: { "text/plain": { schema: text } } } },
        },
      },
      [uri]: {
        post: {
          summary: "Changes servers, where 'stats admin' allows that.",
          requestBody: {
            required: true,
            content: {
              "application/x-www-form-urlencoded": {
                schema: {
                  type: "object",
                  required: ["b", "s", "action"],
                  properties: {
                    b: { ...text, description: "The backend: its name, or # and its number." },
                    s: { type: "array", items: text, description: "The servers." },
                    action: {
                      enum: [
                        "ready",
                        "drain",
                        "maint",
                        "shutdown",
                        "dhlth",
                        "ehlth",
                        "hrunn",
                        "hnolb",
                        "hdown",
                        "enable",
                        "disable",
                        "stop",
                      ],
                    },
                  },
                },
              },
            },
          },
          responses: { 303: { description: "What came of it is in ';st=' of the location." } },
        },
      },
    },
    components: {
      schemas: {
        Fields: fields,
        Status: {
          type: "object",
          required: ["node", "uptime", "connections", "maxconn", "rate", "requests", "proxies"],
          properties: {
            node: text,
            uptime: { ...count, description: "Seconds." },
            connections: count,
            maxconn: count,
            rate: { ...count, description: "Connections within the last second." },
            bytesRate: { ...count, description: "Bytes to clients within the last second." },
            requests: count,
            proxies: {
              type: "array",
              items: {
                type: "object",
                properties: {
                  name: text,
                  kind: { enum: ["listen", "frontend", "backend"] },
                  mode: text,
                  routes: {
                    type: "array",
                    items: text,
                    description: "The backends that its frontend names.",
                  },
                  frontend: some,
                  backend: some,
                  servers: { type: "array", items: { $ref: "#/components/schemas/Fields" } },
                },
              },
            },
          },
        },
      },
    },
  };
}
