/** The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B). */

/**
 * How many bits the code of each byte has; the last one is that of the end of string (EOS). The code
 * is canonical: shorter codes come first, and those of one length in the order of their bytes. So the
 * lengths tell all of it.
 */
const lengths = `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
  6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
  13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
  15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30
`.trim().split(/\s+/).map(Number);

const EOS = 256;

/** The codes, by byte. */
const codes = new Uint32Array(257);

/** A place in the tree of codes, after some bits. */
interface Node {
  /** Where 0 and 1 lead: to another place, or to a byte. */
  readonly next: (Node | number | undefined)[];
  readonly state: number;
  /** The bits so far are fewer than 8, and all ones: what a string may be padded with. */
  readonly isPadding: boolean;
}

/** What is found after four more bits: flags, the byte, and the state to go on in. */
const ACCEPT = 1;
const EMIT = 2;
const FAIL = 4;
const states = 512;
const flags = new Uint8Array(states * 16);
const emitted = new Uint8Array(states * 16);
const following = new Uint16Array(states * 16);

function createTree(): Node[] {
  const nodes: Node[] = [];
  const depths: number[] = [];
  function add(depth: number, isPadding: boolean): Node {
    const node = { next: [undefined, undefined], state: nodes.length, isPadding };
    depths.push(depth);
    nodes.push(node);
    return node;
  }
  const root = add(0, true);
  const order = lengths.map((length, byte) => ({ length, byte }))
    .sort((a, b) => a.length - b.length || a.byte - b.byte);
  let code = 0;
  let before = 0;
  for (const { length, byte } of order) {
    code *= 2 ** (length - before);
    before = length;
    codes[byte] = code;
    let node = root;
    for (let bit = length - 1; bit >= 0; bit--) {
      const one = Math.floor(code / 2 ** bit) & 1;
      if (bit === 0) {
        node.next[one] = byte;
      } else {
        const depth = depths[node.state]! + 1;
        const next = node.next[one] ??= add(depth, node.isPadding && one === 1 && depth < 8);
        node = next as Node;
      }
    }
    code++;
  }
  return nodes;
}

function fill(nodes: readonly Node[]): void {
  const root = nodes[0]!;
  for (const start of nodes) {
    for (let bits = 0; bits < 16; bits++) {
      const at = start.state * 16 + bits;
      let node = start;
      for (let bit = 3; bit >= 0 && flags[at] !== FAIL; bit--) {
        const next = node.next[bits >> bit & 1];
        if (next === undefined || next === EOS) {
          flags[at] = FAIL;
        } else if (typeof next === "number") {
          flags[at] = EMIT;
          emitted[at] = next;
          node = root;
        } else {
          node = next;
        }
      }
      following[at] = node.state;
      if (flags[at] !== FAIL && node.isPadding) flags[at]! |= ACCEPT;
    }
  }
}
fill(createTree());

/** At most so many bytes come out of `length` coded ones: the shortest code has five bits. */
export function longestDecoded(length: number): number {
  return Math.floor(length * 8 / 5);
}

/**
 * Decodes bytes[from, to) to `out`, from `at` on, where there is room for {@linkcode longestDecoded}.
 * @returns where it ends there; -1: it is no string in this code
 */
export function decodeHuffman(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  let state = 0;
  let flag = ACCEPT;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    let step = state * 16 + (byte >> 4);
    flag = flags[step]!;
    if (flag === FAIL) return -1;
    if ((flag & EMIT) !== 0) out[at++] = emitted[step]!;
    step = following[step]! * 16 + (byte & 15);
    flag = flags[step]!;
    if (flag === FAIL) return -1;
    if ((flag & EMIT) !== 0) out[at++] = emitted[step]!;
    state = following[step]!;
  }
  return (flag & ACCEPT) !== 0 ? at : -1;
}

/** How long bytes[from, to) become in this code, in bytes. */
export function huffmanLength(bytes: Uint8Array, from: number, to: number): number {
  let bits = 0;
  for (let i = from; i < to; i++) bits += lengths[bytes[i]!]!;
  return Math.ceil(bits / 8);
}

/** Codes bytes[from, to) to `out`, from `at` on. @returns where it ends there */
export function encodeHuffman(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  let pending = 0;
  let count = 0;
  for (let i = from; i < to; i++) {
    const code = codes[bytes[i]!]!;
    for (let bit = lengths[bytes[i]!]! - 1; bit >= 0; bit--) {
      pending = pending << 1 | code >>> bit & 1;
      if (++count < 8) continue;
      out[at++] = pending;
      pending = count = 0;
    }
  }
  // The rest of the last byte are ones, the beginning of EOS.
  if (count > 0) out[at++] = pending << (8 - count) | 0xff >> count;
  return at;
}
