import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { fieldEnd, fieldStart, type Head } from "../head.ts";

/**
 * The edits of a head on its way through the proxy: what is left out, and what is put in its place.
 * They may come in any order, from whatever part of the proxy, and are written once, when all are
 * known; what no edit touches passes on byte for byte.
 *
 * A journal only refers to the bytes of the head, until {@linkcode HeadJournal.retain} copies them.
 */
export class HeadJournal {
  #source: Uint8Array = noBytes;
  /** source[first, end) is the head; offsets of the edits are less by {@linkcode HeadJournal.#moved}. */
  #first = 0;
  #end = 0;
  #emptyLine = 0;
  #moved = 0;
  #retained = false;
  /** The edits, by their place: source[from, to) becomes text[textFrom, textTo). */
  #count = 0;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #textFrom: number[] = [];
  readonly #textTo: number[] = [];
  readonly #text = new ByteBuffer(256);

  /** Begins with `head`, unedited; it ends before bytes[end]. */
  begin(head: Head, bytes: Uint8Array, end: number): void {
    this.#source = bytes;
    this.#first = head.lineStart;
    this.#end = end;
    this.#emptyLine = head.emptyLine;
    this.#moved = 0;
    this.#retained = false;
    this.#count = 0;
    this.#text.length = 0;
  }

  /** Lets go of the head. */
  clear(): void {
    this.#source = noBytes;
    this.#first =
      this.#end =
      this.#emptyLine =
      this.#count =
        0;
    this.#retained = true;
  }

  /** Whether the head that is written differs from the one that came. */
  get edited(): boolean {
    return this.#count > 0;
  }
  /** The head as it came: source[first, end). */
  get source(): Uint8Array {
    return this.#source;
  }
  get first(): number {
    return this.#first;
  }
  get end(): number {
    return this.#end;
  }

  /** Makes the head outlive the call in which its bytes were given, by a copy. */
  retain(): void {
    if (this.#retained) return;
    this.#retained = true;
    this.#moved = this.#first;
    this.#source = this.#source.slice(this.#first, this.#end);
    this.#end -= this.#first;
    this.#emptyLine -= this.#first;
    this.#first = 0;
    for (let i = 0; i < this.#count; i++) {
      this.#from[i]! -= this.#moved;
      this.#to[i]! -= this.#moved;
    }
  }

  /** Leaves out bytes[from, to). */
  cut(from: number, to: number): void {
    this.#edit(from, to, this.#text.length);
  }

  /** Leaves out field `i` of `head`, with its line end. */
  cutField(head: Head, i: number): void {
    this.cut(fieldStart(head, i), fieldEnd(head, i));
  }

  /** Puts `text` before bytes[at], behind what was put there before. */
  insert(at: number, text: Uint8Array): void {
    this.replace(at, at, text);
  }

  /** Puts `text` in the place of bytes[from, to). */
  replace(from: number, to: number, text: Uint8Array): void {
    const start = this.#text.length;
    this.#text.append(text, 0, text.length);
    this.#edit(from, to, start);
  }

  /** Puts `line` at the end of the field section. */
  addField(line: Uint8Array): void {
    this.insert(this.#emptyLine + this.#moved, line);
  }

  /** Begins a text in pieces; {@linkcode appendText} and then {@linkcode addText} follow. */
  beginText(): number {
    return this.#text.length;
  }
  appendText(bytes: Uint8Array, from: number, to: number): void {
    this.#text.append(bytes, from, to);
  }
  /** Puts the text since `start`, of {@linkcode beginText}, at the end of the field section. */
  addText(start: number): void {
    const at = this.#emptyLine + this.#moved;
    this.#edit(at, at, start);
  }

  /** Notes an edit, whose text begins at `textFrom`. One that covers others takes their place. */
  #edit(from: number, to: number, textFrom: number): void {
    from -= this.#moved;
    to -= this.#moved;
    let at = this.#count;
    while (at > 0 && this.#from[at - 1]! > from) at--;
    // What lies within an edit of before is gone already.
    if (at > 0 && this.#to[at - 1]! > from) return;
    let covered = 0;
    while (at + covered < this.#count && this.#from[at + covered]! < to) covered++;
    this.#makeRoom(at, 1 - covered);
    this.#from[at] = from;
    this.#to[at] = to;
    this.#textFrom[at] = textFrom;
    this.#textTo[at] = this.#text.length;
  }

  /** Moves the edits from `at` on by so many places: to the left over the ones that go. */
  #makeRoom(at: number, by: number): void {
    const count = this.#count;
    this.#count += by;
    if (by === 0 || at === count) return;
    for (const numbers of [this.#from, this.#to, this.#textFrom, this.#textTo]) {
      if (by > 0) { for (let i = count - 1; i >= at; i--) numbers[i + by] = numbers[i]!; }
      else for (let i = at - by; i < count; i++) numbers[i + by] = numbers[i]!;
    }
  }

  /** Writes the edited head at the end of `target`. */
  write(target: ByteBuffer): void {
    let next = this.#first;
    for (let i = 0; i < this.#count; i++) {
      target.append(this.#source, next, this.#from[i]!);
      target.append(this.#text.bytes, this.#textFrom[i]!, this.#textTo[i]!);
      next = this.#to[i]!;
    }
    target.append(this.#source, next, this.#end);
  }
}

const noBytes = new Uint8Array(0);
