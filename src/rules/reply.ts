/** Replies that rules give: "http-request return" and its kin (manual, chapter 4.2, "return"). */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { bytesOf, textOf } from "../bytes/bytes.ts";
import { storedMessage } from "../http/h1/stored-message.ts";
import { reasonOf } from "../http/reason.ts";
import { isToken } from "../http/token.ts";
import type { References } from "../expr/references.ts";
import type { Words } from "../expr/words.ts";
import type { RuleKit } from "./action.ts";
import { compileFormat, type Format } from "./format.ts";
import type { RuleReply, RuleStream } from "./stream.ts";

/** Makes the reply for a stream; null: the error page of `status` is what is meant. */
export interface ReplyMaker {
  readonly status: number;
  readonly make: ((stream: RuleStream) => RuleReply) | null;
}

/** How long the head of a reply from a file may be, in bytes: what a buffer has room for. */
const headLimit = 15360;

/**
 * Reads a field's name.
 * @param warn a colon at its end will do, as in HAProxy: it begins the value then, and is warned of
 * @throws {WordMistake}
 */
export function takeFieldName(words: Words, warn?: References["warn"]): Uint8Array {
  const name = words.take("the name of a field");
  const field = name.endsWith(":") ? name.slice(0, -1) : name;
  if (warn !== undefined && field !== name && isToken(field)) {
    warn(
      `'${name}' is sent as the field '${field}' whose value begins with ':'`,
      `without the colon: ${field}`,
      words.at - 1,
    );
    return bytesOf(name);
  }
  if (!isToken(name)) {
    throw words.mistake(`'${name}' is not the name of a field`);
  }
  return bytesOf(name);
}

const endOfWords = (word: string | undefined) =>
  word === undefined || word === "if" || word === "unless";

/**
 * Reads the parameters of a reply: [status <code>] [content-type <type>] and where the content comes
 * from, and [hdr <name> <format>]*.
 * @param status where none is given
 * @param page nothing but a status means the error page of that
 * @throws {WordMistake}
 */
export function compileReply(
  words: Words,
  kit: RuleKit,
  status: number,
  statusWords: readonly string[],
  page: boolean,
): ReplyMaker {
  let type: string | null = null;
  let content: Format | null = null;
  let whole: Uint8Array | null = null;
  let pages: string | null = null;
  const fields: { readonly name: Uint8Array; readonly value: Format }[] = [];
  const twice = () => {
    if (content !== null || whole !== null || pages !== null) {
      throw words.mistake("the content of the reply is given twice");
    }
  };
  const text = (word: string, from: () => string): Format => {
    const at = words.at - 1;
    const { available, references } = kit;
    if (word.startsWith("lf-")) return compileFormat(from(), available, references, at);
    const bytes = bytesOf(from());
    return { constant: bytes, write: (_stream, target) => target.append(bytes, 0, bytes.length) };
  };
  const read = <T>(open: () => T): T => {
    try {
      return open();
    } catch (error) {
      throw words.mistake(error instanceof Error ? error.message : String(error));
    }
  };
  while (!endOfWords(words.peek())) {
    const word = words.next()!;
    if (statusWords.includes(word)) {
      status = words.integer("a status", 200, 599);
      continue;
    }
    switch (word) {
      case "content-type":
        type = words.take("a media type");
        break;
      case "hdr": {
        const name = takeFieldName(words);
        const value = words.take("a format string");
        if (
          /^(content-length|transfer-encoding|connection|content-type)$/i.test(textOfName(name))
        ) {
          const own = textOfName(name).toLowerCase() === "content-type";
          if (!own) throw words.mistake(`'hdr' cannot set '${textOfName(name)}'`);
        }
        fields.push({ name, value: kit.format(words, value) });
        break;
      }
      case "default-errorfiles":
        twice();
        page = true;
        break;
      case "errorfile": {
        twice();
        const path = words.take("a file");
        whole = read(() => kit.errors.file(path));
        break;
      }
      case "errorfiles":
        twice();
        pages = words.take("the name of an 'http-errors' section");
        break;
      case "file":
      case "lf-file": {
        twice();
        const path = words.take("a file");
        content = text(word, () =>
          read(() => {
            const bytes = kit.errors.file(path);
            return textOf(bytes, 0, bytes.length);
          }));
        break;
      }
      case "string":
      case "lf-string": {
        twice();
        const given = words.take("a text");
        content = text(word, () => given);
        break;
      }
      default:
        throw words.mistake(
          `'${word}' is not a parameter of a reply`,
          `${
            statusWords[0]
          }, content-type, string, lf-string, file, lf-file, errorfile, errorfiles, hdr`,
        );
    }
  }
  if (pages !== null) {
    whole = kit.errors.section(pages, status);
    if (whole === null) {
      throw words.mistake(`'http-errors ${pages}' has no page for ${status}`);
    }
  }
  if (whole !== null) {
    const message = storedMessage(whole, headLimit);
    if (typeof message === "string") throw words.mistake(`the error file: ${message}`);
    return { status, make: always({ status, ...message }) };
  }
  if (content === null && fields.length === 0 && page) return { status, make: null };
  if (content !== null && type === null && (content.constant?.length ?? 1) > 0) {
    throw words.mistake(
      "a reply with content needs 'content-type'",
      "as in: content-type text/plain",
    );
  }
  return { status, make: composer(status, type, content, fields) };
}

const textOfName = (name: Uint8Array) => String.fromCharCode(...name);
const always = (reply: RuleReply) => () => reply;

/** A response that is there already, head and content. */
export function wholeReply(status: number, whole: Uint8Array): RuleReply {
  let end = 0;
  while (end < whole.length && !isEmptyLine(whole, end)) end++;
  return { status, whole, head: whole.subarray(0, Math.min(whole.length, end + 4)) };
}

const isEmptyLine = (bytes: Uint8Array, i: number) =>
  bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10;

const scratch = new ByteBuffer(1024);
const body = new ByteBuffer(1024);

function composer(
  status: number,
  type: string | null,
  content: Format | null,
  fields: readonly { readonly name: Uint8Array; readonly value: Format }[],
): (stream: RuleStream) => RuleReply {
  const statusLine = bytesOf(`HTTP/1.1 ${status} ${reasonOf(status)}\r\ncontent-length: `);
  const typeLine = bytesOf(
    type === null || content === null ? "\r\n" : `\r\ncontent-type: ${type}\r\n`,
  );
  const compose = (stream: RuleStream): RuleReply => {
    body.clear();
    content?.write(stream, body);
    scratch.clear();
    scratch.append(statusLine, 0, statusLine.length);
    const length = bytesOf(String(body.length));
    scratch.append(length, 0, length.length);
    scratch.append(typeLine, 0, typeLine.length);
    for (const { name, value } of fields) {
      scratch.append(name, 0, name.length);
      scratch.append(separator, 0, 2);
      value.write(stream, scratch);
      scratch.append(crlf, 0, 2);
    }
    scratch.append(crlf, 0, 2);
    const end = scratch.length;
    scratch.append(body.bytes, 0, body.length);
    const whole = scratch.bytes.slice(0, scratch.length);
    return { status, whole, head: whole.subarray(0, end) };
  };
  const isConstant = (format: Format | null) => format === null || format.constant !== null;
  if (!isConstant(content) || !fields.every(({ value }) => isConstant(value))) return compose;
  let made: RuleReply | null = null;
  return (stream) => made ??= compose(stream);
}

const separator = bytesOf(": ");
const crlf = bytesOf("\r\n");
