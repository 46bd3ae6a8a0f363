/** Converters that compute (manual, chapter 7.3.1): 64 bits, signed; what is beyond is cut. */
import { need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { BOOL, maxInteger, Sample, SINT } from "../sample.ts";
import { integerOperand } from "./operands.ts";

const chapter = "7.3.1";

/** Its results count where they are exact: within 2^53. */
type OfNumbers = (a: number, b: number) => number;
/** For all others. */
type OfIntegers = (a: bigint, b: bigint) => bigint;

function withOperand(name: string, doc: string, near: OfNumbers, exact: OfIntegers): Converter {
  return {
    name,
    args: [need("value")],
    from: SINT,
    to: SINT,
    doc,
    chapter,
    create(args) {
      const operand = integerOperand(args, 0);
      const other = new Sample();
      return (sample, context) => {
        if (!operand(context, other)) return false;
        if (sample.wide === null && other.wide === null) {
          const result = near(sample.int, other.int);
          if (Number.isSafeInteger(result)) return sample.setInt(result + 0);
        }
        return sample.setBigInt(exact(sample.exact, other.exact));
      };
    },
  };
}

function alone(name: string, doc: string, of: (value: bigint) => bigint): Converter {
  return {
    name,
    from: SINT,
    to: SINT,
    doc,
    chapter,
    create: () => (sample) => sample.setBigInt(of(sample.exact)),
  };
}

function test(name: string, doc: string, of: (sample: Sample) => boolean): Converter {
  return {
    name,
    from: SINT,
    to: BOOL,
    doc,
    chapter,
    create: () => (sample) => sample.setBool(of(sample)),
  };
}

const isInt32 = (value: number) => value === (value | 0);
/** Of 32 bits, where both are; else NaN, which counts for nothing. */
const bits = (of: OfNumbers): OfNumbers => (a, b) => isInt32(a) && isInt32(b) ? of(a, b) : NaN;
const isOdd = ({ int, wide }: Sample) => wide === null ? int % 2 !== 0 : (wide & 1n) === 1n;

/** {@linkcode Converter}s of this family. */
export const arithmeticConverters: readonly Converter[] = [
  withOperand("add", "The sum of the integer and a value.", (a, b) => a + b, (a, b) => a + b),
  withOperand("sub", "The integer less a value.", (a, b) => a - b, (a, b) => a - b),
  withOperand("mul", "The product of the integer and a value.", (a, b) => a * b, (a, b) => a * b),
  withOperand(
    "div",
    "The integer divided by a value; by 0, the largest one.",
    (a, b) => b === 0 ? NaN : Math.trunc(a / b),
    (a, b) => b === 0n ? maxInteger : a / b,
  ),
  withOperand(
    "mod",
    "The rest of the division by a value; by 0, it is 0.",
    (a, b) => b === 0 ? 0 : a % b,
    (a, b) => b === 0n ? 0n : a % b,
  ),
  withOperand("and", "The bits that a value has, too.", bits((a, b) => a & b), (a, b) => a & b),
  withOperand("or", "The bits of the integer and a value.", bits((a, b) => a | b), (a, b) => a | b),
  withOperand(
    "xor",
    "The bits that either the integer or a value has.",
    bits((a, b) => a ^ b),
    (a, b) => a ^ b,
  ),
  alone("neg", "The integer with the other sign.", (value) => -value),
  alone("cpl", "The integer with all bits flipped.", (value) => ~value),
  test("bool", "Whether the integer is not 0.", ({ int }) => int !== 0),
  test("not", "Whether the integer is 0.", ({ int }) => int === 0),
  test("odd", "Whether the integer is odd.", isOdd),
  test("even", "Whether the integer is even.", (sample) => !isOdd(sample)),
];
