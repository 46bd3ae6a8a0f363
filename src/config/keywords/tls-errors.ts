/** Errors of certificates that are ignored (manual: "ca-ignore-err", "crt-ignore-err"). */
import * as v from "valibot";
import { verifyErrors } from "../../tls/verify-errors.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { Value } from "./keyword.ts";

const greatest = 94;

/** All of them, or some, by their numbers. */
export const IgnoredErrors = v.union([
  v.literal("all"),
  v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(greatest))),
]);

/** `all`, or numbers and names with commas between. */
export const ignoredErrors: Value<typeof IgnoredErrors> = {
  schema: IgnoredErrors,
  usage: "all|<error>,...",
  example: "10,X509_V_ERR_CRL_HAS_EXPIRED",
  read(args) {
    const { text } = args.word("errors");
    if (text === "all") return "all";
    return text.split(",").map((word) => {
      const number = /^\d{1,4}$/.test(word) ? Number(word) : verifyErrors.get(word) ?? 0;
      if (number >= 1 && number <= greatest) return number;
      const hint = didYouMean(word, verifyErrors.keys()) ??
        `'all', a number from 1 to ${greatest}, or a name as X509_V_ERR_CERT_HAS_EXPIRED`;
      throw args.mistake(`'${word}' is no error of a certificate`, hint);
    });
  },
  print: (errors) => [errors === "all" ? "all" : errors.join(",")],
};
