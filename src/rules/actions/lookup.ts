/** The action that asks for a name's address (manual, chapter 4.2: "do-resolve"). */
import { castTo, sampleText } from "../../expr/cast.ts";
import { parseIp } from "../../net/ip/address.ts";
import { IPV4, IPV6, Sample, STR } from "../../expr/sample.ts";
import { parseVariableName } from "../../expr/variables.ts";
import type { Action } from "../action.ts";
import { CONTINUE, WAIT } from "../verdict.ts";

const sample = new Sample();
const hint = "as in do-resolve(txn.address,dns,ipv4)";

/** See above. */
export const lookupActions: readonly Action[] = [{
  name: "do-resolve",
  argument: "<var>,<resolvers>[,ipv4|ipv6]",
  rulesets: ["http-request", "tcp-request content"],
  usage: "<expression>",
  doc: "Asks for the address of a name, and gives it to a variable.",
  chapter: "4.2",
  compile(words, kit, argument) {
    const [name = "", section = "", family, more] = argument.split(",").map((each) => each.trim());
    const variable = parseVariableName(name);
    if (variable === null) throw words.mistake(`'${name}' is not the name of a variable`, hint);
    if (!kit.references.hasResolvers(section)) {
      throw words.mistake(`there is no 'resolvers ${section}'`, "a section of that name");
    }
    if (more !== undefined || ![undefined, "ipv4", "ipv6"].includes(family)) {
      throw words.mistake(`'${more ?? family}' is not what 'do-resolve' takes here`, hint);
    }
    const expression = kit.expression(words, words.take("an expression"));
    // As in HAProxy: an IPv6 address is preferred where nothing is said.
    const type = family === "ipv4" ? "A" : "AAAA";
    return (stream) => {
      sample.begin();
      if (!expression.evaluate(stream, sample) || !castTo(sample, STR)) return CONTINUE;
      const address = stream.resolve(section, sampleText(sample), type);
      if (address === undefined) return WAIT;
      const bytes = address === null ? null : parseIp(address);
      if (bytes === null) return CONTINUE;
      sample.setBytes(bytes.length === 4 ? IPV4 : IPV6, bytes, 0, bytes.length);
      stream.variables(variable.scope).set(variable.slot, sample);
      return CONTINUE;
    };
  },
}];
