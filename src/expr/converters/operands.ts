/** Arguments of converters that are a constant, or the name of a variable that has the value. */
import { bytesOf } from "../../bytes/bytes.ts";
import type { Arguments } from "../arguments.ts";
import { castTo } from "../cast.ts";
import type { Context } from "../context.ts";
import { maxInteger, minInteger, Sample, SINT, STR } from "../sample.ts";
import { parseVariableName } from "../variables.ts";

/** Puts the operand into a sample. @returns false: the variable has no value, or not of that type */
export type Operand = (context: Context, target: Sample) => boolean;

/** The variable's value as it is. @throws {ExpressionMistake} */
export function variableOperand(args: Arguments, i: number): Operand {
  const { scope, slot } = args.variable(i);
  return (context, target) => context.variables(scope).get(slot, target);
}

/** An integer. @throws {ExpressionMistake} */
export function integerOperand(args: Arguments, i: number): Operand {
  const text = args.text(i);
  if (parseVariableName(text) !== null) {
    const variable = variableOperand(args, i);
    return (context, target) => variable(context, target) && castTo(target, SINT);
  }
  const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : null;
  if (value === null || value < minInteger || value > maxInteger) {
    throw args.mistake(i, `'${text}' is neither an integer nor the name of a variable`);
  }
  const constant = new Sample();
  constant.setBigInt(value);
  return (_context, target) => {
    target.assign(constant);
    return true;
  };
}

/**
 * A string, or the variable whose name it is.
 * @param decode makes the bytes of a constant, and of a variable's value; null: they are wrong
 * @throws {ExpressionMistake} if those of the constant are
 */
export function bytesOperand(
  args: Arguments,
  i: number,
  decode: (bytes: Uint8Array) => Uint8Array | null = (bytes) => bytes,
): Operand {
  const text = args.text(i);
  if (parseVariableName(text) !== null) {
    const variable = variableOperand(args, i);
    return (context, target) => {
      if (!variable(context, target) || !castTo(target, STR)) return false;
      const bytes = decode(target.bytes.subarray(target.from, target.to));
      return bytes !== null && target.setString(bytes);
    };
  }
  const constant = decode(bytesOf(text));
  if (constant === null) throw args.mistake(i, `'${text}' is not valid base64`);
  return (_context, target) => target.setString(constant);
}
