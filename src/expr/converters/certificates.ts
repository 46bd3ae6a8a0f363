/** Converters of what certificates are found wrong by (manual, chapter 7.3.1: "x509_v_err_str"). */
import { verifyErrors } from "../../tls/verify-errors.ts";
import { setText } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { SINT, STR } from "../sample.ts";

const names = new Map([...verifyErrors].map(([name, number]) => [number, name]));
names.set(0, "X509_V_OK");

/** {@linkcode Converter}s of this family. */
export const certificateConverters: readonly Converter[] = [{
  name: "x509_v_err_str",
  from: SINT,
  to: STR,
  doc: "The name of an error of certificates, as X509_V_ERR_CERT_HAS_EXPIRED.",
  chapter: "7.3.1",
  create: () => (sample) =>
    setText(sample, names.get(sample.int) ?? String(sample.wide ?? sample.int)),
}];
