/** The ids of requests (manual, chapter 4.2: "unique-id-format", "unique-id-header"). */
import { nullable } from "./keyword.ts";
import { text } from "./values.ts";

const chapter = "4.2";

/** Settings of ids. */
export const uniqueIdSettings = {
  uniqueIdFormat: nullable("unique-id-format", text("a format", "<format>", '"%ci:%cp_%Ts_%rt"'), {
    doc: "The form of the id that each request gets: %ID, unique-id.",
    chapter,
    side: "frontend",
    http: true,
  }),
  uniqueIdHeader: nullable("unique-id-header", text("a field's name", "<name>", "X-Request-Id"), {
    doc: "The field that tells the server the request's id.",
    chapter,
    side: "frontend",
    http: true,
  }),
};
